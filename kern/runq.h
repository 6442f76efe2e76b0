/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The run queue of a core: its RUNNABLE threads without the one that runs, in the order in which they should run. The order
 * is kern/fair.h's; here threads meet it: a rank is a real-time priority, a weight is 1.25 to the power of -nice, as on
 * Linux, and the current thread has the core by the clock.
 *
 * A thread's policy may change at any time; the queue goes by what it was when the thread was put (runq_moved).
 *
 * All but runq_length are for the owner. O(log n).
 */
#ifndef KERN_RUNQ_H
#define KERN_RUNQ_H

#include "kern/percore.h"

#define RR_SLICE_NS 100000000ul    /* a turn of SCHED_RR, among those of one priority */

/* Others: a hint. */
static inline u32 runq_length(const struct percore *pc)
{
	return *(const volatile u32 *)&pc->runq.count;
}

void runq_put(struct percore *pc, struct thread *t);
void runq_put_back(struct percore *pc, struct thread *t);       /* its turn was cut short, or never begun */
struct thread *runq_take(struct percore *pc);                   /* the next, or NULL */
/* The last that may run on that core (not `pc->current`), or NULL: for another core. */
struct thread *runq_take_for(struct percore *pc, u32 core);
void runq_charge(struct percore *pc);                           /* current has run until now: before it goes, or others are put */
void runq_start(struct percore *pc, struct thread *t);          /* current has made it */
void runq_leave(struct percore *pc, struct thread *t);          /* it goes to another core, or comes from one */
void runq_arrive(struct percore *pc, struct thread *t);
void runq_pull(struct percore *pc, const struct percore *from, struct thread *t); /* taken from there */
bool runq_moved(struct percore *pc, struct thread *t);          /* its policy changed: was it waiting here, and moved? */
bool runq_preempts(struct percore *pc, const struct thread *t); /* should t, just put, run instead of current? */
bool runq_due(struct percore *pc);                              /* current's turn is over: is it another's? */
bool runq_outranks(struct percore *pc);                         /* is the first of a higher priority than current? */
bool runq_yields(struct percore *pc);                           /* is there somebody for whom current may step back? */

#endif
