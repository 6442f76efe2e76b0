/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The hosted port of nr: a thread is a core, malloc is memory, every node is the same. See nr/port.h. */
#include "nr/port_host.h"
#include "nr/nr.h"
#include "nr/port.h"

#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SPINS 64 /* relax calls before the processor is given away */

_Atomic s64 nr_host_bytes, nr_host_allocs, nr_host_fail_from, nr_host_fail_to, nr_host_fail_every;
_Atomic u64 nr_host_waits, nr_host_wakes;
_Thread_local u64 nr_host_relaxed;
_Thread_local void (*nr_host_on_relax)(void);

void nr_port_relax(void)
{
	if (nr_host_on_relax)
		nr_host_on_relax();
	if (++nr_host_relaxed % SPINS == 0)
		sched_yield();
	else
#if defined(__x86_64__)
		__builtin_ia32_pause();
#else
		atomic_signal_fence(memory_order_seq_cst);
#endif
}

/* Some 20 us: a gate that is held for longer belongs to somebody who does not run. */
u32 nr_port_spins = 1024;
u32 nr_port_away = 10;

void nr_port_wait(_Atomic u32 *word, u32 value)
{
	atomic_fetch_add(&nr_host_waits, 1);
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL);
}

void nr_port_wake(_Atomic u32 *word)
{
	atomic_fetch_add(&nr_host_wakes, 1);
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

static void *take(size_t align, size_t size)
{
	s64 call = atomic_fetch_add(&nr_host_allocs, 1);
	s64 every = atomic_load(&nr_host_fail_every);
	void *mem;

	if (call >= atomic_load(&nr_host_fail_from) && call < atomic_load(&nr_host_fail_to))
		return NULL;
	if (every && call % every == 0)
		return NULL;
	mem = aligned_alloc(align, ALIGN_UP(size, align));
	if (mem) {
		__builtin_memset(mem, 0xa5, size); /* nobody may count on zeroes */
		atomic_fetch_add(&nr_host_bytes, (s64)size);
	}
	return mem;
}

static void give(void *mem, size_t size)
{
	if (!mem)
		return;
	atomic_fetch_sub(&nr_host_bytes, (s64)size);
	free(mem);
}

void *nr_port_pages(size_t npages, u32 node)
{
	(void)node;
	return take(PAGE_SIZE, npages * PAGE_SIZE);
}

void nr_port_pages_free(void *mem, size_t npages)
{
	give(mem, npages * PAGE_SIZE);
}

void *nr_port_alloc(size_t size, u32 node)
{
	(void)node;
	return take(64, size);
}

void nr_port_free(void *mem, size_t size)
{
	give(mem, size);
}

u64 (*nr_port_clock)(void);

u64 nr_host_nanoseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000ull + (u64)t.tv_nsec;
}

/* As sysfs numbers the nodes; a machine with more than NR_NODES_MAX shares replicas. */
u32 nr_port_node(void)
{
	unsigned cpu, node;

	return syscall(SYS_getcpu, &cpu, &node, NULL) == 0 ? node % NR_NODES_MAX : 0;
}

void nr_port_panic(const char *what)
{
	fprintf(stderr, "panic: %s\n", what);
	abort();
}
