/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Page tables as x86-64 walks them, and the TLB. (Intel SDM vol. 3, 4.5.)
 *
 * An entry is one 64-bit word that is only changed by compare-exchange, so faults on disjoint or equal pages
 * need no lock. Four software bits give a leaf entry a meaning beyond the hardware's:
 *
 *   PTE_KEEP  this entry owns a reference to its frame, whether or not the MMU may use it (PTE_P)
 *   PTE_COW   the frame is shared; a write must copy it first
 *   PTE_BUSY  a copy is under way; other writers retry
 *   PTE_HOLD  it is being entered into another node's table: nobody changes it until that is done
 *
 * Kernel space is the upper half, shared by all roots: its 256 top-level entries are made at boot and never
 * change, so a root is valid on every core for ever.
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include "base/types.h"

typedef u64 pte_t;
typedef u64 paddr_t;

#define PTE_P 1ul
#define PTE_W 2ul
#define PTE_U 4ul
#define PTE_PWT 8ul
#define PTE_PCD 16ul
#define PTE_A 32ul
#define PTE_D 64ul
#define PTE_HUGE 128ul
#define PTE_G 256ul
#define PTE_KEEP (1ul << 9)
#define PTE_COW (1ul << 10)
#define PTE_BUSY (1ul << 11)
#define PTE_HOLD (1ul << 52)
#define PTE_NX (1ul << 63)
#define PTE_FRAME 0x000ffffffffff000ul

/* All physical memory is mapped here, not executable. */
#ifdef NROS_HOST /* arch/host: an arena of the process */
extern u64 host_direct_base;
#define DIRECT_BASE host_direct_base
#else
#define DIRECT_BASE 0xffff888000000000ul
#endif
static inline void *phys_to_virt(paddr_t p) { return (void *)(DIRECT_BASE + p); }
static inline paddr_t virt_to_phys(const void *v) { return (u64)v - DIRECT_BASE; } /* direct map only */

#define MMU_LEVELS 4
/* Index of va in a table of `level` (3 = top .. 0 = leaf). */
static inline unsigned mmu_index(u64 va, int level) { return (va >> (12 + 9 * level)) & 511; }
static inline u64 mmu_span(int level) { return 1ul << (12 + 9 * level); }

/* A fresh root: zeroed lower half, the kernel's upper half copied in. `page` is a frame of the caller's. */
void mmu_root_init(void *page);
/* Loads a root on this core (CR3; PCID where present is arch's business). Flushes non-global entries. */
void mmu_load(paddr_t root);
paddr_t mmu_loaded(void);
paddr_t mmu_kernel_root(void);
void mmu_flush_page(u64 va);
void mmu_flush_all(void);      /* non-global entries of the current root */
void mmu_flush_global(void);

/* An address inside the kernel's image (text, constants, data). */
static inline paddr_t image_to_phys(const void *p) { return (u64)p - 0xffffffff80000000ul; }

/*
 * The vmap area, 4 KiB pages made at run time. The first terabyte is arch's (stacks it makes for cores, device
 * registers), the second the kernel's to divide: kernel stacks, windows.
 */
#define VMAP_BASE 0xffffc90000000000ul
#define VMAP_CORES VMAP_BASE
#define VMAP_DEVICE (VMAP_BASE + (1ul << 39))
#define VMAP_DEVICE_END VMAP_KERNEL
#define VMAP_KERNEL (VMAP_BASE + (1ul << 40))
#define VMAP_END (VMAP_BASE + (2ul << 40))
enum mmu_prot { MMU_R = 1, MMU_W = 2, MMU_X = 4, MMU_UNCACHED = 8 };

/* Maps kernel pages at va, which the caller owns. Returns 0 or -ENOMEM. No lock: tables are linked by
 * compare-exchange. Page-table pages come from frame_alloc and stay. */
int mmu_vmap(u64 va, paddr_t pa, size_t len, unsigned prot);
void mmu_vunmap(u64 va, size_t len); /* clears entries; the caller flushes */
void *mmu_map_device(paddr_t pa, size_t len); /* uncached window, NULL on failure; never unmapped */

/* Called by arch/, written in mem/ (mem/frame.h has their contracts). */
paddr_t frame_alloc(u32 node);
paddr_t frame_alloc_zero(u32 node);
void frame_put(paddr_t p);

#endif
