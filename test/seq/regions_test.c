/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * regions against a naive model: an array with one entry per page. Operations run to their last step and are then
 * compared: result, what was unmapped, every page, every region border, and the placement of new mappings.
 * Two instances with different memory histories must agree in every result and hash.
 */
#include "test/seq/procs_common.h"
#include "seq/regions.h"

#define P PAGE_SIZE
#define LOW (16 * P)
#define NPAGES 2000u
#define BASE_PAGE 1500u /* mmap_base, relative to LOW */
#define HIGH (LOW + NPAGES * P)
#define NOLIMIT REGIONS_NOLIMIT

struct page {
	bool mapped;
	struct region r; /* attributes; offset of this page; start and end unused */
};

struct model {
	struct page at[NPAGES];
	u64 brk_start, brk;
	struct page gone[NPAGES]; /* unmapped by the last operation */
};

static const struct regions_config config = { .low = LOW, .high = HIGH, .mmap_base = LOW + BASE_PAGE * P };

static u32 page_of(u64 addr) { return (u32)((addr - LOW) / P); }
static u64 addr_of(u32 page) { return LOW + page * P; }

/* ---- model: pages ---- */

static bool m_free(const struct model *m, u32 a, u32 n)
{
	for (; n; a++, n--)
		if (m->at[a].mapped)
			return false;
	return true;
}

static void m_unmap(struct model *m, u32 a, u32 n)
{
	for (; n; a++, n--) {
		if (m->at[a].mapped)
			m->gone[a] = m->at[a];
		m->at[a].mapped = false;
	}
}

static void m_map(struct model *m, u32 a, u32 n, const struct region *r)
{
	u32 i;

	for (i = 0; i < n; i++) {
		m->at[a + i] = (struct page){ .mapped = true, .r = *r };
		m->at[a + i].r.offset = !r->object ? 0 : r->flags & REGIONS_IDENTITY ? addr_of(a + i) : r->offset + i * P;
	}
}

static u64 m_count(const struct model *m, u32 flags, bool data)
{
	u64 n = 0;
	u32 i;

	for (i = 0; i < NPAGES; i++)
		n += m->at[i].mapped && (m->at[i].r.flags & flags) == flags &&
		     (!data || ((m->at[i].r.prot & REGIONS_W) && !(m->at[i].r.flags & (REGIONS_SHARED | REGIONS_GROWSDOWN))));
	return n;
}

/* First page above a where the free space that begins at a must stop. */
static u32 m_floor(const struct model *m, u32 a)
{
	while (a < NPAGES && !m->at[a].mapped)
		a++;
	if (a < NPAGES && m->at[a].r.flags & REGIONS_GROWSDOWN)
		return a > 256 ? a - 256 : 0;
	return a;
}

static u32 m_place_below(const struct model *m, u32 limit, u32 n)
{
	u32 a;

	for (a = limit >= n ? limit - n + 1 : 0; a-- > 0;)
		if (m_free(m, a, n) && a + n <= m_floor(m, a + n))
			return a;
	return NPAGES;
}

static u32 m_place(const struct model *m, u64 hint, u32 n)
{
	u32 a;

	hint &= PAGE_MASK;
	if (hint) {
		hint = MAX(hint, LOW);
		if (n <= NPAGES && hint <= HIGH - n * P && m_free(m, page_of(hint), n) &&
		    page_of(hint) + n <= m_floor(m, page_of(hint) + n))
			return page_of(hint);
	}
	if (n > NPAGES)
		return NPAGES;
	a = m_place_below(m, BASE_PAGE, n);
	return a != NPAGES ? a : m_place_below(m, NPAGES, n);
}

static bool m_joined(const struct page *a, const struct page *b) /* b follows a */
{
	const struct region *x = &a->r, *y = &b->r;

	if (!a->mapped || !b->mapped || x->prot != y->prot || x->flags != y->flags || x->what != y->what || x->dev != y->dev ||
	    x->ino != y->ino || x->object != y->object || (x->object && x->offset + P != y->offset))
		return false;
	return true;
}

