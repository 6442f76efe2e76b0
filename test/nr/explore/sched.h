/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sched: the runs of a scenario. See explore.h for the idea; main.c for what the command line makes of it. */
#ifndef TEST_NR_EXPLORE_SCHED_H
#define TEST_NR_EXPLORE_SCHED_H

#include "test/nr/explore/explore.h"

#include <stdio.h>

enum { EX_CHOICES = 20000, EX_STEPS = 20000 };

enum ex_mode { EX_DFS, EX_RANDOM, EX_STOP, EX_REPLAY };

struct ex_plan {
	enum ex_mode mode;
	u64 seed, runs; /* at most so many */
	u32 preempt, stale; /* bounds of one run */
	u32 stop_thread, stop_at; /* EX_STOP */
};

struct ex_result {
	u64 runs, steps; /* steps: of the longest */
	bool failed, whole; /* whole: nothing is left to try within the bounds */
	char why[256];
	const void *stop_site; /* EX_STOP: where it stood, NULL: it ended before */
	u32 delayed; /* EX_STOP: bit t: thread t had not ended when all others stood still */
};

struct ex_result ex_explore(const struct ex_scenario *s, const struct ex_plan *plan);
/* The choices of the last run: "preemptions,stale,place:choice,...". */
void ex_print_choices(FILE *out);
/* Makes these again. */
struct ex_result ex_replay(const struct ex_scenario *s, const char *choices);

#endif
