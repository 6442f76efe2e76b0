/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Page faults: the page tables are a cache, this fills it.
 *
 *   look     under a read guard of the regions: the region, the page's entry in the master
 *   prepare  outside: frames, table pages, the file's page; for a write to a shared frame in a space with other
 *            threads, take the old translation away everywhere first (BUSY, flush)
 *   commit   under a guard again: if the region is the same and not leaving, one compare-exchange on the entry, then
 *            the node's own table (under HOLD)
 *
 * Commit under the guard is what orders faults and unmap: an unmap's log entry reaches a replica only when no
 * guard is held there, so a fill that saw the old region is complete before the unmap empties the page map.
 *
 * Read faults on file pages also map up to WINDOW neighbours that the file already has.
 */
#include "base/abi.h"
#include "base/string.h"
#include "kern/body.h"
#include "kern/percore.h"
#include "kern/resident.h"
#include "kern/space.h"
#include "kern/thread.h"
#include "mem/frame.h"

#define WINDOW 16

struct fault {
	struct space *s;
	u64 va;
	bool write;
	bool unshares;           /* the commit makes a private page writable: not while a fork runs */
	bool replaced;           /* one frame by another, and no other core was told */
	struct region r;
	pte_t old;               /* the master's entry as we found it */
	u64 first;               /* of the window: page index in the file */
	u32 count;
	paddr_t page[WINDOW];    /* each with a reference */
	paddr_t fresh;
};

enum { FAULT_DONE = 0, FAULT_AGAIN = 1 };

static _Atomic paddr_t zero_page[NODES_MAX];

static paddr_t zero_frame(void)
{
	u32 node = core_node();
	paddr_t p = atomic_load_explicit(&zero_page[node], memory_order_relaxed), none = 0;

	if (p)
		return p;
	p = frame_alloc_zero(node);
	if (p && !atomic_compare_exchange_strong(&zero_page[node], &none, p)) {
		frame_put(p);
		p = none;
	}
	return p;
}

static bool region_same(const struct region *a, const struct region *b)
{
	return a->start == b->start && a->end == b->end && a->prot == b->prot && a->flags == b->flags &&
	       a->object == b->object && a->offset == b->offset && a->what == b->what;
}

static pte_t pte_rights(const struct region *r, paddr_t frame)
{
	pte_t e = frame | PTE_LEAF | PTE_KEEP;

	if (!(r->prot & PROT_EXEC))
		e |= PTE_NX;
	return e;
}

static int region_allows(const struct region *r, u32 access)
{
	if (access & PF_FETCH)
		return r->prot & PROT_EXEC ? 0 : -EACCES;
	if (access & PF_WRITE)
		return r->prot & PROT_WRITE ? 0 : -EACCES;
	return r->prot & (PROT_READ | PROT_WRITE | PROT_EXEC) ? 0 : -EACCES;
}

static int fault_grow_stack(struct space *s, u64 va)
{
	struct regions_op op = { .kind = REGIONS_GROW_STACK, .addr = va };
	struct regions_ret ret;
	struct process *p = process_current();
	bool can;
	const struct regions *r = nr_read_begin(s->nr, nr_me(), 0);

	can = regions_can_grow(r, va);
	nr_read_end(s->nr, nr_me(), 0);
	if (!can)
		return -EFAULT;
	op.limit_stack = p->limit[RLIMIT_STACK].cur;
	op.limit_as = p->limit[RLIMIT_AS].cur;
	op.limit_data = op.limit_locked = REGIONS_NOLIMIT;
	if (nr_update(s->nr, nr_me(), 0, &op, sizeof(op), &ret, NULL))
		return -ENOMEM;
	return ret.err ? -EFAULT : 0;
}

/* Under the guard: the entry, if the tables down to it are there on this node too. */
static bool fault_entry(struct fault *f)
{
	struct pagemap *pm = &f->s->pages;
	_Atomic pte_t *slot = pagemap_slot(pm, pm->home, f->va, NULL);

	if (!slot || (pagemap_has_copy(pm, core_node()) && !pagemap_slot(pm, core_node(), f->va, NULL)))
		return false;
	f->old = atomic_load(slot);
	return true;
}

