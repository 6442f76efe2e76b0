/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * File bodies: see body.h. This file holds the page tree and a body's life; body_io.c copies bytes.
 *
 * The tree's root word carries its height in bits 56..59, so that one load tells both. Tables are never freed
 * before the body (truncate only empties slots), hence a lock-free reader may always walk on. It takes its
 * reference with frame_tryget and then looks at the slot again: a frame that was freed and reused meanwhile
 * fails the second look. Or it is pinned (body_io.c): who takes pages out waits for that before he drops them.
 */
#include "kern/body.h"
#include "base/print.h"
#include "base/string.h"
#include "kern/clock.h"
#include "kern/fs.h"
#include "kern/locks.h"
#include "kern/notify.h"
#include "kern/percore.h"
#include "kern/volume.h"
#include "mem/frame.h"
#include "mem/slab.h"

KCACHE(body_cache, "bodies", struct body);
typedef _Atomic u64 slot_t;

#define ROOT_FRAME 0x000ffffffffff000ul
#define ROOT_HEIGHT(r) ((u32)((r) >> 56 & 15))
#define HEIGHT_MAX 6u

struct body *body_new(struct volume *v)
{
	struct body *b = kcache_alloc(&body_cache);

	if (!b)
		return NULL;
	b->volume = v;
	refs64_init(&b->refs, 1);
	lock_init(&b->lock);
	mutex_init(&b->writer);
	b->atime = b->mtime = b->ctime = b->btime = body_time();
	return b;
}

/* One step away from zero in direction `by`, unless others have gone the other way. */
static int body_use(struct body *b, s32 by)
{
	s32 n = atomic_load(&b->writers);

	do {
		if (n * by < 0)
			return -ETXTBSY;
	} while (!atomic_compare_exchange_weak(&b->writers, &n, n + by));
	return 0;
}

int body_write_begin(struct body *b)
{
	return body_use(b, 1);
}

int body_exec_begin(struct body *b)
{
	return body_use(b, -1);
}

static slot_t *body_table(u64 word)
{
	return phys_to_virt(word & ROOT_FRAME);
}

static bool body_covers(u64 root, u64 index)
{
	return root && (index >> (9 * ROOT_HEIGHT(root))) == 0;
}

/* What is in the slot of a page, and where that is; 0 if its tables do not exist. The root's word is read once, as its
 * height and its table belong together. */
static u64 body_word(struct body *b, u64 index, slot_t **slot)
{
	u64 word = atomic_load(&b->root);
	u32 level = ROOT_HEIGHT(word);

	if (!body_covers(word, index))
		return 0;
	*slot = &b->root;
	while (level-- > 0) {
		if (!(word & ROOT_FRAME))
			return 0;
		*slot = &body_table(word)[index >> (9 * level) & 511];
		word = atomic_load(*slot);
	}
	return word;
}

paddr_t body_look(struct body *b, u64 index)
{
	slot_t *slot;

	return body_word(b, index, &slot) & ROOT_FRAME;
}

paddr_t body_page(struct body *b, u64 index)
{
	for (;;) {
		slot_t *slot;
		u64 word = body_word(b, index, &slot);
		paddr_t p = word & ROOT_FRAME;

		if (!p)
			return 0;
		if (!frame_tryget(p))
			continue;
		if (atomic_load(slot) == word)
			return p;
		frame_put(p);
	}
}

