/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where a core's time goes: user, system, idle; of each core and of each thread.
 *
 * A core's `stamp` says until when its time is charged. A switch charges what passed since, to the side (user or
 * system) that the thread is known to be on. To know it always would take a look at the clock at every crossing of
 * ring 3 and 0, which costs a short call a good part of its time. So short calls are sampled: one in a random
 * gap of 9 to 24 is timed and stands for the whole gap. Calls that may be long, and page faults, are always timed.
 * What a sample stands for beyond itself was charged, or will be, as user time: it is owed, and comes off the
 * thread's next user time; user + system is the time really used at any moment.
 */
#ifndef KERN_ACCOUNT_H
#define KERN_ACCOUNT_H

#include "kern/percore.h"

/* The current thread crosses into the kernel, and back; a sample of `weight` (1: itself). Interrupts off. */
void account_enter(void);
void account_leave(u32 weight);
/* Charges the current thread up to now: at a switch, and before its times are read. */
void account_now(void);
void account_until(struct percore *pc, u64 now);        /* by who has looked at the clock */
/* What passed since was nobody's: the core's system time (kern/errand.h). */
void account_aside(void);
/* 0: this call is not sampled. Else the weight of the sample. */
static inline u32 account_sample(struct percore *pc)
{
	return --pc->sample_in ? 0 : pc->sample_gap;
}
#endif
