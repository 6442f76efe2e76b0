/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers that a program makes itself: timer_create(2) and its kin. */
#include "kern/clock.h"
#include "kern/eventfd.h"
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
	struct ptimer what = { .clock = a[0] };
	s32 id;

	if (a[1] && user_copy_in(&e, UPTR(1), sizeof(e)))
		return -EFAULT;
	if (!clock_has_timers((u32)a[0]) || event_check(&e))
		return -EINVAL;
	what.notify = e.notify;
	what.signo = e.signo;
	what.tid = e.tid;
	what.value = e.value;
	id = ptimer_create(p, &what);
	if (id < 0)
		return id;
	if (!user_copy_out(UPTR(2), &id, sizeof(id)))
		return 0;
	ptimer_delete(p, id);
	return -EFAULT;
}

static struct abi_itimerspec spec_of(const struct ptimer_state *s)
{
	return (struct abi_itimerspec){ { s->every / NS, s->every % NS }, { s->left / NS, s->left % NS } };
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
static u64 expiry_of(u32 clock, const struct abi_timespec *value, bool absolute)
{
	u64 ns = spec_ns(value), now = clock_now(clock);

	if (!ns)
		return 0;
	return clock_ns() + (!absolute ? ns : ns > now ? ns - now : 0);
}

CALL(timer_settime)
{
	struct process *p = process_current();
	struct abi_itimerspec new, old;
	struct ptimer_state state;

	if (!a[2])
		return -EINVAL;
	if (user_copy_in(&new, UPTR(2), sizeof(new)))
		return -EFAULT;
	if (!spec_valid(&new.value) || !spec_valid(&new.interval) || !ptimer_get(p, a[0], &state))
		return -EINVAL;
	if (!ptimer_set(p, a[0], expiry_of(state.clock, &new.value, a[1] & TIMER_ABSTIME), spec_ns(&new.interval)))
		return -EINVAL;
	old = spec_of(&state);
	return a[3] && user_copy_out(UPTR(3), &old, sizeof(old)) ? -EFAULT : 0;
}

CALL(timer_gettime)
{
	struct abi_itimerspec now;
	struct ptimer_state state;

	if (!ptimer_get(process_current(), a[0], &state))
		return -EINVAL;
	now = spec_of(&state);
	return user_copy_out(UPTR(1), &now, sizeof(now));
}

CALL(timer_getoverrun)
{
	struct ptimer_state state;

	return ptimer_get(process_current(), a[0], &state) ? (long)state.overrun : -EINVAL;
}

CALL(timer_delete) { return ptimer_delete(process_current(), a[0]) ? 0 : -EINVAL; }

/* ---- as files */

#define TFD_TIMER_ABSTIME 1u
#define TFD_TIMER_CANCEL_ON_SET 2u /* taken, and has no effect: a read does not tell that the clock was set */

CALL(timerfd_create)
{
	u32 flags = a[1];
	s32 clock = a[0];
	struct file *f;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK) || !clock_has_timers(clock) || clock == CLOCK_TAI)
		return -EINVAL;
	f = timerfd_new(clock, flags & O_NONBLOCK);
	if (!f)
		return -ENOMEM;
	return fd_install_new(f, flags & O_CLOEXEC);
}

/* A borrowed file, or NULL with *err. */
static struct file *timerfd_of(int fd, long *err)
{
	struct file *f = file_of_fd(fd);

	*err = !f ? -EBADF : file_is_timerfd(f) ? 0 : -EINVAL;
	if (!*err)
		return f;
	file_put(f);
	return NULL;
}

static struct abi_itimerspec timerfd_spec(struct file *f)
{
	struct ptimer_state s;

	timerfd_get(f, &s.left, &s.every);
	return spec_of(&s);
}

CALL(timerfd_settime)
{
	struct abi_itimerspec new, old;
	struct file *f;
	long r;

	if (user_copy_in(&new, UPTR(2), sizeof(new)))
		return -EFAULT;
	if (((u32)a[1] & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) || !spec_valid(&new.value) || !spec_valid(&new.interval))
		return -EINVAL;
	f = timerfd_of(a[0], &r);
	if (r)
		return r;
	old = timerfd_spec(f);
	timerfd_set(f, expiry_of(timerfd_clock(f), &new.value, a[1] & TFD_TIMER_ABSTIME), spec_ns(&new.interval));
	file_put(f);
	return a[3] && user_copy_out(UPTR(3), &old, sizeof(old)) ? -EFAULT : 0;
}

CALL(timerfd_gettime)
{
	struct abi_itimerspec now;
	long r;
	struct file *f = timerfd_of(a[0], &r);

	if (r)
		return r;
	now = timerfd_spec(f);
	file_put(f);
	return user_copy_out(UPTR(1), &now, sizeof(now));
}
