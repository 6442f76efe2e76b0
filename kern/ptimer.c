/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* POSIX timers: see ptimer.h. */
#include "kern/ptimer.h"
#include "arch/clock.h"
#include "kern/process.h"
#include "mem/slab.h"

#define PTIMERS_MAX 1024

KCACHE(ptimer_cache, "ptimers", struct ptimer);

static void list_lock(struct process *p)
{
	lock_acquire(&p->lock);
}

static void list_unlock(struct process *p)
{
	lock_release(&p->lock);
}

static void ptimer_signal(struct ptimer *t, u32 overrun)
{
	struct siginfo info = { .signo = (int)t->signo, .code = SI_TIMER, .pid = t->id, .uid = overrun, .value = t->value };

	if (t->notify != SIGEV_NONE)
		signal_interrupt(t->proc, t->notify == SIGEV_THREAD_ID ? t->tid : 0, &info);
}

static void ptimer_fire(struct timer *timer)
{
	struct ptimer *t = container_of(timer, struct ptimer, timer);
	u64 next = 0, missed = 0;

	if (t->every)
		next = itimer_next(timer->deadline, t->every, clock_ns(), &missed);
	ptimer_signal(t, (u32)MIN(missed, 0x7ffffffful));
	if (next)
		timer_arm(timer, next);
}

/* ---- the list: in order of ids */

static struct ptimer *ptimer_find(struct process *p, u32 id)
{
	struct ptimer *t;

	TAILQ_FOREACH(t, &p->ptimers, link)
		if (t->id == id)
			return t;
	return NULL;
}

/* With the lowest free id. */
static bool ptimer_list(struct process *p, struct ptimer *t)
{
	struct ptimer *each;

	t->id = 0;
	list_lock(p);
	TAILQ_FOREACH(each, &p->ptimers, link) {
		if (each->id != t->id)
			break;
		t->id++;
	}
	if (each)
		TAILQ_INSERT_BEFORE(each, t, link);
	else if (t->id < PTIMERS_MAX)
		TAILQ_INSERT_TAIL(&p->ptimers, t, link);
	list_unlock(p);
	return t->id < PTIMERS_MAX;
}

static void ptimer_drop(struct process *p, struct ptimer *t)
{
	timer_cancel(&t->timer);
	list_lock(p);
	TAILQ_REMOVE(&p->ptimers, t, link);
	list_unlock(p);
	kcache_free(&ptimer_cache, t);
}

/* ---- calls: one at a time for a process */

static struct ptimer *ptimer_begin(struct process *p, u32 id)
{
	mutex_lock(&p->itimers.changing);
	return ptimer_find(p, id);
}

static void ptimer_end(struct process *p)
{
	mutex_unlock(&p->itimers.changing);
}

int ptimer_create(struct process *p, const struct ptimer *what)
{
	struct ptimer *t = kcache_alloc(&ptimer_cache);
	int id = -EAGAIN;

	if (!t)
		return -EAGAIN;
	*t = *what;
	t->proc = p;
	t->timer.fire = ptimer_fire;
	ptimer_begin(p, 0);
	if (ptimer_list(p, t))
		id = (int)t->id;
	ptimer_end(p);
	if (id < 0)
		kcache_free(&ptimer_cache, t);
	return id;
}

bool ptimer_get(struct process *p, u32 id, struct ptimer_state *out)
{
	struct ptimer *t = ptimer_begin(p, id);
	u64 now = clock_ns();

	if (t)
		*out = (struct ptimer_state){ .every = t->every, .clock = t->clock, .overrun = t->overrun,
					      .left = !t->timer.armed ? 0 : MAX(t->timer.deadline, now + 1) - now };
	ptimer_end(p);
	return t;
}

bool ptimer_set(struct process *p, u32 id, u64 at, u64 every)
{
	struct ptimer *t = ptimer_begin(p, id);

	if (t) {
		timer_cancel(&t->timer);
		t->every = every;
		t->overrun = 0;
		if (at)
			timer_arm(&t->timer, at);
	}
	ptimer_end(p);
	return t;
}

bool ptimer_delete(struct process *p, u32 id)
{
	struct ptimer *t = ptimer_begin(p, id);

	if (t)
		ptimer_drop(p, t);
	ptimer_end(p);
	return t;
}

void ptimers_delete(struct process *p)
{
	while (!TAILQ_EMPTY(&p->ptimers))
		ptimer_drop(p, TAILQ_FIRST(&p->ptimers));
}

void ptimer_taken(struct process *p, u32 id, u32 overrun)
{
	struct ptimer *t;

	list_lock(p);
	t = ptimer_find(p, id);
	if (t)
		t->overrun = overrun;
	list_unlock(p);
}
