/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * regions: what an address space means: disjoint ranges [start, end) -> rights, sharing, backing object.
 *
 * This is the truth from which page faults fill the hardware tables. It maps pages to (object, offset); which frame
 * backs a page is not its business. A red-black tree by address; every node knows the largest gap below
 * the regions of its subtree, so that placing a mapping is O(log n) as well.
 *
 *   find, next, place, GROW_STACK, BRK          O(log n)
 *   UNMAP, PROTECT, SETFLAGS, MAP, MREMAP        O(log n + k), k <= REGIONS_STEP regions per operation
 *
 * Steps. An operation on a range with more than REGIONS_STEP regions does the first ones and says `more`: apply it
 * again, with addr = ret.next for UNMAP, PROTECT and SETFLAGS, unchanged for MAP, MREMAP and BRK. While a MAP_FIXED or
 * MREMAP_FIXED is under way its range is claimed: nobody else is placed there. So go on until it is finished.
 * Each result lists what it unmapped: drop page tables and references for that.
 *
 * References. An object is referenced once per mapped page. So splitting, merging and moving never change a
 * count: MAP takes len/PAGE_SIZE references that the caller acquired before, `gone` pieces return theirs.
 * BRK, GROW_STACK and MREMAP take ret.added pages: acquire the worst case before, give the rest back.
 * object 0: plain private anonymous memory, not counted.
 *
 * Offsets. REGIONS_IDENTITY: the offset of a page in its object is its own address, wherever it is placed or moved
 * (one anonymous object per space). Neighbours of equal kind, rights, flags, object and consecutive
 * offsets always merge, so the state depends only on what is mapped.
 *
 * Rights and flags are those of mmap(2); errors are those of Linux 6.x.
 * Sequential and deterministic; memory only from the pool.
 */
#ifndef SEQ_REGIONS_H
#define SEQ_REGIONS_H

#include "base/pool.h"
#include "base/types.h"

#define REGIONS_STEP 8         /* regions per operation */
#define REGIONS_CLAIMS 4       /* FIXED mappings of several steps under way at once; others do nothing and say `more` */
#define REGIONS_MAX 65530      /* Linux' max_map_count: -ENOMEM */
#define REGIONS_GUARD (256 * PAGE_SIZE) /* kept free below a region that grows down (Linux' stack_guard_gap) */

enum regions_prot { REGIONS_R = 1, REGIONS_W = 2, REGIONS_X = 4 }; /* = PROT_READ, PROT_WRITE, PROT_EXEC */

enum regions_flags {
	REGIONS_SHARED = 1 << 0,
	REGIONS_ANON = 1 << 1,
	REGIONS_GROWSDOWN = 1 << 2,
	REGIONS_LOCKED = 1 << 3,
	REGIONS_NORESERVE = 1 << 4,
	REGIONS_IDENTITY = 1 << 5,
	REGIONS_DONTFORK = 1 << 6,
	REGIONS_WIPEONFORK = 1 << 7,
	REGIONS_DONTDUMP = 1 << 8,
	REGIONS_NOREAD = 1 << 9,   /* these rights may never be granted: PROTECT says -EACCES */
	REGIONS_NOWRITE = 1 << 10,
	REGIONS_NOEXEC = 1 << 11,
	REGIONS_HUGE = 1 << 12,    /* MADV_HUGEPAGE, MADV_NOHUGEPAGE: remembered only */
	REGIONS_NOHUGE = 1 << 13,
	REGIONS_FLAGS_SETTABLE = 1 << 3 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 12 | 1 << 13, /* by REGIONS_FLAGS */
};

enum regions_what { REGIONS_PLAIN, REGIONS_HEAP, REGIONS_STACK, REGIONS_VDSO, REGIONS_VVAR };

/* One region, as queries return it and MAP takes it. */
struct region {
	u64 start, end;
	u32 prot;          /* enum regions_prot */
	u32 flags;         /* enum regions_flags */
	u32 what;          /* enum regions_what */
	u32 dev;           /* dev and ino: only for /proc/self/maps; 0 if not a file */
	u64 ino;
	u64 object;
	u64 offset;        /* bytes, of start */
};

/* ---- operations -------------------------------------------------------------------------------------- */

