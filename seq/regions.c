/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An address space as a whole: dispatch of operations, init, clone, fork, hash, check, and the questions.
 * The operations are in regions_range.c (unmap, protect, flags), regions_map.c (map, heap, stack), regions_mremap.c.
 */
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"
#include "seq/regions_internal.h"

void regions_apply(struct regions *s, const void *op_bytes, size_t len, void *ret)
{
	static void (*const table[])(struct regions *, const struct regions_op *, struct regions_ret *) = {
		[REGIONS_MAP] = regions_do_map,
		[REGIONS_UNMAP] = regions_do_unmap,
		[REGIONS_PROTECT] = regions_do_protect,
		[REGIONS_SETFLAGS] = regions_do_setflags,
		[REGIONS_BRK] = regions_do_brk,
		[REGIONS_SETBRK] = regions_do_setbrk,
		[REGIONS_MREMAP] = regions_do_mremap,
		[REGIONS_GROW_STACK] = regions_do_grow_stack,
	};
	struct regions_ret r;
	struct regions_op op;

	memset(&r, 0, sizeof(r));
	memset(&op, 0, sizeof(op));
	if (len >= sizeof(op))
		memcpy(&op, op_bytes, sizeof(op));
	if (op.kind < ARRAY_SIZE(table) && table[op.kind])
		table[op.kind](s, &op, &r);
	else
		r.err = -EINVAL;
	if (ret)
		memcpy(ret, &r, sizeof(r));
}

size_t regions_op_mem_max(void)
{
	return REGIONS_OP_NODES * pool_rounded(sizeof(struct regions_node));
}

size_t regions_op_mem(const void *op, size_t len)
{
	(void)op;
	return len < sizeof(struct regions_op) ? 0 : regions_op_mem_max();
}

int regions_init(struct regions *s, struct pool *pool, const void *arg)
{
	const struct regions_config *cfg = arg;

	memset(s, 0, sizeof(*s));
	s->pool = pool;
	s->cfg = *cfg;
	if (!s->cfg.max)
		s->cfg.max = REGIONS_MAX;
	if (!page_aligned(cfg->low | cfg->high | cfg->mmap_base) || cfg->low == 0 || cfg->low >= cfg->mmap_base ||
	    cfg->mmap_base > cfg->high || s->cfg.max < 2 * REGIONS_STEP)
		return -EINVAL;
	return 0;
}

int regions_clone(struct regions *dst, struct pool *pool, const struct regions *src)
{
	*dst = *src;
	dst->pool = pool;
	if (!src->tree.rbh_root)
		return 0;
	dst->tree.rbh_root = regions_copy(pool, src->tree.rbh_root, NULL);
	return dst->tree.rbh_root ? 0 : -ENOMEM;
}

void regions_after_fork(struct regions *s)
{
	struct regions_node *n = regions_above(s, 0), *next;
	u32 count;

	s->nclaims = 0;
	for (; n; n = next) {
		next = regions_node_next(n);
		if (n->r.flags & REGIONS_DONTFORK)
			regions_node_remove(s, n);
		else
			regions_node_set(s, n, n->r.prot, n->r.flags & ~REGIONS_LOCKED);
	}
	for (n = regions_above(s, 0); n; n = s->count == count ? regions_node_next(n) : n) {
		count = s->count;
		n = regions_node_merge(s, n);
	}
}

/* ---- hash, check ------------------------------------------------------------------------------------- */

static u64 mix(u64 h, u64 v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

u64 regions_hash(const struct regions *s)
{
	u64 h = mix(mix(mix(1, s->brk_start), s->brk), s->count);
	struct regions_node *n;
	u32 i;

	for (i = 0; i < s->nclaims; i++)
		h = mix(mix(h, s->claim[i].start), s->claim[i].end);
	for (n = regions_above(s, 0); n; n = regions_node_next(n)) {
		const struct region *r = &n->r;

		h = mix(mix(mix(h, r->start), r->end), (u64)r->prot << 32 | r->flags);
		h = mix(mix(mix(mix(h, (u64)r->what << 32 | r->dev), r->ino), r->object), r->offset);
	}
	return h;
}

static int broken(const char *what, const struct region *r)
{
	kprintf("regions: %s at %llx-%llx\n", what, (unsigned long long)r->start, (unsigned long long)r->end);
	return -EINVAL;
}

static int check_one(const struct regions *s, const struct regions_node *n, const struct region *below)
{
	u64 from = below ? below->end : s->cfg.low, floor = region_floor(&n->r), max = n->gap;
	const struct regions_node *l = RB_LEFT(n, link), *r = RB_RIGHT(n, link);

	max = MAX(max, MAX(l ? l->max_gap : 0, r ? r->max_gap : 0));
	if (!page_aligned(n->r.start | n->r.end | n->r.offset) || n->r.start >= n->r.end || n->r.start < from || n->r.end > s->cfg.high)
		return broken("bad bounds", &n->r);
	if (below && regions_mergeable(below, &n->r))
		return broken("two that should be one", &n->r);
	if ((!n->r.object && n->r.offset) || (n->r.object && (n->r.flags & REGIONS_IDENTITY) && n->r.offset != n->r.start))
		return broken("bad offset", &n->r);
	if (n->gap != (floor > from ? floor - from : 0) || n->max_gap != max)
		return broken("bad gap", &n->r);
	return 0;
}

int regions_check(const struct regions *s)
{
	u64 pages = 0, data = 0, locked = 0, stack = 0, len;
	const struct region *below = NULL;
	struct regions_node *n;
	u32 count = 0;

	for (n = regions_above(s, 0); n; below = &n->r, n = regions_node_next(n)) {
		if (check_one(s, n, below))
			return -EINVAL;
		len = pages_of(region_len(&n->r));
		count++;
		pages += len;
		data += region_is_data(&n->r) ? len : 0;
		locked += n->r.flags & REGIONS_LOCKED ? len : 0;
		stack += n->r.flags & REGIONS_GROWSDOWN ? len : 0;
	}
	if (count != s->count || pages != s->pages || data != s->data_pages || locked != s->locked_pages || stack != s->stack_pages) {
		kprintf("regions: bad counters\n");
		return -EINVAL;
	}
	return 0;
}

/* ---- questions --------------------------------------------------------------------------------------- */

bool regions_next(const struct regions *s, u64 addr, struct region *out)
{
	const struct regions_node *n = regions_above(s, addr);

	if (n)
		*out = n->r;
	return n != NULL;
}

bool regions_find(const struct regions *s, u64 addr, struct region *out)
{
	const struct regions_node *n = regions_above(s, addr);

	if (!n || n->r.start > addr)
		return false;
	*out = n->r;
	return true;
}

int regions_check_range(const struct regions *s, u64 start, u64 len, u32 prot)
{
	u64 end = start + len;
	struct regions_node *n = regions_above(s, start);

	if (end < start)
		return -ENOMEM;
	for (; start < end; start = n->r.end, n = regions_node_next(n)) {
		if (!n || n->r.start > start)
			return -ENOMEM;
		if (prot & ~n->r.prot)
			return -EACCES;
	}
	return 0;
}
