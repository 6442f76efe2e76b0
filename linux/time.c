/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Clocks, sleeping, timers. */
#include "base/string.h"
#include "kern/clock.h"
#include "kern/process.h"
#include "kern/space.h"
#include "linux/call.h"

#define NS 1000000000ul

static struct abi_timespec ts_of(u64 ns)
{
	return (struct abi_timespec){ ns / NS, ns % NS };
}

static bool ts_valid(const struct abi_timespec *t)
{
	return t->sec >= 0 && t->nsec >= 0 && t->nsec < (s64)NS;
}

static u64 ts_ns(const struct abi_timespec *t)
{
	return t->sec > (s64)(~0ul / NS / 2) ? ~0ul / 2 : (u64)t->sec * NS + t->nsec;
}

static int clock_read(s32 id, u64 *ns)
{
	struct process *p = process_current();
	struct thread *t = thread_current();
	u64 user, system;

	switch (id) {
	case CLOCK_REALTIME: case CLOCK_REALTIME_COARSE: case CLOCK_REALTIME_ALARM: case CLOCK_TAI:
		*ns = wall_ns();
		return 0;
	case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_RAW: case CLOCK_MONOTONIC_COARSE: case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = clock_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		sched_account(percore(), &t->user_ns);
		process_times(p, &user, &system);
		*ns = user + system;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		sched_account(percore(), &t->user_ns);
		*ns = t->user_ns + t->system_ns;
		return 0;
	default:
		return -EINVAL;
	}
}

CALL(clock_gettime)
{
	struct abi_timespec t;
	u64 ns;
	int err = clock_read(a[0], &ns);

	if (err)
		return err;
	t = ts_of(ns);
	return user_copy_out(UPTR(1), &t, sizeof(t));
}

CALL(clock_getres)
{
	struct abi_timespec t = { 0, 1 };
	u64 ns;
	int err = clock_read(a[0], &ns);

	if (err)
		return err;
	if (a[0] == CLOCK_REALTIME_COARSE || a[0] == CLOCK_MONOTONIC_COARSE)
		t.nsec = 4000000;
	return a[1] ? user_copy_out(UPTR(1), &t, sizeof(t)) : 0;
}

static long wall_set(u64 ns)
{
	if (!cred_capable(&process_current()->cred))
		return -EPERM;
	atomic_store(&wall_offset, ns - clock_ns());
	return 0;
}

CALL(clock_settime)
{
	struct abi_timespec t;

	if (user_copy_in(&t, UPTR(1), sizeof(t)))
		return -EFAULT;
	if (a[0] != CLOCK_REALTIME || !ts_valid(&t))
		return -EINVAL;
	return wall_set(ts_ns(&t));
}

CALL(gettimeofday)
{
	u64 now = wall_ns();
	struct abi_timeval tv = { now / NS, now % NS / 1000 };
	struct abi_timezone tz = { 0, 0 };

	if (a[0] && user_copy_out(UPTR(0), &tv, sizeof(tv)))
		return -EFAULT;
	return a[1] && user_copy_out(UPTR(1), &tz, sizeof(tz)) ? -EFAULT : 0;
}

CALL(settimeofday)
{
	struct abi_timeval tv;

	if (!a[0])
		return cred_capable(&process_current()->cred) ? 0 : -EPERM;
	if (user_copy_in(&tv, UPTR(0), sizeof(tv)))
		return -EFAULT;
	if (tv.sec < 0 || tv.usec < 0 || tv.usec > 999999)
		return -EINVAL;
	return wall_set((u64)tv.sec * NS + tv.usec * 1000);
}

CALL(time)
{
	s64 now = wall_ns() / NS;

	return a[0] && user_copy_out(UPTR(0), &now, 8) ? -EFAULT : now;
}

/* ---- sleeping */

static bool sleep_until(u64 deadline)
{
	while (clock_ns() < deadline) {
		if (signal_pending_current())
			return false;
		sched_sleep(deadline);
	}
	return true;
}

static long sleep_restart(struct restart *r)
{
	struct abi_timespec left;
	u64 now;

	if (sleep_until(r->deadline))
		return 0;
	now = clock_ns();
	left = ts_of(r->deadline > now ? r->deadline - now : 0);
	if (r->user && user_copy_out(r->user, &left, sizeof(left)))
		return -EFAULT;
	return -ERESTART_RESTARTBLOCK;
}

static long sleep_relative(u64 ns, void __user *left)
{
	struct thread *t = thread_current();
	u64 now = clock_ns();

	t->restart = (struct restart){ .fn = sleep_restart, .deadline = now + ns < now ? FOREVER - 1 : now + ns, .user = left };
	return sleep_restart(&t->restart);
}

CALL(nanosleep)
{
	struct abi_timespec t;

	if (user_copy_in(&t, UPTR(0), sizeof(t)))
		return -EFAULT;
	return ts_valid(&t) ? sleep_relative(ts_ns(&t), UPTR(1)) : -EINVAL;
}

