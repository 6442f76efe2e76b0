/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The life of an address space: its regions as a replicated structure, first and last reference, fork.
 *
 * Each region of a file holds one reference on the file's body per page (object_take, object_drop), so that an unmap of a
 * part gives back what went, without asking what is left.
 */
#include "kern/space_internal.h"
#include "arch/boot.h"
#include "base/string.h"
#include "kern/body.h"
#include "kern/file.h"
#include "kern/percore.h"
#include "kern/segments.h"
#include "mem/frame.h"
#include "mem/slab.h"

KCACHE(space_cache, "spaces", struct space);

/* The boot option pagemap=logged: each fault also logs which frame it entered, as NrOS in Rust does. For
 * measurements only (docs/pagemap.md): the page map stays the truth. */
struct populate {
	u64 va;
	pte_t entry;
};
static bool populate_logged;

void space_populated(struct space *s, u64 va, pte_t entry)
{
	struct populate op = { va, entry };

	if (unlikely(populate_logged))
		nr_update(s->nr, nr_me(), 0, &op, sizeof(op), NULL, NULL);
}

static void regions_apply_nr(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	struct region r;

	(void)shard;
	if (len == sizeof(struct populate)) /* as far as a replica's own page table would be: a walk from the top */
		regions_find(state, ((const struct populate *)op)->va, &r);
	else
		regions_apply(state, op, len, ret);
}

static size_t regions_op_mem_nr(const void *op, size_t len)
{
	return len == sizeof(struct populate) ? 0 : regions_op_mem(op, len);
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
	.apply = regions_apply_nr, .op_mem = regions_op_mem_nr, .hash = regions_hash_nr, .check = regions_check_nr,
};

#define SPACE_LOW 0x10000ul

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

struct space *space_new(u64 mmap_base)
{
	struct regions_config rc = { .low = SPACE_LOW, .high = USER_END, .mmap_base = mmap_base };
	struct nr_config nc = { .threads = cores_count(), .shards = 1, .node = core_node() };
	struct space *s = space_blank();

	if (!s)
		return NULL;
	if (!regions_type.op_mem_max) {
		char how[8];

		regions_type.op_mem_max = regions_op_mem_max();
		populate_logged = boot_option("pagemap", how, sizeof(how)) && !strcmp(how, "logged");
	}
	s->nr = nr_create(&regions_type, &nc, &rc);
	if (!s->nr) {
		pagemap_destroy(&s->pages);
		kcache_free(&space_cache, s);
		return NULL;
	}
	return s;
}

void object_drop(u64 object, u64 pages)
{
	struct body *b = (struct body *)object;

	if (!b || !pages)
		return;
	atomic_fetch_sub_explicit(&b->mapped, pages, memory_order_relaxed);
	if (b->segment)
		segment_mapped(b, false);
	if (pages > 1)
		refs64_sub(&b->refs, pages - 1); /* never the last: one of them is still ours */
	body_put(b);
}

void object_take(u64 object, u64 pages)
{
	struct body *b = (struct body *)object;

	if (!b || !pages)
		return;
	atomic_fetch_add(&b->mapped, pages);
	refs64_add(&b->refs, pages);
	if (b->segment)
		segment_mapped(b, true);
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

static void space_fork_fix(void *state, void *arg)
{
	(void)arg;
	regions_after_fork(state);
}

void space_barrier(struct space *s)
{
	struct regions_op nothing = { .kind = REGIONS_SETFLAGS };
	u64 index;

	while (nr_update(s->nr, nr_me(), 0, &nothing, sizeof(nothing), NULL, &index))
		nr_port_relax(); /* it asks for no memory */
	nr_sync(s->nr, nr_me(), index);
}

/* Nothing leaves or moves, and no fault makes a shared page writable again, until all pages are marked. */
static void space_fork_begin(struct space *s)
{
	changes_alone(&s->changes);
	atomic_store(&s->forking, 1);
	if (!space_alone(s))
		space_barrier(s);
}

static void space_fork_end(struct space *s)
{
	atomic_store(&s->forking, 0);
	changes_alone_end(&s->changes);
}

static int space_fork_pages(struct space *from, struct space *to)
{
	struct region r;
	u64 at;
	int err = 0;

	for (at = 0; space_next(to, at, &r); at = r.end) {
		object_take(r.object, (r.end - r.start) >> PAGE_SHIFT);
		if (!err && !(r.flags & (REGIONS_SHARED | REGIONS_WIPEONFORK)))
			err = pagemap_copy(&from->pages, &to->pages, r.start, r.end, r.prot);
	}
	return err;
}

struct space *space_fork(struct space *from)
{
	struct space *s = space_blank();
	int err;

	if (!s)
		return NULL;
	space_fork_begin(from);
	s->nr = nr_fork(from->nr, nr_me(), core_node(), space_fork_fix, NULL);
	if (!s->nr) {
		space_fork_end(from);
		pagemap_destroy(&s->pages);
		kcache_free(&space_cache, s);
		return NULL;
	}
	err = space_fork_pages(from, s);
	flush_space(from);
	space_fork_end(from);
	s->exe = from->exe;
	if (s->exe)
		file_get(s->exe);
	memcpy(&s->code_start, &from->code_start, sizeof(*s) - offsetof(struct space, code_start));
	if (!err)
		return s;
	space_put(s);
	return NULL;
}
