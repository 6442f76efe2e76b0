/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The memory model: vector clocks, histories of atomic locations, races on plain bytes.
 *
 * Time is one counter over all runs; a thread's clock is the time of its last step, so a clock names its thread's past
 * and what lies before a run is before everything in it: nothing needs to be wiped between runs.
 *
 *   plain byte     who wrote it last and when; when each thread last looked. Access by t is ordered after what w did at
 *                  time c if C_t[w] >= c; else it is a race
 *   atomic place   the last HISTORY stores, in modification order, each with the clock it releases; and per thread its
 *                  last accesses (time, which store). A load by t may return any store not older than
 *                    - the newest one that something before it (by C_t) wrote or saw: coherence
 *                    - for a seq_cst load: the newest seq_cst store
 *                  a read-modify-write takes the newest, and carries on the release of the one it replaces
 *
 * The real memory always holds the newest value. Memory outside the arena (the stack of thread 0) is only that.
 */
#include "test/nr/explore/explore.h"

#include <stdatomic.h>
#include <string.h>

enum { HISTORY = 8, SEEN = 8, PLACES = 4096, FREED = 0xff };

struct store {
	u64 value;
	bool releases;
	struct ex_clock rel;
};

struct seen {
	u32 time, store; /* store number n of the place */
};

struct place {
	u32 count; /* stores so far; store i is at[i % HISTORY] */
	u32 seq_cst; /* 1 + number of the newest seq_cst store, 0: none */
	struct store at[HISTORY];
	u32 seen_count[EX_THREADS];
	struct seen seen[EX_THREADS][SEEN];
};

u8 ex_arena[EX_ARENA] __attribute__((aligned(4096)));

static u32 now = 1, run_start;
static u32 threads, stores, stores_by[EX_THREADS];
static struct ex_clock clock_of[EX_THREADS], pending[EX_THREADS], fence_rel[EX_THREADS], fence_sc;
static bool has_fence_rel[EX_THREADS];
static u8 writer[EX_ARENA];
static u32 wrote[EX_ARENA], looked[EX_ARENA][EX_THREADS];
static struct place place[PLACES];
static u16 place_of[EX_ARENA]; /* by its first byte: 1 + index */
static u32 place_at[PLACES], places;

static void join(struct ex_clock *to, const struct ex_clock *from)
{
	for (u32 i = 0; i < EX_THREADS; i++)
		to->of[i] = MAX(to->of[i], from->of[i]);
}

static u32 tick(u32 t)
{
	return clock_of[t].of[t] = ++now;
}

static void wipe(void)
{
	memset(wrote, 0, sizeof(wrote));
	memset(looked, 0, sizeof(looked));
	now = 1;
}

void mem_begin_run(u32 n)
{
	if (now > 3000000000u)
		wipe();
	threads = n;
	run_start = ++now;
	for (u32 t = 0; t < EX_THREADS; t++) {
		for (u32 u = 0; u < EX_THREADS; u++)
			clock_of[t].of[u] = run_start;
		has_fence_rel[t] = false;
	}
	memset(pending, 0, sizeof(pending));
	memset(&fence_sc, 0, sizeof(fence_sc));
	for (u32 i = 0; i < places; i++)
		place_of[place_at[i]] = 0;
	places = 0;
	stores = 0;
	memset(stores_by, 0, sizeof(stores_by));
}

void mem_start_thread(u32 t)
{
	clock_of[t] = clock_of[0];
	tick(t);
}

void mem_end_thread(u32 t)
{
	join(&clock_of[0], &clock_of[t]);
	tick(0);
}

bool mem_watched(const void *p)
{
	return (const u8 *)p >= ex_arena && (const u8 *)p < ex_arena + EX_ARENA;
}

u32 mem_stores_but(u32 t)
{
	return stores - stores_by[t];
}

const struct ex_clock *ex_now(void)
{
	return &clock_of[ex_self()];
}

bool ex_before(u32 thread, u32 time)
{
	return clock_of[ex_self()].of[thread] >= time;
}

/* Plain accesses. */

static _Noreturn void race(size_t at, u32 t, u32 with, const char *what, const void *site)
{
	if (writer[at] == FREED && wrote[at] > run_start)
		ex_fail("thread %u uses freed memory at @%p", t, site);
	ex_fail("data race: %s by thread %u at @%p is not ordered with thread %u", what, t, site, with);
}

static void look(size_t at, u32 t, const char *what, const void *site)
{
	if (wrote[at] > run_start && (writer[at] == FREED || wrote[at] > clock_of[t].of[writer[at]]))
		race(at, t, writer[at], what, site);
	looked[at][t] = clock_of[t].of[t];
}

