/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Frames: references, core caches, and the way between cores and nodes.
 *
 * A core's cache is a stack of free frames of its own node. Empty, it takes a batch from the node's pool, one that another
 * core left there or a block; full, it leaves one there. So the pool's lock is held for a few instructions, while what a
 * batch consists of is read and written without it. Frames of other nodes that die here wait in `remote` until it is full, then go home
 * in one locked visit per node. A frame in a cache has no reference, so frame_tryget refuses it.
 *
 * The reserve: a user's allocation fails over to the next node where the pool is low, and to 0 where all are.
 */
#include "mem/frame.h"

#include "base/print.h"
#include "base/string.h"
#include "mem/buddy.h"
#include "mem/percore.h"

struct mem_core *_Atomic mem_cores[CORES_MAX];

static inline struct node_pool *pool_of(u32 node)
{
	return node_pools[node < nodes_count() ? node : core_node()];
}

/* --- this core's cache --- */

/* Up to `most` frames: of the smallest blocks first, so that large ones stay whole; those are cut without being split. */
static u64 take_some(struct node_pool *n, paddr_t *out, u64 most)
{
	u64 got = 0;

	while (got < most) {
		unsigned smallest = n->nonempty ? (unsigned)__builtin_ctz(n->nonempty) : SECTION_ORDER;
		unsigned order = MIN(smallest, 63u - (unsigned)__builtin_clzl(most - got));
		paddr_t p = buddy_take(n, order);

		if (!p)
			break;
		for (u64 i = 0; i < 1ul << order; i++)
			out[got++] = p + (i << PAGE_SHIFT);
	}
	return got;
}

/* The cache is empty. */
static void refill(struct frame_cache *c, struct node_pool *n, bool user)
{
	u64 count = 0, most = MIN(c->limit, (u32)BATCH_FRAMES);
	struct batch *b = NULL;

	lock_acquire(&n->lock);
	if (user)
		most = MIN(most, n->free > n->reserve ? n->free - n->reserve : 0);
	if (most == BATCH_FRAMES)
		b = buddy_take_batch(n);
	else
		buddy_merge(n);
	if (!b)
		count = take_some(n, c->own, most);
	lock_release(&n->lock);
	if (b) {
		memcpy(c->own, b->frame, sizeof(b->frame));
		count = BATCH_FRAMES;
	}
	owned_set(&c->count, count);
}

static void drain(struct frame_cache *c, struct node_pool *n)
{
	u64 count = owned_get(&c->count);

	lock_acquire(&n->lock);
	while (count)
		buddy_give(n, c->own[--count], 0);
	owned_set(&c->count, count);
	lock_release(&n->lock);
}

/* The cache is full: the oldest frames, which this core's own caches remember least, go. */
static void leave_batch(struct frame_cache *c, struct node_pool *n)
{
	struct batch *b = phys_to_virt(c->own[0]);

	memcpy(b->frame, c->own, sizeof(b->frame));
	memmove(c->own, c->own + BATCH_FRAMES, (c->limit - BATCH_FRAMES) * sizeof(c->own[0]));
	owned_set(&c->count, c->limit - BATCH_FRAMES);
	lock_acquire(&n->lock);
	buddy_give_batch(n, b);
	lock_release(&n->lock);
}

/* Brings every frame in `remote` home: all of one node under one hold of its lock. */
static void drain_remote(struct frame_cache *c)
{
	u64 left = owned_get(&c->nremote);

	while (left) {
		u32 node = frame_node(owned_get(&c->remote[0]));
		struct node_pool *n = node_pools[node];
		u64 kept = 0;

		lock_acquire(&n->lock);
		for (u64 i = 0; i < left; i++) {
			paddr_t p = owned_get(&c->remote[i]);

			if (frame_node(p) == node)
				buddy_give(n, p, 0);
			else
				owned_set(&c->remote[kept++], p);
		}
		owned_set(&c->nremote, left = kept);
		lock_release(&n->lock);
	}
}

static paddr_t cache_take(struct node_pool *n, bool user)
{
	struct frame_cache *c = &mem_core()->frames;
	u64 count = owned_get(&c->count);

	if (!count) {
		refill(c, n, user);
		count = owned_get(&c->count);
	}
	if (!count)
		return 0;
	owned_set(&c->count, count - 1);
	return c->own[count - 1];
}

static paddr_t pool_take(struct node_pool *n, unsigned order)
{
	paddr_t p;

	lock_acquire(&n->lock);
	p = buddy_take(n, order);
	if (!p && n->batches) {
		buddy_merge(n);
		p = buddy_take(n, order);
	}
	lock_release(&n->lock);
	return p;
}

static paddr_t take_nearest(u32 node, bool user)
{
	const struct node_pool *home = pool_of(node);
	u32 mine = core_node();

	for (u32 i = 0; i < nodes_count(); i++) {
		u32 at = home->nearest[i];
		struct node_pool *n = node_pools[at];
		paddr_t p;

		if (user && buddy_low(n))
			continue;
		p = at == mine ? cache_take(n, user) : pool_take(n, 0);
		if (p)
			return p;
	}
	return 0;
}

/* A free frame, no longer in any cache or pool, without a reference. */
static paddr_t take(u32 node, bool user)
{
	struct frame_cache *c = &mem_core()->frames;
	paddr_t p = take_nearest(node, user);

	if (p || !owned_get(&c->nremote))
		return p;
	drain_remote(c);
	return take_nearest(node, user);
}

