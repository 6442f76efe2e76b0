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

/* Four frames or none. */
static bool kstack_frames(paddr_t *p)
{
	u32 i;

	for (i = 0; i < KSTACK_SIZE / PAGE_SIZE; i++) {
		p[i] = frame_alloc(core_node());
		if (p[i])
			continue;
		while (i--)
			frame_put(p[i]);
		return false;
	}
	return true;
}

/* Under the lock: the next slot, if its page table can be had. A slot lies in one page table (slots divide it), so
 * only the first page can fail, with nothing mapped yet. */
static void *kstack_map(const paddr_t *p)
{
	u64 bottom = KSTACK_BASE + kstack_made * SLOT + SLOT - KSTACK_SIZE;
	u32 i;

	for (i = 0; i < KSTACK_SIZE / PAGE_SIZE; i++)
		if (mmu_vmap(bottom + i * PAGE_SIZE, p[i], PAGE_SIZE, MMU_R | MMU_W))
			return NULL;
	kstack_made++;
	return (void *)(bottom + KSTACK_SIZE);
}

static void *kstack_make(void)
{
	paddr_t p[KSTACK_SIZE / PAGE_SIZE];
	void *top;
	u32 i;

	if (!kstack_frames(p))
		return NULL;
	lock_acquire(&kstack_lock);
	top = kstack_map(p);
	lock_release(&kstack_lock);
	for (i = 0; !top && i < ARRAY_SIZE(p); i++)
		frame_put(p[i]);
	return top;
}

void *kstack_alloc(void)
{
	void **top;

	lock_acquire(&kstack_lock);
	top = kstack_list;
	if (top) {
		kstack_list = top[-1];
		kstack_idle--;
	}
	lock_release(&kstack_lock);
	return top ? top : kstack_make();
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