static u32 m_end(const struct model *m, u32 a) /* of the region that holds page a */
{
	while (a + 1 < NPAGES && m_joined(&m->at[a], &m->at[a + 1]))
		a++;
	return a + 1;
}

/* ---- model: operations on valid arguments. Errors of arguments are in the errno table. ---- */

struct result {
	s32 err;
	u64 addr, added;
};

static struct result m_do_map(struct model *m, const struct regions_op *op)
{
	u32 n = (u32)(ALIGN_UP(op->len, P) / P), a = page_of(op->r.start), i, old = 0, old_data = 0;
	bool fixed = op->how & REGIONS_FIXED, data = (op->r.prot & REGIONS_W) && !(op->r.flags & (REGIONS_SHARED | REGIONS_GROWSDOWN));

	if (!fixed && (a = m_place(m, op->r.start, n)) == NPAGES)
		return (struct result){ .err = -ENOMEM };
	if (fixed && a + n > NPAGES)
		return (struct result){ .err = -ENOMEM };
	if ((op->how & REGIONS_NOREPLACE) && !m_free(m, a, n))
		return (struct result){ .err = -EEXIST };
	if ((op->r.flags & REGIONS_LOCKED) && op->limit_locked != NOLIMIT && m_count(m, REGIONS_LOCKED, false) + n > op->limit_locked / P)
		return (struct result){ .err = -EAGAIN };
	for (i = a; i < a + n; i++) {
		struct page save = m->at[i];

		old += save.mapped;
		old_data += save.mapped && (save.r.prot & REGIONS_W) && !(save.r.flags & (REGIONS_SHARED | REGIONS_GROWSDOWN));
	}
	if (op->limit_as != NOLIMIT && m_count(m, 0, false) - old + n > op->limit_as / P)
		return (struct result){ .err = -ENOMEM };
	if (data && op->limit_data != NOLIMIT && m_count(m, 0, true) - old_data + n > op->limit_data / P)
		return (struct result){ .err = -ENOMEM };
	m_unmap(m, a, n);
	m_map(m, a, n, &op->r);
	return (struct result){ .addr = addr_of(a), .added = n };
}

static s32 m_do_protect(struct model *m, u32 a, u32 n, u32 prot)
{
	static const u32 never[] = { 0, REGIONS_NOREAD, REGIONS_NOWRITE, 0, REGIONS_NOEXEC };

	for (; n; a++, n--) {
		u32 bit;

		if (a >= NPAGES || !m->at[a].mapped)
			return -ENOMEM;
		for (bit = 1; bit <= 4; bit <<= 1)
			if ((prot & bit) && (m->at[a].r.flags & never[bit]) && m->at[a].r.prot != prot)
				return -EACCES;
		m->at[a].r.prot = prot;
	}
	return 0;
}

static s32 m_do_setflags(struct model *m, u32 a, u32 n, const struct regions_op *op, bool *holes)
{
	for (; n; a++, n--) {
		if (a >= NPAGES || !m->at[a].mapped) {
			*holes = true;
			if (op->how & REGIONS_STOP_AT_HOLE)
				return -ENOMEM;
			continue;
		}
		m->at[a].r.flags = (m->at[a].r.flags & ~op->clear) | op->set;
	}
	return 0;
}

static struct result m_do_brk(struct model *m, const struct regions_op *op)
{
	u32 from = page_of(ALIGN_UP(m->brk, P)), to = page_of(ALIGN_UP(op->addr, P));
	struct region r = op->r;

	if (op->addr < m->brk_start)
		return (struct result){ .addr = m->brk };
	if (to > from) {
		if (to > NPAGES || !m_free(m, from, to - from) || (m_floor(m, to) < NPAGES && to + 1 > m_floor(m, to)) )
			return (struct result){ .addr = m->brk };
		r.what = REGIONS_HEAP;
		m_map(m, from, to - from, &r);
	} else if (to < from) {
		if (op->new_addr && addr_of(from) > op->new_addr)
			return (struct result){ .err = -EAGAIN, .addr = m->brk };
		if (m_free(m, to, from - to))
			return (struct result){ .addr = m->brk };
		m_unmap(m, to, from - to);
	}
	m->brk = op->addr;
	return (struct result){ .addr = m->brk, .added = to > from ? to - from : 0 };
}

