/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The page map: see pagemap.h for the states of an entry and who may change it when. */
#include "kern/pagemap.h"
#include "base/errno.h"
#include "base/string.h"
#include "base/abi.h"
#include "mem/frame.h"

typedef _Atomic pte_t slot_t;

static slot_t *table_of(paddr_t p)
{
	return phys_to_virt(p);
}

static paddr_t pagemap_table_new(struct pagemap *pm, u32 node)
{
	paddr_t p = frame_alloc_zero(node);

	if (p)
		atomic_fetch_add_explicit(&pm->tables, 1, memory_order_relaxed);
	return p;
}

static void pagemap_table_free(struct pagemap *pm, paddr_t p)
{
	atomic_fetch_sub_explicit(&pm->tables, 1, memory_order_relaxed);
	frame_put(p);
}

static paddr_t pagemap_root_new(struct pagemap *pm, u32 node)
{
	paddr_t p = frame_alloc(node);

	if (!p)
		return 0;
	mmu_root_init(phys_to_virt(p));
	atomic_fetch_add_explicit(&pm->tables, 1, memory_order_relaxed);
	return p;
}

int pagemap_init(struct pagemap *pm, u32 home)
{
	memset(pm, 0, sizeof(*pm));
	pm->home = home;
	pm->root[home] = pagemap_root_new(pm, home);
	return pm->root[home] ? 0 : -ENOMEM;
}

int pagemap_node_add(struct pagemap *pm, u32 node)
{
	paddr_t none = 0, root;

	if (atomic_load(&pm->root[node]))
		return 0;
	root = pagemap_root_new(pm, node);
	if (!root)
		return -ENOMEM;
	atomic_fetch_add(&pm->copies, 1); /* before it is there to be filled: pagemap_forget looks at this */
	if (!atomic_compare_exchange_strong(&pm->root[node], &none, root)) {
		atomic_fetch_sub(&pm->copies, 1);
		pagemap_table_free(pm, root);
	}
	return 0;
}

bool pagemap_has_copy(const struct pagemap *pm, u32 node)
{
	return node != pm->home && atomic_load(&pm->root[node]) != 0;
}

paddr_t pagemap_root(const struct pagemap *pm, u32 node)
{
	paddr_t p = atomic_load_explicit(&pm->root[node], memory_order_acquire);

	return p ? p : atomic_load_explicit(&pm->root[pm->home], memory_order_relaxed);
}

/* One level down; `make` links a fresh table if there is none (the loser of a race frees his). */
static slot_t *pagemap_step(struct pagemap *pm, u32 node, slot_t *slot, bool make)
{
	pte_t e = atomic_load_explicit(slot, memory_order_acquire);
	paddr_t fresh;

	if (e & PTE_P)
		return table_of(e & PTE_FRAME);
	if (!make)
		return NULL;
	fresh = pagemap_table_new(pm, node);
	if (!fresh)
		return NULL;
	if (!atomic_compare_exchange_strong(slot, &e, fresh | PTE_TABLE)) {
		pagemap_table_free(pm, fresh);
		return table_of(e & PTE_FRAME);
	}
	return table_of(fresh);
}

_Atomic pte_t *pagemap_slot(struct pagemap *pm, u32 node, u64 va, bool make)
{
	slot_t *table = table_of(atomic_load_explicit(&pm->root[node], memory_order_acquire));
	int level;

	for (level = MMU_LEVELS - 1; level > 0; level--) {
		table = pagemap_step(pm, node, &table[mmu_index(va, level)], make);
		if (!table)
			return NULL;
	}
	return &table[mmu_index(va, 0)];
}

void pagemap_forget(struct pagemap *pm, u64 va)
{
	u32 node, n = nodes_count();
	slot_t *s;

	if (!atomic_load(&pm->copies))
		return;
	for (node = 0; node < n; node++) {
		if (!pagemap_has_copy(pm, node))
			continue;
		s = pagemap_slot(pm, node, va, false);
		if (s)
			atomic_exchange(s, 0);
	}
}

/*
 * The one walk that all range operations share: calls fn for each non-empty leaf slot of the master in
 * [start, end), skipping absent subtrees; stops when fn returns false and reports where.
 */
struct walk {
	struct pagemap *pm;
	bool (*fn)(struct walk *w, slot_t *slot, u64 va);
	void *arg;
};

static bool walk_level(struct walk *w, slot_t *table, int level, u64 base, u64 *at, u64 end)
{
	unsigned i;

	for (i = mmu_index(*at, level); i < 512 && *at < end; i++) {
		u64 next = base + (i + 1) * mmu_span(level);
		pte_t e = atomic_load_explicit(&table[i], memory_order_acquire);

		if (e && level > 0) {
			if (!walk_level(w, table_of(e & PTE_FRAME), level - 1, next - mmu_span(level), at, end))
				return false;
		} else if (e && !w->fn(w, &table[i], next - mmu_span(0))) {
			return false;
		}
		*at = MIN(next, end);
	}
	return true;
}

/* Returns `end`, or the address where fn stopped. */
static u64 pagemap_walk(struct pagemap *pm, u64 start, u64 end, bool (*fn)(struct walk *, slot_t *, u64), void *arg)
{
	struct walk w = { .pm = pm, .fn = fn, .arg = arg };
	u64 at = start;

	if (start < end)
		walk_level(&w, table_of(pm->root[pm->home]), MMU_LEVELS - 1, 0, &at, end);
	return at;
}

