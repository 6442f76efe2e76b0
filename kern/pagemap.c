/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The page map: see pagemap.h for the states of an entry and who may change it when. */
#include "kern/pagemap.h"
#include "base/errno.h"
#include "base/string.h"
#include "base/abi.h"
#include "mem/frame.h"
#include "nr/port.h"

typedef _Atomic pte_t slot_t;

static slot_t *table_of(paddr_t p)
{
	return phys_to_virt(p);
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
	atomic_fetch_add(&pm->copies, 1); /* before it can be filled: pagemap_forget looks at this first */
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

bool pagemap_stock_fill(struct pagemap_stock *stock, u32 node)
{
	while (stock->n < MMU_LEVELS - 1) {
		paddr_t p = frame_alloc_zero(node);

		if (!p)
			return false;
		stock->page[stock->n++] = p;
	}
	return true;
}

void pagemap_stock_drop(struct pagemap_stock *stock)
{
	while (stock->n)
		frame_put(stock->page[--stock->n]);
}

/* One level down; links a table from the stock if there is none (the loser of a race keeps his). */
static slot_t *pagemap_step(struct pagemap *pm, slot_t *slot, struct pagemap_stock *stock)
{
	pte_t e = atomic_load_explicit(slot, memory_order_acquire);
	paddr_t fresh;

	if (e & PTE_P)
		return table_of(e & PTE_FRAME);
	if (!stock || !stock->n)
		return NULL;
	fresh = stock->page[stock->n - 1];
	if (!atomic_compare_exchange_strong(slot, &e, fresh | PTE_TABLE))
		return table_of(e & PTE_FRAME);
	stock->n--;
	atomic_fetch_add_explicit(&pm->tables, 1, memory_order_relaxed);
	return table_of(fresh);
}

_Atomic pte_t *pagemap_slot(struct pagemap *pm, u32 node, u64 va, struct pagemap_stock *stock)
{
	slot_t *table = table_of(atomic_load_explicit(&pm->root[node], memory_order_acquire));
	int level;

	for (level = MMU_LEVELS - 1; level > 0; level--) {
		table = pagemap_step(pm, &table[mmu_index(va, level)], stock);
		if (!table)
			return NULL;
	}
	return &table[mmu_index(va, 0)];
}

pte_t pagemap_settled(_Atomic pte_t *slot)
{
	pte_t e = atomic_load(slot);

	while (e & PTE_HOLD) {
		nr_port_relax();
		e = atomic_load(slot);
	}
	return e;
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
		s = pagemap_slot(pm, node, va, NULL);
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

/* Changes an entry that nobody holds; false: look again. */
static bool slot_change(slot_t *slot, pte_t *old, pte_t want)
{
	if (atomic_compare_exchange_strong(slot, old, want))
		return true;
	*old = pagemap_settled(slot);
	return false;
}

static void zap_start(struct zap *z)
{
	z->n = 0;
	z->low = z->high = z->more = 0;
}

static void zap_lost(struct zap *z, u64 va)
{
	z->low = z->high ? z->low : va;
	z->high = va + PAGE_SIZE;
}

static bool zap_full(struct zap *z)
{
	if (z->n == PAGEMAP_BATCH && !z->more)
		z->more = frame_alloc(core_node());
	return z->n == PAGEMAP_BATCH + (z->more ? PAGEMAP_MORE : 0);
}

static paddr_t *zap_frame(struct zap *z, u32 i)
{
	return i < PAGEMAP_BATCH ? &z->frame[i] : (paddr_t *)phys_to_virt(z->more) + (i - PAGEMAP_BATCH);
}

static bool zap_slot(struct walk *w, slot_t *slot, u64 va)
{
	struct zap *z = w->arg;
	pte_t e = pagemap_settled(slot);

	if (zap_full(z))
		return false;
	while (!slot_change(slot, &e, 0))
		;
	pagemap_forget(w->pm, va);
	zap_lost(z, va); /* also if it is not present: who took that right away may not have flushed yet */
	if (e & PTE_KEEP)
		*zap_frame(z, z->n++) = e & PTE_FRAME;
	return true;
}

void pagemap_zap(struct pagemap *pm, u64 start, u64 end, struct zap *z)
{
	zap_start(z);
	z->next = pagemap_walk(pm, start, end, zap_slot, z);
}

void zap_free(struct zap *z)
{
	u32 i;

	for (i = 0; i < z->n; i++)
		frame_put(*zap_frame(z, i));
	if (z->more)
		frame_put(z->more);
	z->n = z->more = 0;
}

struct protect {
	unsigned prot;
	struct zap *z;
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
	pte_t e = pagemap_settled(slot), want;

	do {
		want = pte_restrict(e, p->prot);
		if (!(want & (PTE_KEEP | PTE_P)))
			want = 0;
	} while (!slot_change(slot, &e, want));
	if (want == e)
		return true;
	pagemap_forget(w->pm, va);
	if (e & PTE_P)
		zap_lost(p->z, va);
	return true;
}

void pagemap_protect(struct pagemap *pm, u64 start, u64 end, unsigned prot, struct zap *z)
{
	struct protect p = { .prot = prot, .z = z };

	zap_start(z);
	pagemap_walk(pm, start, end, protect_slot, &p);
}

struct copy {
	struct pagemap *child;
	unsigned prot;
	s64 shared; /* pages */
};

static slot_t *copy_target(struct pagemap *child, u64 va)
{
	struct pagemap_stock stock = { 0 };
	slot_t *to = pagemap_slot(child, child->home, va, NULL);

	if (!to && pagemap_stock_fill(&stock, child->home))
		to = pagemap_slot(child, child->home, va, &stock);
	pagemap_stock_drop(&stock);
	return to;
}

/* Marks a kept entry copy-on-write and takes a reference on its frame: first the reference, or another thread's unmap may
 * free the frame in between. The entry as it was; 0 if there is none. */
static pte_t copy_share(slot_t *slot)
{
	pte_t e = pagemap_settled(slot);

	while (e & PTE_KEEP) {
		pte_t was = e;

		if (!frame_tryget(e & PTE_FRAME)) {
			e = pagemap_settled(slot);
			continue;
		}
		if (slot_change(slot, &e, (e & ~PTE_W) | PTE_COW))
			return was;
		frame_put(was & PTE_FRAME);
	}
	return 0;
}

static bool copy_slot(struct walk *w, slot_t *slot, u64 va)
{
	struct copy *c = w->arg;
	slot_t *to = copy_target(c->child, va);
	pte_t e, cow;

	if (!to)
		return false;
	e = copy_share(slot);
	if (!e)
		return true;
	if (frame_crowded(e & PTE_FRAME)) {
		frame_put(e & PTE_FRAME);
		return false;
	}
	cow = (e & ~(PTE_W | PTE_BUSY)) | PTE_COW;
	if (e & PTE_W)
		pagemap_forget(w->pm, va);
	/* A page that is being replaced just now is without P here; the child's own fault gives it. */
	atomic_store_explicit(to, pte_restrict(cow, c->prot), memory_order_relaxed);
	c->shared++;
	return true;
}

int pagemap_copy(struct pagemap *pm, struct pagemap *child, u64 start, u64 end, unsigned prot)
{
	struct copy c = { .child = child, .prot = prot };

	u64 done = pagemap_walk(pm, start, end, copy_slot, &c);

	atomic_fetch_add_explicit(&child->resident, c.shared, memory_order_relaxed);
	return done == end ? 0 : -ENOMEM;
}

struct move {
	u64 from, to;
	bool prepare;
};

static bool move_slot(struct walk *w, slot_t *slot, u64 va)
{
	struct move *m = w->arg;
	u64 there = va - m->from + m->to;
	slot_t *to = m->prepare ? copy_target(w->pm, there) : pagemap_slot(w->pm, w->pm->home, there, NULL);
	pte_t e = pagemap_settled(slot);

	if (m->prepare)
		return to != NULL;
	while (!slot_change(slot, &e, 0))
		;
	pagemap_forget(w->pm, va);
	if (e & PTE_BUSY) /* whoever copies it looks for it where it was, and starts over; nobody would lift the mark here */
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

/* The first entry from i on that is not empty, n if there is none: eight at a time, for tables are mostly empty.
 * Plain reads: nobody else has the table any more. */
static unsigned table_next(const pte_t *t, unsigned i, unsigned n)
{
	for (; i < n && i % 8; i++)
		if (t[i])
			return i;
	while (i < n && !(t[i] | t[i + 1] | t[i + 2] | t[i + 3] | t[i + 4] | t[i + 5] | t[i + 6] | t[i + 7]))
		i += 8;
	while (i < n && !t[i])
		i++;
	return i;
}

/* Frees a table and all below it; frames are dropped if this is the master. */
static void pagemap_tear(struct pagemap *pm, paddr_t table, int level, bool master)
{
	const pte_t *t = phys_to_virt(table);
	unsigned i, n = level == MMU_LEVELS - 1 ? 256 : 512;

	for (i = table_next(t, 0, n); i < n; i = table_next(t, i + 1, n)) {
		pte_t e = t[i];

		if (level > 0)
			pagemap_tear(pm, e & PTE_FRAME, level - 1, master);
		else if (master && (e & PTE_KEEP))
			frame_put(e & PTE_FRAME);
	}
	pagemap_table_free(pm, table);
}

/* ---- trim */

struct trim {
	struct pagemap *pm;
	paddr_t list;   /* unlinked tables, chained through their first entry (an absent one, to a walker who is late) */
	u64 count;
};

static void trim_push(struct trim *t, paddr_t table)
{
	atomic_store(&table_of(table)[0], t->list);
	t->list = table;
	t->count++;
}

/* Unlinks the empty tables below this one; true if then it is empty itself. */
static bool trim_level(struct trim *t, slot_t *table, int level)
{
	unsigned i, n = level == MMU_LEVELS - 1 ? 256 : 512, used = 0;

	for (i = 0; i < n; i++) {
		pte_t e = atomic_load_explicit(&table[i], memory_order_relaxed);

		if (e && level > 0 && trim_level(t, table_of(e & PTE_FRAME), level - 1)) {
			atomic_store(&table[i], 0);
			trim_push(t, e & PTE_FRAME);
		} else if (e) {
			used++;
		}
	}
	return !used;
}

static void trim_all(struct trim *t, paddr_t table, int level)
{
	unsigned i, n = level == MMU_LEVELS - 1 ? 256 : 512;

	for (i = 0; i < n && level > 0; i++) {
		pte_t e = atomic_load_explicit(&table_of(table)[i], memory_order_relaxed);

		if (e)
			trim_all(t, e & PTE_FRAME, level - 1);
	}
	trim_push(t, table);
}

u64 pagemap_trim(struct pagemap *pm, u64 drop, void (*flush)(void *arg), void *arg)
{
	struct trim t = { .pm = pm };
	u32 node, n = nodes_count();

	for (node = 0; node < n; node++) {
		paddr_t root = atomic_load(&pm->root[node]);

		if (root && node != pm->home && drop >> node & 1) {
			atomic_store(&pm->root[node], 0);
			atomic_fetch_sub(&pm->copies, 1);
			trim_all(&t, root, MMU_LEVELS - 1);
		} else if (root) {
			trim_level(&t, table_of(root), MMU_LEVELS - 1);
		}
	}
	flush(arg);
	while (t.list) {
		paddr_t p = t.list;

		t.list = atomic_load(&table_of(p)[0]);
		pagemap_table_free(pm, p);
	}
	return t.count;
}

void pagemap_destroy(struct pagemap *pm)
{
	u32 node, n = nodes_count();

	for (node = 0; node < n; node++) {
		paddr_t root = pm->root[node];

		if (root)
			pagemap_tear(pm, root, MMU_LEVELS - 1, node == pm->home);
	}
}
