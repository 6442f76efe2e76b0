/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a core keeps of memory: free frames and free objects, used by this core only, so without locks. Made on
 * the core's own node at its first allocation, never freed.
 *
 * Others may read the counters (statistics), hence `owned`: a word that one core writes and all may read.
 */
#ifndef MEM_PERCORE_H
#define MEM_PERCORE_H

#include "arch/core.h"
#include "mem/frame.h"
#include "mem/slab.h"

#include <stdatomic.h>

typedef _Atomic u64 owned_t;
static inline u64 owned_get(const owned_t *w) { return atomic_load_explicit(w, memory_order_relaxed); }
static inline void owned_set(owned_t *w, u64 v) { atomic_store_explicit(w, v, memory_order_relaxed); }
static inline void owned_add(owned_t *w, u64 more) { owned_set(w, owned_get(w) + more); }

#define FRAME_CACHE_MAX 128
#define FRAME_REMOTE_MAX 32

struct frame_cache {
	owned_t count;                    /* of own[], a stack */
	owned_t nremote;
	u32 limit;                        /* <= FRAME_CACHE_MAX: less where a node has little memory */
	paddr_t own[FRAME_CACHE_MAX];     /* frames of this core's node */
	owned_t remote[FRAME_REMOTE_MAX]; /* frames of other nodes, on their way home */
};

#define SLAB_CLASSES 13
#define MAGAZINE_MAX 32
#define MAGAZINE_REMOTE_MAX 32
#define KCACHES_MAX 96

struct slab_cache {
	struct magazine {
		u32 count, limit;
		void *object[MAGAZINE_MAX];
	} magazine[SLAB_CLASSES];         /* free objects of slabs of this core's node */
	u32 nremote;
	void *remote[MAGAZINE_REMOTE_MAX];/* of other nodes' slabs */
	owned_t live[KCACHES_MAX];        /* allocated minus freed by this core, modulo 2^64, by kcache */
};

struct mem_core {
	u32 node;
	struct frame_cache frames;
	struct slab_cache slabs;
};

/* By core id; NULL until the core's first allocation. Written once, by the core itself. */
extern struct mem_core *_Atomic mem_cores[CORES_MAX];
struct mem_core *mem_core_new(void);
void slab_cache_init(struct slab_cache *c);

static inline struct mem_core *mem_core_get(u32 core)
{
	return atomic_load_explicit(&mem_cores[core], memory_order_acquire);
}

static inline struct mem_core *mem_core(void)
{
	struct mem_core *c = mem_core_get(core_id());

	return likely(c) ? c : mem_core_new();
}

#endif
