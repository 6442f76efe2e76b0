/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * kmalloc and kcaches over depots and frames: magazines (this core's stacks of free objects, one per class),
 * the way home for other nodes' objects, live counts.
 *
 * A live count is kept per core, as allocations minus frees of that core, modulo 2^64: no shared write, and the
 * sum over cores is right although an object may be freed on another core. Slot 0 counts kmalloc.
 */
#include "mem/slab.h"

#include "base/print.h"
#include "base/string.h"
#include "mem/buddy.h"
#include "mem/depot.h"
#include "mem/redzone.h"

static struct lock registry_lock;
static struct kcache *_Atomic registry;
static u32 nregistered;

/* --- magazines --- */

void slab_cache_init(struct slab_cache *c)
{
	for (unsigned i = 0; i < SLAB_CLASSES; i++)
		c->magazine[i].limit = (u32)MIN((size_t)MAGAZINE_MAX, (16u << 10) / depot_size(i));
}

static void *take_here(unsigned class)
{
	struct magazine *m = &mem_core()->slabs.magazine[class];

	if (!m->count)
		m->count = depot_take(core_node(), class, m->object, m->limit / 2);
	return m->count ? m->object[--m->count] : NULL;
}

static void *take_there(u32 node, unsigned class)
{
	void *o;

	return depot_take(node, class, &o, 1) ? o : NULL;
}

static void drain_magazine(struct magazine *m, unsigned class, u32 keep)
{
	if (m->count > keep)
		depot_give(core_node(), class, m->object + keep, m->count - keep);
	m->count = MIN(m->count, keep);
}

/* Sends other nodes' objects home: all of one node and class together. */
static void drain_remote(struct slab_cache *c)
{
	while (c->nremote) {
		const struct slab *first = slab_of(c->remote[0]);
		u32 node = first->node, class = first->class, n = 0, kept = 0;
		void *same[MAGAZINE_REMOTE_MAX];

		for (u32 i = 0; i < c->nremote; i++) {
			const struct slab *s = slab_of(c->remote[i]);

			if (s->node == node && s->class == class)
				same[n++] = c->remote[i];
			else
				c->remote[kept++] = c->remote[i];
		}
		c->nremote = kept;
		depot_give(node, class, same, n);
	}
}

static void give(struct slab *s, void *o)
{
	struct slab_cache *c = &mem_core()->slabs;
	struct magazine *m = &c->magazine[s->class];

	if (s->node == core_node()) {
		if (m->count == m->limit)
			drain_magazine(m, s->class, m->limit / 2);
		m->object[m->count++] = o;
	} else {
		if (c->nremote == MAGAZINE_REMOTE_MAX)
			drain_remote(c);
		c->remote[c->nremote++] = o;
	}
}

void slab_drain(void)
{
	struct slab_cache *c = &mem_core()->slabs;

	for (unsigned i = 0; i < SLAB_CLASSES; i++)
		drain_magazine(&c->magazine[i], i, 0);
	drain_remote(c);
	for (u32 node = 0; node < nodes_count(); node++)
		for (unsigned i = 0; i < SLAB_CLASSES; i++)
			depot_trim(node, i);
}

/* --- objects of any size --- */

static void *alloc_big(size_t size, u32 node)
{
	unsigned order = 0;
	paddr_t p;

	if (size > KMALLOC_MAX)
		return NULL;
	while (PAGE_SIZE << order < size)
		order++;
	p = frame_alloc_order(node, order);
	return p ? phys_to_virt(p) : NULL;
}

static void free_big(void *o)
{
	paddr_t p = virt_to_phys(o);
	const struct frame *f = frame_find(p);

	if (!f || frame_kind(f) != FRAME_BLOCK || p & (PAGE_SIZE - 1))
		panic("kfree of %p, which was not allocated", o);
	frame_free_order(p, f->order);
}

static void count_live(u32 id, u64 more) { owned_add(&mem_core()->slabs.live[id], more); }

static void *alloc(size_t size, u32 node, const struct kcache *owner, u32 id)
{
	void *o;

	size = MAX(size, (size_t)1);
	if (size <= SLAB_MAX - REDZONE) {
		unsigned class = depot_class(size + REDZONE);

		o = node == core_node() ? take_here(class) : take_there(node, class);
		if (o)
			redzone_alloc(o, depot_size(class), size, owner);
	} else {
		o = alloc_big(size, node);
	}
	if (o)
		count_live(id, 1);
	return o;
}

static void free_any(void *o, const struct kcache *owner, u32 id)
{
	struct slab *s = slab_of(o);

	if (s) {
		redzone_free(o, depot_size(s->class), owner);
		give(s, o);
	} else {
		free_big(o);
	}
	count_live(id, -1ul);
}

void *kmalloc(size_t size) { return alloc(size, core_node(), NULL, 0); }
void *kmalloc_node(size_t size, u32 node) { return alloc(size, node < nodes_count() ? node : core_node(), NULL, 0); }

void *kzalloc(size_t size)
{
	void *o = kmalloc(size);

	return o ? memset(o, 0, size) : NULL;
}

void kfree(void *p)
{
	if (p)
		free_any(p, NULL, 0);
}

/* --- kcaches --- */

static u32 kcache_register(struct kcache *c)
{
	u32 id;

	lock_acquire(&registry_lock);
	id = atomic_load_explicit(&c->id, memory_order_relaxed);
	if (!id) {
		id = ++nregistered;
		if (id >= KCACHES_MAX)
			panic("more than %d kcaches", KCACHES_MAX - 1);
		c->next = atomic_load_explicit(&registry, memory_order_relaxed);
		atomic_store_explicit(&c->id, id, memory_order_relaxed);
		atomic_store_explicit(&registry, c, memory_order_release); /* kcache_first: acquire */
	}
	lock_release(&registry_lock);
	return id;
}

static inline u32 kcache_id(struct kcache *c)
{
	u32 id = atomic_load_explicit(&c->id, memory_order_relaxed);

	return likely(id) ? id : kcache_register(c);
}

void *kcache_alloc(struct kcache *c)
{
	void *o = alloc(c->size, core_node(), c, kcache_id(c));

	return o ? memset(o, 0, c->size) : NULL;
}

void kcache_free(struct kcache *c, void *p)
{
	if (p)
		free_any(p, c, kcache_id(c));
}

const struct kcache *kcache_first(void) { return atomic_load_explicit(&registry, memory_order_acquire); }

static u64 live(u32 id)
{
	u64 n = 0;

	for (u32 i = 0; i < CORES_MAX; i++) {
		const struct mem_core *m = mem_core_get(i);

		if (m)
			n += owned_get(&m->slabs.live[id]);
	}
	return n;
}

u64 kmalloc_live(void) { return live(0); }

u64 kcache_live(const struct kcache *c)
{
	u32 id = atomic_load_explicit(&c->id, memory_order_relaxed);

	return id ? live(id) : 0;
}

bool slab_stats(unsigned i, struct slab_stat *out)
{
	if (i >= SLAB_CLASSES)
		return false;
	*out = (struct slab_stat){ .size = depot_size(i) };
	for (u32 node = 0; node < nodes_count(); node++)
		depot_stat(node, i, &out->frames, &out->objects);
	return true;
}