static int fault_table(struct fault *f, u32 node)
{
	struct pagemap *pm = &f->s->pages;
	struct pagemap_stock stock = { 0 };

	if (!pagemap_stock_fill(&stock, node)) {
		pagemap_stock_drop(&stock);
		return -ENOMEM;
	}
	nr_read_begin(f->s->nr, nr_me(), 0);
	if (!changes_leaving(&f->s->changes, f->va) && (node == pm->home || pagemap_has_copy(pm, node)))
		pagemap_slot(pm, node, f->va, &stock);
	nr_read_end(f->s->nr, nr_me(), 0);
	pagemap_stock_drop(&stock);
	return FAULT_AGAIN;
}

static int fault_tables(struct fault *f)
{
	int r = fault_table(f, f->s->pages.home);

	return r == FAULT_AGAIN && pagemap_has_copy(&f->s->pages, core_node()) ? fault_table(f, core_node()) : r;
}

/* Fills f->r, f->old; takes a reference on the object for the time of the fault. -EFAULT: no region. */
static int fault_look(struct fault *f)
{
	struct space *s = f->s;
	const struct regions *rs = nr_read_begin(s->nr, nr_me(), 0);
	bool leaving = changes_leaving(&s->changes, f->va), found = regions_find(rs, f->va, &f->r), ready = false;

	if (!found)
		f->r.object = 0;
	else if (f->r.object)
		body_get((struct body *)f->r.object);
	if (found && !leaving)
		ready = fault_entry(f);
	nr_read_end(s->nr, nr_me(), 0);
	if (leaving)
		return -EBUSY;
	return !found ? -EFAULT : ready ? FAULT_DONE : fault_tables(f);
}

/* ---- prepare */

/* A file's page that one more entry may refer to, or 0; takes over the reference. */
static paddr_t fault_room(paddr_t p)
{
	if (!p || !frame_crowded(p))
		return p;
	frame_put(p);
	return 0;
}

static int fault_file_pages(struct fault *f)
{
	struct body *b = (struct body *)f->r.object;
	u64 index = (f->va - f->r.start + f->r.offset) >> PAGE_SHIFT;
	u64 end = (atomic_load(&b->size) + PAGE_SIZE - 1) >> PAGE_SHIFT;
	u64 low, high, i;

	if (!(f->r.flags & REGIONS_ANON) && index >= end)
		return -EIO;
	if (f->write && (f->r.flags & REGIONS_SHARED))
		body_touch(b, false, true, true);
	f->first = index;
	f->count = 1;
	f->page[0] = fault_room(f->r.flags & REGIONS_ANON ? body_page_make(b, index) : body_page_inside(b, index));
	if (!f->page[0])
		return -ENOMEM;
	if (f->write || (f->r.flags & REGIONS_ANON))
		return 0;
	/* the window: inside the region, this leaf table, the file */
	low = MAX(ALIGN_DOWN(f->va, WINDOW * PAGE_SIZE), f->r.start);
	high = MIN(ALIGN_DOWN(f->va, WINDOW * PAGE_SIZE) + WINDOW * PAGE_SIZE, f->r.end);
	paddr_t mine = f->page[0];

	f->first = index - ((f->va - low) >> PAGE_SHIFT);
	f->count = (high - low) >> PAGE_SHIFT;
	for (i = 0; i < f->count; i++)
		f->page[i] = f->first + i == index ? mine : f->first + i < end ? fault_room(body_page(b, f->first + i)) : 0;
	return 0;
}

static void fault_drop(struct fault *f)
{
	u32 i;

	for (i = 0; i < f->count; i++)
		if (f->page[i])
			frame_put(f->page[i]);
	f->count = 0;
	if (f->fresh)
		frame_put(f->fresh);
	f->fresh = 0;
	if (f->r.object)
		body_put((struct body *)f->r.object);
	f->r.object = 0;
}

/* ---- commit */

/* Changes the master's entry, and this node's own table; takes a page away from all nodes if `want` is not present. */
static bool fault_enter(struct pagemap *pm, u64 va, pte_t old, pte_t want)
{
	_Atomic pte_t *slot = pagemap_slot(pm, pm->home, va, NULL), *mine;
	bool copy = pagemap_has_copy(pm, core_node()) && (want & PTE_P);

	if (!slot || !atomic_compare_exchange_strong(slot, &old, copy ? want | PTE_HOLD : want))
		return false;
	if (!(want & PTE_P))
		pagemap_forget(pm, va);
	if (copy) {
		mine = pagemap_slot(pm, core_node(), va, NULL);
		if (mine)
			atomic_store(mine, want & ~PTE_KEEP);
		atomic_store(slot, want);
	}
	return true;
}

