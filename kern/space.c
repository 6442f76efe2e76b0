/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Address spaces: life, and the changes that mmap and its family make. Faults are in fault.c, TLBs in flush.c.
 *
 * Every change has the same shape: announce the range as leaving, update the regions through nr, bring every
 * replica past the update, empty or restrict the page map, flush, drop frames and object references, done.
 */
#include "kern/space.h"
#include "base/abi.h"
#include "base/print.h"
#include "base/string.h"
#include "kern/body.h"
#include "kern/file.h"
#include "kern/percore.h"
#include "kern/process.h"
#include "kern/thread.h"
#include "mem/frame.h"
#include "mem/slab.h"

KCACHE(space_cache, "spaces", struct space);

static void regions_apply_nr(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	(void)shard;
	regions_apply(state, op, len, ret);
}

static int regions_clone_nr(void *dst, struct pool *mem, const void *src)
{
	return regions_clone(dst, mem, src);
}

static int regions_init_nr(void *state, struct pool *mem, const void *arg)
{
	return regions_init(state, mem, arg);
}

static u64 regions_hash_nr(const void *state)
{
	return regions_hash(state);
}

static int regions_check_nr(const void *state)
{
	return regions_check(state);
}

static struct nr_type regions_type = {
	.name = "space", .state_size = sizeof(struct regions), .init = regions_init_nr, .clone = regions_clone_nr,
	.apply = regions_apply_nr, .op_mem = regions_op_mem, .hash = regions_hash_nr, .check = regions_check_nr,
};

#define SPACE_LOW 0x10000ul
#define SPACE_GAP (64ul << 20) /* below the top: the stack may grow here */

static struct space *space_blank(void)
{
	struct space *s = kcache_alloc(&space_cache);

	if (!s)
		return NULL;
	refs_init(&s->refs, 1);
	if (pagemap_init(&s->pages, core_node())) {
		kcache_free(&space_cache, s);
		return NULL;
	}
	return s;
}

struct space *space_new(void)
{
	struct regions_config rc = { .low = SPACE_LOW, .high = USER_END, .mmap_base = USER_END - SPACE_GAP };
	struct nr_config nc = { .threads = cores_count(), .shards = 1, .node = core_node() };
	struct space *s = space_blank();

	if (!s)
		return NULL;
	regions_type.op_mem_max = regions_op_mem_max();
	s->nr = nr_create(&regions_type, &nc, &rc);
	if (!s->nr) {
		pagemap_destroy(&s->pages);
		kcache_free(&space_cache, s);
		return NULL;
	}
	return s;
}

static void object_drop(u64 object, u64 pages)
{
	struct body *b = (struct body *)object;

	if (!b || !pages)
		return;
	if (pages > 1)
		refs64_sub(&b->refs, pages - 1); /* never the last: one of them is still ours */
	body_put(b);
}

static void object_take(u64 object, u64 pages)
{
	if (object && pages)
		refs64_add(&((struct body *)object)->refs, pages);
}

bool space_find(struct space *s, u64 addr, struct region *out)
{
	const struct regions *r = nr_read_begin(s->nr, nr_me(), 0);
	bool found = regions_find(r, addr, out);

	nr_read_end(s->nr, nr_me(), 0);
	return found;
}

bool space_next(struct space *s, u64 addr, struct region *out)
{
	const struct regions *r = nr_read_begin(s->nr, nr_me(), 0);
	bool found = regions_next(r, addr, out);

	nr_read_end(s->nr, nr_me(), 0);
	return found;
}

void space_put(struct space *s)
{
	struct region r;
	u64 at;

	if (!s || !refs_put(&s->refs))
		return;
	flush_space(s); /* idle cores leave it */
	for (at = 0; space_next(s, at, &r); at = r.end)
		object_drop(r.object, (r.end - r.start) >> PAGE_SHIFT);
	pagemap_destroy(&s->pages);
	nr_destroy(s->nr);
	file_put(s->exe);
	kcache_free(&space_cache, s);
}

/* ---- fork */

/* The copy counts its objects before the source can lose them: who unmaps drops them only after nr_sync, which waits. */
static void space_fork_fix(void *state, void *arg)
{
	struct region r;
	u64 at;

	(void)arg;
	regions_after_fork(state);
	for (at = 0; regions_next(state, at, &r); at = r.end)
		object_take(r.object, (r.end - r.start) >> PAGE_SHIFT);
}