static struct result m_do_stack(struct model *m, const struct regions_op *op)
{
	u32 a = page_of(op->addr), up = a, i;
	struct page top;

	while (up < NPAGES && !m->at[up].mapped)
		up++;
	if (up == NPAGES || (up > a && !(m->at[up].r.flags & REGIONS_GROWSDOWN)))
		return (struct result){ .err = -EFAULT };
	for (i = a; i-- > 0 && !m->at[i].mapped;)
		;
	if (up > a && i != ~0u && m->at[i].r.prot && !(m->at[i].r.flags & REGIONS_GROWSDOWN) && a - (i + 1) < 256)
		return (struct result){ .err = -EFAULT };
	if (up > a && (m_end(m, up) - a) * P > op->limit_stack)
		return (struct result){ .err = -ENOMEM };
	top = m->at[up];
	top.r.offset -= top.r.object ? (up - a) * P : 0;
	if (up > a)
		m_map(m, a, up - a, &top.r);
	return (struct result){ .addr = addr_of(a), .added = up - a };
}

static struct result m_do_mremap(struct model *m, const struct regions_op *op)
{
	static struct page piece[NPAGES];
	u32 a = page_of(op->addr), n = (u32)(op->len / P), k = (u32)(op->new_len / P), to = page_of(op->new_addr), i;
	bool fixed = op->how & REGIONS_FIXED;
	struct region r;

	if (fixed && to + k > NPAGES)
		return (struct result){ .err = -EINVAL };
	if (fixed && a + n > to && to + k > a)
		return (struct result){ .err = -EINVAL };
	if (!m->at[a].mapped)
		return (struct result){ .err = -EFAULT };
	if (n > k && a + n > NPAGES)
		return (struct result){ .err = -EINVAL };
	if (n > k)
		m_unmap(m, a + k, n - k);
	if (!fixed && n >= k)
		return (struct result){ .addr = op->addr };
	if (fixed)
		m_unmap(m, to, k);
	n = MIN(n, k);
	if (a + n > m_end(m, a))
		return (struct result){ .err = -EFAULT };
	r = m->at[a].r;
	if (!fixed) {
		if (m_end(m, a) == a + n && a + k <= NPAGES && m_free(m, a + n, k - n)) {
			if (r.object && !(r.flags & REGIONS_IDENTITY))
				r.offset += n * P;
			m_map(m, a + n, k - n, &r);
			return (struct result){ .addr = op->addr, .added = k - n };
		}
		if (!(op->how & REGIONS_MAYMOVE) || (to = m_place(m, 0, k)) == NPAGES)
			return (struct result){ .err = -ENOMEM };
	}
	memcpy(piece, &m->at[a], n * sizeof(piece[0]));
	for (i = 0; i < n; i++)
		m->at[a + i].mapped = false;
	if (r.what == REGIONS_HEAP || r.what == REGIONS_STACK)
		r.what = REGIONS_PLAIN;
	m_map(m, to, k, &r);
	return (struct result){ .addr = addr_of(to), .added = k - n };
}

static struct result m_apply(struct model *m, const struct regions_op *op, bool *holes)
{
	u32 a = page_of(op->addr), n = (u32)(ALIGN_UP(op->len, P) / P);

	memset(m->gone, 0, sizeof(m->gone));
	switch (op->kind) {
	case REGIONS_MAP:
		return m_do_map(m, op);
	case REGIONS_UNMAP:
		if (a + n > NPAGES)
			return (struct result){ .err = -EINVAL };
		m_unmap(m, a, n);
		return (struct result){ 0 };
	case REGIONS_PROTECT:
		return (struct result){ .err = m_do_protect(m, a, n, op->set) };
	case REGIONS_SETFLAGS:
		return (struct result){ .err = m_do_setflags(m, a, n, op, holes) };
	case REGIONS_BRK:
		return m_do_brk(m, op);
	case REGIONS_MREMAP:
		return m_do_mremap(m, op);
	case REGIONS_GROW_STACK:
		return m_do_stack(m, op);
	case REGIONS_SETBRK:
		m->brk_start = m->brk = op->addr;
		return (struct result){ .addr = op->addr };
	}
	return (struct result){ .err = -EINVAL };
}

