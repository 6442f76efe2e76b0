/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Operations on ranges of regions: unmap, protect, flags. Each works on at most REGIONS_STEP regions and
 * says where to go on. A region that the range covers only in part is cut first.
 */
#include "base/errno.h"
#include "seq/regions_internal.h"

bool regions_range_empty(const struct regions *s, u64 start, u64 end)
{
	const struct regions_node *n = regions_above(s, start);

	return !n || n->r.start >= end;
}

bool regions_range_free(const struct regions *s, u64 start, u64 end)
{
	return regions_range_empty(s, start, end) && !regions_range_claimed(s, start, end);
}

bool regions_range_splits(const struct regions *s, u64 start, u64 end)
{
	const struct regions_node *n = regions_above(s, start);

	return n && n->r.start < start && n->r.end > end;
}

u64 regions_range_mapped(const struct regions *s, u64 start, u64 end, u32 flags, bool data)
{
	struct regions_node *n;
	u64 sum = 0;

	for (n = regions_above(s, start); n && n->r.start < end; n = regions_node_next(n)) {
		if ((n->r.flags & flags) != flags || (data && !region_is_data(&n->r)))
			continue;
		sum += MIN(n->r.end, end) - MAX(n->r.start, start);
	}
	return sum;
}

static void report_gone(const struct region *r, u64 start, u64 end, struct regions_ret *ret)
{
	ret->gone[ret->ngone++] = (struct regions_gone){
		.start = start,
		.end = end,
		.object = r->object,
		.offset = r->object ? r->offset + (start - r->start) : 0,
		.prot = r->prot,
		.flags = r->flags,
	};
}

void regions_node_cut(struct regions *s, struct regions_node *n, u64 start, u64 end)
{
	if (n->r.start < start && n->r.end > end)
		regions_node_split(s, n, end);
	if (n->r.start < start)
		regions_node_resize(s, n, n->r.start, start);
	else if (n->r.end > end)
		regions_node_resize(s, n, end, n->r.end);
	else
		regions_node_remove(s, n);
}

bool regions_range_clear(struct regions *s, u64 start, u64 end, struct regions_ret *ret)
{
	struct regions_node *n;
	unsigned done;

	for (done = 0; (n = regions_above(s, start)) && n->r.start < end; done++) {
		u64 from = MAX(start, n->r.start), to = MIN(end, n->r.end);

		if (done == REGIONS_STEP) {
			ret->more = true;
			ret->next = from;
			return false;
		}
		report_gone(&n->r, from, to, ret);
		regions_node_cut(s, n, from, to);
		start = to;
	}
	ret->next = end;
	return true;
}

/* ---- claims ------------------------------------------------------------------------------------------ */

u64 regions_range_claimed(const struct regions *s, u64 start, u64 end)
{
	u32 i;

	for (i = 0; i < s->nclaims; i++)
		if (s->claim[i].start < end && s->claim[i].end > start)
			return s->claim[i].start;
	return 0;
}

void regions_range_release(struct regions *s, u64 start, u64 end)
{
	u32 i;

	for (i = 0; i < s->nclaims; i++) {
		if (s->claim[i].start == start && s->claim[i].end == end) {
			s->claim[i] = s->claim[--s->nclaims];
			return;
		}
	}
}

static bool one_step(const struct regions *s, u64 start, u64 end)
{
	struct regions_node *n = regions_above(s, start);
	unsigned i;

	for (i = 0; i <= REGIONS_STEP && n && n->r.start < end; i++)
		n = regions_node_next(n);
	return i <= REGIONS_STEP;
}

bool regions_range_claim(struct regions *s, u64 start, u64 end, struct regions_ret *ret)
{
	regions_range_release(s, start, end);
	if (one_step(s, start, end))
		return regions_range_clear(s, start, end, ret);
	if (s->nclaims == REGIONS_CLAIMS) {
		ret->more = true;
		return false;
	}
	s->claim[s->nclaims].start = start;
	s->claim[s->nclaims++].end = end;
	return regions_range_clear(s, start, end, ret);
}

/* ---- unmap ------------------------------------------------------------------------------------------- */

static bool bad_range(const struct regions *s, u64 addr, u64 len)
{
	return !page_aligned(addr) || addr > s->cfg.high || len > s->cfg.high - addr;
}

void regions_do_unmap(struct regions *s, const struct regions_op *op, struct regions_ret *ret)
{
	u64 end = op->addr + ALIGN_UP(op->len, PAGE_SIZE);

	if (bad_range(s, op->addr, op->len) || op->len == 0)
		ret->err = -EINVAL;
	else if (s->count >= s->cfg.max && regions_range_splits(s, op->addr, end))
		ret->err = -ENOMEM;
	else
		regions_range_clear(s, op->addr, end, ret);
}

