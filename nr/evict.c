/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Eviction: a replica whose combiner does not go on ceases to be one, so that the others need not wait for it.
 *
 * The combiner (or whoever holds its gate: a helper, a fork) may stand anywhere: in the middle of an operation, before or
 * after his batch is in the log. He may also run on at any moment, without having noticed. So nothing is taken from him:
 * his state, his ring, the log and the rings of others that he may be reading stay as they are until he is out. He is
 * only cut off, by a bit of his gate (EVICTED), and by a mark in the log:
 *
 *   live --shut--> leaving --marked, all others past the mark--> out --holder gone, readers gone--> buried --add--> reused
 *
 *   shut    unroute; raise EVICTED: readers, waiters, helpers go elsewhere; wake who sleeps there. Everybody else is given a
 *           spare ring: a combiner who waits for room takes it, goes on there, and counts the evicted no more (log.c)
 *   finish  with all other gates: all others apply the log to its end, and a batch of nothing is put behind it, the mark. The
 *           holder knew the tail before: then the place he wants is taken. Or he finds the tail behind the mark: then he
 *           sees EVICTED too (V2). So what he published is below the mark, and all others have it. The rings that were
 *           left go to limbo. If a gate is not to be had, or a reader stays inside one of the others, nr_evict says so, and
 *           whoever comes next finishes it (a mark too many does no harm)
 *
 * When the holder comes back, he finishes the operation he is in, at most the batch, and then sees EVICTED:
 *   his batch is not in the log     it never will be: memory promised is given back, its owners ask another replica
 *   it is, and is next for him      he applies it as ever: the results are right, for he has applied all before it
 *   it is, and others come first    they may be overwritten: -EOWNERDEAD, it took effect and its result is lost
 * Requests he had not collected were taken back by their owners long ago (update.c).
 *
 * Readers inside keep what they see until they leave; nr_sync waits for them as for others. The last one out frees the
 * memory: the holder, or, if a reader stayed longer, the next who adds, drops, evicts or destroys. The struct with gate and
 * slots stays, for somebody may be on his way to it; it is used again for its node when all who were evicted are out.
 *
 * V1 EVICTED raised, seq_cst <-> looked at, after finding what was written by somebody who saw it; and W1, W2 of readers
 * V2 mark published (E1) <-> who finds the word taken, acquire; he hands it on by T1
 * V3 spare ring left, release <-> taken, acquire
 * V4 ring replaced, store release <-> found, acquire
 */
#include "nr/gate.h"

static struct nr_replica *next_out(const _Atomic(struct nr_replica *) *link)
{
	return atomic_load_explicit(link, memory_order_relaxed); /* under change */
}

/* Its eviction is begun and not finished: others still need its ring. */
static bool is_leaving(const struct nr *nr, const struct nr_replica *r)
{
	return nr->leaving >> r->node & 1 && nr_rep(nr, r->node) == r;
}

static bool is_held(const struct nr_replica *r)
{
	return atomic_load_explicit(&r->gate, memory_order_acquire) & GATE_HELD; /* L1 */
}

static bool is_claimed(const struct nr_replica *r)
{
	return atomic_load_explicit(&r->gate, memory_order_relaxed) >= GATE_CLAIM;
}

/* Is anybody inside a replica that he may not know to be evicted? */
bool nr_evicted_held(const struct nr *nr)
{
	for (const struct nr_replica *r = next_out(&nr->out); r; r = next_out(&r->out))
		if (is_held(r))
			return true;
	return nr->leaving;
}

/* Whose memory is not free yet. */
u64 nr_evicted_count(const struct nr *nr)
{
	u64 count = 0;

	for (const struct nr_replica *r = next_out(&nr->out); r; r = next_out(&r->out))
		count += r->state != NULL;
	return count;
}

static void limbo_free(struct nr *nr)
{
	while (nr->limbo) {
		struct nr_ring *ring = nr->limbo;

		nr->limbo = ring->limbo;
		nr_ring_free(nr, ring);
	}
}

/* No member needs the ring. */
void nr_limbo(struct nr *nr, struct nr_ring *ring)
{
	if (!ring)
		return;
	ring->limbo = nr->limbo;
	nr->limbo = ring;
	if (!nr_evicted_held(nr))
		limbo_free(nr);
}