/* ---- the real one, run to the last step ---- */

struct run {
	struct result res;
	bool holes;
	u32 steps;
	struct page gone[NPAGES]; /* r.offset, r.object, r.prot, r.flags */
};

static void one_step(struct regions *s, const struct regions_op *op, struct regions_ret *r)
{
	size_t before = s->pool->used;

	regions_apply(s, op, sizeof(*op), r);
	if (s->pool->used > before + regions_op_mem(op, sizeof(*op)))
		ok(false, "op_mem of kind %u", op->kind);
}

static void run_op(struct regions *s, struct regions_op op, struct run *out)
{
	u64 end = op.addr + ALIGN_UP(op.len, P), a;
	struct regions_ret r;
	u32 i;

	memset(out, 0, sizeof(*out));
	do {
		one_step(s, &op, &r);
		for (i = 0; i < r.ngone; i++)
			for (a = r.gone[i].start; a < r.gone[i].end; a += P) {
				struct page *g = &out->gone[page_of(a)];

				g->mapped = true;
				g->r.object = r.gone[i].object;
				g->r.offset = g->r.object ? r.gone[i].offset + (a - r.gone[i].start) : 0;
				g->r.prot = r.gone[i].prot;
				g->r.flags = r.gone[i].flags;
			}
		out->holes |= r.holes;
		if (r.more && op.kind >= REGIONS_UNMAP && op.kind <= REGIONS_SETFLAGS) {
			op.addr = r.next;
			op.len = end - r.next;
		}
		out->steps++;
	} while (r.more);
	out->res = (struct result){ r.err, r.addr, r.added };
}

/* ---- comparison ---- */

static bool same_gone(const struct model *m, const struct run *run)
{
	u32 i;

	for (i = 0; i < NPAGES; i++) {
		const struct page *a = &m->gone[i], *b = &run->gone[i];

		must(a->mapped == b->mapped, "page %u gone: model %d, real %d", i, a->mapped, b->mapped);
		must(!a->mapped || (a->r.object == b->r.object && a->r.offset == b->r.offset && a->r.prot == b->r.prot && a->r.flags == b->r.flags),
		     "what page %u was", i);
	}
	return true;
}

static bool same_state(const struct regions *s, const struct model *m)
{
	u32 i, count = 0, end;
	struct region r;

	must(s->brk == m->brk && s->brk_start == m->brk_start, "brk");
	for (i = 0; i < NPAGES; i = end) {
		const struct page *p = &m->at[i];

		end = i + 1;
		must(regions_find(s, addr_of(i), &r) == p->mapped, "page %u should%s be mapped", i, p->mapped ? "" : " not");
		if (!p->mapped)
			continue;
		count++;
		end = m_end(m, i);
		must(r.start == addr_of(i) && r.end == addr_of(end), "region at %u: %u-%u, model ends at %u", i, page_of(r.start), page_of(r.end), end);
		must(r.prot == p->r.prot && r.flags == p->r.flags && r.what == p->r.what && r.object == p->r.object &&
		     r.offset == p->r.offset && r.ino == p->r.ino && r.dev == p->r.dev, "attributes at %u", i);
	}
	must(count == s->count, "%u regions, model %u", s->count, count);
	return true;
}

/* ---- random programs ---- */

static struct region random_region(void)
{
	static const u32 flags[] = { REGIONS_ANON, REGIONS_ANON | REGIONS_SHARED, 0, REGIONS_SHARED | REGIONS_NOWRITE };
	struct region r = { .prot = (u32)below(2) ? 3 : (u32)below(8), .flags = flags[below(4)] };