/* Under the guard: may the page map still be changed for what fault_look saw? */
static int fault_still(const struct regions *rs, struct fault *f)
{
	struct region now;

	if (!regions_find(rs, f->va, &now) || !region_same(&now, &f->r))
		return FAULT_AGAIN;
	if (changes_leaving(&f->s->changes, f->va) || (f->unshares && atomic_load(&f->s->forking)))
		return -EBUSY;
	return FAULT_DONE;
}

/* One compare-exchange under the guard, if the region is what we looked at. */
static int fault_commit(struct fault *f, pte_t want)
{
	const struct regions *rs = nr_read_begin(f->s->nr, nr_me(), 0);
	int r;

	f->unshares = (want & PTE_W) && !(f->r.flags & REGIONS_SHARED);
	r = fault_still(rs, f);
	if (r == FAULT_DONE && !fault_enter(&f->s->pages, f->va, f->old, want))
		r = FAULT_AGAIN;
	nr_read_end(f->s->nr, nr_me(), 0);
	if (r == FAULT_DONE)
		space_populated(f->s, f->va, want);
	return r;
}

/* The neighbours: only into empty slots, only while the region is the same. */
static void fault_commit_window(struct fault *f)
{
	struct space *s = f->s;
	u64 base = f->r.start + (f->first << PAGE_SHIFT) - f->r.offset;
	const struct regions *rs;
	u32 i;

	if (f->count < 2)
		return;
	rs = nr_read_begin(s->nr, nr_me(), 0);
	if (fault_still(rs, f) == FAULT_DONE) {
		for (i = 0; i < f->count; i++) {
			u64 va = base + i * PAGE_SIZE;
			pte_t e;

			if (!f->page[i] || va == (f->va & PAGE_MASK))
				continue;
			e = pte_rights(&f->r, f->page[i]) | (f->r.flags & REGIONS_SHARED ? 0 : PTE_COW);
			if (!fault_enter(&s->pages, va, 0, e))
				continue;
			f->page[i] = 0; /* the entry has the reference now */
			resident_add(s, 1);
		}
	}
	nr_read_end(s->nr, nr_me(), 0);
}

/* Nothing there yet. */
static int fault_first(struct fault *f)
{
	bool shared = f->r.flags & REGIONS_SHARED;
	pte_t want;
	int r;

	if (!f->r.object && !f->write) {
		paddr_t z = zero_frame();

		if (!z)
			return -ENOMEM;
		return fault_commit(f, (z | PTE_LEAF | (f->r.prot & PROT_EXEC ? 0 : PTE_NX)));
	}
	if (f->r.object && (r = fault_file_pages(f)))
		return r;
	if (!f->r.object || (f->write && !shared)) {
		f->fresh = frame_alloc_user(core_node());
		if (!f->fresh)
			return -ENOMEM;
		if (f->r.object)
			memcpy(phys_to_virt(f->fresh), phys_to_virt(f->page[0]), PAGE_SIZE);
		else
			memset(phys_to_virt(f->fresh), 0, PAGE_SIZE);
		want = pte_rights(&f->r, f->fresh) | (f->r.prot & PROT_WRITE ? PTE_W : 0);
	} else {
		u64 own = (f->va - f->r.start + f->r.offset) >> PAGE_SHIFT;

		want = pte_rights(&f->r, f->page[own - f->first]);
		want |= !shared ? PTE_COW : f->r.prot & PROT_WRITE ? PTE_W : 0;
	}
	r = fault_commit(f, want);
	if (r != FAULT_DONE)
		return r;
	resident_add(f->s, 1);
	if (f->fresh)
		f->fresh = 0;
	else
		f->page[((f->va - f->r.start + f->r.offset) >> PAGE_SHIFT) - f->first] = 0;
	if (!f->write)
		fault_commit_window(f);
	return FAULT_DONE;
}