static void bury(struct nr *nr, struct nr_replica *r)
{
	struct nr_ring *ring = nr_ring_of(r), *before;

	for (; ring; ring = before) { /* others who are evicted may be reading it */
		before = ring->before;
		nr_limbo(nr, ring);
	}
	nr_ring_free(nr, atomic_load_explicit(&r->spare, memory_order_relaxed));
	atomic_store_explicit(&r->spare, NULL, memory_order_relaxed);
	atomic_store_explicit(&r->ring, NULL, memory_order_release); /* V4 */
	r->live = false;
	nr_replica_empty(nr, r);
}

/* Frees what nobody can be looking at any more. */
void nr_evicted_reap(struct nr *nr)
{
	for (struct nr_replica *r = next_out(&nr->out); r; r = next_out(&r->out))
		if (r->state && !is_leaving(nr, r) && !is_held(r) && !gate_readers(r))
			bury(nr, r);
	if (nr->limbo && !nr_evicted_held(nr))
		limbo_free(nr);
	nr_log_retire_try(nr);
}

/* nr_fini: nobody is inside. */
void nr_evicted_free(struct nr *nr)
{
	struct nr_replica *r = next_out(&nr->out), *next;

	for (; r; r = next) {
		next = next_out(&r->out);
		nr_stock_drop(r); /* pages donated after it was buried */
		if (r != &nr->first)
			nr_replica_free(r);
	}
}

/* Its gate was let go of. */
void nr_evicted_left(struct nr_replica *r)
{
	struct nr *nr = r->nr;

	nr_wake_all(r);
	if (!lock_try(&nr->change))
		return;
	nr_evicted_reap(nr);
	lock_release(&nr->change);
}

/* A buried struct of that node, if nobody can be in the middle of a promise to it. */
struct nr_replica *nr_evicted_reuse(struct nr *nr, u32 node)
{
	_Atomic(struct nr_replica *) *link = &nr->out;
	struct nr_replica *r;

	if (nr_evicted_held(nr))
		return NULL;
	while ((r = next_out(link)) && (r->node != node || r->state || is_claimed(r)))
		link = &r->out;
	if (!r)
		return NULL;
	atomic_store_explicit(link, next_out(&r->out), memory_order_release);
	nr_stock_drop(r); /* somebody who did not know may have given it pages */
	atomic_store_explicit(&r->credit, 0, memory_order_relaxed);
	atomic_fetch_and_explicit(&r->gate, ~(GATE_EVICTED | GATE_WAITED), memory_order_release);
	return r;
}

/* Nobody comes in any more, and who waits goes elsewhere. */
static void shut(struct nr *nr, struct nr_replica *r)
{
	if (gate_evicted(r))
		return;
	if (!r->nr) /* who was here in a former life may still be looking at it (nr_evicted_left) */
		r->nr = nr;
	atomic_fetch_or_explicit(&r->gate, GATE_EVICTED, memory_order_seq_cst); /* V1 */
	atomic_store_explicit(&r->out, next_out(&nr->out), memory_order_relaxed);
	atomic_store_explicit(&nr->out, r, memory_order_release); /* V1 */
	nr_wake_all(r);
}

/* A ring for each of `rest`; false: out of memory. */
static bool spares_make(const struct nr *nr, u64 rest, u64 gone, struct nr_ring **spare)
{
	u64 made = 0;
	u32 n;

	nr_for_each(n, rest) {
		spare[n] = nr_ring_make(nr, n);
		if (!spare[n])
			break;
		spare[n]->without = gone;
		made |= 1ull << n;
	}
	if (made == rest)
		return true;
	nr_for_each(n, made)
		nr_ring_free(nr, spare[n]);
	return false;
}

/* From here on all of `gone` are leaving. */
static void begin(struct nr *nr, u64 gone, u64 rest, struct nr_ring **spare)
{
	u32 n;

	atomic_fetch_and_explicit(&nr->live, ~gone, memory_order_release); /* N1 */
	nr->leaving = gone;
	nr_for_each(n, gone)
		shut(nr, nr_rep(nr, n));
	nr_for_each(n, rest) /* one of an eviction that was begun before may still lie there */
		nr_ring_free(nr, atomic_exchange_explicit(&nr_rep(nr, n)->spare, spare[n], memory_order_acq_rel)); /* V3 */
}

/* A survivor, its gate held, at the end of the log. */
static void forget(struct nr *nr, struct nr_replica *r, u64 gone)
{
	struct nr_ring *ring, *before;
	u32 n;

	nr_ring_switch(nr, r);
	ring = nr_ring_of(r);
	while ((before = ring->before)) {
		ring->before = before->before;
		nr_limbo(nr, before);
	}
	ring->without = 0;
	nr_for_each(n, gone)
		atomic_store_explicit(&ring->taken[n], 0, memory_order_relaxed);
}

