/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pagemap: which frame backs each page of an address space, and every node's page table for it.
 *
 * The truth about frames is one radix tree per space, in the hardware's own format: the *master*. Its entries
 * change by compare-exchange only, so faults on disjoint pages share no lock, no log and no cache line. The
 * MMU of the home node walks the master itself; a process that lives on one node has no second table.
 * Another node that runs threads of the space has its own table, a cache: filled by faults from the master,
 * cleared whenever the master's entry loses a right, droppable at any time.
 *
 * A leaf entry of the master (bits in arch/mmu.h):
 *
 *            fill                      fork
 *   0 ------------------> KEEP|P|W ----------> KEEP|P|COW ----+
 *   |  ^                   ^   |  ^                |  write,  | write, alone:
 *   |  | zap               |   |  | set rights     |  shared  | COW goes
 *   |  +-------------------|---+  +---> KEEP (no P)|          |
 *   |                      +---- copy, CAS --- KEEP|COW|BUSY <+
 *   +--> P without KEEP: the node's zero page, read-only, nobody counts it
 *
 * Another node's table gets an entry under PTE_HOLD: set with the change of the master's entry, cleared once the node's
 * is written. Whoever changes an entry waits for that bit first (a few instructions of a core that has interrupts
 * off), so a node's table never receives what the master has already lost.
 *
 * Who may call what: pagemap_set under a read guard of the space's regions (so an update of the regions, once
 * every replica has it, is ordered after all fills that saw the older regions); zap, protect, copy only after
 * such an update (discard, which changes no region, needs none). PTE_A and PTE_D are always set beforehand: the MMU never writes into a table.
 */
#ifndef KERN_PAGEMAP_H
#define KERN_PAGEMAP_H

#include <stdatomic.h>
#include "arch/core.h"
#include "arch/mmu.h"

struct pagemap {
	u32 home;
	_Atomic paddr_t root[NODES_MAX]; /* 0: this node uses the home's */
	_Atomic u32 copies;              /* nodes besides home that have a table */
	/* Apart from what each fault reads: */
	_Alignas(64) _Atomic s64 resident; /* frames kept, but for what cores have yet to add (kern/resident.h) */
	_Atomic u64 tables;              /* page-table pages, all nodes */
};

#define PTE_TABLE (PTE_P | PTE_W | PTE_U | PTE_A)
#define PTE_LEAF (PTE_P | PTE_U | PTE_A | PTE_D)

int pagemap_init(struct pagemap *pm, u32 home);                /* 0 or -ENOMEM */
/* Frees every frame and table. No core has it loaded. */
void pagemap_destroy(struct pagemap *pm);
paddr_t pagemap_root(const struct pagemap *pm, u32 node);      /* what this node's cores load */
int pagemap_node_add(struct pagemap *pm, u32 node);            /* gives a node its own table; 0 or -ENOMEM */

/* Table pages for one walk, allocated outside guards. */
struct pagemap_stock {
	u32 n;
	paddr_t page[MMU_LEVELS - 1];
};
bool pagemap_stock_fill(struct pagemap_stock *stock, u32 node);
void pagemap_stock_drop(struct pagemap_stock *stock);

/* The leaf slot for va in the master (home) or a node's table; missing levels are linked from `stock` (may be NULL). NULL
 * if absent. Call it, and use the slot, under a guard after a look at the space's changes, inside a change or
 * an exclusive (kern/changes.h): a trim frees empty tables. */
_Atomic pte_t *pagemap_slot(struct pagemap *pm, u32 node, u64 va, struct pagemap_stock *stock);
/* The entry once nobody holds it. */
pte_t pagemap_settled(_Atomic pte_t *slot);
bool pagemap_has_copy(const struct pagemap *pm, u32 node);

/* Frames taken out of the map, to be dropped once no TLB can hold them. */
#define PAGEMAP_BATCH 256
struct zap {
	u32 n;
	u64 next;                        /* where to go on */
	u64 low, high;                   /* from the first to behind the last entry that lost something: to be flushed */
	paddr_t more;                    /* a page for more of them, if there was memory: fewer flushes */
	paddr_t frame[PAGEMAP_BATCH];
};
#define PAGEMAP_MORE (PAGE_SIZE / sizeof(paddr_t))
/* Empties [start, end) until the batch is full; z->next == end when done. The caller flushes, then zap_free. */
void pagemap_zap(struct pagemap *pm, u64 start, u64 end, struct zap *z); /* the caller counts z->n frames less */
void zap_free(struct zap *z);
/* Gives every kept page in the range at most the rights `prot` (PROT_*); z says what lost one and is to be flushed. */
void pagemap_protect(struct pagemap *pm, u64 start, u64 end, unsigned prot, struct zap *z);
/* fork: shares all kept pages of the range copy-on-write with `child`, whose rights there are `prot`. 0 or -ENOMEM (child
 * is partly filled). */
int pagemap_copy(struct pagemap *pm, struct pagemap *child, u64 start, u64 end, unsigned prot);
/* Moves kept pages (mremap): entries leave [from, from+len) and appear at `to`. 0 or -ENOMEM before any moved. */
int pagemap_move(struct pagemap *pm, u64 from, u64 to, u64 len);
/* Clears node copies of one page. */
void pagemap_forget(struct pagemap *pm, u64 va);
/* In an exclusive with faults stopped, no guard held: frees the tables that hold nothing, and the nodes' tables in
 * `drop` (a bit per node) with all below. `flush` is called once nothing leads to them any more, before they are freed.
 * Returns table pages freed. */
u64 pagemap_trim(struct pagemap *pm, u64 drop, void (*flush)(void *arg), void *arg);
/* Kept pages in a range, for smaps and RLIMIT accounting. */
u64 pagemap_count(struct pagemap *pm, u64 start, u64 end);

#endif
