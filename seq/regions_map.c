/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * New mappings: MAP, BRK, GROW_STACK. The checks and their order are those of Linux' do_mmap, brk and
 * expand_downwards, as a program sees them.
 */
#include "base/errno.h"
#include "seq/regions_internal.h"

/* ---- where ------------------------------------------------------------------------------------------- */

static u64 place_unclaimed(const struct regions *s, u64 limit, u64 len)
{
	u64 at;

	do {
		at = regions_place_below(s, limit, len);
		limit = at ? regions_range_claimed(s, at, at + len) : 0;
	} while (limit);
	return at;
}

/* The hint, if len bytes fit there; else the highest place below mmap_base, else below the end. 0: nowhere. */
u64 regions_place(const struct regions *s, u64 hint, u64 len)
{
	const struct regions_node *above;
	u64 at;

	len = ALIGN_UP(len, PAGE_SIZE);
	if (len == 0 || len > s->cfg.high - s->cfg.low)
		return 0;
	hint = ALIGN_DOWN(hint, PAGE_SIZE);
	if (hint) {
		hint = MAX(hint, s->cfg.low);
		above = regions_above(s, hint);
		if (hint <= s->cfg.high - len && (!above || hint + len <= region_floor(&above->r)) && !regions_range_claimed(s, hint, hint + len))
			return hint;
	}
	at = place_unclaimed(s, s->cfg.mmap_base, len);
	return at ? at : place_unclaimed(s, s->cfg.high, len);
}

static s32 check_fixed(const struct regions *s, u64 addr, u64 len, u32 how)
{
	if (len > s->cfg.high || addr > s->cfg.high - len)
		return -ENOMEM;
	if (!page_aligned(addr))
		return -EINVAL;
	if (addr < s->cfg.low)
		return -EPERM;
	return (how & REGIONS_NOREPLACE) && !regions_range_free(s, addr, addr + len) ? -EEXIST : 0;
}

/* ---- limits ------------------------------------------------------------------------------------------ */

/* May r be added once [r->start, r->end) has been cleared? */
static s32 check_limits(const struct regions *s, const struct regions_op *op, const struct region *r, bool fixed)
{
	u64 len = region_len(r);

	if ((r->flags & REGIONS_LOCKED) && !within(s->locked_pages, len, op->limit_locked))
		return -EAGAIN;
	if (!within(s->pages, len, op->limit_as) &&
	    (!fixed || !within(s->pages - pages_of(regions_range_mapped(s, r->start, r->end, 0, false)), len, op->limit_as)))
		return -ENOMEM;
	if (region_is_data(r) && !within(s->data_pages, len, op->limit_data) &&
	    (!fixed || !within(s->data_pages - pages_of(regions_range_mapped(s, r->start, r->end, 0, true)), len, op->limit_data)))
		return -ENOMEM;
	return 0;
}

static void add_merged(struct regions *s, struct region *r, struct regions_ret *ret)
{
	if (!r->object)
		r->offset = 0;
	else if (r->flags & REGIONS_IDENTITY)
		r->offset = r->start;
	ret->added = pages_of(region_len(r));
	ret->added_at = r->start;
	ret->locked = (r->flags & REGIONS_LOCKED) != 0;
	regions_node_merge(s, regions_node_add(s, r));
}

/* ---- map --------------------------------------------------------------------------------------------- */

static s32 check_map(const struct regions *s, const struct regions_op *op, u64 len)
{
	u64 pgoff = pages_of(op->r.offset);

	if (op->len == 0 || !page_aligned(op->r.offset) || (op->r.prot & ~7u) || op->r.what > REGIONS_VVAR)
		return -EINVAL;
	if (len == 0 || len > s->cfg.high)
		return -ENOMEM;
	if (pages_of(len) + pgoff > pages_of(~(u64)0))
		return -EOVERFLOW;
	return s->count > s->cfg.max ? -ENOMEM : 0;
}

static s32 admit_map(struct regions *s, const struct regions_op *op, struct region *r, bool fixed)
{
	u64 len = ALIGN_UP(op->len, PAGE_SIZE);
	s32 err = check_map(s, op, len);

	if (!err && fixed)
		err = check_fixed(s, r->start, len, op->how);
	else if (!err && !(r->start = regions_place(s, op->r.start, len)))
		err = -ENOMEM;
	if (err)
		return err;
	r->end = r->start + len;
	err = check_limits(s, op, r, fixed);
	return !err && s->count >= s->cfg.max && regions_range_splits(s, r->start, r->end) ? -ENOMEM : err;
}

