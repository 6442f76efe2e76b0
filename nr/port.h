/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What nr needs from where it runs. Four ports: hosted (nr/port_host.c), the kernel (kern/nr_port.c), bare (nr/port_bare.c:
 * no operating system) and the deterministic scheduler of the tests.
 */
#ifndef NR_PORT_H
#define NR_PORT_H

#include "base/types.h"

/* Called in every waiting loop. The kernel serves TLB flush requests here, so that two cores which wait for
 * each other make progress; hosted: pause, then yield, after a bounded number of calls. */
void nr_port_relax(void);
/*
 * Sleeping, where a port can. A waiter polls nr_port_spins times, then sleeps while *word is `value`; it may also wake
 * for no reason. A port that cannot sleep says UINT32_MAX, and the two do nothing.
 */
extern u32 nr_port_spins;
void nr_port_wait(_Atomic u32 *word, u32 value);
void nr_port_wake(_Atomic u32 *word);
/* The most polls between two looks at a cache line that belongs to somebody else, 1 << this: in time, some transfers of a line,
 * and not much more than an operation takes with all that its caller does around it. */
extern u32 nr_port_away;
/* Page-granular memory on a node (any node if that one is empty); NULL if there is none. May take short locks. */
void *nr_port_pages(size_t npages, u32 node);
void nr_port_pages_free(void *mem, size_t npages);
/* A few bytes to some KiB, 64-byte aligned, for instances and slots. */
void *nr_port_alloc(size_t size, u32 node);
void nr_port_free(void *mem, size_t size);
_Noreturn void nr_port_panic(const char *what);
/* The node of the caller's processor, for NR_NODE_HERE. */
u32 nr_port_node(void);
/* Time in the port's own unit, for how long gates are held; NULL: nobody wants to know, and nothing is counted. */
extern u64 (*nr_port_clock)(void);

#endif