	if (below(2)) {
		r.object = 1 + below(2);
		r.offset = below(4) * P;
		r.ino = r.flags & REGIONS_ANON ? 0 : r.object;
	}
	if (below(3) == 0)
		r.flags |= REGIONS_IDENTITY;
	if (below(20) == 0)
		r.flags |= REGIONS_LOCKED;
	if (below(30) == 0) {
		r.flags = REGIONS_ANON | REGIONS_GROWSDOWN;
		r.what = REGIONS_STACK;
		r.offset = 1000 * NPAGES * P;
	} else if (below(30) == 0) {
		r.what = REGIONS_VDSO;
	}
	return r;
}

static u32 random_len(void)
{
	return below(10) ? 1 + (u32)below(12) : 1 + (u32)below(300);
}

static struct regions_op random_op(void)
{
	static const u32 mix[] = { REGIONS_MAP, REGIONS_MAP, REGIONS_MAP, REGIONS_MAP, REGIONS_UNMAP, REGIONS_UNMAP, REGIONS_PROTECT,
				   REGIONS_PROTECT, REGIONS_SETFLAGS, REGIONS_BRK, REGIONS_MREMAP, REGIONS_GROW_STACK };
	static const u32 settable[] = { REGIONS_LOCKED, REGIONS_DONTFORK, REGIONS_DONTDUMP };
	struct regions_op op = { .kind = mix[below(ARRAY_SIZE(mix))], .limit_as = NOLIMIT, .limit_data = NOLIMIT,
				 .limit_locked = NOLIMIT, .limit_stack = 200 * P };

	op.r = random_region();
	op.addr = addr_of((u32)below(NPAGES));
	op.len = random_len() * P - (op.kind == REGIONS_MREMAP ? 0 : below(P));
	op.r.start = below(2) ? 0 : addr_of((u32)below(NPAGES)) + below(2) * below(P);
	op.set = op.kind == REGIONS_PROTECT ? (u32)below(8) : below(2) ? settable[below(3)] : 0;
	op.clear = below(2) ? settable[below(3)] : 0;
	if (op.kind == REGIONS_SETFLAGS && below(2))
		op.how = REGIONS_STOP_AT_HOLE;
	if (op.kind == REGIONS_MAP && below(3) == 0) {
		op.how = REGIONS_FIXED | (below(4) ? 0 : REGIONS_NOREPLACE);
		op.r.start = addr_of((u32)below(NPAGES));
	}
	if (op.kind == REGIONS_MAP && below(20) == 0)
		op.limit_as = below(NPAGES) * P;
	if (op.kind == REGIONS_MAP && below(20) == 0)
		op.limit_data = below(NPAGES) * P;
	if (op.kind == REGIONS_MAP && below(20) == 0)
		op.limit_locked = below(100) * P;
	if (op.kind == REGIONS_BRK) {
		op.addr = addr_of((u32)below(150)) + below(P);
		op.new_addr = below(3) ? 0 : addr_of((u32)below(150));
		op.r.object = below(3) ? 7 : 0;
		op.r.flags = REGIONS_ANON | REGIONS_IDENTITY;
	}
	if (op.kind == REGIONS_MREMAP) {
		op.how = (below(2) ? REGIONS_MAYMOVE : 0);
		op.how |= op.how && below(2) ? REGIONS_FIXED : 0;
		op.new_len = random_len() * P;
		op.new_addr = addr_of((u32)below(NPAGES));
	}
	return op;
}

/* MREMAP mostly of something that is there. */
static void aim(const struct model *m, struct regions_op *op)
{
	u32 a = page_of(op->addr), n;

	if (op->kind != REGIONS_MREMAP || below(8) == 0)
		return;
	while (a < NPAGES && !m->at[a].mapped)
		a++;
	if (a == NPAGES)
		return;
	n = m_end(m, a) - a;
	op->addr = addr_of(a);
	op->len = (below(2) ? n : 1 + below(n)) * P;
}

