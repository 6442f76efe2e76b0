/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * depot: the slabs of one size class on one node.
 *
 * A slab is a naturally aligned block of frames: a header of 64 bytes, then equal objects. Free objects are
 * linked through their first word; objects that were never used are not linked yet but lie above `cut`.
 *
 *   new --> EMPTY (inuse 0) <--> PARTIAL <--> FULL (inuse == capacity, in no list)
 *             |
 *             +--> back to the frame pool: all but one per depot at once, that one with depot_trim
 *
 * Under the depot's lock: `slabs` links every slab that is not FULL; nempty counts the EMPTY ones;
 * objects = sum of inuse. Order of locks: depot, then none (frames are taken and given with it released).
 */
#ifndef MEM_DEPOT_H
#define MEM_DEPOT_H

#include "base/types.h"
#include "mem/percore.h"

#define SLAB_MAX 2048

struct slab {
	struct slab *next, *prev;
	void *free;
	u32 cut;          /* index of the first never used object */
	u16 inuse, capacity;
	u8 class, order;
	u16 node;         /* whose depot; the memory may be another node's when that one was out */
};

void depot_init(void);
unsigned depot_class(size_t size);     /* smallest class that holds size <= SLAB_MAX */
size_t depot_size(unsigned class);
/* Takes up to `want` objects; returns how many (0: memory is out). */
u32 depot_take(u32 node, unsigned class, void **out, u32 want);
/* Gives objects of one node and class back. */
void depot_give(u32 node, unsigned class, void **objects, u32 n);
void depot_trim(u32 node, unsigned class);
void depot_stat(u32 node, unsigned class, u64 *frames, u64 *objects);
/* The slab of an object, NULL if p lies in none. */
struct slab *slab_of(const void *p);

#endif
