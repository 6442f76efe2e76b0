/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The changes that mmap and its family make to an address space. Its life is in space_life.c, faults in fault.c, TLBs in flush.c.
 *
 * Every change has the same shape: announce the range as leaving, update the regions through nr, bring every
 * replica past the update, empty or restrict the page map, flush, drop frames and object references, done.
 */
#include "kern/space_internal.h"
#include "base/abi.h"
#include "base/string.h"
#include "kern/body.h"
#include "kern/oom.h"
#include "kern/process.h"
#include "kern/resident.h"
#include "kern/volume.h"

#define TRIM_TABLES 64

static void space_flush(void *s)
{
	flush_space(s);
}

void space_prune(struct space *s, u64 drop)
{
	changes_alone(&s->changes);
	changes_stop(&s->changes);
	space_barrier(s);
	pagemap_trim(&s->pages, drop, space_flush, s);
	atomic_store(&s->trim_at, 2 * atomic_load(&s->pages.tables));
	changes_go(&s->changes);
	changes_alone_end(&s->changes);
}

/* Page tables that hold nothing are freed once they may be as many as those that hold something. */
static void space_trim(struct space *s)
{
	u64 tables = atomic_load_explicit(&s->pages.tables, memory_order_relaxed);

	if (tables < atomic_load_explicit(&s->trim_at, memory_order_relaxed) + TRIM_TABLES)
		return;
	space_prune(s, 0);
}

/*
 * The log call all changes go through. What took something away waits until every replica is past it: then older guards are
 * gone (G6), and no fault can still enter what is to leave. What only gave waits for nobody: who has not seen it finds less.
 */
static int space_update(struct space *s, const struct regions_op *op, struct regions_ret *ret)
{
	u64 index;
	int err = nr_update(s->nr, nr_me(), 0, op, sizeof(*op), ret, &index);

	if (err) {
		memset(ret, 0, sizeof(*ret));
		ret->err = err;
		return err;
	}
	if (ret->ngone || ret->narrowed || ret->moved_len)
		nr_sync(s->nr, nr_me(), index);
	return ret->err;
}

