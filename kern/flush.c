/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * TLB flushes across cores.
 *
 * Each core has two counters: `flush_asked`, a ticket dispenser for everybody, and `flush_done`, which the core
 * sets to what it saw asked after it flushed. An initiator takes a ticket at every core that may hold
 * translations of the space, interrupts them all, and waits until each has done its ticket. Requests coalesce;
 * any number of initiators may run at once; while an initiator waits it answers its own requests (nr_port_relax).
 * The receiver takes no lock and calls no nr.
 *
 *   F1  initiator: entry cleared (RMW)             -> F2 read core's `loaded`
 *   F3  switching core: store `loaded` (seq_cst)   -> F4 load CR3, walk tables
 * Either F2 sees the space (a ticket is taken), or F3 comes after F2, hence after F1: the walk finds it cleared.
 * `parting` does the same for the space that is left: CR3 holds it until the new one is loaded, and its tables may be
 * freed once nobody is found there.
 *
 * An idle core that is asked also leaves the space (kernel root), so it is asked only once.
 */
#include "kern/percore.h"
#include "kern/space.h"
#include "kern/thread.h"

void flush_serve(void)
{
	struct percore *pc = percore();
	u64 asked = atomic_load(&pc->flush_asked);

	if (asked == atomic_load_explicit(&pc->flush_done, memory_order_relaxed))
		return;
	if (pc->current == pc->idle)
		space_switch_kernel();
	else
		mmu_flush_all();
	atomic_store(&pc->flush_done, asked);
}

static bool flush_concerns(struct space *s, u32 core)
{
	struct percore *pc = percore_of(core);

	return atomic_load(&pc->loaded) == s || atomic_load(&pc->parting) == s;
}

/* Calls fn for each core but this one that may hold translations of s. */
static void flush_each(struct space *s, u64 *ticket, bool ask)
{
	u32 words = (cores_count() + 63) / 64, w, me = core_id();

	for (w = 0; w < words; w++) {
		u64 set = atomic_load(&s->cores[w]);

		for (; set; set &= set - 1) {
			u32 c = w * 64 + __builtin_ctzl(set);
			struct percore *pc = percore_of(c);

			if (c == me)
				continue;
			if (ask) {
				ticket[w] |= flush_concerns(s, c) ? 1ul << (c % 64) : 0;
			} else if (ticket[w] >> (c % 64) & 1) {
				u64 want = atomic_load(&pc->flush_asked);

				while (atomic_load(&pc->flush_done) < want)
					nr_port_relax();
			}
		}
	}
}

static void flush_others(struct space *s)
{
	u64 asked[CORES_MAX / 64];
	u32 words = (cores_count() + 63) / 64, w;

	for (w = 0; w < words; w++)
		asked[w] = 0;
	atomic_thread_fence(memory_order_seq_cst); /* F1 before F2 */
	flush_each(s, asked, true);
	for (w = 0; w < words; w++) {
		u64 set;

		for (set = asked[w]; set; set &= set - 1) {
			u32 c = w * 64 + __builtin_ctzl(set);

			atomic_fetch_add(&percore_of(c)->flush_asked, 1);
			core_ipi(c, IPI_FLUSH);
		}
	}
	flush_each(s, asked, false);
}

void flush_space(struct space *s)
{
	if (atomic_load(&percore()->loaded) == s)
		mmu_flush_all();
	flush_others(s);
}

void flush_page(struct space *s, u64 va)
{
	if (atomic_load(&percore()->loaded) == s)
		mmu_flush_page(va);
	flush_others(s);
}

void space_switch(struct space *s)
{
	struct percore *pc = percore();
	struct space *old = atomic_load_explicit(&pc->loaded, memory_order_relaxed);
	paddr_t root = pagemap_root(&s->pages, pc->nr.node);
	u32 c = pc->nr.id;

	if (old == s && mmu_loaded() == root)
		return;
	if (!(atomic_load_explicit(&s->cores[c / 64], memory_order_relaxed) >> (c % 64) & 1))
		atomic_fetch_or(&s->cores[c / 64], 1ul << (c % 64));
	atomic_store_explicit(&pc->parting, old, memory_order_relaxed);
	atomic_store(&pc->loaded, s); /* F3 */
	mmu_load(root);
	atomic_store_explicit(&pc->parting, NULL, memory_order_release);
}

void space_switch_kernel(void)
{
	struct percore *pc = percore();

	mmu_load(mmu_kernel_root());
	atomic_store(&pc->loaded, NULL);
}