/* Returns when no guard is held that began before: what a fault did not see under it, it will see. 0 or -ENOMEM. */
static int space_barrier(struct space *s)
{
	struct regions_op nothing = { .kind = REGIONS_SETFLAGS };
	u64 index;
	int err;

	if (space_alone(s))
		return 0;
	err = nr_update(s->nr, nr_me(), 0, &nothing, sizeof(nothing), NULL, &index);
	if (!err)
		nr_sync(s->nr, nr_me(), index);
	return err;
}

static int space_fork_pages(struct space *from, struct space *to)
{
	struct region r;
	u64 at;
	int err = 0;

	for (at = 0; !err && space_next(to, at, &r); at = r.end)
		if (!(r.flags & (REGIONS_SHARED | REGIONS_WIPEONFORK)))
			err = pagemap_copy(&from->pages, &to->pages, r.start, r.end);
	return err;
}

struct space *space_fork(struct space *from)
{
	struct space *s = space_blank();
	int err;

	if (!s)
		return NULL;
	/* Until the pages are marked, no fault may make a private page writable (fault.c looks). */
	atomic_fetch_add(&from->forking, 1);
	s->nr = space_barrier(from) ? NULL : nr_fork(from->nr, nr_me(), core_node(), space_fork_fix, NULL);
	if (!s->nr) {
		atomic_fetch_sub(&from->forking, 1);
		pagemap_destroy(&s->pages);
		kcache_free(&space_cache, s);
		return NULL;
	}
	err = space_fork_pages(from, s);
	flush_space(from);
	atomic_fetch_sub(&from->forking, 1);
	s->exe = from->exe;
	if (s->exe)
		file_get(s->exe);
	memcpy(&s->code_start, &from->code_start, sizeof(*s) - offsetof(struct space, code_start));
	if (!err)
		return s;
	space_put(s);
	return NULL;
}

/* ---- changes */

/* Counts the 2 MiB pieces of a range in or out; a long range counts for everything. */
static void leaving_count(struct space *s, u64 start, u64 end, u32 by)
{
	u64 piece, last = (end - 1) >> 21;

	if (start >= end)
		return;
	if (last - (start >> 21) >= LEAVING_SLOTS / 2) {
		atomic_fetch_add(&s->leaving_all, by);
		return;
	}
	for (piece = start >> 21; piece <= last; piece++)
		atomic_fetch_add(&s->leaving[piece % LEAVING_SLOTS], by);
}

static void leaving_begin(struct space *s, u64 start, u64 end)
{
	leaving_count(s, start, end, 1);
}

static void leaving_end(struct space *s, u64 start, u64 end)
{
	leaving_count(s, start, end, -1u);
}

/* The log call all changes go through: with every replica past it, older guards are gone (G6). */
static int space_update(struct space *s, const struct regions_op *op, struct regions_ret *ret)
{
	u64 index;
	int err = nr_update(s->nr, nr_me(), 0, op, sizeof(*op), ret, &index);

	if (err) {
		memset(ret, 0, sizeof(*ret));
		ret->err = err;
		return err;
	}
	nr_sync(s->nr, nr_me(), index);
	return ret->err;
}

static void space_empty(struct space *s, u64 start, u64 end)
{
	struct zap z;

	do {
		pagemap_zap(&s->pages, start, end, &z);
		if (z.touched)
			flush_space(s);
		zap_free(&z);
		start = z.next;
	} while (start < end);
}

static void space_gone(struct space *s, const struct regions_ret *ret)
{
	u32 i;

	for (i = 0; i < ret->ngone; i++) {
		const struct regions_gone *g = &ret->gone[i];

		space_empty(s, g->start, g->end);
		object_drop(g->object, (g->end - g->start) >> PAGE_SHIFT);
	}
}

static void space_limits(struct regions_op *op)
{
	struct process *p = process_current();

	op->limit_as = p ? p->limit[RLIMIT_AS].cur : REGIONS_NOLIMIT;
	op->limit_data = p ? p->limit[RLIMIT_DATA].cur : REGIONS_NOLIMIT;
	op->limit_locked = p ? p->limit[RLIMIT_MEMLOCK].cur : REGIONS_NOLIMIT;
	op->limit_stack = p ? p->limit[RLIMIT_STACK].cur : REGIONS_NOLIMIT;
}

