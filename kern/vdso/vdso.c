/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The code of the vDSO, which runs in ring 3 (kern/vdso.h). It knows the clocks that are the time-stamp
 * counter plus a constant; all others, and bad arguments, are left to the call.
 *
 * Names and version are those of Linux (vdso(7)), so that every C library finds them.
 */
#include "base/types.h"
#include "kern/vdso.h"

#define NS 1000000000ul
#define SYS_GETTIMEOFDAY 96
#define SYS_CLOCK_GETTIME 228

enum { REALTIME = 0, MONOTONIC = 1, MONOTONIC_RAW = 4, BOOTTIME = 7 };

struct timespec { s64 sec, nsec; };
struct timeval { s64 sec, usec; };

extern const char __ehdr_start[] __attribute__((visibility("hidden")));

static const volatile struct vdso_data *data(void)
{
	return (const volatile struct vdso_data *)(__ehdr_start + VDSO_IMAGE_SIZE);
}

static long call(long nr, u64 a, u64 b)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

/* As clock_ns() in the kernel; the fence keeps the reading behind what the program did before. */
static u64 now(void)
{
	u32 low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)((unsigned __int128)(((u64)high << 32 | low) - data()->start) * data()->mult >> 32);
}

int __vdso_clock_gettime(int clock, struct timespec *t)
{
	u64 ns;

	if (clock == REALTIME)
		ns = now() + data()->wall_offset;
	else if (clock == MONOTONIC || clock == MONOTONIC_RAW || clock == BOOTTIME)
		ns = now();
	else
		return (int)call(SYS_CLOCK_GETTIME, (u64)clock, (u64)t);
	t->sec = (s64)(ns / NS);
	t->nsec = (s64)(ns % NS);
	return 0;
}

int __vdso_gettimeofday(struct timeval *t, void *zone)
{
	u64 ns;

	if (zone || !t)
		return (int)call(SYS_GETTIMEOFDAY, (u64)t, (u64)zone);
	ns = now() + data()->wall_offset;
	t->sec = (s64)(ns / NS);
	t->usec = (s64)(ns % NS / 1000);
	return 0;
}

s64 __vdso_time(s64 *t)
{
	s64 sec = (s64)((now() + data()->wall_offset) / NS);

	if (t)
		*t = sec;
	return sec;
}
