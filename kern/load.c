/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Load averages: every 5 seconds a timer of core 0 looks at all run queues. a(n+1) = a(n) e + running (1 - e), with
 * e = exp(-5 s / T), in fixed point; rounding as Linux (kernel/sched/loadavg.c), so that a constant load is reached.
 */
#include "kern/load.h"
#include "arch/clock.h"
#include "kern/runq.h"
#include "kern/thread.h"

#define LOAD_ONE (1u << LOAD_SHIFT)
#define LOAD_PERIOD 5000000000ul

static const u32 decay[3] = { 1884, 2014, 2037 }; /* 1, 5, 15 minutes */
static volatile u64 averages[3];                  /* written by the timer, on core 0 */
static struct timer load_timer;

u32 load_running(void)
{
	u32 i, total = 0;

	for (i = 0; i < cores_count(); i++) {
		struct percore *pc = percore_of(i);

		total += runq_length(pc) + (*(struct thread *volatile *)&pc->current != pc->idle);
	}
	return total;
}

static void load_sample(struct timer *timer)
{
	u64 active = (u64)load_running() << LOAD_SHIFT, next;
	int i;

	for (i = 0; i < 3; i++) {
		next = averages[i] * decay[i] + active * (LOAD_ONE - decay[i]);
		if (active >= averages[i])
			next += LOAD_ONE - 1;
		averages[i] = next >> LOAD_SHIFT;
	}
	timer_arm(timer, timer->deadline + LOAD_PERIOD);
}

void load_start(void)
{
	load_timer.fire = load_sample;
	timer_arm(&load_timer, clock_ns() + LOAD_PERIOD);
}

void load_get(u64 average[3])
{
	int i;

	for (i = 0; i < 3; i++)
		average[i] = averages[i];
}
