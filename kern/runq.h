/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The run queue of a core: its RUNNABLE threads without the one that runs, in the order in which they should run.
 *
 * Real-time threads come first, by priority. The others share the core by virtual time: what a thread has run, divided
 * by its weight (1.25 to the power of -nice, as on Linux); who has had least is next. So shares come out right however
 * long a turn really was. The core's `vfloor` follows the smallest; a thread that slept starts at most
 * RUNQ_BONUS before it: it runs soon, but has saved nothing up. (Fair queueing; Linux: CFS.)
 *
 * A thread's virtual time counts on its core only: it travels as a distance from the floor.
 * All but runq_count are for the owner. O(log n).
 */
#ifndef KERN_RUNQ_H
#define KERN_RUNQ_H

#include "kern/percore.h"

#define RUNQ_BONUS 3000000l        /* ns */
#define RUNQ_GRAIN 1000000l        /* who wakes does not end another's turn for less of a lead */

void runq_put(struct percore *pc, struct thread *t);
struct thread *runq_take(struct percore *pc);                   /* the next, or NULL */
/* The last that may run on that core (not `pc->current`), or NULL: for another core. */
struct thread *runq_take_for(struct percore *pc, u32 core);
void runq_charge(struct percore *pc);                           /* current has run until now; before it is put */
void runq_woken(struct percore *pc, struct thread *t);          /* it slept: before runq_put */
void runq_leave(struct percore *pc, struct thread *t);          /* it goes to another core, or comes from one */
void runq_arrive(struct percore *pc, struct thread *t);
void runq_pull(struct percore *pc, const struct percore *from, struct thread *t); /* taken from there */
bool runq_preempts(struct percore *pc, const struct thread *t); /* should t, just put, run instead of current? */
bool runq_due(struct percore *pc);                              /* current's turn is over: is it another's? */

#endif