/* Under b->lock: adds levels until index fits. */
static int body_grow(struct body *b, u64 index)
{
	u64 root = atomic_load_explicit(&b->root, memory_order_relaxed);
	u32 height = ROOT_HEIGHT(root);

	if (!root) { /* an empty tree takes the right height at once; bit 0 marks it as not empty */
		while (index >> (9 * height))
			height++;
		if (height > HEIGHT_MAX)
			return -EFBIG;
		if (height) {
			paddr_t t = frame_alloc_zero(core_node());

			if (!t)
				return -ENOMEM;
			atomic_store_explicit(&b->root, (u64)height << 56 | t | 1, memory_order_release);
		} else {
			atomic_store_explicit(&b->root, 1, memory_order_release);
		}
		return 0;
	}
	for (; !body_covers(root, index); root = atomic_load_explicit(&b->root, memory_order_relaxed)) {
		paddr_t t;

		height = ROOT_HEIGHT(root) + 1;
		if (height > HEIGHT_MAX)
			return -EFBIG;
		t = frame_alloc_zero(core_node());
		if (!t)
			return -ENOMEM;
		atomic_store_explicit(&body_table(t)[0], root & ROOT_FRAME, memory_order_relaxed);
		atomic_store_explicit(&b->root, (u64)height << 56 | t | 1, memory_order_release);
	}
	return 0;
}

/* Under b->lock. */
static slot_t *body_slot_make(struct body *b, u64 index)
{
	slot_t *s = &b->root;
	u32 level;

	if (body_grow(b, index))
		return NULL;
	level = ROOT_HEIGHT(atomic_load_explicit(&b->root, memory_order_relaxed));
	while (level-- > 0) {
		u64 word = atomic_load_explicit(s, memory_order_relaxed);

		if (!(word & ROOT_FRAME)) {
			paddr_t t = frame_alloc_zero(core_node());

			if (!t)
				return NULL;
			atomic_store_explicit(s, word = t, memory_order_release);
		}
		s = &body_table(word)[index >> (9 * level) & 511];
	}
	return s;
}

/* Under b->lock: puts `fresh` into the hole at index. What is there now, with a reference; 0: no memory for tables. */
static paddr_t body_fill(struct body *b, u64 index, paddr_t fresh)
{
	slot_t *s = body_slot_make(b, index);
	u64 word = s ? atomic_load_explicit(s, memory_order_relaxed) : 0;

	if (!s)
		return 0;
	if (word & ROOT_FRAME) {
		frame_get(word & ROOT_FRAME);
		return word & ROOT_FRAME;
	}
	frame_get(fresh);
	atomic_store_explicit(s, word | fresh, memory_order_release);
	atomic_fetch_add_explicit(&b->pages, 1, memory_order_relaxed);
	return fresh;
}

static paddr_t page_make(struct body *b, u64 index, bool inside)
{
	paddr_t p = 0, fresh;

	if (!volume_take(b->volume))
		return 0;
	fresh = frame_alloc_user(core_node());
	if (fresh) {
		memset(phys_to_virt(fresh), 0, PAGE_SIZE);
		p = body_page(b, index); /* where many touch a page at once, most find it by now */
	}
	if (fresh && !p) {
		lock_acquire(&b->lock);
		if (!inside || index << PAGE_SHIFT < atomic_load(&b->size))
			p = body_fill(b, index, fresh);
		lock_release(&b->lock);
	}
	if (p != fresh || !p)
		volume_give(b->volume, 1);
	if (fresh && p != fresh)
		frame_put(fresh);
	return p;
}

paddr_t body_page_make(struct body *b, u64 index)
{
	paddr_t p = body_page(b, index);

	return p ? p : page_make(b, index, false);
}

paddr_t body_page_inside(struct body *b, u64 index)
{
	paddr_t p = body_page(b, index);

	return p ? p : page_make(b, index, true);
}

#define CUT_BATCH 64

/* What body_cut takes: pages [from, to); with `tables` the tables of emptied pieces too (nobody else may be looking).
 * Pages that are out of the tree are dropped in batches. */
struct cut {
	const struct body *body;
	u64 from, to, pages;
	bool tables;
	u32 n;
	paddr_t out[CUT_BATCH];
};

static void cut_drop(struct cut *c)
{
	if (c->n && !c->tables)
		body_look_wait(c->body);
	while (c->n)
		frame_put(c->out[--c->n]);
}

static void cut_page(slot_t *slot, u64 word, struct cut *c)
{
	atomic_store(slot, word & ~ROOT_FRAME);
	c->pages++;
	c->out[c->n++] = word & ROOT_FRAME;
	if (c->n == CUT_BATCH)
		cut_drop(c);
}