enum regions_kind {
	REGIONS_MAP = 1,   /* r.start: hint or address (0: anywhere), len, how, r.* -> ret.addr */
	REGIONS_UNMAP,     /* addr, len */
	REGIONS_PROTECT,   /* addr, len, prot. A hole: -ENOMEM after all below it was done */
	REGIONS_SETFLAGS,  /* addr, len, set, clear (mlock, madvise). Holes: ret.holes, goes on (madvise); with
	                    * REGIONS_STOP_AT_HOLE: -ENOMEM at the first (mlock) */
	REGIONS_BRK,       /* addr: new break -> ret.addr: the break after it (unchanged if refused; err stays 0).
	                    * new_addr: what the caller has announced as leaving ends here (0: anywhere); -EAGAIN if
	                    * the heap would shrink from beyond that.
	                    * r.prot, r.flags, r.object: what new heap pages get */
	REGIONS_SETBRK,    /* addr: where the heap begins (exec) */
	REGIONS_MREMAP,    /* addr, len (old), new_len, new_addr, how -> ret.addr, ret.moved_from/to/len */
	REGIONS_GROW_STACK,/* addr: faulting address; limit.stack -> the region above grows down to its page */
};

enum regions_how {
	REGIONS_FIXED = 1,          /* replaces what is there */
	REGIONS_NOREPLACE = 2,      /* with FIXED: -EEXIST instead */
	REGIONS_MAYMOVE = 4,        /* MREMAP; FIXED means MREMAP_FIXED */
	REGIONS_STOP_AT_HOLE = 8,   /* SETFLAGS */
};

#define REGIONS_NOLIMIT (~(u64)0)

struct regions_op {
	u32 kind;
	u32 how;           /* enum regions_how */
	u64 addr, len;
	u64 new_addr, new_len; /* MREMAP */
	u32 set, clear;    /* SETFLAGS: flags; PROTECT: set is the new prot */
	struct region r;   /* MAP, BRK */
	u64 limit_as, limit_data, limit_locked, limit_stack; /* RLIMIT_* in bytes or REGIONS_NOLIMIT */
};

/* A piece that is no longer mapped. The caller flushes it and drops (end - start) / PAGE_SIZE references of object. */
struct regions_gone {
	u64 start, end;
	u64 object, offset;
	u32 prot, flags;
};

struct regions_ret {
	s32 err;           /* 0 or -errno. `gone` is valid with any err */
	u32 ngone;
	u64 addr;          /* MAP, MREMAP, BRK */
	u64 next;          /* where a step goes on, if more */
	bool more, holes;
	bool narrowed;     /* PROTECT: some page lost a right: flush [addr, next) */
	bool locked;       /* the mapped or grown pages are in a LOCKED region: populate them */
	u64 added;         /* pages newly mapped: MAP, BRK, GROW_STACK, MREMAP */
	u64 added_at;      /* where */
	u64 moved_from, moved_to, moved_len; /* MREMAP that moved: page tables (and IDENTITY pages) follow */
	struct regions_gone gone[REGIONS_STEP];
};

/* ---- the structure ----------------------------------------------------------------------------------- */

struct regions_config {
	u64 low, high;     /* the whole window: nothing is mapped outside (Linux: 0x10000, 0x7ffffffff000) */
	u64 mmap_base;     /* places are looked for downwards from here, then below high */
	u32 max;           /* regions; 0: REGIONS_MAX */
};

struct regions_node;
struct regions_tree { struct regions_node *rbh_root; };

struct regions {
	struct pool *pool;
	struct regions_tree tree;
	struct regions_config cfg;
	u64 brk_start, brk;
	u64 pages, data_pages, locked_pages, stack_pages; /* all; private writable without stack; ... */
	u32 count, nclaims;
	struct { u64 start, end; } claim[REGIONS_CLAIMS];
};

int regions_init(struct regions *s, struct pool *pool, const void *arg); /* struct regions_config; 0, -EINVAL */
int regions_clone(struct regions *dst, struct pool *pool, const struct regions *src);
/* For fork, on the fresh clone: drops DONTFORK regions and all LOCKED flags. The caller then references every object of
 * the copy (regions_next), once per page. */
void regions_after_fork(struct regions *s);
void regions_apply(struct regions *s, const void *op, size_t len, void *ret); /* ret may be NULL */
size_t regions_op_mem(const void *op, size_t len);
size_t regions_op_mem_max(void);
u64 regions_hash(const struct regions *s);
int regions_check(const struct regions *s);

/* ---- queries ----------------------------------------------------------------------------------------- */

bool regions_find(const struct regions *s, u64 addr, struct region *out);  /* the one that holds addr */
bool regions_next(const struct regions *s, u64 addr, struct region *out);  /* the first with end > addr */
/* 0 if every page of [start, start+len) is mapped and grants prot; -ENOMEM on a hole, -EACCES */
int regions_check_range(const struct regions *s, u64 start, u64 len, u32 prot);
/* May addr be reached by growing the region above it (GROW_STACK would look at limits as well)? */
bool regions_can_grow(const struct regions *s, u64 addr);
/* Where MAP would place len bytes now; 0: nowhere. */
u64 regions_place(const struct regions *s, u64 hint, u64 len);

#endif
