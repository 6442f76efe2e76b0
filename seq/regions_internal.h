/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Between the files of seq/regions: the tree (regions_tree.c), ranges (regions_range.c), operations.
 *
 * Invariants (regions_check): regions are page aligned, disjoint, inside [low, high), and no two neighbours could
 * be one; object 0 has offset 0, IDENTITY has offset == start; node.gap is the usable free space below the region
 * (down to its lower neighbour's end or `low`, less the guard if it grows down), node.max_gap the largest gap in its
 * subtree; the page counters are sums over the regions; claims are ranges that a FIXED mapping is about to fill.
 */
#ifndef SEQ_REGIONS_INTERNAL_H
#define SEQ_REGIONS_INTERNAL_H

#ifdef REGIONS_TREE_C
struct regions_node;
static void regions_augment(struct regions_node *n);
#define RB_AUGMENT(n) regions_augment(n)
#endif
#include "base/tree.h"
#include "seq/regions.h"

struct regions_node {
	RB_ENTRY(regions_node) link;
	u64 gap, max_gap;
	struct region r;
};

#define REGIONS_OP_NODES 3 /* nodes that one operation may allocate */

static inline u64 region_len(const struct region *r)
{
	return r->end - r->start;
}

/* Nothing is placed between this and the region's start. */
static inline u64 region_floor(const struct region *r)
{
	u64 guard = r->flags & REGIONS_GROWSDOWN ? REGIONS_GUARD : 0;

	return r->start > guard ? r->start - guard : 0;
}

static inline u64 pages_of(u64 bytes)
{
	return bytes >> PAGE_SHIFT;
}

static inline bool page_aligned(u64 addr)
{
	return (addr & ~PAGE_MASK) == 0;
}

/* May `more` bytes be added to `used` pages under a limit in bytes? */
static inline bool within(u64 used, u64 more, u64 limit)
{
	return limit == REGIONS_NOLIMIT || used + pages_of(more) <= pages_of(limit);
}

/* RLIMIT_DATA counts these: private, writable, not a stack. */
static inline bool region_is_data(const struct region *r)
{
	return (r->prot & REGIONS_W) && !(r->flags & (REGIONS_SHARED | REGIONS_GROWSDOWN));
}

/* ---- regions_tree.c: single regions ---- */
struct regions_node *regions_above(const struct regions *s, u64 addr); /* first with end > addr */
struct regions_node *regions_node_next(struct regions_node *n);
struct regions_node *regions_node_prev(struct regions_node *n);
struct regions_node *regions_node_add(struct regions *s, const struct region *r); /* no merging */
void regions_node_remove(struct regions *s, struct regions_node *n);
void regions_node_resize(struct regions *s, struct regions_node *n, u64 start, u64 end); /* offset follows start */
void regions_node_set(struct regions *s, struct regions_node *n, u32 prot, u32 flags);
struct regions_node *regions_node_split(struct regions *s, struct regions_node *n, u64 at); /* returns the upper part */
struct regions_node *regions_node_merge(struct regions *s, struct regions_node *n); /* with both neighbours; what became of n */
bool regions_mergeable(const struct region *a, const struct region *b);
u64 regions_place_below(const struct regions *s, u64 limit, u64 len); /* highest place that ends <= limit; 0 none */
struct regions_node *regions_copy(struct pool *pool, const struct regions_node *n, struct regions_node *parent);

/* ---- regions_range.c: ranges ---- */
/* Takes [start, end), not empty, out of the region that contains it; allocates if that leaves two parts. */
void regions_node_cut(struct regions *s, struct regions_node *n, u64 start, u64 end);
/* Unmaps up to REGIONS_STEP regions of [start, end); true if it is all free now, else ret->more and ret->next.
 * The caller has checked that a split is allowed. */
bool regions_range_clear(struct regions *s, u64 start, u64 end, struct regions_ret *ret);
/* The same for a FIXED mapping; the range is claimed from the first of several steps to the last. */
bool regions_range_claim(struct regions *s, u64 start, u64 end, struct regions_ret *ret);
void regions_range_release(struct regions *s, u64 start, u64 end);     /* gives up a claim of exactly this range, if any */
bool regions_range_empty(const struct regions *s, u64 start, u64 end); /* nothing mapped there */
bool regions_range_free(const struct regions *s, u64 start, u64 end);  /* empty and not claimed */
u64 regions_range_claimed(const struct regions *s, u64 start, u64 end); /* start of a claim that overlaps; 0 none */
bool regions_range_splits(const struct regions *s, u64 start, u64 end); /* clearing it leaves one region more */
u64 regions_range_mapped(const struct regions *s, u64 start, u64 end, u32 flags, bool data); /* bytes mapped with all of these flags */

void regions_do_unmap(struct regions *s, const struct regions_op *op, struct regions_ret *ret);
void regions_do_protect(struct regions *s, const struct regions_op *op, struct regions_ret *ret);
void regions_do_setflags(struct regions *s, const struct regions_op *op, struct regions_ret *ret);
void regions_do_map(struct regions *s, const struct regions_op *op, struct regions_ret *ret);
void regions_do_brk(struct regions *s, const struct regions_op *op, struct regions_ret *ret);
void regions_do_setbrk(struct regions *s, const struct regions_op *op, struct regions_ret *ret);
void regions_do_mremap(struct regions *s, const struct regions_op *op, struct regions_ret *ret);
void regions_do_grow_stack(struct regions *s, const struct regions_op *op, struct regions_ret *ret);

#endif
