/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* POSIX timers: see ptimer.h. */
#include "kern/ptimer.h"
#include "arch/clock.h"
#include "kern/process.h"
#include "mem/slab.h"

#define PTIMERS_MAX 1024

KCACHE(ptimer_cache, "ptimers", struct ptimer);

/* A reference to the thread, if it is one of the process. */
static struct thread *ptimer_thread(const struct ptimer *t)
{
	struct thread *each, *found = NULL;

	lock_acquire(&t->proc->lock);
	TAILQ_FOREACH(each, &t->proc->threads, sibling)
		if (each->tid == t->tid)
			found = each;
	if (found)
		thread_get(found);
	lock_release(&t->proc->lock);
	return found;
}

static void ptimer_signal(struct ptimer *t, u32 overrun)
{
	struct siginfo info = { .signo = (int)t->signo, .code = SI_TIMER, .pid = t->id, .uid = overrun, .value = t->value };
	struct thread *to;

	if (t->notify == SIGEV_NONE)
		return;
	if (t->notify != SIGEV_THREAD_ID) {
		signal_process(t->proc, &info);
		return;
	}
	to = ptimer_thread(t);
	if (!to)
		return;
	signal_thread(to, &info);
	thread_put(to);
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

/* The lowest free id; the list is in order of ids. */
struct ptimer *ptimer_new(struct process *p)
{
	struct ptimer *t = kcache_alloc(&ptimer_cache), *each;
	u32 id = 0;

	if (!t)
		return NULL;
	t->proc = p;
	t->timer.fire = ptimer_fire;
	lock_acquire(&p->lock);
	TAILQ_FOREACH(each, &p->ptimers, link) {
		if (each->id != id)
			break;
		id++;
	}
	t->id = id;
	if (id < PTIMERS_MAX && each)
		TAILQ_INSERT_BEFORE(each, t, link);
	else if (id < PTIMERS_MAX)
		TAILQ_INSERT_TAIL(&p->ptimers, t, link);
	lock_release(&p->lock);
	if (id < PTIMERS_MAX)
		return t;
	kcache_free(&ptimer_cache, t);
	return NULL;
}

void ptimer_delete(struct ptimer *t)
{
	timer_cancel(&t->timer);
	lock_acquire(&t->proc->lock);
	TAILQ_REMOVE(&t->proc->ptimers, t, link);
	lock_release(&t->proc->lock);
	kcache_free(&ptimer_cache, t);
}

void ptimers_delete(struct process *p)
{
	while (!TAILQ_EMPTY(&p->ptimers))
		ptimer_delete(TAILQ_FIRST(&p->ptimers));
}

struct ptimer *ptimer_find(struct process *p, u32 id)
{
	struct ptimer *t;

	TAILQ_FOREACH(t, &p->ptimers, link)
		if (t->id == id)
			return t;
	return NULL;
}

void ptimer_set(struct ptimer *t, u64 at, u64 every)
{
	timer_cancel(&t->timer);
	t->every = every;
	t->overrun = 0;
	if (at)
		timer_arm(&t->timer, at);
}

u64 ptimer_left(const struct ptimer *t)
{
	u64 now = clock_ns();

	return !t->timer.armed ? 0 : t->timer.deadline > now ? t->timer.deadline - now : 1;
}

void ptimer_taken(struct process *p, u32 id, u32 overrun)
{
	struct ptimer *t;

	lock_acquire(&p->lock);
	t = ptimer_find(p, id);
	if (t)
		t->overrun = overrun;
	lock_release(&p->lock);
}
