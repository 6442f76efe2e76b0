/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * TLB flushes across cores.
 *
 * Each core has one order of its own (`flush`): what is to be flushed, and how many cores have not done it yet. An
 * initiator fills its order, sets its bit in the inbox of every core that may hold translations of the space,
 * interrupts those whose inbox was empty, and waits until the count is zero. Any number of initiators may run at
 * once; while one waits it serves its own inbox (nr_port_relax). A receiver empties its inbox, flushes the pages of
 * all orders it found, or everything if they are many, and counts itself off each. It takes no lock and calls no nr.
 *
 *   F1  initiator: entry cleared (RMW)             -> F2 read core's `loaded`
 *   F3  switching core: store `loaded` (seq_cst)   -> F4 read the root, load CR3, walk tables
 *   Either F2 sees the space (the core is asked), or F3 comes after F2, hence after F1: the walk finds it cleared.
 *   `parting` does the same for the space that is left: CR3 holds it until the new root is loaded, and its tables
 *   may be freed once nobody is found there.
 *   O1  initiator: order and count, bit set (release)  <-> O2 receiver: inbox taken (acquire)
 *   O3  receiver: flushed, counted off (release)       <-> O4 initiator: count is 0 (acquire); the order is free again
 *
 * A core that runs no thread of the space leaves it when asked (kernel root), so it is asked only once; a core whose
 * node gained or lost its own page table loads the right one when asked.
 *
 * A space with one thread need not ask anybody where that thread only replaces a page (fault.c): instead the space's
 * `epoch` moves, and a core that finds an older one in space_switch loads its root anew.
 */
#include "kern/percore.h"
#include "kern/resident.h"
#include "kern/space.h"
#include "kern/thread.h"

#define FLUSH_PAGES 32 /* more: everything */

static bool flush_concerns(struct space *s, u32 core)
{
	struct percore *pc = percore_of(core);

	return atomic_load(&pc->loaded) == s || atomic_load(&pc->parting) == s;
}

/* ---- receiving */

static void flush_do(struct percore *pc, u64 start, u64 end)
{
	struct space *s = atomic_load_explicit(&pc->loaded, memory_order_relaxed);
	u64 va;

	if (s && (!pc->current->proc || pc->current->proc->space != s))
		space_switch_kernel();
	else if (s && mmu_loaded() != pagemap_root(&s->pages, pc->nr.node))
		mmu_load(pagemap_root(&s->pages, pc->nr.node));
	else if (end - start > FLUSH_PAGES * PAGE_SIZE)
		mmu_flush_all();
	else
		for (va = start; va < end; va += PAGE_SIZE)
			mmu_flush_page(va);
}

static void flush_answer(struct percore *pc, u32 word, u64 from)
{
	for (; from; from &= from - 1) {
		struct flush_order *o = &percore_of(word * 64 + __builtin_ctzl(from))->flush;

		flush_do(pc, o->start, o->end);
		atomic_fetch_sub_explicit(&o->waiting, 1, memory_order_release); /* O3 */
	}
}

void flush_serve(void)
{
	struct percore *pc = percore();
	u32 words = (cores_count() + 63) / 64, w;

	for (w = 0; w < words; w++)
		if (atomic_load_explicit(&pc->flush_inbox[w], memory_order_relaxed))
			flush_answer(pc, w, atomic_exchange_explicit(&pc->flush_inbox[w], 0, memory_order_acquire)); /* O2 */
}

/* ---- asking */

static void flush_ask(struct flush_order *mine, u32 core)
{
	u32 me = core_id();
	_Atomic u64 *word = &percore_of(core)->flush_inbox[me / 64];

	atomic_fetch_add_explicit(&mine->waiting, 1, memory_order_relaxed);
	if (!atomic_fetch_or(word, 1ul << (me % 64))) /* O1; else an interrupt is on its way */
		core_ipi(core, IPI_FLUSH);
}

static void flush_wait(struct flush_order *mine)
{
	while (atomic_load_explicit(&mine->waiting, memory_order_acquire)) /* O4 */
		nr_port_relax();
}

static void flush_others(struct space *s, u64 start, u64 end)
{
	struct flush_order *mine = &percore()->flush;
	u32 words = (cores_count() + 63) / 64, w, me = core_id();

	mine->start = start;
	mine->end = end;
	atomic_thread_fence(memory_order_seq_cst); /* F1 before F2 */
	for (w = 0; w < words; w++) {
		u64 set = atomic_load(&s->cores[w]);

		for (; set; set &= set - 1) {
			u32 c = w * 64 + __builtin_ctzl(set);

			if (c != me && flush_concerns(s, c))
				flush_ask(mine, c);
		}
	}
	flush_wait(mine);
}

/* A core that runs a program now has ordered its memory when it answers; another does when it next loads a space (F3). */
void flush_barrier_all(void)
{
	struct flush_order *mine = &percore()->flush;
	u32 c;

	mine->start = mine->end = 0;
	atomic_thread_fence(memory_order_seq_cst);
	for (c = 0; c < cores_count(); c++)
		if (c != core_id() && atomic_load(&percore_of(c)->loaded))
			flush_ask(mine, c);
	flush_wait(mine);
}

void flush_barrier(struct space *s)
{
	flush_others(s, 0, 0);
}

void flush_range(struct space *s, u64 start, u64 end)
{
	struct percore *pc = percore();

	if (atomic_load(&pc->loaded) == s)
		flush_do(pc, start, end);
	flush_others(s, start, end);
}

void flush_space(struct space *s)
{
	flush_range(s, 0, USER_END);
}

void flush_page_here(struct space *s, u64 va)
{
	struct percore *pc = percore();
	u64 epoch = atomic_load_explicit(&s->epoch, memory_order_relaxed) + 1; /* one thread: nobody else writes it */

	mmu_flush_page(va);
	pc->loaded_epoch = epoch;
	atomic_store_explicit(&s->epoch, epoch, memory_order_relaxed); /* travels with the thread */
}

/* ---- switching */

void space_switch(struct space *s)
{
	struct percore *pc = percore();
	u32 c = pc->nr.id;
	u64 epoch = atomic_load_explicit(&s->epoch, memory_order_relaxed);

	if (atomic_load_explicit(&pc->loaded, memory_order_relaxed) == s && pc->loaded_epoch == epoch &&
	    mmu_loaded() == pagemap_root(&s->pages, pc->nr.node))
		return;
	if (!(atomic_load_explicit(&s->cores[c / 64], memory_order_relaxed) >> (c % 64) & 1))
		atomic_fetch_or(&s->cores[c / 64], 1ul << (c % 64));
	resident_leave(pc);
	pc->loaded_epoch = epoch;
	atomic_store_explicit(&pc->parting, atomic_load_explicit(&pc->loaded, memory_order_relaxed), memory_order_relaxed);
	atomic_store(&pc->loaded, s);                    /* F3 */
	mmu_load(pagemap_root(&s->pages, pc->nr.node));  /* F4 */
	atomic_store_explicit(&pc->parting, NULL, memory_order_release);
}

void space_switch_kernel(void)
{
	struct percore *pc = percore();

	resident_leave(pc);
	mmu_load(mmu_kernel_root());
	atomic_store(&pc->loaded, NULL);
}
