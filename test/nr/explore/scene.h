/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * scene: what the scenarios share. A replicated counter whose operations record themselves, with "ended before it
 * began" taken from happens-before, not from the clock: two operations of threads that did not synchronize may take
 * effect in any order. signal and await are how the scenario's own threads synchronize.
 */
#ifndef TEST_NR_EXPLORE_SCENE_H
#define TEST_NR_EXPLORE_SCENE_H

#include "nr/nr.h"
#include "test/nr/explore/explore.h"
#include "test/nr/lin.h"
#include "test/nr/row.h"

extern struct nr *scene_nr;
extern const struct nr_type scene_type; /* lin_type, with a step inside apply */

/* Before the threads start: an instance with replicas on nodes 0.. . */
void scene_make(const struct nr_type *type, u32 replicas, u32 log_slots, bool wide);
struct nr_self *scene_self(u32 node); /* of the calling thread, its node set */
void scene_update(u32 node, size_t len); /* adds one, by an operation of len bytes */
u64 scene_read(u32 node);
void scene_signal(u32 n);
void scene_await(u32 n);
/* The same, but nothing travels with it: relaxed. */
void scene_hint(u32 n);
void scene_follow(u32 n);
/* Afterwards: the history is linearizable, the replicas are equal, all memory comes back. */
void scene_check(void);

/* The same for a family (row.h): each part starts with SCENE_ROW. */
#define SCENE_ROW 4
extern struct nr_shards *scene_family;
void scene_row_make(const struct nr_type *type, u32 parts, u32 replicas, bool wide);
void scene_row(u32 node, u32 kind, u32 arg);
void scene_row_check(void);
extern const struct ex_scenario span_two, span_chain, span_update, span_view, span_crowd, span_read, span_one, span_join, span_leave,
	span_room, span_promise, two_logs, view_cross, view_cause;
extern const struct ex_scenario stand_span, stand_span_apart, stand_span_alone, stand_view;

#define SCENARIO(id, text, nthreads, setup_, ...)                                                                      \
	static const struct ex_scenario id = { #id, text, nthreads, setup_, { __VA_ARGS__ }, scene_check }

#endif