CALL(clock_nanosleep)
{
	struct abi_timespec t;
	u64 now;
	int err;

	if ((u32)a[0] == CLOCK_THREAD_CPUTIME_ID || (a[1] & ~1ul))
		return -EINVAL;
	err = clock_read(a[0], &now);
	if (err)
		return err;
	if (user_copy_in(&t, UPTR(2), sizeof(t)))
		return -EFAULT;
	if (!ts_valid(&t))
		return -EINVAL;
	if (!(a[1] & TIMER_ABSTIME))
		return sleep_relative(ts_ns(&t), UPTR(3));
	if (ts_ns(&t) <= now)
		return 0;
	return sleep_until(clock_ns() + (ts_ns(&t) - now)) ? 0 : -ERESTARTNOHAND;
}

CALL(restart_syscall)
{
	struct restart *r = &thread_current()->restart;

	(void)a;
	return r->fn ? r->fn(r) : -EINTR;
}

/* ---- the real-time interval timer */

static u64 tv_ns(const struct abi_timeval *t)
{
	return (u64)t->sec * NS + (u64)t->usec * 1000;
}

static struct abi_timeval tv_of(u64 ns)
{
	return (struct abi_timeval){ ns / NS, ns % NS / 1000 };
}

static u64 alarm_left(struct process *p)
{
	u64 now = clock_ns();

	if (!p->alarm.armed)
		return 0;
	return p->alarm.deadline > now ? p->alarm.deadline - now : 1000;
}

static void alarm_set(struct process *p, u64 value, u64 interval)
{
	lock_acquire(&p->lock); /* threads of one process, and the handler */
	timer_cancel(&p->alarm);
	p->alarm_interval = interval;
	if (value)
		timer_arm(&p->alarm, clock_ns() + value);
	lock_release(&p->lock);
}

CALL(alarm)
{
	struct process *p = process_current();
	u64 left = alarm_left(p);

	alarm_set(p, (a[0] & 0xffffffff) * NS, 0);
	return left ? MAX((left + NS / 2) / NS, 1ul) : 0;
}

CALL(getitimer)
{
	struct process *p = process_current();
	struct abi_itimerval v = { { 0, 0 }, { 0, 0 } };

	if ((u32)a[0] > 2)
		return -EINVAL;
	if (a[0] == ITIMER_REAL)
		v = (struct abi_itimerval){ tv_of(p->alarm_interval), tv_of(alarm_left(p)) };
	return user_copy_out(UPTR(1), &v, sizeof(v));
}

CALL(setitimer)
{
	struct process *p = process_current();
	struct abi_itimerval v = { { 0, 0 }, { 0, 0 } }, old;

	if ((u32)a[0] > 2)
		return -EINVAL;
	if (a[1] && user_copy_in(&v, UPTR(1), sizeof(v)))
		return -EFAULT;
	if (v.value.sec < 0 || v.interval.sec < 0 || (u64)v.value.usec > 999999 || (u64)v.interval.usec > 999999)
		return -EINVAL;
	if (a[0] != ITIMER_REAL)
		return v.value.sec || v.value.usec ? -EINVAL : 0; /* no profiling timers: refused rather than ignored */
	old = (struct abi_itimerval){ tv_of(p->alarm_interval), tv_of(alarm_left(p)) };
	alarm_set(p, tv_ns(&v.value), tv_ns(&v.interval));
	return a[2] ? user_copy_out(UPTR(2), &old, sizeof(old)) : 0;
}

/* ---- accounting */

CALL(times)
{
	struct process *p = process_current();
	struct abi_tms t;
	u64 user, system;

	sched_account(percore(), &thread_current()->user_ns);
	process_times(p, &user, &system);
	t = (struct abi_tms){ user / (NS / 100), system / (NS / 100), atomic_load(&p->child_user_ns) / (NS / 100),
			      atomic_load(&p->child_system_ns) / (NS / 100) };
	if (a[0] && user_copy_out(UPTR(0), &t, sizeof(t)))
		return -EFAULT;
	return clock_ns() / (NS / 100);
}

CALL(getrusage)
{
	struct process *p = process_current();
	struct thread *me = thread_current();
	struct abi_rusage r;
	u64 user, system;

	sched_account(percore(), &me->user_ns);
	switch ((s32)a[0]) {
	case 0:
		process_times(p, &user, &system);
		break;
	case -1:
		user = atomic_load(&p->child_user_ns);
		system = atomic_load(&p->child_system_ns);
		break;
	case 1:
		user = me->user_ns;
		system = me->system_ns;
		break;
	default:
		return -EINVAL;
	}
	memset(&r, 0, sizeof(r));
	r.utime = tv_of(user);
	r.stime = tv_of(system);
	if ((s32)a[0] >= 0)
		r.maxrss = atomic_load(&p->space->pages.resident) * 4;
	return user_copy_out(UPTR(1), &r, sizeof(r));
}