static bool random_program(int steps, u32 *most_steps)
{
	static struct model m;
	static struct run a, b;
	struct pool pa, pb;
	struct regions x, y;
	int i;

	memset(&m, 0, sizeof(m));
	test_pool(&pa);
	test_pool(&pb);
	test_pool_history(&pb, 5);
	must(!regions_init(&x, &pa, &config) && !regions_init(&y, &pb, &config), "init");
	for (i = 0; i < steps; i++) {
		struct regions_op op = random_op();
		bool holes = false;
		struct result r;

		if (i == 0)
			op = (struct regions_op){ .kind = REGIONS_SETBRK, .addr = LOW + 5 * P + 123 };
		aim(&m, &op);
		run_op(&x, op, &a);
		run_op(&y, op, &b);
		r = m_apply(&m, &op, &holes);
		must(a.res.err == r.err && (r.err || (a.res.addr == r.addr) || op.kind == REGIONS_UNMAP || op.kind == REGIONS_PROTECT ||
		     op.kind == REGIONS_SETFLAGS), "step %d kind %u: err %d, model %d; page %u, model %u", i, op.kind, a.res.err, r.err,
		     page_of(a.res.addr), page_of(r.addr));
		must(r.err || a.res.added == r.added, "step %d kind %u: added %llu, model %llu", i, op.kind, (unsigned long long)a.res.added,
		     (unsigned long long)r.added);
		must(op.kind != REGIONS_SETFLAGS || a.holes == holes, "step %d: holes", i);
		must(!memcmp(&a, &b, sizeof(a)), "step %d: two instances differ", i);
		must(same_gone(&m, &a), "step %d kind %u", i, op.kind);
		must(same_state(&x, &m) && !regions_check(&x), "step %d kind %u how %u page %u len %llu new %u %llu", i, op.kind, op.how,
		     page_of(op.addr), (unsigned long long)(op.len / P), page_of(op.new_addr), (unsigned long long)(op.new_len / P));
		*most_steps = MAX(*most_steps, a.steps);
	}
	must(regions_hash(&x) == regions_hash(&y), "hashes");
	pool_drop(&pa);
	pool_drop(&pb);
	return true;
}

static bool fork_program(void)
{
	static struct run run;
	struct pool pa, pb;
	struct regions x, y;
	struct region r;
	u64 at = 0, hash;
	int i;

	test_pool(&pa);
	test_pool(&pb);
	regions_init(&x, &pa, &config);
	for (i = 0; i < 400; i++)
		run_op(&x, random_op(), &run);
	must(!regions_clone(&y, &pb, &x) && !regions_check(&y), "clone");
	hash = regions_hash(&x);
	must(regions_hash(&y) == hash, "a clone is equal");
	regions_after_fork(&y);
	must(!regions_check(&y) && y.locked_pages == 0, "after fork");
	for (at = 0; regions_next(&y, at, &r); at = r.end)
		must(!(r.flags & (REGIONS_DONTFORK | REGIONS_LOCKED)), "flags after fork");
	for (at = 0; regions_next(&x, at, &r); at = r.end)
		must(regions_check_range(&y, r.start, r.end - r.start, 0) == (r.flags & REGIONS_DONTFORK ? -ENOMEM : 0), "pages after fork");
	for (i = 0; i < 400; i++)
		run_op(&y, random_op(), &run);
	must(!regions_check(&y) && regions_hash(&x) == hash && !regions_check(&x), "the child is separate");
	pool_drop(&pa);
	pool_drop(&pb);
	return true;
}

#include "test/seq/regions_errno.h"

int main(int argc, char **argv)
{
	u64 seed = test_seed(argc, argv);
	u32 most_steps = 0;
	int i;

	test_errors();
	test_placement();
	test_limits();
	test_claims();
	test_many();
	for (i = 0; i < 12; i++) {
		rng_state = seed + (u64)i * 7919 + 1;
		ok(random_program(3000, &most_steps), "random program %d agrees with the model", i);
	}
	ok(most_steps > 2, "some operations took %u steps", most_steps);
	for (i = 0; i < 10; i++)
		ok(fork_program(), "fork %d", i);
	return tap_end();
}