static void give(paddr_t p, u32 node)
{
	struct frame_cache *c = &mem_core()->frames;
	u64 count;

#ifdef CHECKED
	memset(phys_to_virt(p), 0xd5, PAGE_SIZE);
#endif
	if (node == core_node()) {
		if (owned_get(&c->count) == c->limit && c->limit < BATCH_FRAMES)
			drain(c, node_pools[node]);
		else if (owned_get(&c->count) == c->limit)
			leave_batch(c, node_pools[node]);
		count = owned_get(&c->count);
		c->own[count] = p;
		owned_set(&c->count, count + 1);
	} else {
		if (owned_get(&c->nremote) == FRAME_REMOTE_MAX)
			drain_remote(c);
		count = owned_get(&c->nremote);
		owned_set(&c->remote[count], p);
		owned_set(&c->nremote, count + 1);
	}
}

void frame_drain(void)
{
	struct frame_cache *c = &mem_core()->frames;

	drain(c, node_pools[core_node()]);
	drain_remote(c);
}

struct mem_core *mem_core_new(void)
{
	unsigned order = 0;
	paddr_t p = 0;
	struct mem_core *m;

	while (PAGE_SIZE << order < sizeof *m)
		order++;
	for (u32 i = 0; !p && i < nodes_count(); i++)
		p = pool_take(node_pools[node_pools[core_node()]->nearest[i]], order);
	if (!p)
		panic("no memory for the caches of core %u", core_id());
	m = phys_to_virt(p);
	memset(m, 0, sizeof *m);
	m->node = core_node();
	m->frames.limit = (u32)MAX(4ul, MIN((u64)FRAME_CACHE_MAX, node_pools[m->node]->total / 512));
	slab_cache_init(&m->slabs);
	atomic_store_explicit(&mem_cores[core_id()], m, memory_order_release);
	return m;
}

/* --- counted frames --- */

static paddr_t alloc_counted(u32 node, bool user)
{
	paddr_t p = take(node, user);

	if (p)
		refs_publish(&frame_record(p)->refs, 1);
	return p;
}

paddr_t frame_alloc(u32 node) { return alloc_counted(node, false); }
paddr_t frame_alloc_user(u32 node) { return alloc_counted(node, true); }

paddr_t frame_alloc_zero(u32 node)
{
	paddr_t p = alloc_counted(node, false);

	if (p)
		memset(phys_to_virt(p), 0, PAGE_SIZE);
	return p;
}

void frame_get(paddr_t p) { refs_get(&frame_record(p)->refs); }
bool frame_get_shared(paddr_t p) { return refs_get(&frame_record(p)->refs) == 1; }
bool frame_tryget(paddr_t p) { return refs_get_unless_zero(&frame_record(p)->refs); }
u32 frame_refs(paddr_t p) { return refs_count(&frame_record(p)->refs); }
u32 frame_node(paddr_t p) { return frame_record(p)->node; }

void frame_put(paddr_t p)
{
	struct frame *f = frame_record(p);

	if (refs_put(&f->refs))
		give(p, f->node);
}

struct frame *frame_find(paddr_t p)
{
	u64 index = p >> SECTION_SHIFT;
	struct frame *f;

	if (index >= nsections || !sections[index].frames || !sections[index].open)
		return NULL;
	f = frame_record(p);
	return frame_kind(f) == FRAME_HOLE ? NULL : f;
}

/* --- blocks --- */

static paddr_t take_block(u32 node, unsigned order)
{
	const struct node_pool *home = pool_of(node);
	paddr_t p = 0;

	if (order == 0)
		return take(node, false);
	for (u32 i = 0; !p && i < nodes_count(); i++)
		p = pool_take(node_pools[home->nearest[i]], order);
	return p;
}

paddr_t frame_alloc_order(u32 node, unsigned order)
{
	paddr_t p = order <= FRAME_ORDER_MAX ? take_block(node, order) : 0;
	struct frame *f;

	if (!p && order && order <= FRAME_ORDER_MAX) { /* our own cached frames may keep a block apart */
		frame_drain();
		p = take_block(node, order);
	}
	if (!p)
		return 0;
	f = frame_record(p);
	f->order = (u8)order;
	frame_kind_set(f, FRAME_BLOCK);
	return p;
}

void frame_free_order(paddr_t p, unsigned order)
{
	struct frame *f = frame_record(p);
	struct node_pool *n = node_pools[f->node];

	if (frame_kind(f) != FRAME_BLOCK || f->order != order)
		panic("frame_free_order: no block of order %u at %lx", order, (unsigned long)p);
	frame_kind_set(f, FRAME_PAGE);
	if (order == 0) {
		give(p, f->node);
		return;
	}
	lock_acquire(&n->lock);
	buddy_give(n, p, order);
	lock_release(&n->lock);
}

/* --- statistics --- */

static u64 cached(const struct frame_cache *c, bool home, u32 node)
{
	u64 n = home ? owned_get(&c->count) : 0;
	u64 remote = MIN(owned_get(&c->nremote), (u64)FRAME_REMOTE_MAX);

	for (u64 i = 0; i < remote; i++)
		n += frame_node(owned_get(&c->remote[i])) == node;
	return n;
}

void frame_stats(u32 node, struct frame_stat *out)
{
	struct node_pool *n = node_pools[node];

	lock_acquire(&n->lock);
	*out = (struct frame_stat){ .total = n->total, .free = n->free };
	lock_release(&n->lock);
	for (u32 i = 0; i < CORES_MAX; i++) {
		const struct mem_core *m = mem_core_get(i);

		if (m)
			out->free += cached(&m->frames, m->node == node, node);
	}
}

/* Constant once the pools are there: asked at each fork. */
u64 frame_total(void)
{
	u64 total = 0;

	for (u32 i = 0; i < nodes_count(); i++)
		total += node_pools[i]->total;
	return total;
}

u64 frame_free_count(void)
{
	struct frame_stat one;
	u64 free = 0;

	for (u32 i = 0; i < nodes_count(); i++) {
		frame_stats(i, &one);
		free += one.free;
	}
	return free;
}
