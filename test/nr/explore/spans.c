/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The scenarios of families: spans, views and calls on single parts meet. Parts are A, B, C; each starts with SCENE_ROW,
 * and what was seen is judged by the sequential model (row.h).
 */
#include "test/nr/explore/scene.h"
#include "base/errno.h"

enum { A, B, C };

#define SPAN(id, text, nthreads, setup_, ...)                                                                          \
	static const struct ex_scenario id = { #id, text, nthreads, setup_, { __VA_ARGS__ }, scene_row_check }

static void two(void) { scene_row_make(&row_type, 2, 2, false); }
static void two_wide(void) { scene_row_make(&row_type, 2, 2, true); }
static void three(void) { scene_row_make(&row_type, 3, 2, false); }
static void one(void) { scene_row_make(&row_type, 2, 1, false); }
static void notes(void) { scene_row_make(&row_note_type, 2, 2, false); }

static void move_ab_0(void) { scene_row(0, ROW_MOVE, ROW_ARG(A, B, 1)); }
static void move_ba_1(void) { scene_row(1, ROW_MOVE, ROW_ARG(B, A, 3)); }
static void view_1(void) { scene_row(1, ROW_VIEW, ROW_ARG(3, 0, 0)); }
static void view_twice_1(void) { view_1(); view_1(); }
static void add_a_0(void) { scene_row(0, ROW_ADD, ROW_ARG(A, 0, 1)); }
static void add_b_1(void) { scene_row(1, ROW_ADD, ROW_ARG(B, 0, 1)); }
static void read_a_1(void) { scene_row(1, ROW_READ, ROW_ARG(A, 0, 0)); }
static void read_b_1(void) { scene_row(1, ROW_READ, ROW_ARG(B, 0, 0)); }

SPAN(span_two, "spans of the same two parts from two nodes", 2, two, move_ab_0, move_ba_1);

static void move_bc_1(void) { scene_row(1, ROW_MOVE, ROW_ARG(B, C, 1)); }
static void move_ca_1(void) { scene_row(1, ROW_MOVE, ROW_ARG(C, A, 1)); }
SPAN(span_chain, "spans that overlap in a ring", 3, three, move_ab_0, move_bc_1, move_ca_1);

static void add_b_read_a_1(void) { add_b_1(); read_a_1(); }
SPAN(span_update, "a span, and beside it an update of one part and a read of the other", 2, two, move_ab_0, add_b_read_a_1);
SPAN(span_view, "a span and views on another node", 2, two_wide, move_ab_0, view_twice_1);
SPAN(span_crowd, "a span, an update of one of its parts, and a view", 3, two_wide, move_ab_0, add_b_1, view_1);

/* Who has seen a span's effect in one log finds it in the other. */
static void reads_1(void) { read_a_1(); read_b_1(); }
SPAN(span_read, "a span, and reads of its parts on another node", 2, two_wide, move_ab_0, reads_1);

static void view_read_0(void) { scene_row(0, ROW_VIEW, ROW_ARG(3, 0, 0)); scene_row(0, ROW_READ, ROW_ARG(B, 0, 0)); }
SPAN(span_one, "a span in place, under a view and an update", 3, one, move_ab_0, view_read_0, add_a_0);

static void join_1(void) { ex_check(nr_shards_replica_add(scene_family, scene_self(1), 1) == 0); }
static void join_view_1(void) { join_1(); view_1(); }
SPAN(span_join, "replicas are added under a span", 2, one, move_ab_0, join_view_1);

static void leave_1(void) { ex_check(nr_shards_replica_drop(scene_family, scene_self(1), 1) == 0); }
static void leave_view_1(void) { leave_1(); view_1(); }
SPAN(span_leave, "replicas are dropped under a span of their node and one of another", 3, two, leave_view_1, move_ab_0, move_ba_1);

static void leave_0(void) { ex_check(nr_shards_replica_drop(scene_family, scene_self(0), 1) == 0); }
SPAN(view_leave, "replicas are dropped under views of their node", 2, two_wide, leave_0, view_twice_1);

/* A share takes 3 of 32 slots; the other node does nothing until it is asked for room. */
static void moves_0(void)
{
	for (u32 i = 0; i < 12; i++)
		move_ab_0();
}
static void add_b_view_1(void) { add_b_1(); view_1(); }
SPAN(span_room, "spans lap the log", 2, two, moves_0, add_b_view_1);

static void moves_1(void) { move_ba_1(); move_ba_1(); }
SPAN(span_promise, "spans that take memory on both replicas", 2, notes, move_ab_0, moves_1);

/* Of two who each write one log and then look at the other, one sees the other's write. */
static void add_a_read_b_0(void) { add_a_0(); scene_row(0, ROW_READ, ROW_ARG(B, 0, 0)); }
SPAN(two_logs, "an update of one part, then a read of the other, on both sides", 2, two, add_a_read_b_0, add_b_read_a_1);

static void add_a_view_0(void) { add_a_0(); scene_row(0, ROW_VIEW, ROW_ARG(3, 0, 0)); }
SPAN(view_cross, "an update of one part, then a view, on both sides", 2, two, add_a_view_0, add_b_view_1);

/* A view sees no effect without its cause. */
static void add_a_add_b_0(void) { add_a_0(); scene_row(0, ROW_ADD, ROW_ARG(B, 0, 1)); }
SPAN(view_cause, "an update of one part and then of another, under a view elsewhere", 2, two_wide, add_a_add_b_0, view_1);

/* A tried view waits for nobody, also under a guard: here of an instance that the spanner updates next. */
static void try_setup(void)
{
	static const struct nr_config cfg = { .threads = EX_THREADS };

	two_wide();
	scene_nr = nr_create(&lin_type, &cfg, NULL);
	ex_check(scene_nr);
}

static void try_1(void)
{
	int err = scene_row_try(1, 3);

	ex_check(err == 0 || err == -EAGAIN);
}

static void try_guarded_1(void)
{
	nr_read_begin(scene_nr, scene_self(1), 0);
	try_1();
	nr_read_end(scene_nr, scene_self(1), 0);
}

static void move_other_0(void)
{
	struct lin_bytes bytes;

	move_ab_0();
	lin_make(&bytes, 1, 1, 0, 8);
	ex_check(nr_update(scene_nr, scene_self(0), 0, &bytes, 8, NULL, NULL) == 0);
}

static void try_check(void)
{
	nr_destroy(scene_nr);
	scene_row_check();
}

static void try_twice_1(void) { try_1(); try_1(); }
SPAN(view_try, "a span, an update of one of its parts, and tried views", 3, two_wide, move_ab_0, add_b_1, try_twice_1);
static const struct ex_scenario view_guarded = { "view_guarded", "a tried view under a guard that another waits for", 2, try_setup,
						 { move_other_0, try_guarded_1 }, try_check };

/* Whom a standing thread delays (scenarios.c): the others use part A, or C, which it does not touch. */
#define STAND(id, text, setup_, body_, p)                                                                              \
	static void id##_2(void) { scene_row(1, ROW_READ, ROW_ARG(p, 0, 0)); }                                         \
	static void id##_3(void) { scene_row(1, ROW_ADD, ROW_ARG(p, 0, 1)); }                                          \
	static void id##_4(void) { scene_row(0, ROW_READ, ROW_ARG(p, 0, 0)); }                                         \
	static void id##_5(void) { scene_row(0, ROW_ADD, ROW_ARG(p, 0, 1)); }                                          \
	SPAN(id, text, 5, setup_, body_, id##_2, id##_3, id##_4, id##_5)

static void three_wide(void) { scene_row_make(&row_type, 3, 2, true); }
static void three_alone(void) { scene_row_make(&row_type, 3, 1, true); }
static void view_0(void) { scene_row(0, ROW_VIEW, ROW_ARG(3, 0, 0)); }
STAND(stand_span, "nr_shards_span, the others in one of its parts", three_wide, move_ab_0, A);
STAND(stand_span_apart, "nr_shards_span, the others in another part", three_wide, move_ab_0, C);
STAND(stand_span_alone, "nr_shards_span with one replica, the others in one of its parts", three_alone, move_ab_0, A);
STAND(stand_view, "nr_shards_view", three_wide, view_0, A);

const struct ex_scenario *const scene_spans[] = {
	&span_two, &span_chain, &span_update, &span_view, &span_crowd, &span_read, &span_one, &span_join, &span_leave,
	&span_room, &span_promise, &two_logs, &view_cross, &view_cause, &view_leave, &view_try, &view_guarded, NULL
};
const struct ex_scenario *const scene_stands_span[] = {
	&stand_span, &stand_span_apart, &stand_span_alone, &stand_view, NULL
};