static u32 region_flags(const struct map_request *m)
{
	u32 f = m->max_rights;

	if ((m->flags & MAP_TYPE) != MAP_PRIVATE)
		f |= REGIONS_SHARED;
	if (!m->body || (m->flags & MAP_ANONYMOUS))
		f |= REGIONS_ANON;
	if (m->flags & MAP_GROWSDOWN)
		f |= REGIONS_GROWSDOWN;
	if (m->flags & MAP_NORESERVE)
		f |= REGIONS_NORESERVE;
	if (m->flags & MAP_LOCKED)
		f |= REGIONS_LOCKED;
	return f;
}

long space_map(struct space *s, const struct map_request *m)
{
	struct regions_op op = { .kind = REGIONS_MAP, .addr = m->addr, .len = ALIGN_UP(m->len, PAGE_SIZE) };
	struct regions_ret ret;
	u64 pages = op.len >> PAGE_SHIFT;

	op.how = m->flags & MAP_FIXED_NOREPLACE ? REGIONS_FIXED | REGIONS_NOREPLACE : m->flags & MAP_FIXED ? REGIONS_FIXED : 0;
	op.r = (struct region){ .start = m->addr, .prot = m->prot & 7, .flags = region_flags(m), .what = m->what,
				.object = (u64)m->body, .offset = m->offset, .ino = m->ino, .dev = m->ino ? 1 : 0 };
	space_limits(&op);
	object_take(op.r.object, pages);
	leaving_begin(s, m->addr, op.how ? m->addr + op.len : 0);
	do {
		space_update(s, &op, &ret);
		space_gone(s, &ret);
	} while (ret.more);
	leaving_end(s, m->addr, op.how ? m->addr + op.len : 0);
	if (ret.err) {
		object_drop(op.r.object, pages);
		return ret.err;
	}
	if (m->flags & MAP_POPULATE || ret.locked)
		space_populate(s, ret.addr, op.len);
	return ret.addr;
}

int space_unmap(struct space *s, u64 addr, u64 len)
{
	struct regions_op op = { .kind = REGIONS_UNMAP, .addr = addr, .len = len };
	struct regions_ret ret;
	u64 end = addr + len;

	leaving_begin(s, addr, end);
	for (;;) {
		space_update(s, &op, &ret);
		space_gone(s, &ret);
		if (!ret.more)
			break;
		op.addr = ret.next;
		op.len = end - ret.next;
	}
	leaving_end(s, addr, end);
	return ret.err;
}

int space_protect(struct space *s, u64 addr, u64 len, u32 prot)
{
	struct regions_op op = { .kind = REGIONS_PROTECT, .addr = addr, .len = len, .set = prot & 7 };
	struct regions_ret ret;
	u64 end = addr + len;

	space_limits(&op);
	for (;;) {
		space_update(s, &op, &ret);
		if ((ret.narrowed || ret.err) && pagemap_protect(&s->pages, op.addr, ret.more ? ret.next : end, prot))
			flush_space(s);
		if (!ret.more)
			return ret.err;
		op.addr = ret.next;
		op.len = end - ret.next;
	}
}

int space_set_flags(struct space *s, u64 addr, u64 len, u32 set, u32 clear)
{
	struct regions_op op = { .kind = REGIONS_SETFLAGS, .addr = addr, .len = len, .set = set, .clear = clear };
	struct regions_ret ret;
	u64 end = addr + len;
	bool holes = false;

	space_limits(&op);
	do {
		space_update(s, &op, &ret);
		holes = holes || ret.holes;
		op.addr = ret.next;
		op.len = end - ret.next;
	} while (ret.more);
	return ret.err ? ret.err : holes ? -ENOMEM : 0;
}

void space_set_brk(struct space *s, u64 addr)
{
	struct regions_op op = { .kind = REGIONS_SETBRK, .addr = addr };
	struct regions_ret ret;

	space_update(s, &op, &ret);
}

long space_brk(struct space *s, u64 addr)
{
	struct regions_op op = { .kind = REGIONS_BRK, .addr = addr };
	struct regions_ret ret;
	u64 end = addr ? USER_END : 0; /* others may move the break meanwhile: what leaves may end anywhere */

	op.r.prot = PROT_READ | PROT_WRITE;
	op.r.flags = REGIONS_ANON;
	op.r.what = REGIONS_HEAP;
	space_limits(&op);
	leaving_begin(s, addr, end);
	do {
		space_update(s, &op, &ret);
		space_gone(s, &ret);
	} while (ret.more);
	leaving_end(s, addr, end);
	return ret.addr;
}

/* References for the pages that a mapping may grow by; under the guard, for it may go at any time. */
static bool remap_take(struct space *s, u64 addr, u64 pages, struct region *out)
{
	const struct regions *r = nr_read_begin(s->nr, nr_me(), 0);
	bool found = regions_find(r, addr, out);

	if (found)
		object_take(out->object, pages);
	nr_read_end(s->nr, nr_me(), 0);
	return found;
}

