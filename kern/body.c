/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * File bodies: see body.h. This file holds the page tree and a body's life; body_io.c copies bytes.
 *
 * The tree's root word carries its height in bits 56..59, so that one load tells both. Tables are never freed
 * before the body (truncate only empties slots), hence a lock-free reader may always walk on. It takes its
 * reference with frame_tryget and then looks at the slot again: a frame that was freed and reused meanwhile
 * fails the second look.
 */
#include "kern/body.h"
#include "base/print.h"
#include "base/string.h"
#include "kern/clock.h"
#include "kern/fs.h"
#include "kern/locks.h"
#include "kern/percore.h"
#include "mem/frame.h"
#include "mem/slab.h"

KCACHE(body_cache, "bodies", struct body);
static _Atomic u64 body_pages_total;

typedef _Atomic u64 slot_t;

#define ROOT_FRAME 0x000ffffffffff000ul
#define ROOT_HEIGHT(r) ((u32)((r) >> 56 & 15))
#define HEIGHT_MAX 4u

struct body *body_new(void)
{
	struct body *b = kcache_alloc(&body_cache);

	if (!b)
		return NULL;
	refs64_init(&b->refs, 1);
	lock_init(&b->lock);
	mutex_init(&b->writer);
	b->atime = b->mtime = b->ctime = b->btime = wall_ns();
	return b;
}

static slot_t *body_table(u64 word)
{
	return phys_to_virt(word & ROOT_FRAME);
}

static bool body_covers(u64 root, u64 index)
{
	return root && (index >> (9 * ROOT_HEIGHT(root))) == 0;
}

/* The slot of a page, NULL if its tables do not exist. */
static slot_t *body_slot(struct body *b, u64 index)
{
	u64 root = atomic_load_explicit(&b->root, memory_order_acquire);
	u32 level = ROOT_HEIGHT(root);
	slot_t *s = &b->root;

	if (!body_covers(root, index))
		return NULL;
	while (level-- > 0) {
		/* The root's word is read once: its height and its table belong together. */
		u64 word = s == &b->root ? root : atomic_load_explicit(s, memory_order_acquire);

		if (!(word & ROOT_FRAME))
			return NULL;
		s = &body_table(word)[index >> (9 * level) & 511];
	}
	return s;
}

paddr_t body_page(struct body *b, u64 index)
{
	for (;;) {
		slot_t *s = body_slot(b, index);
		paddr_t p;

		if (!s)
			return 0;
		p = atomic_load_explicit(s, memory_order_acquire) & ROOT_FRAME;
		if (s == &b->root && ROOT_HEIGHT(atomic_load(&b->root)))
			continue; /* the tree grew between the two looks */
		if (!p)
			return 0;
		if (!frame_tryget(p))
			continue;
		if ((atomic_load(s) & ROOT_FRAME) == p && (s != &b->root || !ROOT_HEIGHT(atomic_load(s))))
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

paddr_t body_page_make(struct body *b, u64 index)
{
	paddr_t p = body_page(b, index), fresh;
	slot_t *s;

	if (p)
		return p;
	fresh = frame_alloc_user(core_node());
	if (!fresh)
		return 0;
	memset(phys_to_virt(fresh), 0, PAGE_SIZE);
	lock_acquire(&b->lock);
	s = body_slot_make(b, index);
	p = s ? atomic_load_explicit(s, memory_order_relaxed) & ROOT_FRAME : 0;
	if (s && !p) {
		frame_get(fresh);
		atomic_store_explicit(s, (atomic_load_explicit(s, memory_order_relaxed) & ~ROOT_FRAME) | fresh,
				      memory_order_release);
		atomic_fetch_add_explicit(&b->pages, 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&body_pages_total, 1, memory_order_relaxed);
		lock_release(&b->lock);
		return fresh;
	}
	if (p)
		frame_get(p);
	lock_release(&b->lock);
	frame_put(fresh);
	return p;
}

/* Under b->lock: empties the slots of pages >= from below `table`. With `all`, frees the tables too. */
static void body_cut(struct body *b, slot_t *slot, u32 level, u64 base, u64 from, bool all)
{
	u64 word = atomic_load_explicit(slot, memory_order_relaxed);
	u64 span = 1ul << (9 * level);
	u32 i;

	if (!(word & ROOT_FRAME) || base + span <= from)
		return;
	if (level == 0) {
		atomic_store_explicit(slot, word & ~ROOT_FRAME, memory_order_release);
		atomic_fetch_sub_explicit(&b->pages, 1, memory_order_relaxed);
		atomic_fetch_sub_explicit(&body_pages_total, 1, memory_order_relaxed);
		frame_put(word & ROOT_FRAME);
		return;
	}
	for (i = 0; i < 512; i++)
		body_cut(b, &body_table(word)[i], level - 1, base + i * (span >> 9), from, all);
	if (all)
		frame_put(word & ROOT_FRAME);
}

static void body_cut_from(struct body *b, u64 from, bool all)
{
	u64 root = atomic_load_explicit(&b->root, memory_order_relaxed);

	if (root)
		body_cut(b, &b->root, ROOT_HEIGHT(root), 0, from, all);
}

static void body_zero_tail(struct body *b, u64 size)
{
	size_t in_page = size & (PAGE_SIZE - 1);
	paddr_t p = in_page ? body_page(b, size >> PAGE_SHIFT) : 0;

	if (!p)
		return;
	memset((u8 *)phys_to_virt(p) + in_page, 0, PAGE_SIZE - in_page);
	frame_put(p);
}

int body_truncate(struct body *b, u64 size)
{
	if (size > BODY_MAX)
		return -EFBIG;
	mutex_lock(&b->writer);
	lock_acquire(&b->lock);
	if (size < atomic_load(&b->size)) {
		atomic_store(&b->size, size);
		body_cut_from(b, ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT, false);
	} else {
		atomic_store(&b->size, size);
	}
	lock_release(&b->lock);
	body_zero_tail(b, size);
	body_touch(b, false, true, true);
	mutex_unlock(&b->writer);
	return 0;
}

void body_put(struct body *b)
{
	u64 ino;

	if (!b || !refs64_sub(&b->refs, 1))
		return;
	ino = b->ino;
	if (ino)
		fs_forget(ino); /* until then a walk may find it there */
	body_cut_from(b, 0, true);
	locks_free(atomic_load(&b->locks));
	kcache_free(&body_cache, b);
}

void body_touch(struct body *b, bool a, bool m, bool c)
{
	u64 now = wall_ns();

	if (a)
		b->atime = now;
	if (m)
		b->mtime = now;
	if (c)
		b->ctime = now;
}

u64 body_total_pages(void)
{
	return atomic_load_explicit(&body_pages_total, memory_order_relaxed);
}
