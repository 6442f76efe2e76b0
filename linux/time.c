/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Clocks, sleeping, timers. */
#include "base/string.h"
#include "kern/clock.h"
#include "kern/process.h"
#include "kern/resident.h"
#include "kern/space.h"
#include "kern/vdso.h"
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
	struct usage u;

	switch (id) {
	case CLOCK_REALTIME: case CLOCK_REALTIME_COARSE: case CLOCK_REALTIME_ALARM: case CLOCK_TAI:
		*ns = wall_ns();
		return 0;
	case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_RAW: case CLOCK_MONOTONIC_COARSE: case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = clock_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		process_usage(process_current(), &u);
		*ns = u.user_ns + u.system_ns;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		usage_of_thread(thread_current(), &u);
		*ns = u.user_ns + u.system_ns;
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
	ns -= clock_ns();
	atomic_store(&wall_offset, ns);
	vdso_set_wall(ns);
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

/* ---- interval timers */

static u64 tv_ns(const struct abi_timeval *t)
{
	return (u64)t->sec > FOREVER / NS / 4 ? FOREVER / 4 : (u64)t->sec * NS + (u64)t->usec * 1000;
}

static struct abi_timeval tv_of(u64 ns)
{
	return (struct abi_timeval){ ns / NS, ns % NS / 1000 };
}

CALL(alarm)
{
	struct process *p = process_current();
	u64 left, every;

	itimer_get(p, ITIMER_REAL, &left, &every);
	itimer_set(p, ITIMER_REAL, (a[0] & 0xffffffff) * NS, 0);
	return left ? MAX((left + NS / 2) / NS, 1ul) : 0;
}

static struct abi_itimerval itimer_read(u32 which)
{
	u64 value, interval;

	itimer_get(process_current(), which, &value, &interval);
	return (struct abi_itimerval){ tv_of(interval), tv_of(value) };
}

CALL(getitimer)
{
	struct abi_itimerval v;

	if ((u32)a[0] > 2)
		return -EINVAL;
	v = itimer_read(a[0]);
	return user_copy_out(UPTR(1), &v, sizeof(v));
}

CALL(setitimer)
{
	struct abi_itimerval v = { { 0, 0 }, { 0, 0 } }, old;

	if (a[1] && user_copy_in(&v, UPTR(1), sizeof(v)))
		return -EFAULT;
	if ((u32)a[0] > 2)
		return -EINVAL;
	if (v.value.sec < 0 || v.interval.sec < 0 || (u64)v.value.usec > 999999 || (u64)v.interval.usec > 999999)
		return -EINVAL;
	old = itimer_read(a[0]);
	itimer_set(process_current(), a[0], tv_ns(&v.value), tv_ns(&v.interval));
	return a[2] ? user_copy_out(UPTR(2), &old, sizeof(old)) : 0;
}

/* ---- accounting */

CALL(times)
{
	struct process *p = process_current();
	struct usage mine, theirs;
	struct abi_tms t;

	process_usage(p, &mine);
	process_usage_children(p, &theirs);
	t = (struct abi_tms){ mine.user_ns / (NS / 100), mine.system_ns / (NS / 100), theirs.user_ns / (NS / 100),
			      theirs.system_ns / (NS / 100) };
	if (a[0] && user_copy_out(UPTR(0), &t, sizeof(t)))
		return -EFAULT;
	return clock_ns() / (NS / 100);
}

void rusage_to_user(struct abi_rusage *out, const struct usage *u)
{
	*out = (struct abi_rusage){ .utime = tv_of(u->user_ns), .stime = tv_of(u->system_ns), .maxrss = u->max_rss * 4,
				    .minflt = u->faults, .nvcsw = u->nvcsw, .nivcsw = u->nivcsw };
}

CALL(getrusage)
{
	struct process *p = process_current();
	struct abi_rusage r;
	struct usage u;

	switch ((s32)a[0]) {
	case RUSAGE_SELF:
		process_usage(p, &u);
		break;
	case RUSAGE_CHILDREN:
		process_usage_children(p, &u);
		break;
	case RUSAGE_THREAD:
		usage_of_thread(thread_current(), &u);
		u.max_rss = resident_frames(p->space);
		break;
	default:
		return -EINVAL;
	}
	rusage_to_user(&r, &u);
	return user_copy_out(UPTR(1), &r, sizeof(r));
}