static bool zap_slot(struct walk *w, slot_t *slot, u64 va)
{
	struct zap *z = w->arg;
	pte_t e;

	if (z->n == PAGEMAP_BATCH)
		return false;
	e = atomic_exchange(slot, 0);
	pagemap_forget(w->pm, va);
	z->touched = true; /* also if it is not present: who took that right away may not have flushed yet */
	if (e & PTE_KEEP)
		z->frame[z->n++] = e & PTE_FRAME;
	return true;
}

void pagemap_zap(struct pagemap *pm, u64 start, u64 end, struct zap *z)
{
	z->n = 0;
	z->touched = false;
	z->next = pagemap_walk(pm, start, end, zap_slot, z);
	atomic_fetch_sub_explicit(&pm->resident, z->n, memory_order_relaxed);
}

void zap_free(struct zap *z)
{
	u32 i;

	for (i = 0; i < z->n; i++)
		frame_put(z->frame[i]);
	z->n = 0;
}

struct protect {
	unsigned prot;
	bool lost;
};

/* Takes away what prot forbids; what it adds, the next fault gives. */
static pte_t pte_restrict(pte_t e, unsigned prot)
{
	if (!(prot & (PROT_READ | PROT_WRITE | PROT_EXEC)))
		e &= ~PTE_P;
	if (!(prot & PROT_WRITE))
		e &= ~PTE_W;
	if (!(prot & PROT_EXEC))
		e |= PTE_NX;
	return e;
}

static bool protect_slot(struct walk *w, slot_t *slot, u64 va)
{
	struct protect *p = w->arg;
	pte_t e = atomic_load(slot), want;

	do {
		want = pte_restrict(e, p->prot);
		if (!(want & (PTE_KEEP | PTE_P)))
			want = 0;
	} while (!atomic_compare_exchange_weak(slot, &e, want));
	if (want != e) {
		pagemap_forget(w->pm, va);
		p->lost = p->lost || (e & PTE_P);
	}
	return true;
}

bool pagemap_protect(struct pagemap *pm, u64 start, u64 end, unsigned prot)
{
	struct protect p = { .prot = prot };

	pagemap_walk(pm, start, end, protect_slot, &p);
	return p.lost;
}

/* The parent's entry becomes copy-on-write before the child gets its reference. */
static bool copy_slot(struct walk *w, slot_t *slot, u64 va)
{
	struct pagemap *child = w->arg;
	pte_t e = atomic_load(slot), cow;
	slot_t *to;

	if (!(e & PTE_KEEP))
		return true;
	to = pagemap_slot(child, child->home, va, true);
	if (!to)
		return false;
	do {
		if (!(e & PTE_KEEP))
			return true;
		cow = (e & ~(PTE_W | PTE_BUSY)) | PTE_COW;
	} while (!atomic_compare_exchange_weak(slot, &e, (e & PTE_BUSY) | cow));
	if (e & PTE_W)
		pagemap_forget(w->pm, va);
	frame_get(e & PTE_FRAME);
	atomic_store_explicit(to, cow, memory_order_relaxed);
	atomic_fetch_add_explicit(&child->resident, 1, memory_order_relaxed);
	return true;
}

int pagemap_copy(struct pagemap *pm, struct pagemap *child, u64 start, u64 end)
{
	return pagemap_walk(pm, start, end, copy_slot, child) == end ? 0 : -ENOMEM;
}

struct move {
	u64 from, to;
	bool prepare;
};

static bool move_slot(struct walk *w, slot_t *slot, u64 va)
{
	struct move *m = w->arg;
	slot_t *to = pagemap_slot(w->pm, w->pm->home, va - m->from + m->to, m->prepare);
	pte_t e;

	if (m->prepare)
		return to != NULL;
	e = atomic_exchange(slot, 0);
	pagemap_forget(w->pm, va);
	if (e & PTE_BUSY) /* whoever copies it looks for it here, in vain, and starts over */
		e = e & PTE_KEEP ? e & ~PTE_BUSY : 0;
	atomic_store(to, e);
	return true;
}

int pagemap_move(struct pagemap *pm, u64 from, u64 to, u64 len)
{
	struct move m = { .from = from, .to = to, .prepare = true };

	if (pagemap_walk(pm, from, from + len, move_slot, &m) != from + len)
		return -ENOMEM;
	m.prepare = false;
	pagemap_walk(pm, from, from + len, move_slot, &m);
	return 0;
}

static bool count_slot(struct walk *w, slot_t *slot, u64 va)
{
	(void)va;
	if (atomic_load_explicit(slot, memory_order_relaxed) & PTE_KEEP)
		++*(u64 *)w->arg;
	return true;
}

u64 pagemap_count(struct pagemap *pm, u64 start, u64 end)
{
	u64 n = 0;

	pagemap_walk(pm, start, end, count_slot, &n);
	return n;
}

/* Frees a table and all below it; frames are dropped if this is the master. */
static void pagemap_tear(struct pagemap *pm, paddr_t table, int level, bool master)
{
	slot_t *t = table_of(table);
	unsigned i, n = level == MMU_LEVELS - 1 ? 256 : 512;

	for (i = 0; i < n; i++) {
		pte_t e = atomic_load_explicit(&t[i], memory_order_relaxed);

		if (!e)
			continue;
		if (level > 0)
			pagemap_tear(pm, e & PTE_FRAME, level - 1, master);
		else if (master && (e & PTE_KEEP))
			frame_put(e & PTE_FRAME);
	}
	pagemap_table_free(pm, table);
}

void pagemap_destroy(struct pagemap *pm)
{
	u32 node;

	for (node = 0; node < NODES_MAX; node++) {
		paddr_t root = pm->root[node];

		if (root)
			pagemap_tear(pm, root, MMU_LEVELS - 1, node == pm->home);
	}
}
