/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The tree of regions: single regions are added, removed, resized, split, merged; the page counters follow.
 *
 * Gaps. A node stores the free space below its region; only its own start and its lower neighbour's end decide
 * it. Each change therefore recomputes the gap of the node and of its upper neighbour and refreshes max_gap from
 * there to the root. Rotations refresh the two nodes they turn (RB_AUGMENT).
 *
 * Cost: everything O(log n).
 */
#define REGIONS_TREE_C
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"
#include "seq/regions_internal.h"

static int node_cmp(const struct regions_node *a, const struct regions_node *b)
{
	return a->r.start < b->r.start ? -1 : a->r.start > b->r.start;
}

RB_GENERATE_INTERNAL(regions_tree, regions_node, link, node_cmp, static __attribute__((unused)))

static u64 max_gap(const struct regions_node *n)
{
	return n ? n->max_gap : 0;
}

static void regions_augment(struct regions_node *n)
{
	n->max_gap = MAX(n->gap, MAX(max_gap(RB_LEFT(n, link)), max_gap(RB_RIGHT(n, link))));
}

static void refresh_up(struct regions_node *n)
{
	for (; n; n = RB_PARENT(n, link))
		regions_augment(n);
}

static void refresh_gap(const struct regions *s, struct regions_node *n)
{
	struct regions_node *below;
	u64 from, floor;

	if (!n)
		return;
	below = regions_node_prev(n);
	from = below ? below->r.end : s->cfg.low;
	floor = region_floor(&n->r);
	n->gap = floor > from ? floor - from : 0;
	refresh_up(n);
}

static void account(struct regions *s, const struct region *r, bool add)
{
	u64 n = pages_of(region_len(r)), sign = add ? 1 : ~(u64)0;

	s->count += (u32)sign;
	s->pages += sign * n;
	if (region_is_data(r))
		s->data_pages += sign * n;
	if (r->flags & REGIONS_LOCKED)
		s->locked_pages += sign * n;
	if (r->flags & REGIONS_GROWSDOWN)
		s->stack_pages += sign * n;
}

struct regions_node *regions_node_next(struct regions_node *n)
{
	return regions_tree_RB_NEXT(n);
}

struct regions_node *regions_node_prev(struct regions_node *n)
{
	return regions_tree_RB_PREV(n);
}

struct regions_node *regions_above(const struct regions *s, u64 addr)
{
	struct regions_node *n = s->tree.rbh_root, *best = NULL;

	while (n) {
		if (n->r.end > addr) {
			best = n;
			n = RB_LEFT(n, link);
		} else {
			n = RB_RIGHT(n, link);
		}
	}
	return best;
}

struct regions_node *regions_node_add(struct regions *s, const struct region *r)
{
	struct regions_node *n = pool_alloc(s->pool, sizeof(*n));

	kassert(n); /* op_mem reserved it */
	memset(n, 0, sizeof(*n));
	n->r = *r;
	kassert(!regions_tree_RB_INSERT(&s->tree, n));
	account(s, r, true);
	refresh_gap(s, n);
	refresh_gap(s, regions_node_next(n));
	return n;
}

/* The place that leaves the tree's shape lies next to n's neighbours: refreshing from them covers it. */
void regions_node_remove(struct regions *s, struct regions_node *n)
{
	struct regions_node *below = regions_node_prev(n), *above = regions_node_next(n);
	struct regions_node *second = above ? regions_node_next(above) : NULL;

	account(s, &n->r, false);
	regions_tree_RB_REMOVE(&s->tree, n);
	refresh_up(below);
	refresh_up(second);
	refresh_gap(s, above);
	pool_free(s->pool, n, sizeof(*n));
}

void regions_node_resize(struct regions *s, struct regions_node *n, u64 start, u64 end)
{
	account(s, &n->r, false);
	if (n->r.object)
		n->r.offset += start - n->r.start;
	n->r.start = start;
	n->r.end = end;
	account(s, &n->r, true);
	refresh_gap(s, n);
	refresh_gap(s, regions_node_next(n));
}

void regions_node_set(struct regions *s, struct regions_node *n, u32 prot, u32 flags)
{
	account(s, &n->r, false);
	n->r.prot = prot;
	n->r.flags = flags;
	account(s, &n->r, true);
}

struct regions_node *regions_node_split(struct regions *s, struct regions_node *n, u64 at)
{
	struct region upper = n->r;

	upper.start = at;
	if (upper.object)
		upper.offset += at - n->r.start;
	regions_node_resize(s, n, n->r.start, at);
	return regions_node_add(s, &upper);
}

bool regions_mergeable(const struct region *a, const struct region *b)
{
	return a->end == b->start && a->prot == b->prot && a->flags == b->flags && a->what == b->what &&
	       a->dev == b->dev && a->ino == b->ino && a->object == b->object &&
	       (!a->object || a->offset + region_len(a) == b->offset);
}

/* Joins b, the upper neighbour of a, to a if they could be one. */
static bool join(struct regions *s, struct regions_node *a, struct regions_node *b)
{
	u64 end;

	if (!a || !b || !regions_mergeable(&a->r, &b->r))
		return false;
	end = b->r.end;
	regions_node_remove(s, b);
	regions_node_resize(s, a, a->r.start, end);
	return true;
}

struct regions_node *regions_node_merge(struct regions *s, struct regions_node *n)
{
	struct regions_node *below = regions_node_prev(n);

	join(s, n, regions_node_next(n));
	return join(s, below, n) ? below : n;
}

/* The highest node, at n or below it, that has a gap of at least len. */
static struct regions_node *gap_at_or_below(struct regions_node *n, u64 len)
{
	struct regions_node *c;

	while (n && n->gap < len) {
		if (max_gap(RB_LEFT(n, link)) >= len) {
			n = RB_LEFT(n, link);
			while ((c = RB_RIGHT(n, link)) && (max_gap(c) >= len))
				n = c;
			continue;
		}
		while (RB_PARENT(n, link) && n == RB_LEFT(RB_PARENT(n, link), link))
			n = RB_PARENT(n, link);
		n = RB_PARENT(n, link);
	}
	return n;
}

u64 regions_place_below(const struct regions *s, u64 limit, u64 len)
{
	struct regions_node *above = regions_above(s, limit), *n = above;
	u64 from, to;

	/* The space that ends at the limit or at the guard of the region above it. */
	if (!above || above->r.start >= limit) {
		n = above ? regions_node_prev(above) : regions_tree_RB_MINMAX((struct regions_tree *)&s->tree, 1);
		from = n ? n->r.end : s->cfg.low;
		to = above ? MIN(limit, region_floor(&above->r)) : limit;
		if (to >= from && to - from >= len)
			return to - len;
	}
	n = gap_at_or_below(n, len);
	return n ? region_floor(&n->r) - len : 0;
}

/* A copy of the subtree, shape and colours included; NULL if memory ran out (the pool is dropped then). */
struct regions_node *regions_copy(struct pool *pool, const struct regions_node *src, struct regions_node *parent)
{
	struct regions_node *n = pool_alloc(pool, sizeof(*n)), *l, *r;

	if (!n)
		return NULL;
	*n = *src;
	RB_PARENT(n, link) = parent;
	l = RB_LEFT(src, link);
	r = RB_RIGHT(src, link);
	if (l && !(RB_LEFT(n, link) = regions_copy(pool, l, n)))
		return NULL;
	if (r && !(RB_RIGHT(n, link) = regions_copy(pool, r, n)))
		return NULL;
	return n;
}
