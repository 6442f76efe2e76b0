/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Just enough of mem/ for arch/: frames from the boot ranges of a node, never given back. */
#include "arch/boot.h"
#include "arch/mmu.h"
#include "base/string.h"

static u64 used[BOOT_RANGES_MAX];

static paddr_t take(u32 i)
{
	struct boot_range *r = &boot_info.range[i];
	u64 at = __atomic_fetch_add(&used[i], PAGE_SIZE, __ATOMIC_RELAXED);

	return r->start + at + PAGE_SIZE <= r->end ? r->start + at : 0;
}

paddr_t frame_alloc(u32 node)
{
	paddr_t p = 0;

	for (u32 i = 0; i < boot_info.nranges && !p; i++)
		if (boot_info.range[i].node == node)
			p = take(i);
	for (u32 i = 0; i < boot_info.nranges && !p; i++)
		p = take(i);
	return p;
}

paddr_t frame_alloc_zero(u32 node)
{
	paddr_t p = frame_alloc(node);

	if (p)
		memset(phys_to_virt(p), 0, PAGE_SIZE);
	return p;
}

void frame_put(paddr_t p)
{
	(void)p;
}
