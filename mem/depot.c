/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* depot: see depot.h. */
#include "mem/depot.h"

#include "base/print.h"
#include "base/string.h"
#include "mem/buddy.h"
#include "mem/redzone.h"
#include "nr/sync/lock.h"

enum { HEADER = 64 };
_Static_assert(sizeof(struct slab) <= HEADER, "a slab's header fits before the first object");

static const u16 class_size[SLAB_CLASSES] = { 16, 32, 48, 64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048 };
static u8 class_by_16[SLAB_MAX / 16 + 1];

struct depot {
	_Alignas(64) struct lock lock;
	struct slab *slabs;
	u32 nempty;
	u64 frames, objects;
};
static struct depot *depots[NODES_MAX]; /* SLAB_CLASSES each, on their node */

unsigned depot_class(size_t size) { return class_by_16[(size + 15) / 16]; }
size_t depot_size(unsigned class) { return class_size[class]; }

/* The smallest block with room for 15 objects or more, one frame at least. */
static unsigned class_order(unsigned class)
{
	unsigned order = 0;

	while (PAGE_SIZE << order < HEADER + 15ul * class_size[class])
		order++;
	return order;
}

void depot_init(void)
{
	unsigned class = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(class_by_16); i++) {
		if (i * 16 > class_size[class])
			class++;
		class_by_16[i] = (u8)class;
	}
	for (u32 node = 0; node < nodes_count(); node++) {
		paddr_t p = frame_alloc_zero(node);

		_Static_assert(SLAB_CLASSES * sizeof(struct depot) <= 4096, "a node's depots fit into a frame");
		if (!p)
			panic("no memory for the depots of node %u", node);
		depots[node] = phys_to_virt(p);
		for (unsigned i = 0; i < SLAB_CLASSES; i++)
			lock_init(&depots[node][i].lock);
	}
}

/* --- one slab --- */

static void *object(struct slab *s, u32 i) { return (u8 *)s + HEADER + (size_t)i * class_size[s->class]; }

struct slab *slab_of(const void *p)
{
	struct frame *f = frame_find(virt_to_phys(p));

	if (!f || frame_kind(f) != FRAME_SLAB)
		return NULL;
	return (struct slab *)((u64)p & ~((PAGE_SIZE << f->order) - 1));
}

static void mark(const struct slab *s, u8 kind)
{
	struct frame *f = frame_record(virt_to_phys(s));

	for (unsigned i = 0; i < 1u << s->order; i++) {
		f[i].order = s->order;
		frame_kind_set(&f[i], kind);
	}
}

static struct slab *slab_new(u32 node, unsigned class)
{
	unsigned order = class_order(class);
	paddr_t p = frame_alloc_order(node, order);
	struct slab *s;

	if (!p)
		return NULL;
	s = phys_to_virt(p);
	*s = (struct slab){ .class = (u8)class, .order = (u8)order, .node = (u16)node,
			    .capacity = (u16)(((PAGE_SIZE << order) - HEADER) / class_size[class]) };
	mark(s, FRAME_SLAB);
	return s;
}

static void slab_destroy(struct slab *s)
{
	mark(s, FRAME_PAGE);
	frame_kind_set(frame_record(virt_to_phys(s)), FRAME_BLOCK);
	frame_free_order(virt_to_phys(s), s->order);
}

static void *slab_pop(struct slab *s)
{
	void *o = s->free;

	if (o) {
		s->free = *(void **)o;
	} else {
		o = object(s, s->cut++);
		redzone_fresh(o, class_size[s->class]);
	}
	s->inuse++;
	return o;
}

static void slab_push(struct slab *s, void *o)
{
	*(void **)o = s->free;
	s->free = o;
	s->inuse--;
}

/* --- the depot --- */

static void link_slab(struct depot *d, struct slab *s)
{
	s->prev = NULL;
	s->next = d->slabs;
	if (s->next)
		s->next->prev = s;
	d->slabs = s;
}

static void unlink_slab(struct depot *d, struct slab *s)
{
	if (s->next)
		s->next->prev = s->prev;
	if (s->prev)
		s->prev->next = s->next;
	else
		d->slabs = s->next;
}

/* With the lock held; lets go of it to get frames. NULL: memory is out. */
static struct slab *slab_with_room(struct depot *d, u32 node, unsigned class)
{
	struct slab *s = d->slabs;

	if (s)
		return s;
	lock_release(&d->lock);
	s = slab_new(node, class);
	lock_acquire(&d->lock);
	if (!s)
		return NULL;
	d->frames += 1ul << s->order;
	d->nempty++;
	link_slab(d, s);
	return s;
}

u32 depot_take(u32 node, unsigned class, void **out, u32 want)
{
	struct depot *d = &depots[node][class];
	struct slab *s;
	u32 got = 0;

	lock_acquire(&d->lock);
	while (got < want && (s = got ? d->slabs : slab_with_room(d, node, class))) {
		d->nempty -= s->inuse == 0;
		while (got < want && s->inuse < s->capacity)
			out[got++] = slab_pop(s);
		if (s->inuse == s->capacity)
			unlink_slab(d, s);
	}
	d->objects += got;
	lock_release(&d->lock);
	return got;
}

/* With the lock held: takes one object back. Returns its slab if that should go back to the frame pool. */
static struct slab *give_one(struct depot *d, void *o)
{
	struct slab *s = slab_of(o);

	if (s->inuse == s->capacity)
		link_slab(d, s);
	slab_push(s, o);
	if (s->inuse)
		return NULL;
	if (!d->nempty) {
		d->nempty = 1;
		return NULL;
	}
	unlink_slab(d, s);
	d->frames -= 1ul << s->order;
	return s;
}

static void destroy_all(struct slab *s)
{
	while (s) {
		struct slab *next = s->next;

		slab_destroy(s);
		s = next;
	}
}

void depot_give(u32 node, unsigned class, void **objects, u32 n)
{
	struct depot *d = &depots[node][class];
	struct slab *gone = NULL, *s;

	lock_acquire(&d->lock);
	for (u32 i = 0; i < n; i++) {
		s = give_one(d, objects[i]);
		if (s) {
			s->next = gone;
			gone = s;
		}
	}
	d->objects -= n;
	lock_release(&d->lock);
	destroy_all(gone);
}

void depot_trim(u32 node, unsigned class)
{
	struct depot *d = &depots[node][class];
	struct slab *gone = NULL, *s, *next;

	lock_acquire(&d->lock);
	for (s = d->slabs; s; s = next) {
		next = s->next;
		if (s->inuse)
			continue;
		unlink_slab(d, s);
		d->nempty--;
		d->frames -= 1ul << s->order;
		s->next = gone;
		gone = s;
	}
	lock_release(&d->lock);
	destroy_all(gone);
}

void depot_stat(u32 node, unsigned class, u64 *frames, u64 *objects)
{
	struct depot *d = &depots[node][class];

	lock_acquire(&d->lock);
	*frames += d->frames;
	*objects += d->objects;
	lock_release(&d->lock);
}