/* ---- protect and flags: give the pieces of a range other attributes --------------------------------------- */

struct change {
	bool protect;      /* prot is replaced, holes stop */
	bool stop_at_hole;
	u32 prot, set, clear;
	u64 limit_data;
};

static u32 new_prot(const struct change *c, const struct region *r)
{
	return c->protect ? c->prot : r->prot;
}

static u32 new_flags(const struct change *c, const struct region *r)
{
	return (r->flags & ~c->clear) | c->set;
}

/* May [start, end) of this region be changed? */
static s32 may_change(const struct regions *s, const struct change *c, const struct region *r, u64 start, u64 end)
{
	struct region after = *r;
	unsigned cuts = (r->start < start) + (r->end > end);
	u32 never = r->flags / REGIONS_NOREAD & 7; /* NOREAD, NOWRITE, NOEXEC in the order of R, W, X */

	after.prot = new_prot(c, r);
	if (c->protect && after.prot & never)
		return -EACCES;
	if (region_is_data(&after) && !region_is_data(r) && !within(s->data_pages, end - start, c->limit_data))
		return -ENOMEM;
	/* Linux splits one end at a time; the second may fail alone, here both or none. */
	return s->count + cuts > s->cfg.max ? -ENOMEM : 0;
}

/* Changes the part of n within [start, end); returns the node that ends at its end. */
static void change_one(struct regions *s, const struct change *c, struct regions_node *n, u64 start, u64 end)
{
	if (n->r.start < start)
		n = regions_node_split(s, n, start);
	if (n->r.end > end)
		regions_node_split(s, n, end);
	regions_node_set(s, n, new_prot(c, &n->r), new_flags(c, &n->r));
	regions_node_merge(s, n);
}

static bool same(const struct change *c, const struct region *r)
{
	return new_prot(c, r) == r->prot && new_flags(c, r) == r->flags;
}

static void change_range(struct regions *s, const struct change *c, u64 start, u64 end, struct regions_ret *ret)
{
	unsigned done;

	for (done = 0; start < end && done < REGIONS_STEP; done++) {
		struct regions_node *n = regions_above(s, start);
		u64 to;

		if (!n || n->r.start > start) {
			ret->holes = true;
			if (c->stop_at_hole || !n || n->r.start >= end) {
				start = c->stop_at_hole ? start : end;
				ret->err = c->stop_at_hole ? -ENOMEM : 0;
				break;
			}
			start = n->r.start;
		}
		to = MIN(end, n->r.end);
		if (!same(c, &n->r)) {
			ret->err = may_change(s, c, &n->r, start, to);
			if (ret->err)
				break;
			ret->narrowed |= (n->r.prot & ~new_prot(c, &n->r)) != 0;
			change_one(s, c, n, start, to);
		}
		start = to;
	}
	ret->next = start;
	ret->more = !ret->err && start < end;
}

void regions_do_protect(struct regions *s, const struct regions_op *op, struct regions_ret *ret)
{
	struct change c = { .protect = true, .stop_at_hole = true, .prot = op->set, .limit_data = op->limit_data };
	u64 len = ALIGN_UP(op->len, PAGE_SIZE);

	ret->next = op->addr;
	if (!page_aligned(op->addr) || (op->set & ~7u))
		ret->err = -EINVAL;
	else if (op->len && (len == 0 || op->addr + len <= op->addr))
		ret->err = -ENOMEM;
	else
		change_range(s, &c, op->addr, op->addr + len, ret);
}

void regions_do_setflags(struct regions *s, const struct regions_op *op, struct regions_ret *ret)
{
	struct change c = { .stop_at_hole = op->how & REGIONS_STOP_AT_HOLE, .set = op->set, .clear = op->clear };
	u64 len = ALIGN_UP(op->len, PAGE_SIZE), end = op->addr + len;

	ret->next = op->addr;
	if (!page_aligned(op->addr) || ((op->set | op->clear) & ~REGIONS_FLAGS_SETTABLE) || end < op->addr || len < op->len) {
		ret->err = -EINVAL;
		return;
	}
	if ((op->set & REGIONS_LOCKED) && !within(s->locked_pages, len, op->limit_locked) &&
	    !within(s->locked_pages, len - regions_range_mapped(s, op->addr, end, REGIONS_LOCKED, false), op->limit_locked)) {
		ret->err = -ENOMEM;
		return;
	}
	change_range(s, &c, op->addr, end, ret);
}
