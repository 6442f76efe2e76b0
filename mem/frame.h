/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Frames: physical pages, owned by their node, handed out through per-core caches.
 *
 *   core cache (no lock; this core only)  <-- refill/drain in batches -->  node pool (one short lock)
 *
 * Every frame has a struct frame: a reference count (several mappings of one page) and the node it belongs
 * to. frame_alloc gives one reference; frame_put of the last one returns the frame to its node.
 * Cost: alloc and free O(1); once per 32, the node's lock for O(1).
 *
 * Two kinds of customers: the kernel may use all memory; pages that programs ask for (frame_alloc_user) are
 * refused while a node is down to its share of the reserve (1/64 of memory, 256 KiB to 4 MiB), so that
 * programs which eat all memory cannot starve the kernel.
 *
 * Context: any, nothing here sleeps. Nothing here may be called before frame_init.
 */
#ifndef MEM_FRAME_H
#define MEM_FRAME_H

#include "arch/mmu.h"
#include "base/types.h"
#include "nr/sync/refs.h"

enum frame_kind {
	FRAME_HOLE,   /* not ours: device, firmware, the kernel's image */
	FRAME_FREE,   /* the first frame of a free block of a node pool; `order` tells its size */
	FRAME_PAGE,   /* from frame_alloc, counted; or inside a free block; or in a core cache (refs is 0) */
	FRAME_BLOCK,  /* the first frame from frame_alloc_order: not counted, refs is 0 */
	FRAME_SLAB,   /* every frame of a block that mem/slab.c cuts into objects */
};

struct frame {
	struct refs refs;
	_Atomic u8 kind; /* set by the owner of the frame; FRAME_FREE only under the node's lock */
	u8 order;        /* of the block that this frame heads, or (slab) is part of */
	u16 node;
};

void frame_init(void);                             /* from boot_info; before any other core runs */
/* A frame with one reference, from `node` if it has one, else the nearest that has; 0 if memory is out.
 * Contents undefined; frame_alloc_zero clears it. */
paddr_t frame_alloc(u32 node);
paddr_t frame_alloc_zero(u32 node);
paddr_t frame_alloc_user(u32 node);                /* the same for a program's page: leaves the reserve alone */
void frame_get(paddr_t p);                         /* one more reference; the caller holds one */
bool frame_get_shared(paddr_t p);                  /* true if it had exactly one before */
/* For lock-free readers of a page map: one more reference unless the frame is free (or a block). The caller then
 * must check that it still is the frame it meant. p must have been a frame once. */
bool frame_tryget(paddr_t p);
void frame_put(paddr_t p);                         /* frees with the last */
u32 frame_refs(paddr_t p);
/* A page table entry holds a reference for as long as it likes, and there may be more entries than the count has room for:
 * whoever makes one asks first, and says -ENOMEM. The room above is for those that hold one for a moment. */
#define FRAME_REFS_MAX (1u << 30)
static inline bool frame_crowded(paddr_t p) { return frame_refs(p) > FRAME_REFS_MAX; }
u32 frame_node(paddr_t p);
/* 2^order contiguous frames, naturally aligned, for rings and tables; freed only together. order <= FRAME_ORDER_MAX.
 * 0 if there is none. */
#define FRAME_ORDER_MAX 10
paddr_t frame_alloc_order(u32 node, unsigned order);
void frame_free_order(paddr_t p, unsigned order);
/* Hands over memory that was in use at boot and is not any more (the initrd). Page-aligned part of [start, end). */
void frame_donate(u64 start, u64 end, u32 node);

struct frame_stat { u64 total, free; };            /* frames; free counts the core caches too */
void frame_stats(u32 node, struct frame_stat *out);
u64 frame_total(void);
u64 frame_free_count(void);
void frame_drain(void);                            /* this core's cache back to its node */

/* The record of a frame; NULL if p is no memory of ours. */
struct frame *frame_find(paddr_t p);

#endif
