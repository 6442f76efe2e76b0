/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The interval timers of a process (setitimer(2)) and its limit of processor time (RLIMIT_CPU).
 *
 *   ITIMER_REAL     a timer of the clock
 *   ITIMER_VIRTUAL  user time     \  one timer of the clock, set to when the first of them could be reached if all
 *   ITIMER_PROF     all CPU time   | threads ran from now on; then it looks, and is set again if it was too early.
 *   RLIMIT_CPU      all CPU time  /  So nothing ticks for a process that has none of them.
 *
 * Changed by the process itself under `changing`; the timers fire without it, and are cancelled first.
 */
#ifndef KERN_ITIMER_H
#define KERN_ITIMER_H

#include "kern/mutex.h"
#include "kern/timer.h"

struct process;

struct itimers {
	struct mutex changing;
	struct timer real, cpu;
	u64 at[3], every[3];        /* ns, by ITIMER_*; of VIRTUAL and PROF in CPU time; at 0: off */
	u64 warn_at;                /* CPU time of the next SIGXCPU, ~0: never */
};

void itimers_init(struct itimers *t);
void itimers_limit(struct process *p);                  /* RLIMIT_CPU may have changed, or was inherited */
void itimers_cancel(struct process *p);                 /* none will fire any more */
/* ns; 0 off. `which` is an ITIMER_*. */
void itimer_get(struct process *p, u32 which, u64 *value, u64 *interval);
void itimer_set(struct process *p, u32 which, u64 value, u64 interval);
/* The next time after `now` in the row at, at + every, ...; not sooner than a core can serve, *missed counts those left out. */
u64 itimer_next(u64 at, u64 every, u64 now, u64 *missed);

#endif