static void cut_below(slot_t *slot, u32 level, u64 base, struct cut *c)
{
	u64 word = atomic_load_explicit(slot, memory_order_relaxed);
	u64 span = 1ul << (9 * level);
	u32 i;

	if (!(word & ROOT_FRAME) || base + span <= c->from || base >= c->to)
		return;
	if (level == 0) {
		cut_page(slot, word, c);
		return;
	}
	for (i = 0; i < 512; i++)
		cut_below(&body_table(word)[i], level - 1, base + i * (span >> 9), c);
	if (c->tables)
		frame_put(word & ROOT_FRAME);
}

static void body_cut(struct body *b, struct cut *c)
{
	u64 root = atomic_load_explicit(&b->root, memory_order_relaxed);

	if (root)
		cut_below(&b->root, ROOT_HEIGHT(root), 0, c);
	cut_drop(c);
	atomic_fetch_sub_explicit(&b->pages, c->pages, memory_order_relaxed);
	volume_give(b->volume, c->pages);
}

void body_cut_pages(struct body *b, u64 from, u64 to)
{
	struct cut c = { .body = b, .from = from, .to = to };

	lock_acquire(&b->lock);
	body_cut(b, &c);
	lock_release(&b->lock);
}

/* ---- looking for data and holes */

#define NOTHING (~0ul)

/* The first page >= from in a piece of the tree that is there (data) or is not; empty pieces are passed at once. */
static u64 seek_below(u64 word, u32 level, u64 base, u64 from, bool data)
{
	u64 span = 1ul << (9 * level), found;
	u32 i;

	from = MAX(from, base);
	if (!(word & ROOT_FRAME))
		return data ? NOTHING : from;
	if (level == 0)
		return data ? base : NOTHING;
	span >>= 9;
	for (i = (from - base) / span; i < 512; i++) {
		slot_t *s = &body_table(word)[i];

		found = seek_below(atomic_load_explicit(s, memory_order_acquire), level - 1, base + i * span, from, data);
		if (found != NOTHING)
			return found;
	}
	return NOTHING;
}

static u64 seek_page(struct body *b, u64 from, bool data)
{
	u64 root = atomic_load_explicit(&b->root, memory_order_acquire), found;
	u32 height = ROOT_HEIGHT(root);

	if (!body_covers(root, from))
		return data ? NOTHING : from;
	found = seek_below(root, height, 0, from, data);
	return found == NOTHING && !data ? 1ul << (9 * height) : found;
}

long body_seek(struct body *b, u64 from, bool data)
{
	u64 size = atomic_load(&b->size), page;

	if (from >= size)
		return -ENXIO;
	page = seek_page(b, from >> PAGE_SHIFT, data);
	if (page == NOTHING || (data && page << PAGE_SHIFT >= size))
		return -ENXIO;
	return MIN(MAX(from, page << PAGE_SHIFT), size);
}

void body_put(struct body *b)
{
	struct cut all = { .body = b, .to = NOTHING, .tables = true };
	u64 ino;

	if (!b || !refs64_sub(&b->refs, 1))
		return;
	ino = b->ino;
	if (ino)
		fs_forget(ino); /* until then a walk may find it there */
	if (ino)
		notify_gone(ino);
	body_cut(b, &all);
	volume_give_inode(b->volume);
	locks_free(atomic_load(&b->locks));
	kcache_free(&body_cache, b);
}

#define TICK_NS 4000000

s64 body_time(void)
{
	u64 now = wall_ns();

	return now - now % TICK_NS;
}

/* Its line stays with all who only find that it is so already. */
static void stamp(s64 *time, s64 now)
{
	if (*time != now)
		*time = now;
}

void body_touch(struct body *b, bool a, bool m, bool c)
{
	s64 now = body_time();

	if (a)
		stamp(&b->atime, now);
	if (m)
		stamp(&b->mtime, now);
	if (c)
		stamp(&b->ctime, now);
}
