/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Address spaces: what is mapped (seq/regions, replicated), which frames back it (pagemap), who runs in it.
 *
 * Fault:    guard: find the region, look at the page --> resources outside --> guard: same region still? CAS.
 * Unmap:    log the change --> every live replica has it --> empty the page map --> flush TLBs --> free.
 *           While pages of a range leave, the range counts in `changes`: faults there wait.
 * fork:     clone of the regions' state; all kept pages shared copy-on-write.
 *
 * A space starts on the node of its first thread with one replica and no log. Another node gets a replica and a
 * page table of its own once threads of it fault there (space_join).
 */
#ifndef KERN_SPACE_H
#define KERN_SPACE_H

#include <stdatomic.h>
#include "kern/changes.h"
#include "kern/pagemap.h"
#include "nr/nr.h"
#include "nr/sync/refs.h"
#include "seq/regions.h"

struct body;
struct file;
struct thread;

struct space {
	struct refs refs;
	struct nr *nr;                       /* struct regions */
	struct pagemap pages;
	_Atomic u32 users;                   /* threads and transient users: 1 means nobody else can fault */
	_Atomic u32 forking;                 /* a fork is marking pages copy-on-write */
	struct changes changes;              /* ranges whose pages are on their way out */
	_Atomic u64 epoch;                   /* kern/flush.c */
	_Atomic u64 trim_at;                 /* tables that were worth a trim last time */
	_Atomic u32 remote_faults[NODES_MAX];
	_Atomic u64 cores[CORES_MAX / 64];   /* those that may hold translations of it */

	/* set by exec, constant afterwards (prctl may change arg_*) */
	struct file *exe;
	u64 code_start, code_end, data_start, data_end, stack_start, arg_start, arg_end, env_start, env_end;
	u64 auxv[48];
	u32 auxv_len;
	bool expedited;                      /* it may ask for barriers (membarrier(2)); once set it stays */
};

/* Empty, with one reference; mappings are placed below mmap_base. NULL: no memory. */
struct space *space_new(u64 mmap_base);
struct space *space_fork(struct space *from);       /* NULL: no memory */
void space_put(struct space *s);
static inline void space_get(struct space *s) { refs_get(&s->refs); }

/* Scheduling: loads the page table of this core's node. */
void space_switch(struct space *s);
void space_switch_kernel(void);

/* System calls' work. Addresses or -errno. `body` (may be NULL: anonymous) is borrowed. */
struct map_request {
	u64 addr, len, offset;
	u32 prot, flags;        /* PROT_*, MAP_* as the program gave them, already checked for type */
	struct body *body;
	u32 max_rights;         /* REGIONS_NOREAD.. flags from how the file is open */
	u32 what;               /* enum regions_what */
	u64 ino;
};
long space_map(struct space *s, const struct map_request *m);
int space_unmap(struct space *s, u64 addr, u64 len);
int space_protect(struct space *s, u64 addr, u64 len, u32 prot);
long space_brk(struct space *s, u64 addr);
void space_set_brk(struct space *s, u64 addr);
long space_remap(struct space *s, u64 addr, u64 old_len, u64 new_len, u32 flags, u64 new_addr);
int space_advise(struct space *s, u64 addr, u64 len, int advice);
int space_set_flags(struct space *s, u64 addr, u64 len, u32 set, u32 clear);
/* Pages [from, to) of b are gone from it: whatever s has mapped of them goes too; `copies`: private copies as well. For
 * any space; faults there see the body as it is now. */
void space_forget(struct space *s, struct body *b, u64 from, u64 to, bool copies);
int space_populate(struct space *s, u64 addr, u64 len); /* faults pages in; 0 or the first error */

/* A page fault at va: PF_* bits of the access. 0; -EFAULT nothing there; -EACCES rights; -ENOMEM; -EIO beyond the
 * end of a file (SIGBUS). May be called for the current space only, no lock held. */
int space_fault(struct space *s, u64 va, u32 access);

/* Copies from or to a space that is not loaded (ptrace-like: /proc/PID/cmdline, exec's arguments). Bytes moved. */
size_t space_read(struct space *s, u64 va, void *buf, size_t len);
/* Into a space that nobody runs yet (exec). NULL buf: zeros. 0 or -errno. */
int space_write(struct space *s, u64 va, const void *buf, size_t len);
u64 space_place(struct space *s, u64 len);          /* where a mapping of this length would go */

/* A thread of s has ended. Once one is left, nodes on which s does not run lose their replica and page table. */
void space_shed(struct space *s);
/* Frees empty tables, and all tables of the nodes in `drop`. No guard or lock held. */
void space_prune(struct space *s, u64 drop);
void space_populated(struct space *s, u64 va, pte_t entry); /* for the boot option pagemap=logged */
/* Counts a fault away from home; the node gets its own replica and page table once there were enough. */
void space_join(struct space *s);

/* Queries under a guard. */
bool space_find(struct space *s, u64 addr, struct region *out);
u64 space_resident(struct space *s, u64 start, u64 end); /* pages */
bool space_next(struct space *s, u64 addr, struct region *out);
struct space_usage { u64 pages, data_pages, stack_pages, locked_pages, resident, tables; };
void space_usage(struct space *s, struct space_usage *out);

/* TLB (kern/flush.c): returns when no core can use a translation of s that was in the page map before. */
void flush_space(struct space *s);
void flush_range(struct space *s, u64 start, u64 end);
/* Every core that runs a thread of the space (of any space) has made a full memory barrier. */
void flush_barrier(struct space *s);
void flush_barrier_all(void);
void flush_page_here(struct space *s, u64 va);      /* for the only thread of s: the others hear of it when they load s */
void flush_serve(void);                             /* answers requests to this core; from waiting loops and IPIs */
static inline bool space_alone(struct space *s) { return atomic_load(&s->users) <= 1; }

#endif