static void write_byte(size_t at, u32 t, const char *what, const void *site)
{
	look(at, t, what, site);
	for (u32 u = 0; u < threads; u++)
		if (looked[at][u] > clock_of[t].of[u])
			race(at, t, u, what, site);
	wrote[at] = clock_of[t].of[t];
	writer[at] = (u8)t;
}

/* Plain writes make what was atomic there ordinary memory again. */
static void forget_places(size_t at, size_t n)
{
	memset(&place_of[at], 0, n * sizeof(place_of[0]));
}

void mem_plain(const void *p, size_t n, bool write, const void *site)
{
	size_t at = (size_t)((const u8 *)p - ex_arena);
	u32 t = ex_self();

	/* Thread 0 is before or after everything: only what it makes of atomic places matters. */
	for (size_t i = 0; t && i < n; i++) {
		if (write)
			write_byte(at + i, t, "write", site);
		else
			look(at + i, t, "read", site);
	}
	if (write && n)
		forget_places(at, n);
}

void mem_alloc(const void *p, size_t n)
{
	size_t at = (size_t)((const u8 *)p - ex_arena);
	u32 t = ex_self();

	for (size_t i = at; t && i < at + n; i++) {
		wrote[i] = clock_of[t].of[t];
		writer[i] = (u8)t;
	}
	forget_places(at, n);
}

/* Freeing is a write that nobody may follow. */
void mem_free(const void *p, size_t n, const void *site)
{
	size_t at = (size_t)((const u8 *)p - ex_arena);
	u32 t = ex_self();

	for (size_t i = at; t && i < at + n; i++) {
		write_byte(i, t, "free", site);
		writer[i] = FREED;
	}
	forget_places(at, n);
}

/* Atomic operations. */

static u64 value_at(const void *p, u32 size)
{
	u64 v = 0;

	memcpy(&v, p, size);
	return v;
}

static struct store *store_at(struct place *l, u32 n)
{
	return &l->at[n % HISTORY];
}

/* The place at p; its first store is what plain code left there, and must be ordered before us. */
static struct place *find(const void *p, u32 size, u32 t, const void *site)
{
	size_t at = (size_t)((const u8 *)p - ex_arena);
	struct place *l;

	for (u32 i = 0; i < size; i++)
		look(at + i, t, "atomic access", site);
	if (place_of[at])
		return &place[place_of[at] - 1];
	if (places == PLACES)
		ex_fail("too many atomic places");
	l = &place[places];
	memset(l, 0, offsetof(struct place, at));
	memset(l->seen_count, 0, sizeof(l->seen_count));
	place_at[places++] = (u32)at;
	place_of[at] = (u16)places;
	l->at[0] = (struct store){ .value = value_at(p, size) };
	l->count = 1;
	return l;
}

static void note_seen(struct place *l, u32 t, u32 store)
{
	struct seen *s = &l->seen[t][l->seen_count[t]++ % SEEN];

	s->time = clock_of[t].of[t];
	s->store = store;
}

/* The newest store that what u did before time c wrote or saw. If it is forgotten: the oldest one known, to be safe. */
static u32 seen_by(const struct place *l, u32 u, u32 c)
{
	u32 n = l->seen_count[u], kept = MIN(n, (u32)SEEN);
	const struct seen *s = NULL;

	for (u32 i = 0; i < kept; i++) {
		s = &l->seen[u][(n - 1 - i) % SEEN];
		if (s->time <= c)
			return s->store;
	}
	return n > kept ? s->store : 0;
}

static u32 oldest_allowed(const struct place *l, u32 t, bool seq_cst)
{
	u32 floor = l->count > HISTORY ? l->count - HISTORY : 0;

	for (u32 u = 0; u < threads; u++)
		floor = MAX(floor, seen_by(l, u, clock_of[t].of[u]));
	if (seq_cst && l->seq_cst)
		floor = MAX(floor, l->seq_cst - 1);
	return floor;
}

static bool acquires(int order)
{
	return order == memory_order_acquire || order == memory_order_consume || order == memory_order_acq_rel ||
	       order == memory_order_seq_cst;
}

static bool releases(int order)
{
	return order == memory_order_release || order == memory_order_acq_rel || order == memory_order_seq_cst;
}

static void take(u32 t, const struct store *s, int order)
{
	if (!s->releases)
		return;
	if (acquires(order))
		join(&clock_of[t], &s->rel);
	join(&pending[t], &s->rel);
}

/* `least`: what one step below seq_cst is for this kind of operation. */
static int weakened(int order, int least, const void *site)
{
	u32 how = ex_weaken_of(site);

	if (how == 0)
		return order;
	return how == 1 && order == memory_order_seq_cst ? least : memory_order_relaxed;
}

