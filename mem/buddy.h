/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * buddy: the free memory of one node, as blocks of 2^order frames, naturally aligned.
 *
 * Memory is described in sections of 32 MiB. A section that is entirely memory starts `virgin`: its records are
 * not even written; it is opened (records filled, one block of the largest order) when the node has nothing
 * else, so that booting costs the same with any amount of memory. Sections at the edges of memory are opened at once.
 *
 *   virgin --open--> free block of SECTION_ORDER --split--> smaller free blocks <--> taken
 *                          ^------------merge with the free buddy of equal size------'
 *
 * Beside the blocks lie batches: frames that a core had too many of, listed in the first of them, as another core will want
 * them. Giving or taking one costs O(1) under the lock; only what is in blocks can be merged, so their number is limited,
 * and who finds no block large enough dissolves them (buddy_merge).
 *
 * Invariants, under the node's lock: a free block's first record is (FREE, order), linked in list[order] through
 * the block's own first bytes; no two free buddies of one size and node exist; `free` counts the frames of all
 * lists, batches and virgin sections.
 *
 * take and give cost O(SECTION_ORDER); give merges within a section only.
 */
#ifndef MEM_BUDDY_H
#define MEM_BUDDY_H

#include "arch/core.h"
#include "mem/frame.h"
#include "nr/sync/lock.h"

#define SECTION_ORDER 13
#define SECTION_FRAMES (1ul << SECTION_ORDER)
#define SECTION_SHIFT (PAGE_SHIFT + SECTION_ORDER)
#define SECTION_SIZE (1ul << SECTION_SHIFT)

struct block; /* a free block's first bytes */
#define BATCH_FRAMES 32
struct batch { /* in its first frame */
	struct batch *next;
	paddr_t frame[BATCH_FRAMES];
};

struct section {
	struct frame *frames;  /* SECTION_FRAMES records; NULL: no memory here */
	u32 next_virgin;       /* index + 1 of the next virgin section of the node */
	bool open;             /* the records are filled */
};

struct node_pool {
	struct lock lock;
	u64 free;              /* frames */
	u32 nonempty;          /* bit per order */
	u32 virgin;            /* index + 1 of the first virgin section, 0: none */
	struct block *list[SECTION_ORDER + 1];
	struct batch *batches;
	u32 nbatches;

	/* Read without the lock; written at boot, or (low) when `free` crosses the reserve. */
	_Alignas(64) _Atomic bool low;
	u16 node;
	u64 total, reserve;    /* frames */
	u8 nearest[NODES_MAX]; /* all nodes, this one first, by distance */
};

extern struct section *sections;
extern u64 nsections;
extern struct node_pool *node_pools[NODES_MAX];

static inline struct frame *frame_record(paddr_t p)
{
	return sections[p >> SECTION_SHIFT].frames + ((p >> PAGE_SHIFT) & (SECTION_FRAMES - 1));
}

static inline u8 frame_kind(const struct frame *f) { return atomic_load_explicit(&f->kind, memory_order_relaxed); }
static inline void frame_kind_set(struct frame *f, u8 kind)
{
	atomic_store_explicit(&f->kind, kind, memory_order_relaxed);
}

/* All below: the caller holds n->lock, except for buddy_low. */
paddr_t buddy_take(struct node_pool *n, unsigned order); /* the first record becomes PAGE; 0: none */
void buddy_give(struct node_pool *n, paddr_t p, unsigned order);
void buddy_give_batch(struct node_pool *n, struct batch *b);     /* frames of this node; into blocks if there are enough batches */
struct batch *buddy_take_batch(struct node_pool *n);             /* NULL: none */
void buddy_merge(struct node_pool *n);                           /* all batches become blocks */
void buddy_add(struct node_pool *n, paddr_t start, paddr_t end); /* new memory inside one section */
void buddy_add_virgin(struct node_pool *n, u64 index);
void section_open(u64 index); /* fills the records as holes */
/* Below the reserve? A hint that costs no shared write. */
static inline bool buddy_low(struct node_pool *n) { return atomic_load_explicit(&n->low, memory_order_relaxed); }
/* 0, or -EINVAL after saying what is broken. For tests. */
int buddy_check(struct node_pool *n);

#endif
