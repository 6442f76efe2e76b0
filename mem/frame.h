/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Frames: physical pages, owned by their node, handed out through per-core caches.
 *
 *   core cache (no lock; this core only)  <-- refill/drain in batches -->  node pool (one short lock)
 *
 * Every frame has a struct frame: a reference count (several mappings of one page) and the node it belongs
 * to. frame_alloc gives one reference; frame_put of the last one returns the frame to its node.
 * Cost: alloc and free O(1), a lock once per batch of 32.
 */
#ifndef MEM_FRAME_H
#define MEM_FRAME_H

#include "arch/mmu.h"
#include "base/types.h"

struct frame {
	u32 refs;   /* atomic */
	u16 node;
	u16 flags;
};

void frame_init(void);                             /* from boot_info; before any other core runs */
/* A frame with one reference, from `node` if it has one, else the nearest that has; 0 if memory is out.
 * Contents undefined; frame_alloc_zero clears it. */
paddr_t frame_alloc(u32 node);
paddr_t frame_alloc_zero(u32 node);
void frame_get(paddr_t p);                         /* one more reference */
bool frame_get_shared(paddr_t p);                  /* true if it had exactly one before */
void frame_put(paddr_t p);                         /* frees with the last */
u32 frame_refs(paddr_t p);
u32 frame_node(paddr_t p);
/* 2^order contiguous frames, naturally aligned, for rings and tables; freed only together. */
paddr_t frame_alloc_order(u32 node, unsigned order);
void frame_free_order(paddr_t p, unsigned order);

struct frame_stat { u64 total, free; };            /* free counts the core caches too */
void frame_stats(u32 node, struct frame_stat *out);
u64 frame_total(void);
u64 frame_free_count(void);
void frame_drain(void);                            /* this core's cache back to its node */

#endif