static u64 load_from(struct place *l, u32 t, u32 n, int order)
{
	tick(t);
	note_seen(l, t, n);
	take(t, store_at(l, n), order);
	tick(t);
	return store_at(l, n)->value;
}

u64 mem_load(const void *p, u32 size, int order, const void *site)
{
	u32 t = ex_self(), oldest, n, back = 0;
	struct place *l;

	if (!mem_watched(p))
		return value_at(p, size);
	ex_step(site);
	order = weakened(order, memory_order_acquire, site);
	l = find(p, size, t, site);
	n = l->count - 1;
	oldest = oldest_allowed(l, t, order == memory_order_seq_cst);
	if (oldest < n && ex_may_stale())
		back = ex_choose(n - oldest + 1, EX_STALE);
	return load_from(l, t, n - back, order);
}

static void put(struct place *l, u32 t, void *p, u32 size, u64 v, int order, const struct store *before)
{
	struct store s = { .value = v };

	tick(t);
	if (releases(order)) {
		s.releases = true;
		s.rel = clock_of[t];
	} else if (has_fence_rel[t]) {
		s.releases = true;
		s.rel = fence_rel[t];
	}
	if (before && before->releases) {
		if (s.releases)
			join(&s.rel, &before->rel);
		else
			s.rel = before->rel;
		s.releases = true;
	}
	*store_at(l, l->count) = s;
	note_seen(l, t, l->count);
	l->count++;
	if (order == memory_order_seq_cst)
		l->seq_cst = l->count;
	memcpy(p, &v, size);
	stores++;
	stores_by[t]++;
	tick(t);
}

void mem_store(void *p, u32 size, u64 v, int order, const void *site)
{
	u32 t = ex_self();

	if (!mem_watched(p)) {
		memcpy(p, &v, size);
		return;
	}
	ex_step(site);
	put(find(p, size, t, site), t, p, size, v, weakened(order, memory_order_release, site), NULL);
}

static u64 masked(u64 v, u32 size)
{
	return size == 8 ? v : v & ((1ull << size * 8) - 1);
}

static u64 combine(enum mem_op op, u64 old, u64 v)
{
	switch (op) {
	case MEM_ADD: return old + v;
	case MEM_SUB: return old - v;
	case MEM_AND: return old & v;
	case MEM_OR: return old | v;
	case MEM_XOR: return old ^ v;
	default: return v;
	}
}

static u64 replace(struct place *l, u32 t, void *p, u32 size, u64 v, int order)
{
	struct store old = *store_at(l, l->count - 1);

	take(t, &old, order);
	put(l, t, p, size, v, order, &old);
	return old.value;
}

u64 mem_rmw(void *p, u32 size, enum mem_op op, u64 v, int order, const void *site)
{
	u32 t = ex_self();
	struct place *l;
	u64 old;

	if (!mem_watched(p)) {
		old = value_at(p, size);
		v = combine(op, old, v);
		memcpy(p, &v, size);
		return old;
	}
	ex_step(site);
	l = find(p, size, t, site);
	old = store_at(l, l->count - 1)->value;
	replace(l, t, p, size, masked(combine(op, old, v), size), weakened(order, memory_order_acq_rel, site));
	return old;
}

/* A failing compare-exchange is a load, which may be of an old store with another value. */
bool mem_cas(void *p, u32 size, u64 *expected, u64 v, struct ex_order order, const void *site)
{
	u32 t = ex_self(), n, back = 0;
	struct place *l;

	if (!mem_watched(p)) {
		u64 old = value_at(p, size);
		bool same = old == *expected;

		*expected = old;
		if (same)
			memcpy(p, &v, size);
		return same;
	}
	ex_step(site);
	order.success = weakened(order.success, memory_order_acq_rel, site);
	l = find(p, size, t, site);
	n = l->count - 1;
	if (n > oldest_allowed(l, t, order.failure == memory_order_seq_cst) && store_at(l, n - 1)->value != *expected &&
	    ex_may_stale())
		back = ex_choose(2, EX_STALE);
	if (!back && store_at(l, n)->value == *expected) {
		replace(l, t, p, size, masked(v, size), order.success);
		return true;
	}
	*expected = load_from(l, t, n - back, order.failure);
	return false;
}

void mem_fence(int order)
{
	u32 t = ex_self();

	tick(t);
	if (acquires(order))
		join(&clock_of[t], &pending[t]);
	if (order == memory_order_seq_cst) {
		join(&clock_of[t], &fence_sc);
		fence_sc = clock_of[t];
	}
	if (releases(order)) {
		fence_rel[t] = clock_of[t];
		has_fence_rel[t] = true;
	}
	tick(t);
}
