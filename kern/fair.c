/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fair queues: see fair.h. A red-black tree in the order in which tasks should run, and its first. */
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
	if (!f->first || fair_compare(t, f->first) < 0)
		f->first = t;
}

void fair_remove(struct fair *f, struct fair_task *t)
{
	if (f->first == t)
		f->first = f->count > 1 ? RB_NEXT(fair_tree, NULL, t) : NULL;
	RB_REMOVE(fair_tree, &f->tree, t);
	t->waits = false;
	f->count--;
}
