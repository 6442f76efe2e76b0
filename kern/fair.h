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
 * A virtual time counts in its own queue only; between queues it travels as a distance from the floor. Nothing allocates.
 *
 *   first ---> the next        tree ---> the others, in order
 *
 * The first stands outside the tree: where tasks take turns in pairs, as asker and answerer do, no tree is touched. fair_put,
 * fair_remove and fair_take are O(1) with at most one task in the queue, else O(log n). The rest is O(1).
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
	struct fair_task *first;   /* NULL: empty */
	struct fair_tree tree;     /* without the first */
	s64 floor;
	s64 head, tail;            /* the next orders before and behind all */
	u32 count;
};

void fair_init(struct fair *f);
void fair_insert(struct fair *f, struct fair_task *t);  /* where others are */
void fair_extract(struct fair *f, struct fair_task *t); /* others stay */
struct fair_task *fair_last(struct fair *f);
struct fair_task *fair_before(struct fair *f, struct fair_task *t); /* from the last towards the first */

/* Behind its equals; `before`: ahead of them (its turn was cut short). */
static inline void fair_put(struct fair *f, struct fair_task *t, bool before)
{
	t->order = before ? f->head-- : f->tail++;
	if (!t->rank)
		t->vtime = MAX(t->vtime, f->floor - FAIR_BONUS);
	t->waits = true;
	if (f->count++)
		fair_insert(f, t);
	else
		f->first = t;
}

static inline void fair_remove(struct fair *f, struct fair_task *t)
{
	t->waits = false;
	if (--f->count)
		fair_extract(f, t);
	else
		f->first = NULL;
}

/* The first, removed; NULL: empty. */
static inline struct fair_task *fair_take(struct fair *f)
{
	struct fair_task *t = f->first;

	if (!t)
		return NULL;
	fair_remove(f, t);
	if (!t->rank)
		f->floor = MAX(f->floor, t->vtime);
	return t;
}

/* t, which is not in the queue, has that rank from now on. Time it had in a rank did not count; it has saved none up. */
static inline void fair_rank(const struct fair *f, struct fair_task *t, u32 rank)
{
	if (t->rank == rank)
		return;
	t->rank = rank;
	t->vtime = MAX(t->vtime, f->floor);
}

/* t, which is not in the queue, had the core for so long. */
static inline void fair_ran(struct fair_task *t, u64 ns, u32 weight)
{
	if (!t->rank)
		t->vtime += (s64)(weight == FAIR_UNIT ? ns : ns * FAIR_UNIT / weight);
}

/* `now` has the core and wants it still: before somebody comes, and before it goes. If the floor did not follow a task that
 * runs alone, whoever wakes beside it would have all that time ahead of it. */
static inline void fair_follow(struct fair *f, const struct fair_task *now)
{
	const struct fair_task *first = f->first;
	s64 least = now->vtime;

	if (now->rank || (first && first->rank))
		return;
	if (first)
		least = MIN(least, first->vtime);
	f->floor = MAX(f->floor, least);
}

/* t was made, by parent if there is one. */
static inline void fair_start(const struct fair *f, struct fair_task *t, const struct fair_task *parent)
{
	t->vtime = parent && !parent->rank ? MAX(f->floor, parent->vtime) : f->floor;
}

/* t goes to another queue, or comes from one. Not in a queue in between. */
static inline void fair_leave(const struct fair *f, struct fair_task *t)
{
	t->vtime -= f->floor;
}

static inline void fair_arrive(const struct fair *f, struct fair_task *t)
{
	t->vtime += f->floor;
}

/* Should t, just put, end the turn of `now`? */
static inline bool fair_preempts(const struct fair_task *t, u32 weight, const struct fair_task *now)
{
	s64 lead = now->vtime - t->vtime;

	if (t->rank || now->rank)
		return t->rank > now->rank;
	return lead > 0 && (u64)lead * weight > FAIR_GRAIN * FAIR_UNIT;
}

/* The turn of `now` is over: is it another's? In a rank only who takes turns (`shares`) makes room for his equals. */
static inline bool fair_due(const struct fair *f, const struct fair_task *now, bool shares)
{
	const struct fair_task *first = f->first;

	if (!first || first->rank != now->rank)
		return first && first->rank > now->rank;
	return now->rank ? shares : first->vtime < now->vtime;
}

/* Is the first of the queue somebody for whom `now` may step back? A rank does not for a lower one. */
static inline bool fair_yields(const struct fair *f, const struct fair_task *now)
{
	return f->first && f->first->rank >= now->rank;
}

#endif
