/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Kernel stacks: see kstack.h. The free list is threaded through the stacks' top words, under one short lock. */
#include "kern/kstack.h"
#include "arch/core.h"
#include "arch/mmu.h"
#include "arch/thread.h"
#include "mem/frame.h"
#include "nr/sync/lock.h"

#define SLOT (2 * KSTACK_SIZE)
#define KSTACK_BASE (VMAP_BASE + (1ul << 40)) /* far from the windows of devices and boot stacks */

static struct lock kstack_lock = LOCK_INIT;
static void **kstack_list; /* the top word of each links to the next */
static u64 kstack_made, kstack_idle;

static void *kstack_make(u64 n)
{
	u64 bottom = KSTACK_BASE + n * SLOT + SLOT - KSTACK_SIZE;
	u64 at;

	for (at = bottom; at < bottom + KSTACK_SIZE; at += PAGE_SIZE) {
		paddr_t p = frame_alloc(core_node());

		if (!p || mmu_vmap(at, p, PAGE_SIZE, MMU_R | MMU_W)) {
			if (p)
				frame_put(p);
			return NULL; /* the slot is lost, its frames with it; memory is out anyway */
		}
	}
	return (void *)(bottom + KSTACK_SIZE);
}

void *kstack_alloc(void)
{
	void **top;
	u64 n;

	lock_acquire(&kstack_lock);
	top = kstack_list;
	if (top) {
		kstack_list = top[-1];
		kstack_idle--;
		lock_release(&kstack_lock);
		return top;
	}
	n = kstack_made++;
	lock_release(&kstack_lock);
	return kstack_make(n);
}

void kstack_free(void *top)
{
	void **t = top;

	if (!t)
		return;
	lock_acquire(&kstack_lock);
	t[-1] = kstack_list;
	kstack_list = t;
	kstack_idle++;
	lock_release(&kstack_lock);
}

u64 kstack_total(void)
{
	return kstack_made;
}

u64 kstack_free_count(void)
{
	return kstack_idle;
}