/* A kept page without the right that is needed: give it, unless a write must copy first. */
static int fault_rights(struct fault *f)
{
	pte_t want = (f->old & ~(PTE_NX | PTE_P)) | PTE_LEAF | (f->r.prot & PROT_EXEC ? 0 : PTE_NX);

	if ((f->r.prot & PROT_WRITE) && (f->old & (PTE_KEEP | PTE_COW)) == PTE_KEEP) /* never the zero page */
		want |= PTE_W;
	return fault_commit(f, want);
}

/*
 * With other threads about: nobody may go on using the old frame once this write can be seen. The reference keeps the
 * frame while we copy it, for the entry that owns it may be discarded meanwhile.
 */
static int fault_withdraw(struct fault *f)
{
	pte_t busy = (f->old & ~(PTE_P | PTE_W)) | PTE_BUSY;
	paddr_t from = f->old & PTE_FRAME;
	int r;

	if (!frame_tryget(from))
		return FAULT_AGAIN;
	r = fault_commit(f, busy);
	if (r != FAULT_DONE) {
		frame_put(from);
		return r;
	}
	flush_range(f->s, f->va, f->va + PAGE_SIZE);
	f->old = busy;
	return FAULT_DONE;
}

/* The write came to nothing: others may have the page again. */
static void fault_put_back(struct fault *f)
{
	pte_t busy = f->old;

	nr_read_begin(f->s->nr, nr_me(), 0);
	fault_enter(&f->s->pages, f->va, busy, busy & PTE_KEEP ? busy & ~PTE_BUSY : 0);
	nr_read_end(f->s->nr, nr_me(), 0);
}

static int fault_copy_fresh(struct fault *f, paddr_t from, bool kept)
{
	int r;

	if (kept)
		memcpy(phys_to_virt(f->fresh), phys_to_virt(from), PAGE_SIZE);
	else
		memset(phys_to_virt(f->fresh), 0, PAGE_SIZE);
	r = fault_commit(f, pte_rights(&f->r, f->fresh) | PTE_W);
	if (r != FAULT_DONE)
		return r;
	f->fresh = 0;
	if (kept)
		frame_put(from); /* the entry's */
	else
		resident_add(f->s, 1);
	return r;
}

/* A write to a frame that others may hold, or to the zero page. */
static int fault_copy(struct fault *f)
{
	paddr_t from = f->old & PTE_FRAME;
	bool kept = f->old & PTE_KEEP, alone = space_alone(f->s) && !atomic_load(&f->s->pages.copies);
	int r;

	if (kept && frame_refs(from) == 1)
		return fault_commit(f, pte_rights(&f->r, from) | PTE_W);
	f->fresh = frame_alloc_user(core_node());
	if (!f->fresh)
		return -ENOMEM;
	if (alone) {
		r = fault_copy_fresh(f, from, kept);
		f->replaced = r == FAULT_DONE;
		return r;
	}
	if ((r = fault_withdraw(f)))
		return r;
	r = fault_copy_fresh(f, from, kept);
	if (r != FAULT_DONE)
		fault_put_back(f);
	frame_put(from); /* ours */
	return r;
}

static int fault_resolve(struct fault *f, u32 access)
{
	int r = region_allows(&f->r, access);

	if (r)
		return r;
	if (f->old & (PTE_BUSY | PTE_HOLD))
		return -EBUSY;
	if (!(f->old & (PTE_KEEP | PTE_P)))
		return fault_first(f);
	if (f->write && ((f->old & PTE_COW) || !(f->old & PTE_KEEP)))
		return fault_copy(f);
	return fault_rights(f);
}

int space_fault(struct space *s, u64 va, u32 access)
{
	struct fault f = { .s = s, .va = va & PAGE_MASK, .write = access & PF_WRITE };
	int r;

	if (va >= USER_END)
		return -EFAULT;
	percore()->faults++;
	space_join(s);
	for (;; nr_port_relax()) {
		f.replaced = false;
		f.old = 0;
		r = fault_look(&f);
		if (r == -EFAULT) {
			r = fault_grow_stack(s, va);
			if (r)
				return r;
			continue;
		}
		if (r == FAULT_DONE)
			r = fault_resolve(&f, access);
		fault_drop(&f);
		if (f.replaced)
			flush_page_here(s, f.va);
		else if (r == FAULT_DONE && f.old)
			mmu_flush_page(f.va);
		if (r <= 0 && r != -EBUSY)
			return r;
	}
}