void regions_do_map(struct regions *s, const struct regions_op *op, struct regions_ret *ret)
{
	bool fixed = op->how & (REGIONS_FIXED | REGIONS_NOREPLACE);
	struct region r = op->r;

	ret->err = admit_map(s, op, &r, fixed);
	if (ret->err) {
		if (fixed)
			regions_range_release(s, op->r.start, op->r.start + ALIGN_UP(op->len, PAGE_SIZE));
		return;
	}
	ret->addr = r.start;
	if (regions_range_claim(s, r.start, r.end, ret))
		add_merged(s, &r, ret);
}

/* ---- the heap ---------------------------------------------------------------------------------------- */

void regions_do_setbrk(struct regions *s, const struct regions_op *op, struct regions_ret *ret)
{
	s->brk_start = s->brk = op->addr;
	ret->addr = op->addr;
}

static bool grow_heap(struct regions *s, const struct regions_op *op, u64 from, u64 to, struct regions_ret *ret)
{
	const struct regions_node *above = regions_above(s, from);
	struct region r = op->r;

	r.start = from;
	r.end = to;
	r.what = REGIONS_HEAP;
	if (to > s->cfg.high || from < s->cfg.low || (above && to + PAGE_SIZE > region_floor(&above->r)) ||
	    regions_range_claimed(s, from, to))
		return false;
	if (check_limits(s, op, &r, false) || s->count > s->cfg.max)
		return false;
	add_merged(s, &r, ret);
	return true;
}

static bool shrink_heap(struct regions *s, const struct regions_op *op, u64 from, u64 to, struct regions_ret *ret)
{
	if (op->new_addr && to > op->new_addr) {
		ret->err = -EAGAIN;
		return false;
	}
	if (regions_range_empty(s, from, to) || (s->count >= s->cfg.max && regions_range_splits(s, from, to)))
		return false;
	return regions_range_clear(s, from, to, ret);
}

void regions_do_brk(struct regions *s, const struct regions_op *op, struct regions_ret *ret)
{
	u64 from = ALIGN_UP(s->brk, PAGE_SIZE), to = ALIGN_UP(op->addr, PAGE_SIZE);
	bool done;

	ret->addr = s->brk;
	if (op->addr < s->brk_start || to < op->addr)
		return;
	if (op->limit_data != REGIONS_NOLIMIT && op->addr - s->brk_start > op->limit_data)
		return;
	if (to == from)
		done = true;
	else if (to > from)
		done = grow_heap(s, op, from, to, ret);
	else
		done = shrink_heap(s, op, to, from, ret);
	if (done)
		ret->addr = s->brk = op->addr;
}

/* ---- the stack --------------------------------------------------------------------------------------- */

/* The region that would grow to hold addr; NULL if none may. */
static struct regions_node *growable(const struct regions *s, u64 addr)
{
	struct regions_node *n = regions_above(s, addr), *below;

	if (!n || addr < s->cfg.low || (n->r.start > addr && !(n->r.flags & REGIONS_GROWSDOWN)))
		return NULL;
	if (n->r.start <= addr)
		return n;
	below = regions_node_prev(n);
	if (below && below->r.prot && !(below->r.flags & REGIONS_GROWSDOWN) && addr - below->r.end < REGIONS_GUARD)
		return NULL;
	return n;
}

bool regions_can_grow(const struct regions *s, u64 addr)
{
	const struct regions_node *n = growable(s, ALIGN_DOWN(addr, PAGE_SIZE));

	return n && n->r.start > addr;
}

void regions_do_grow_stack(struct regions *s, const struct regions_op *op, struct regions_ret *ret)
{
	u64 at = ALIGN_DOWN(op->addr, PAGE_SIZE), by;
	struct regions_node *n = growable(s, at);

	if (!n) {
		ret->err = -EFAULT;
		return;
	}
	ret->addr = at;
	if (n->r.start <= at)
		return;
	by = n->r.start - at;
	if (n->r.end - at > op->limit_stack || !within(s->pages, by, op->limit_as))
		ret->err = -ENOMEM;
	else if ((n->r.flags & REGIONS_LOCKED) && !within(s->locked_pages, by, op->limit_locked))
		ret->err = -ENOMEM;
	if (ret->err)
		return;
	regions_node_resize(s, n, at, n->r.end);
	ret->added = pages_of(by);
	ret->added_at = at;
	ret->locked = (n->r.flags & REGIONS_LOCKED) != 0;
	regions_node_merge(s, n);
}
