/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fair queues: see fair.h. */
#include "kern/fair.h"

static int fair_compare(const struct fair_task *a, const struct fair_task *b)
{
	if (a->rank != b->rank)
		return a->rank > b->rank ? -1 : 1;
	if (!a->rank && a->vtime != b->vtime)
		return a->vtime < b->vtime ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

RB_GENERATE_INTERNAL(fair_tree, fair_task, link, fair_compare, static __attribute__((unused)))

void fair_init(struct fair *f)
{
	*f = (struct fair){ .tail = 1 };
}

struct fair_task *fair_first(struct fair *f)
{
	return RB_MIN(fair_tree, &f->tree);
}

struct fair_task *fair_last(struct fair *f)
{
	return RB_MAX(fair_tree, &f->tree);
}

struct fair_task *fair_before(struct fair_task *t)
{
	return RB_PREV(fair_tree, NULL, t);
}

void fair_put(struct fair *f, struct fair_task *t, bool before)
{
	t->order = before ? f->head-- : f->tail++;
	if (!t->rank)
		t->vtime = MAX(t->vtime, f->floor - FAIR_BONUS);
	RB_INSERT(fair_tree, &f->tree, t);
	t->waits = true;
	f->count++;
}

void fair_remove(struct fair *f, struct fair_task *t)
{
	RB_REMOVE(fair_tree, &f->tree, t);
	t->waits = false;
	f->count--;
}

struct fair_task *fair_take(struct fair *f)
{
	struct fair_task *t = fair_first(f);

	if (!t)
		return NULL;
	fair_remove(f, t);
	if (!t->rank)
		f->floor = MAX(f->floor, t->vtime);
	return t;
}

void fair_ran(struct fair_task *t, u64 ns, u32 weight)
{
	if (!t->rank)
		t->vtime += (s64)(ns * FAIR_UNIT / weight);
}

/* If the floor did not follow a task that runs alone, whoever wakes beside it would have all that time ahead of it. */
void fair_follow(struct fair *f, const struct fair_task *now)
{
	const struct fair_task *first = fair_first(f);
	s64 least = now->vtime;

	if (now->rank || (first && first->rank))
		return;
	if (first)
		least = MIN(least, first->vtime);
	f->floor = MAX(f->floor, least);
}

void fair_start(const struct fair *f, struct fair_task *t, const struct fair_task *parent)
{
	t->vtime = parent && !parent->rank ? MAX(f->floor, parent->vtime) : f->floor;
}

void fair_leave(const struct fair *f, struct fair_task *t)
{
	t->vtime -= f->floor;
}

void fair_arrive(const struct fair *f, struct fair_task *t)
{
	t->vtime += f->floor;
}

bool fair_preempts(const struct fair_task *t, u32 weight, const struct fair_task *now)
{
	s64 lead = now->vtime - t->vtime;

	if (t->rank || now->rank)
		return t->rank > now->rank;
	return lead > 0 && (u64)lead * weight > FAIR_GRAIN * FAIR_UNIT;
}

bool fair_due(struct fair *f, const struct fair_task *now, bool shares)
{
	const struct fair_task *first = fair_first(f);

	if (!first || first->rank != now->rank)
		return first && first->rank > now->rank;
	return now->rank ? shares : first->vtime < now->vtime;
}

bool fair_yields(struct fair *f, const struct fair_task *now)
{
	const struct fair_task *first = fair_first(f);

	return first && first->rank >= now->rank;
}