static void space_empty(struct space *s, u64 start, u64 end)
{
	struct zap z;

	do {
		pagemap_zap(&s->pages, start, end, &z);
		resident_add(s, -(s64)z.n);
		if (z.high)
			flush_range(s, z.low, z.high);
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

/* Too many replacing maps of several steps at once: theirs will end. (A locked mapping's -EAGAIN is for the program.) */
static bool space_claims_full(const struct regions_op *op, const struct regions_ret *ret)
{
	return ret->err == -EAGAIN && op->how && !(op->r.flags & REGIONS_LOCKED);
}

long space_map(struct space *s, const struct map_request *m)
{
	struct regions_op op = { .kind = REGIONS_MAP, .addr = m->addr, .len = ALIGN_UP(m->len, PAGE_SIZE) };
	struct regions_ret ret;
	u64 pages = op.len >> PAGE_SHIFT;

	op.how = m->flags & MAP_FIXED_NOREPLACE ? REGIONS_FIXED | REGIONS_NOREPLACE : m->flags & MAP_FIXED ? REGIONS_FIXED : 0;
	op.r = (struct region){ .start = m->addr, .prot = m->prot & 7, .flags = region_flags(m), .what = m->what,
				.object = (u64)m->body, .offset = m->offset, .ino = m->ino, .dev = m->body ? volume_dev(m->body->volume) : 0 };
	space_limits(&op);
	object_take(op.r.object, pages);
	changes_begin(&s->changes, m->addr, op.how ? m->addr + op.len : 0);
	do {
		space_update(s, &op, &ret);
		space_gone(s, &ret);
		if (space_claims_full(&op, &ret))
			nr_port_relax();
	} while (ret.more || space_claims_full(&op, &ret));
	changes_end(&s->changes, m->addr, op.how ? m->addr + op.len : 0);
	if (ret.err) {
		object_drop(op.r.object, pages);
		return ret.err;
	}
	if (!op.how) /* whoever unmaps there may not have flushed yet */
		changes_wait(&s->changes, ret.addr, ret.addr + op.len);
	if (m->flags & MAP_POPULATE || ret.locked)
		space_populate(s, ret.addr, op.len);
	return ret.addr;
}

int space_unmap(struct space *s, u64 addr, u64 len)
{
	struct regions_op op = { .kind = REGIONS_UNMAP, .addr = addr, .len = len };
	struct regions_ret ret;
	u64 end = addr + len;

	changes_begin(&s->changes, addr, end);
	for (;;) {
		space_update(s, &op, &ret);
		space_gone(s, &ret);
		if (!ret.more)
			break;
		op.addr = ret.next;
		op.len = end - ret.next;
	}
	changes_end(&s->changes, addr, end);
	space_trim(s);
	return ret.err;
}

static void space_restrict(struct space *s, u64 start, u64 end, u32 prot)
{
	struct zap z;

	pagemap_protect(&s->pages, start, end, prot, &z);
	if (z.high)
		flush_range(s, z.low, z.high);
}

int space_protect(struct space *s, u64 addr, u64 len, u32 prot)
{
	struct regions_op op = { .kind = REGIONS_PROTECT, .addr = addr, .len = len, .set = prot & 7 };
	struct regions_ret ret;
	u64 end = addr + len;

	space_limits(&op);
	changes_begin(&s->changes, addr, end);
	for (;;) {
		space_update(s, &op, &ret);
		if (ret.narrowed)
			space_restrict(s, op.addr, ret.next, prot);
		if (!ret.more)
			break;
		op.addr = ret.next;
		op.len = end - ret.next;
	}
	changes_end(&s->changes, addr, end);
	return ret.err;
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

static u64 space_break(struct space *s)
{
	const struct regions *r = nr_read_begin(s->nr, nr_me(), 0);
	u64 brk = r->brk;

	nr_read_end(s->nr, nr_me(), 0);
	return brk;
}

/* With what lies between addr and the break announced as leaving. -EAGAIN: another thread has raised the break. */
static int space_brk_try(struct space *s, struct regions_op *op, struct regions_ret *ret)
{
	u64 end = ALIGN_UP(space_break(s), PAGE_SIZE);

	op->new_addr = end;
	changes_begin(&s->changes, op->addr, end);
	do {
		space_update(s, op, ret);
		space_gone(s, ret);
	} while (ret->more);
	changes_end(&s->changes, op->addr, end);
	return ret->err;
}

long space_brk(struct space *s, u64 addr)
{
	struct regions_op op = { .kind = REGIONS_BRK, .addr = addr };
	struct regions_ret ret;
	int err;

	op.r.prot = PROT_READ | PROT_WRITE;
	op.r.flags = REGIONS_ANON;
	op.r.what = REGIONS_HEAP;
	space_limits(&op);
	while ((err = space_brk_try(s, &op, &ret)) == -EAGAIN)
		nr_port_relax();
	if (err) /* no memory for the update */
		return space_break(s);
	if (ret.added)
		changes_wait(&s->changes, ret.added_at, ret.added_at + (ret.added << PAGE_SHIFT));
	return ret.addr;
}

long space_remap(struct space *s, u64 addr, u64 old_len, u64 new_len, u32 flags, u64 new_addr)
{
	struct regions_op op = { .kind = REGIONS_MREMAP, .addr = addr, .len = old_len, .new_addr = new_addr,
				 .new_len = new_len };
	struct regions_ret ret;
	struct region r;
	u64 taken = 0;
	int err = 0;

	op.how = (flags & MREMAP_MAYMOVE ? REGIONS_MAYMOVE : 0) | (flags & MREMAP_FIXED ? REGIONS_FIXED : 0);
	space_limits(&op);
	changes_alone(&s->changes);
	changes_stop(&s->changes);
	if (!space_find(s, addr, &r))
		r.object = 0; /* the operation will say so */
	if (new_len > old_len)
		object_take(r.object, taken = (new_len - old_len) >> PAGE_SHIFT);
	do {
		space_update(s, &op, &ret);
		space_gone(s, &ret);
		if (!ret.err && ret.moved_len) {
			err = pagemap_move(&s->pages, ret.moved_from, ret.moved_to, ret.moved_len);
			flush_space(s);
		}
	} while (ret.more);
	if (err) /* out of page-table pages: the pages stay behind and are dropped */
		space_empty(s, ret.moved_from, ret.moved_from + ret.moved_len);
	changes_go(&s->changes);
	changes_alone_end(&s->changes);
	object_drop(r.object, taken - (ret.err ? 0 : MIN(taken, ret.added)));
	if (err)
		oom_end();
	return ret.err ? ret.err : (long)ret.addr;
}

/* MADV_DONTNEED: kept pages leave, the mapping stays. */
static int space_discard(struct space *s, u64 addr, u64 len)
{
	struct region r;
	u64 at = addr, end = addr + len;
	int err = 0;

	changes_begin(&s->changes, addr, end);
	while (at < end) {
		if (!space_next(s, at, &r) || r.start >= end) {
			err = -ENOMEM;
			break;
		}
		if (r.start > at)
			err = -ENOMEM;
		if (r.flags & REGIONS_LOCKED) {
			err = -EINVAL;
			break;
		}
		space_empty(s, MAX(at, r.start), MIN(end, r.end));
		at = r.end;
	}
	changes_end(&s->changes, addr, end);
	return err;
}

/* The part of region r that shows pages [from, to) of its object; false: none. */
static bool region_part(const struct region *r, u64 from, u64 to, u64 *start, u64 *end)
{
	u64 first = r->offset >> PAGE_SHIFT, last = first + ((r->end - r->start) >> PAGE_SHIFT);

	from = MAX(from, first);
	to = MIN(to, last);
	*start = r->start + ((from - first) << PAGE_SHIFT);
	*end = r->start + ((to - first) << PAGE_SHIFT);
	return from < to;
}

void space_forget(struct space *s, struct body *b, u64 from, u64 to, bool copies)
{
	u64 at = 0, start, end;
	struct region r, now;

	while (space_next(s, at, &r)) {
		at = r.end;
		if (r.object != (u64)b || !(copies || (r.flags & REGIONS_SHARED)) || !region_part(&r, from, to, &start, &end))
			continue;
		changes_begin(&s->changes, start, end);
		space_barrier(s);
		if (space_find(s, start, &now) && now.object == r.object && now.end == r.end && now.offset == r.offset &&
		    now.start == r.start)
			space_empty(s, start, end);
		else
			at = r.start; /* it changed meanwhile: look again */
		changes_end(&s->changes, start, end);
	}
}

int space_advise(struct space *s, u64 addr, u64 len, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
		return space_discard(s, addr, len);
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
