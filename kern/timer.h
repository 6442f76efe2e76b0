/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Timers: a function to call at a time, on the core that armed it, from interrupt context.
 *
 * Each core has a base: a red-black tree by deadline under one short lock, so that another core may cancel.
 * The hardware one-shot follows the earliest deadline. timer_arm and timer_cancel are O(log n).
 * A handler must not sleep nor call nr; most wake a thread or set a flag.
 */
#ifndef KERN_TIMER_H
#define KERN_TIMER_H

#include "base/tree.h"
#include "base/types.h"
#include "nr/sync/lock.h"

struct timer {
	RB_ENTRY(timer) link;
	u64 deadline;                  /* clock_ns */
	void (*fire)(struct timer *);
	u32 base;                      /* 1 + the core in whose base it was put; 0: it neither waits nor fires anywhere */
	bool armed;
};
RB_HEAD(timer_tree, timer);

struct timer_base {
	struct lock lock;
	struct timer_tree tree;
	u64 hardware;                  /* what the one-shot is set to */
	struct timer *firing;          /* whose function runs now */
};

void timer_base_init(struct timer_base *b);
/* On the calling core. Re-arming an armed timer moves it. */
void timer_arm(struct timer *t, u64 deadline);
/* It will not fire, and if it was firing on another core it no longer is: its memory may go. Not for a caller that holds
 * a lock which the timer's function takes. True if it was armed. */
bool timer_cancel(struct timer *t);
/* Calls what is due and sets the hardware anew; also given the end of the current time slice (0: none). */
void timer_run(u64 slice_end);
void timer_program(u64 slice_end);

#endif
