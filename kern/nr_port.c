/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What nr needs, in the kernel: see nr/port.h. Waiting loops answer TLB flushes, so that cores that wait for each
 * other make progress. */
#include "nr/port.h"
#include "arch/core.h"
#include "base/print.h"
#include "kern/percore.h"
#include "kern/space.h"
#include "mem/frame.h"
#include "mem/slab.h"

void nr_port_relax(void)
{
	core_pause();
	if (percore())
		flush_serve();
}

/* A combiner is never taken off its core: its work is over before a switch would be. */
u32 nr_port_spins = UINT32_MAX;
u32 nr_port_away = 4; /* system calls: thousands of cycles between two operations of a core */

void nr_port_wait(_Atomic u32 *word, u32 value)
{
	(void)word;
	(void)value;
}

void nr_port_wake(_Atomic u32 *word)
{
	(void)word;
}

/* The processor's own count. */
u64 (*nr_port_clock)(void) = core_cycles;

u32 nr_port_node(void)
{
	return core_node();
}

static unsigned order_of(size_t npages)
{
	unsigned order = 0;

	while ((1ul << order) < npages)
		order++;
	return order;
}

void *nr_port_pages(size_t npages, u32 node)
{
	paddr_t p = npages == 1 ? frame_alloc(node) : frame_alloc_order(node, order_of(npages));

	return p ? phys_to_virt(p) : NULL;
}

void nr_port_pages_free(void *mem, size_t npages)
{
	if (npages == 1)
		frame_put(virt_to_phys(mem));
	else
		frame_free_order(virt_to_phys(mem), order_of(npages));
}

void *nr_port_alloc(size_t size, u32 node)
{
	return kmalloc_node(size, node);
}

void nr_port_free(void *mem, size_t size)
{
	(void)size;
	kfree(mem);
}

_Noreturn void nr_port_panic(const char *what)
{
	panic("nr: %s", what);
}
