/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The hosted port's extras: counters of what is allocated, and hooks by which tests make allocations fail and
 * watch or steer waiting.
 */
#ifndef NR_PORT_HOST_H
#define NR_PORT_HOST_H

#include "base/types.h"

#include <stdatomic.h>

extern _Atomic s64 nr_host_bytes;              /* allocated now: pages and small memory */
extern _Atomic s64 nr_host_allocs;             /* calls of nr_port_pages and nr_port_alloc so far */
extern _Atomic s64 nr_host_fail_from, nr_host_fail_to; /* these calls [from, to) find no memory; 0, 0: none */
extern _Atomic s64 nr_host_fail_every;         /* and every n-th call; 0: none */
extern _Atomic u64 nr_host_waits, nr_host_wakes; /* calls of nr_port_wait and nr_port_wake so far */
extern _Thread_local u64 nr_host_relaxed;      /* calls of nr_port_relax by this thread */
u64 nr_host_nanoseconds(void); /* a clock for nr_port_clock */
extern _Thread_local void (*nr_host_on_relax)(void); /* called from nr_port_relax, if set */

#endif
