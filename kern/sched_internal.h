/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the three files of the scheduler share: sched.c switches, wake.c changes who owns a thread and wakes it, place.c
 * chooses the core. All of it is for the calling core and its own threads, with interrupts off.
 */
#ifndef KERN_SCHED_INTERNAL_H
#define KERN_SCHED_INTERNAL_H

#include "kern/thread.h"

#define SLICE_NS ((u64)FAIR_SLICE)
#define WAKE_NS 50000ul            /* what it may take a core to come out of its halt */
#define GIVE_WAY_NS 1000000ul      /* so long a thread waits for its waker to sleep, then it goes to an idle core */

/* ---- kern/wake.c */
/* Does t's run state belong to this core? A sleeper that is parked here is taken back. */
bool thread_own(struct percore *pc, struct thread *t);
void thread_message(struct thread *t, u32 bits);                    /* any core */
/* Of the last few samples; one that the host's doings made long must not count for ever. */
static inline void sched_average(u64 *average, u64 sample)
{
	*average = *average - *average / 4 + MIN(sample, GIVE_WAY_NS) / 4;
}
void sched_enqueue(struct percore *pc, struct thread *t);
void sched_enqueue_before(struct percore *pc, struct thread *t);      /* ahead of its equals */
void sched_make_runnable(struct percore *pc, struct thread *t, bool from_elsewhere); /* it is this core's */

/* ---- kern/place.c */
u32 sched_wake_core(struct percore *pc, const struct thread *t);    /* for a thread that wakes on this core */
void sched_hand_over(struct percore *pc, struct thread *t, u32 core); /* t is in no queue */
void sched_serve_thief(struct percore *pc);
void sched_balance(struct percore *pc);                             /* a slice is over and others wait */
void sched_ask_for_work(struct percore *pc);                        /* this core has nothing to do */
void sched_tell_crowded(struct percore *pc, bool crowded);
/* Threads wait here that are free to go, or do no longer: others shall know. */
static inline void sched_tell(struct percore *pc)
{
	bool crowded = pc->runq.count && !pc->giving_way;

	if (unlikely(crowded != pc->crowded))
		sched_tell_crowded(pc, crowded);
}

#endif
