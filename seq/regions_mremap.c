/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * MREMAP: shrink, grow in place, move. One operation may be several steps: clearing what is in the way (claimed as
 * for MAP_FIXED), clearing the tail of a mapping that shrinks, then the change itself.
 */
#include "base/errno.h"
#include "seq/regions_internal.h"

static s32 check_args(const struct regions *s, const struct regions_op *op, u64 old_len, u64 new_len)
{
	bool fixed = op->how & REGIONS_FIXED;

	if (!page_aligned(op->addr) || new_len == 0 || (fixed && !(op->how & REGIONS_MAYMOVE)))
		return -EINVAL;
	if (!fixed)
		return 0;
	if (!page_aligned(op->new_addr) || new_len > s->cfg.high || op->new_addr > s->cfg.high - new_len)
		return -EINVAL;
	if (op->new_addr < s->cfg.low)
		return -EPERM;
	if (op->addr + old_len > op->new_addr && op->new_addr + new_len > op->addr)
		return -EINVAL;
	return s->count + 2 >= s->cfg.max - 3 ? -ENOMEM : 0;
}

/* Linux' vma_to_resize: may the mapping at addr become new_len long? */
static s32 check_resize(const struct regions *s, const struct regions_op *op, const struct region *r, u64 old_len, u64 new_len)
{
	u64 more = new_len - old_len;

	if (old_len == 0)
		return -EINVAL;
	if (old_len > r->end - op->addr)
		return -EFAULT;
	if (new_len == old_len)
		return 0;
	if ((r->flags & REGIONS_LOCKED) && !within(s->locked_pages, more, op->limit_locked))
		return -EAGAIN;
	if (r->object && !(r->flags & REGIONS_IDENTITY) && r->offset + (op->addr - r->start) + new_len < new_len)
		return -EINVAL;
	if (!within(s->pages, more, op->limit_as) || (region_is_data(r) && !within(s->data_pages, more, op->limit_data)))
		return -ENOMEM;
	return 0;
}

static void grow_in_place(struct regions *s, struct regions_node *n, u64 by, struct regions_ret *ret)
{
	ret->added = pages_of(by);
	ret->added_at = n->r.end;
	ret->locked = (n->r.flags & REGIONS_LOCKED) != 0;
	regions_node_resize(s, n, n->r.start, n->r.end + by);
	regions_node_merge(s, n);
}

/* Takes [addr, addr + old_len) out of n and puts it, new_len long, at `to`, which is free. */
static void move(struct regions *s, struct regions_node *n, u64 addr, u64 old_len, u64 to, u64 new_len, struct regions_ret *ret)
{
	struct region r = n->r;

	regions_node_cut(s, n, addr, addr + old_len);
	r.offset = !r.object ? 0 : r.flags & REGIONS_IDENTITY ? to : r.offset + (addr - r.start);
	r.start = to;
	r.end = to + new_len;
	if (r.what == REGIONS_HEAP || r.what == REGIONS_STACK)
		r.what = REGIONS_PLAIN;
	regions_node_merge(s, regions_node_add(s, &r));
	ret->added = pages_of(new_len - old_len);
	ret->added_at = to + old_len;
	ret->locked = (r.flags & REGIONS_LOCKED) != 0;
	ret->moved_from = addr;
	ret->moved_to = to;
	ret->moved_len = old_len;
	ret->addr = to;
}

static void grow_or_move(struct regions *s, const struct regions_op *op, struct regions_node *n, u64 old_len, u64 new_len,
			 struct regions_ret *ret)
{
	u64 end = op->addr + old_len, by = new_len - old_len, to;

	ret->addr = op->addr;
	if (by == 0)
		return;
	if (n->r.end == end && by <= s->cfg.high - end && regions_range_free(s, end, end + by)) {
		grow_in_place(s, n, by, ret);
		return;
	}
	to = op->how & REGIONS_MAYMOVE && s->count < s->cfg.max - 3 ? regions_place(s, 0, new_len) : 0;
	if (to)
		move(s, n, op->addr, old_len, to, new_len, ret);
	else
		ret->err = -ENOMEM;
}

/* Clears [addr + new_len, addr + old_len), as munmap does. True when that is done. */
static bool drop_tail(struct regions *s, u64 from, u64 to, struct regions_ret *ret)
{
	if (s->count >= s->cfg.max && regions_range_splits(s, from, to))
		ret->err = -ENOMEM;
	return !ret->err && regions_range_clear(s, from, to, ret);
}

static void mremap_fixed(struct regions *s, const struct regions_op *op, u64 old_len, u64 new_len, struct regions_ret *ret)
{
	u64 tail = op->addr + new_len, end = op->addr + old_len, to = op->new_addr;
	struct regions_node *n;

	if (old_len > new_len && !regions_range_empty(s, tail, end)) {
		ret->more = true; /* in any case: a step of its own, so that `gone` has room */
		drop_tail(s, tail, end, ret);
		return;
	}
	if (!regions_range_claim(s, to, to + new_len, ret))
		return;
	old_len = MIN(old_len, new_len);
	n = regions_above(s, op->addr);
	ret->err = check_resize(s, op, &n->r, old_len, new_len);
	if (!ret->err)
		move(s, n, op->addr, old_len, to, new_len, ret);
}

static void do_mremap(struct regions *s, const struct regions_op *op, struct regions_ret *ret)
{
	u64 old_len = ALIGN_UP(op->len, PAGE_SIZE), new_len = ALIGN_UP(op->new_len, PAGE_SIZE);
	struct regions_node *n = regions_above(s, op->addr);

	ret->err = check_args(s, op, old_len, new_len);
	if (!ret->err && (!n || n->r.start > op->addr))
		ret->err = -EFAULT;
	if (!ret->err && old_len > new_len && old_len > s->cfg.high - op->addr)
		ret->err = -EINVAL; /* from unmapping the tail */
	if (ret->err)
		return;
	if (op->how & REGIONS_FIXED) {
		mremap_fixed(s, op, old_len, new_len, ret);
	} else if (old_len >= new_len) {
		ret->addr = op->addr;
		if (old_len > new_len)
			drop_tail(s, op->addr + new_len, op->addr + old_len, ret);
	} else {
		ret->err = check_resize(s, op, &n->r, old_len, new_len);
		if (!ret->err)
			grow_or_move(s, op, n, old_len, new_len, ret);
	}
}

void regions_do_mremap(struct regions *s, const struct regions_op *op, struct regions_ret *ret)
{
	do_mremap(s, op, ret);
	if (!ret->err)
		return;
	ret->more = false;
	if (op->how & REGIONS_FIXED)
		regions_range_release(s, op->new_addr, op->new_addr + ALIGN_UP(op->new_len, PAGE_SIZE));
}