/* One attempt; -EAGAIN also if another mapping has come to addr since we counted for `r`. */
static long remap_try(struct space *s, struct regions_op *op, const struct region *r, u64 taken)
{
	struct regions_ret ret;
	int err = 0;

	op->r.object = r->object;
	leaving_begin(s, 0, USER_END);
	do {
		space_update(s, op, &ret);
		space_gone(s, &ret);
		if (!ret.err && ret.moved_len) {
			err = pagemap_move(&s->pages, ret.moved_from, ret.moved_to, ret.moved_len);
			flush_space(s);
		}
	} while (ret.more);
	leaving_end(s, 0, USER_END);
	object_drop(r->object, taken - (ret.err ? 0 : MIN(taken, ret.added)));
	if (err) { /* out of page-table pages: the pages stay behind and are dropped */
		space_empty(s, ret.moved_from, ret.moved_from + ret.moved_len);
		process_out_of_memory();
	}
	return ret.err ? ret.err : (long)ret.addr;
}

long space_remap(struct space *s, u64 addr, u64 old_len, u64 new_len, u32 flags, u64 new_addr)
{
	struct regions_op op = { .kind = REGIONS_MREMAP, .addr = addr, .len = old_len, .new_addr = new_addr,
				 .new_len = new_len, .how = REGIONS_SAME };
	u64 taken = new_len > old_len ? (new_len - old_len) >> PAGE_SHIFT : 0;
	struct region r, now;
	long ret;

	op.how |= (flags & MREMAP_MAYMOVE ? REGIONS_MAYMOVE : 0) | (flags & MREMAP_FIXED ? REGIONS_FIXED : 0);
	space_limits(&op);
	do {
		if (!remap_take(s, addr, taken, &r))
			return -EFAULT;
		ret = remap_try(s, &op, &r, taken);
	} while (ret == -EAGAIN && space_find(s, addr, &now) && now.object != r.object);
	return ret;
}

/* MADV_DONTNEED: kept pages leave, the mapping stays. */
static int space_discard(struct space *s, u64 addr, u64 len)
{
	struct region r;
	u64 at = addr, end = addr + len;
	int err = 0;

	while (at < end) {
		if (!space_next(s, at, &r) || r.start >= end)
			return -ENOMEM;
		if (r.start > at)
			err = -ENOMEM;
		if (r.flags & REGIONS_LOCKED)
			return -EINVAL;
		space_empty(s, MAX(at, r.start), MIN(end, r.end));
		at = r.end;
	}
	return err;
}

/* The regions do not change, so nothing but the barrier orders this and the faults. */
static int space_dontneed(struct space *s, u64 addr, u64 len)
{
	int err;

	leaving_begin(s, addr, addr + len);
	err = space_barrier(s);
	if (!err)
		err = space_discard(s, addr, len);
	leaving_end(s, addr, addr + len);
	return err;
}

int space_advise(struct space *s, u64 addr, u64 len, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
		return space_dontneed(s, addr, len);
	case MADV_DONTFORK:
		return space_set_flags(s, addr, len, REGIONS_DONTFORK, 0);
	case MADV_DOFORK:
		return space_set_flags(s, addr, len, 0, REGIONS_DONTFORK);
	case MADV_DONTDUMP:
		return space_set_flags(s, addr, len, REGIONS_DONTDUMP, 0);
	case MADV_DODUMP:
		return space_set_flags(s, addr, len, 0, REGIONS_DONTDUMP);
	case MADV_FREE: /* may be reclaimed lazily, or not at all */
	case MADV_NORMAL: case MADV_RANDOM: case MADV_SEQUENTIAL: case MADV_WILLNEED: case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE: case MADV_MERGEABLE: case MADV_UNMERGEABLE:
		return space_set_flags(s, addr, len, 0, 0);
	default:
		return -EINVAL;
	}
}

void space_usage(struct space *s, struct space_usage *out)
{
	const struct regions *r = nr_read_begin(s->nr, nr_me(), 0);

	out->pages = r->pages;
	out->data_pages = r->data_pages;
	out->stack_pages = r->stack_pages;
	out->locked_pages = r->locked_pages;
	nr_read_end(s->nr, nr_me(), 0);
	out->resident = atomic_load(&s->pages.resident);
	out->tables = atomic_load(&s->pages.tables);
}
