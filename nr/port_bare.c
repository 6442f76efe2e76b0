/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bare port of nr: no operating system, no libc; memory is what nr_bare_memory is given once, cut from one end and
 * kept in lists by size. For firmware, hypervisors, a kernel's first day. See nr/port.h.
 *
 *   give   [ used | free ................ ]      take: from the list of its size, else from the front of what is left
 *
 * Sizes are rounded up to a power of two of lines; what comes back goes to the list of its size and stays of that size. Who
 * waits spins: a bare machine has nobody else to run.
 */
#include "nr/port_bare.h"
#include "nr/port.h"
#include "nr/sync/lock.h"

#define LINE 64
#define SIZES 26 /* 64 bytes to 2 GiB */

struct piece {
	struct piece *next;
};

static struct lock lock = LOCK_INIT;
static struct piece *given_back[SIZES];
static u8 *left, *end;

void nr_bare_memory(void *mem, size_t size)
{
	left = (u8 *)ALIGN_UP((uintptr_t)mem, (uintptr_t)PAGE_SIZE);
	end = (u8 *)mem + size;
}

void nr_port_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#else
	atomic_signal_fence(memory_order_seq_cst);
#endif
}

u32 nr_port_spins = UINT32_MAX;
u32 nr_port_away = 6;

void nr_port_wait(_Atomic u32 *word, u32 value)
{
	(void)word;
	(void)value;
}

void nr_port_wake(_Atomic u32 *word)
{
	(void)word;
}

u64 (*nr_port_clock)(void);

u32 nr_port_node(void)
{
	return 0;
}

static u32 size_class(size_t size)
{
	u32 class = 0;

	while (((size_t)LINE << class) < size)
		class++;
	return class;
}

/* From a page on, pieces are aligned to pages. */
static void *cut(u32 class)
{
	size_t size = (size_t)LINE << class, align = MIN(size, (size_t)PAGE_SIZE);
	u8 *piece = (u8 *)ALIGN_UP((uintptr_t)left, (uintptr_t)align);

	if (piece > end || (size_t)(end - piece) < size)
		return NULL;
	left = piece + size;
	return piece;
}

static void *take(size_t size)
{
	u32 class = size_class(size);
	struct piece *p;

	if (class >= SIZES)
		return NULL;
	lock_acquire(&lock);
	p = given_back[class];
	if (p)
		given_back[class] = p->next;
	else
		p = cut(class);
	lock_release(&lock);
	return p;
}

static void give(void *mem, size_t size)
{
	u32 class = size_class(size);
	struct piece *p = mem;

	if (!mem)
		return;
	lock_acquire(&lock);
	p->next = given_back[class];
	given_back[class] = p;
	lock_release(&lock);
}

void *nr_port_pages(size_t npages, u32 node)
{
	(void)node;
	return take(npages * PAGE_SIZE);
}

void nr_port_pages_free(void *mem, size_t npages)
{
	give(mem, npages * PAGE_SIZE);
}

void *nr_port_alloc(size_t size, u32 node)
{
	(void)node;
	return take(size);
}

void nr_port_free(void *mem, size_t size)
{
	give(mem, size);
}
