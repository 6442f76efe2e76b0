/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fair queues: see fair.h. A red-black tree in the order in which tasks should run, beside it the first of all. */
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
	struct fair_task *t = RB_MAX(fair_tree, &f->tree);

	return t ? t : f->first;
}

struct fair_task *fair_before(struct fair *f, struct fair_task *t)
{
	struct fair_task *before;

	if (t == f->first)
		return NULL;
	before = RB_PREV(fair_tree, NULL, t);
	return before ? before : f->first;
}

void fair_insert(struct fair *f, struct fair_task *t)
{
	struct fair_task *later = t;

	if (fair_compare(t, f->first) < 0) {
		later = f->first;
		f->first = t;
	}
	RB_INSERT(fair_tree, &f->tree, later);
}

void fair_extract(struct fair *f, struct fair_task *t)
{
	if (f->first == t)
		f->first = t = RB_MIN(fair_tree, &f->tree);
	RB_REMOVE(fair_tree, &f->tree, t);
}