/* All others apply the log to its end, and that is behind a mark. False: a reader stays inside one of them. */
static bool mark(struct nr *nr, u64 rest)
{
	do
		if (!nr_level_set(nr, rest, NR_EVICT_POLLS))
			return false;
	while (!nr_log_mark(nr, nr_rep(nr, (u32)__builtin_ctzll(rest))));
	return nr_level_set(nr, rest, NR_EVICT_POLLS);
}

/* All gates of `rest` are held. */
static bool finish(struct nr *nr, u64 gone, u64 rest)
{
	u32 n;

	if (!mark(nr, rest))
		return false;
	nr_for_each(n, rest)
		forget(nr, nr_rep(nr, n), gone);
	atomic_store_explicit(&nr->members, rest, memory_order_release);
	nr->leaving = 0;
	nr->evictions++;
	nr_log_retire(nr);
	return true;
}

/* `nodes`, and whom others began to evict and could not finish. */
static int evict(struct nr *nr, u64 nodes)
{
	u64 gone = nodes | nr->leaving, rest = nr_members(nr) & ~gone;
	struct nr_ring *spare[NR_NODES_MAX];
	bool done;

	if (!(rest & ~nr->half))
		return -EBUSY;
	if (gone != nr->leaving) {
		if (!spares_make(nr, rest, gone, spare))
			return -ENOMEM;
		begin(nr, gone, rest, spare);
	}
	if (!nr_lock_set(nr, rest, NR_EVICT_POLLS))
		return -EAGAIN;
	done = finish(nr, gone, rest);
	nr_unlock_set(nr, rest);
	nr_evicted_reap(nr);
	return done ? 0 : -EAGAIN;
}

/* Who waits for one of the gates with `change` in his hand sees `evicting`, and lets go. */
static void want(struct nr *nr, u64 nodes)
{
	do
		atomic_fetch_or_explicit(&nr->evicting, nodes, memory_order_relaxed);
	while (!lock_try(&nr->change) && (nr_port_relax(), true));
}

int nr_evict(struct nr *nr, struct nr_self *self, u64 nodes)
{
	int err = -ENOENT;

	if (nr->part)
		return -EOPNOTSUPP;
	nr_enter(self, false);
	want(nr, nodes);
	if (nodes && !(nodes & ~(nr_members(nr) & ~nr->half)))
		err = evict(nr, nodes);
	atomic_store_explicit(&nr->evicting, nr->leaving, memory_order_relaxed);
	lock_release(&nr->change);
	nr_leave(self);
	return err;
}

/* For who waits: an eviction may be begun whose caller could not have all gates then. */
void nr_evicted_finish(struct nr *nr)
{
	if (!atomic_load_explicit(&nr->evicting, memory_order_relaxed) || !lock_try(&nr->change))
		return;
	if (nr->leaving)
		evict(nr, nr->leaving);
	atomic_store_explicit(&nr->evicting, nr->leaving, memory_order_relaxed);
	lock_release(&nr->change);
}

/* Does somebody wait for who is inside? For a combiner anybody may; for readers one does who said so, or, if there is
 * something to apply, an eviction that is not finished. */
static bool is_waited_for(const struct nr *nr, const struct nr_replica *r, bool lags)
{
	if (is_held(r) || is_claimed(r))
		return true;
	return gate_busy(r) && (atomic_load_explicit(&r->awaited, memory_order_relaxed) ||
				(lags && atomic_load_explicit(&nr->evicting, memory_order_relaxed)));
}

/* A combiner who waits for room, because of another, has his replica at the tail. */
u64 nr_stuck(const struct nr *nr, struct nr_look *look)
{
	u64 live = atomic_load_explicit(&nr->live, memory_order_acquire), held = 0, same = 0, behind = 0; /* N2 */
	u64 tail = nr_tail(nr);
	u32 n;

	nr_for_each(n, live) {
		const struct nr_replica *r = nr_rep(nr, n);
		u64 ltail = nr_ltail(r);

		if (is_waited_for(nr, r, ltail < tail))
			held |= 1ull << n;
		if (ltail == look->applied[n])
			same |= 1ull << n;
		if (ltail < tail)
			behind |= 1ull << n;
		look->applied[n] = ltail;
	}
	same &= look->held & held;
	look->held = held;
	return same & behind ? same & behind : same;
}
