/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Kernel memory in sizes below and above a page, node-local, with per-core caches of free objects.
 *
 *   kmalloc   size classes up to 2 KiB from slabs; above, whole frames (2^order), up to 4 MiB
 *   kfree     may be called on any core; the object goes to this core's cache or its slab's node
 *   struct kcache   typed: a name, an object size, a live count shown in /proc/nros/mem
 *
 * Cost: O(1), no lock; one short node lock per batch of up to 16. Context: any, nothing sleeps.
 *
 * Built with -DCHECKED: a red zone behind every object, poison in free ones, and a panic that names the object on an
 * overrun, a double free, a write after free, or a free through the wrong cache.
 */
#ifndef MEM_SLAB_H
#define MEM_SLAB_H

#include "base/types.h"

#define KMALLOC_MAX ((size_t)4 << 20)

void *kmalloc(size_t size);              /* on this core's node; NULL if memory is out; 16-byte aligned, 64 from 64 up */
void *kzalloc(size_t size);
void *kmalloc_node(size_t size, u32 node);
void kfree(void *p);                     /* NULL is fine */
u64 kmalloc_live(void);                  /* objects of kmalloc not yet freed, exact when no core is in a call */

struct kcache {
	const char *name;
	size_t size;
	_Atomic u32 id;                  /* private: 0 until first used */
	struct kcache *next;             /* all of them, for /proc/nros/mem */
};
#define KCACHE(var, label, type) struct kcache var = { .name = label, .size = sizeof(type) }
void *kcache_alloc(struct kcache *c);    /* zeroed; NULL if memory is out */
void kcache_free(struct kcache *c, void *p);
u64 kcache_live(const struct kcache *c); /* counted per core, summed here */
const struct kcache *kcache_first(void); /* those that were ever used */
/* This core's free objects back to their slabs, and every empty slab back to the frame pools. Once it and frame_drain
 * ran on every core, what memory is in use is in live objects only. */
void slab_drain(void);

struct slab_stat {
	size_t size;                     /* of an object */
	u64 frames;                      /* held by the class's slabs, all nodes */
	u64 objects;                     /* live or in core caches */
};
bool slab_stats(unsigned i, struct slab_stat *out); /* class i = 0, 1, ...; false after the last */

#endif
