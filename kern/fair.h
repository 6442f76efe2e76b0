/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A fair queue: who of those that want a core is to have it next. Plain and sequential; it knows no clock, thread or core.
 *
 * Tasks with a rank come first, the highest before all; those of one rank in the order in which they were put. The others
 * share by virtual time: what a task has had, in ns, divided by its weight. Who has had least is next, so shares come out as
 * the weights are, however long a turn really was. (Fair queueing; Linux: CFS.)
 *
 *   floor    nobody without a rank who wants the core has had less, but for the next two; it never goes back
 *   woken    who comes after a pause is put at most FAIR_BONUS below the floor: he runs soon, but has saved no more up
 *   started  whoever is made begins at the floor, and not below who made him: nothing is gained by having children
 *
 * A virtual time counts in its own queue only; between queues it travels as a distance from the floor. O(log n); nothing
 * allocates.
 */
#ifndef KERN_FAIR_H
#define KERN_FAIR_H

#include "base/tree.h"
#include "base/types.h"

#define FAIR_UNIT 1024u            /* the weight by which virtual time is time */
#define FAIR_SLICE 4000000l        /* ns: a turn beside others */
#define FAIR_GRAIN 1000000l        /* who comes does not end another's turn for less of a lead, at weight FAIR_UNIT */
#define FAIR_BONUS (FAIR_SLICE + FAIR_GRAIN) /* so far one falls behind in another's turn: he keeps it when he pauses */

struct fair_task {
	RB_ENTRY(fair_task) link;
	s64 vtime;
	s64 order;                 /* of equals: who was put first */
	u32 rank;                  /* 0: by virtual time. Of a task in the queue this and the others are fixed */
	bool waits;                /* it is in a queue */
};

RB_HEAD(fair_tree, fair_task);

struct fair {
	struct fair_tree tree;
	s64 floor;
	s64 head, tail;            /* the next orders before and behind all */
	u32 count;
};

void fair_init(struct fair *f);
/* Behind its equals; `before`: ahead of them (its turn was cut short). */
void fair_put(struct fair *f, struct fair_task *t, bool before);
void fair_remove(struct fair *f, struct fair_task *t);
struct fair_task *fair_first(struct fair *f);      /* NULL: empty */
struct fair_task *fair_take(struct fair *f);       /* the first, removed */
struct fair_task *fair_last(struct fair *f);
struct fair_task *fair_before(struct fair_task *t); /* from the last towards the first */

/* t, which is not in the queue, had the core for so long. */
void fair_ran(struct fair_task *t, u64 ns, u32 weight);
/* `now` has the core and wants it still: before somebody comes, and before it goes. */
void fair_follow(struct fair *f, const struct fair_task *now);
void fair_start(const struct fair *f, struct fair_task *t, const struct fair_task *parent);
/* t goes to another queue, or comes from one. Not in a queue in between. */
void fair_leave(const struct fair *f, struct fair_task *t);
void fair_arrive(const struct fair *f, struct fair_task *t);

/* Should t, just put, end the turn of `now`? */
bool fair_preempts(const struct fair_task *t, u32 weight, const struct fair_task *now);
/* The turn of `now` is over: is it another's? In a rank only who takes turns (`shares`) makes room for his equals. */
bool fair_due(struct fair *f, const struct fair_task *now, bool shares);
/* Is the first of the queue somebody for whom `now` may step back? A rank does not for a lower one. */
bool fair_yields(struct fair *f, const struct fair_task *now);

#endif
