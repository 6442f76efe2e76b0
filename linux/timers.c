/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers that a program makes itself: timer_create(2) and its kin. */
#include "kern/clock.h"
#include "kern/process.h"
#include "linux/call.h"

#define NS 1000000000ul

static u64 clock_now(u32 clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI ? wall_ns() : clock_ns();
}

static int event_check(const struct abi_sigevent *e)
{
	if (e->notify != SIGEV_NONE && (e->signo < 1 || e->signo > NSIG))
		return -EINVAL;
	switch (e->notify) {
	case SIGEV_NONE: case SIGEV_SIGNAL: case SIGEV_THREAD:
		return 0;
	case SIGEV_THREAD_ID:
		break;
	default:
		return -EINVAL;
	}
	struct thread *t = thread_of_tid(e->tid);
	bool mine = t && t->proc == process_current();

	if (t)
		thread_put(t);
	return mine ? 0 : -EINVAL;
}

/* The clocks a timer can follow. CPU clocks: use setitimer. */
static bool clock_has_timers(u64 clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME || clock == CLOCK_REALTIME_ALARM ||
	       clock == CLOCK_BOOTTIME_ALARM || clock == CLOCK_TAI;
}

CALL(timer_create)
{
	struct process *p = process_current();
	struct abi_sigevent e = { .signo = SIGALRM, .notify = SIGEV_SIGNAL };
	struct ptimer *t;
	long r;

	if (a[1] && user_copy_in(&e, UPTR(1), sizeof(e)))
		return -EFAULT;
	if (!clock_has_timers((u32)a[0]) || event_check(&e))
		return -EINVAL;
	mutex_lock(&p->itimers.changing);
	t = ptimer_new(p);
	r = t ? user_copy_out(UPTR(2), &t->id, 4) : -EAGAIN;
	if (t && !r) {
		t->clock = a[0];
		t->notify = e.notify;
		t->signo = e.signo;
		t->tid = e.tid;
		t->value = a[1] ? e.value : t->id;
	} else if (t) {
		ptimer_delete(t);
	}
	mutex_unlock(&p->itimers.changing);
	return r;
}

static struct abi_itimerspec ptimer_state(const struct ptimer *t)
{
	u64 left = ptimer_left(t);

	return (struct abi_itimerspec){ { t->every / NS, t->every % NS }, { left / NS, left % NS } };
}

static bool spec_valid(const struct abi_timespec *t)
{
	return t->sec >= 0 && t->nsec >= 0 && t->nsec < (s64)NS;
}

static u64 spec_ns(const struct abi_timespec *t)
{
	return t->sec > (s64)(FOREVER / NS / 4) ? FOREVER / 4 : (u64)t->sec * NS + t->nsec;
}

/* What the program says of its clock, as clock_ns. 0: off. */
static u64 expiry_of(const struct ptimer *t, const struct abi_timespec *value, bool absolute)
{
	u64 ns = spec_ns(value), now = clock_now(t->clock);

	if (!ns)
		return 0;
	return clock_ns() + (!absolute ? ns : ns > now ? ns - now : 0);
}

CALL(timer_settime)
{
	struct process *p = process_current();
	struct abi_itimerspec new, old;
	struct ptimer *t;

	if (!a[2])
		return -EINVAL;
	if (user_copy_in(&new, UPTR(2), sizeof(new)))
		return -EFAULT;
	if (!spec_valid(&new.value) || !spec_valid(&new.interval))
		return -EINVAL;
	mutex_lock(&p->itimers.changing);
	t = ptimer_find(p, a[0]);
	if (t) {
		old = ptimer_state(t);
		ptimer_set(t, expiry_of(t, &new.value, a[1] & TIMER_ABSTIME), spec_ns(&new.interval));
	}
	mutex_unlock(&p->itimers.changing);
	if (!t)
		return -EINVAL;
	return a[3] && user_copy_out(UPTR(3), &old, sizeof(old)) ? -EFAULT : 0;
}

CALL(timer_gettime)
{
	struct process *p = process_current();
	struct abi_itimerspec now;
	struct ptimer *t;

	mutex_lock(&p->itimers.changing);
	t = ptimer_find(p, a[0]);
	if (t)
		now = ptimer_state(t);
	mutex_unlock(&p->itimers.changing);
	return t ? user_copy_out(UPTR(1), &now, sizeof(now)) : -EINVAL;
}

CALL(timer_getoverrun)
{
	struct process *p = process_current();
	struct ptimer *t;
	long r;

	mutex_lock(&p->itimers.changing);
	t = ptimer_find(p, a[0]);
	r = t ? (long)t->overrun : -EINVAL;
	mutex_unlock(&p->itimers.changing);
	return r;
}

CALL(timer_delete)
{
	struct process *p = process_current();
	struct ptimer *t;

	mutex_lock(&p->itimers.changing);
	t = ptimer_find(p, a[0]);
	if (t)
		ptimer_delete(t);
	mutex_unlock(&p->itimers.changing);
	return t ? 0 : -EINVAL;
}
