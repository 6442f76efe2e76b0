/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Errands: work that an interrupt leaves for when the core is out of it. A handler may not enter a replicated structure
 * or wait; what it would have a thread do, and costs less than waking one, it posts here:
 *
 *   interrupt: errand_post --> idle loop, next turn     |  errands_run, O(errands posted): interrupts off, no lock or guard
 *                          \-> way back to ring 3       |  held, on the core that posted. May wake and allocate, not sleep.
 *
 * As interrupts come in at ring 3, in idle and at core_window only, one of these two is next, or the thread that opened
 * the window runs them. An errand does bounded work; if more is left, it wakes its thread.
 */
#ifndef KERN_ERRAND_H
#define KERN_ERRAND_H

#include "kern/percore.h"

struct errand {
	struct errand *next;
	void (*run)(struct errand *e);
	bool posted;
};

void errand_post(struct errand *e);      /* on the core whose errand it always is; twice before it runs is once */
void errands_run_all(struct percore *pc);

static inline void errands_run(struct percore *pc)
{
	if (unlikely(pc->errands))
		errands_run_all(pc);
}

#endif
