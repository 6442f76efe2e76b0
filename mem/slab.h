/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Kernel memory in sizes below and above a page, node-local, with per-core caches of free objects.
 *
 *   kmalloc   size classes up to 4 KiB from slabs of one frame; above, whole frames (2^order)
 *   kfree     may be called on any core; the object goes to this core's cache or its slab's node
 *   struct kcache   typed: a name, an object size, a live count shown in /proc/nros/mem
 */
#ifndef MEM_SLAB_H
#define MEM_SLAB_H

#include "base/types.h"

void *kmalloc(size_t size);              /* on this core's node; NULL if memory is out; 16-byte aligned, 64 from 64 up */
void *kzalloc(size_t size);
void *kmalloc_node(size_t size, u32 node);
void kfree(void *p);                     /* NULL is fine */

struct kcache {
	const char *name;
	size_t size;
	u64 live;                        /* atomic */
	struct kcache *next;             /* all of them, for /proc/nros/mem */
};
#define KCACHE(var, label, type) struct kcache var = { .name = label, .size = sizeof(type) }
void *kcache_alloc(struct kcache *c);    /* zeroed; NULL if memory is out */
void kcache_free(struct kcache *c, void *p);
const struct kcache *kcache_first(void); /* those that were ever used */
void slab_drain(void);                   /* gives empty slabs back to the frame pools */

#endif
