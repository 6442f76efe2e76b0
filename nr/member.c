/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Replicas come and go; slots grow.
 *
 * The set of members and the log change only while somebody holds `change` and every member's gate: then
 * no batch is anywhere between its admission and its answer, and what is promised but not applied is in the log.
 * Waiting for the next gate, the holder applies the log to the replicas he has, for a combiner with a full log may be
 * waiting for one of them.
 *
 *   add   all gates, briefly: the log starts if there is none; bring the source to the tail; the new member joins with
 *         ltail = tail and an empty ring, which pins the log from there; release all but the source
 *         clone, holding the source's and the new replica's gates: other nodes go on reading and writing
 *         live: its node's callers route to it
 *   drop  unroute; all gates; wait for its readers (WRITING); no longer live; when all others have applied what is
 *         in its ring, no longer member; free it
 *
 *   absent --add--> joining --cloned--> live --drop--> absent         a failed clone: joining --> absent
 *
 * A caller who is on the way to a replica while it is dropped: a reader counts himself in, sees live == false, leaves
 * and routes again; a writer gets its gate, sees the same, takes his request back and routes again. The
 * struct, with its gate and slots, stays until the instance is destroyed.
 */
#include "nr/gate.h"

static u64 members_of(const struct nr *nr)
{
	return atomic_load_explicit(&nr->members, memory_order_relaxed); /* under change, or a member's gate */
}

static u64 tail_of(const struct nr *nr)
{
	return atomic_load_explicit(&nr->tail, memory_order_relaxed);
}

/* Takes the gates of `want`, in ascending order. */
static void lock_set(struct nr *nr, u64 want)
{
	u64 have = 0;
	u32 n, h;

	nr_for_each(n, want) {
		gate_claim(nr->rep[n]);
		while (!gate_try_claimed(nr->rep[n])) {
			u64 mine = have;

			for (; mine; mine &= mine - 1) {
				h = (u32)__builtin_ctzll(mine);
				nr_replica_advance(nr, nr->rep[h], tail_of(nr), NULL);
			}
			nr_port_relax();
		}
		have |= 1ull << n;
	}
}

static void unlock_set(struct nr *nr, u64 set)
{
	u32 n;

	nr_for_each(n, set)
		gate_release(nr->rep[n], GATE_HELD);
}

void nr_lock_all(struct nr *nr)
{
	lock_acquire(&nr->change);
	lock_set(nr, members_of(nr));
}

void nr_unlock_all(struct nr *nr)
{
	unlock_set(nr, members_of(nr));
	lock_release(&nr->change);
}

static bool only_one(u64 set)
{
	return (set & (set - 1)) == 0;
}

/* All gates held, the log not in use yet: every index starts where the only replica is. */
static void log_start(struct nr *nr, _Atomic u64 *log, struct nr_replica *r, struct nr_ring *ring)
{
	u64 at = atomic_load_explicit(&r->ltail, memory_order_relaxed);

	atomic_store_explicit(&nr->tail, at, memory_order_relaxed);
	atomic_store_explicit(&nr->head, at, memory_order_relaxed);
	atomic_store_explicit(&nr->ctail, at, memory_order_release);
	r->ring = ring;
	nr->log = log;
	atomic_store_explicit(&nr->logged, true, memory_order_relaxed);
}

static void log_stop(struct nr *nr, struct nr_replica *last)
{
	nr_ring_free(nr, last->ring);
	nr_log_free(nr, nr->log);
	last->ring = NULL;
	nr->log = NULL;
	atomic_store_explicit(&nr->logged, false, memory_order_relaxed);
}

/* All gates held: takes node n and its ring out of the set, when all others have applied what is in it. */
static void leave(struct nr *nr, struct nr_replica *r)
{
	u64 rest = members_of(nr) & ~(1ull << r->node);
	u32 n;

	nr_for_each(n, rest) {
		nr_replica_advance(nr, nr->rep[n], tail_of(nr), NULL);
		atomic_store_explicit(&nr->rep[n]->ring->taken[r->node], 0, memory_order_relaxed);
	}
	atomic_store_explicit(&nr->members, rest, memory_order_release);
	nr_ring_free(nr, r->ring);
	r->ring = NULL;
	if (only_one(rest))
		log_stop(nr, nr->rep[__builtin_ctzll(rest)]);
}

static void set_live(struct nr_replica *r, bool live)
{
	gate_write_begin(r);
	r->live = live;
	gate_write_end(r);
}

/* The struct for a node, made on its first use. */
static struct nr_replica *place(struct nr *nr, u32 node)
{
	struct nr_replica *r = nr->rep[node];
	struct nr_slots *s;

	if (!r) {
		r = nr_replica_make(node);
		if (!r)
			return NULL;
		nr->rep[node] = r;
	}
	if (nr->wide && !atomic_load_explicit(&r->slots, memory_order_relaxed)) {
		s = nr_slots_make(nr, node);
		if (s) /* else it shares one slot: slower, still right */
			atomic_store_explicit(&r->slots, s, memory_order_release); /* S1 */
	}
	return r;
}

/* What a new replica needs: made before any gate is taken, given back if it does not come to use. */
struct kit {
	void *state;
	struct nr_ring *ring;
	_Atomic u64 *log;           /* these two when it is the second one */
	struct nr_ring *first_ring; /* for the replica that had no log */
};

static void kit_free(struct nr *nr, struct kit *k)
{
	if (k->state && k->state != (void *)(nr + 1))
		nr_port_free(k->state, nr->type->state_size);
	nr_ring_free(nr, k->ring);
	nr_ring_free(nr, k->first_ring);
	nr_log_free(nr, k->log);
}

static bool kit_make(struct nr *nr, struct kit *k, const struct nr_replica *r)
{
	bool second = only_one(members_of(nr)), good;

	*k = (struct kit){ 0 };
	/* The first replica's state lies in the instance and is there for ever. */
	k->state = r == &nr->first ? (void *)(nr + 1) : nr_port_alloc(nr->type->state_size, r->node);
	k->ring = nr_ring_make(nr, r->node);
	good = k->state && k->ring;
	if (good && second) {
		k->log = nr_log_make(nr, r->node);
		k->first_ring = nr_ring_make(nr, (u32)__builtin_ctzll(members_of(nr)));
		good = k->log && k->first_ring;
	}
	if (!good)
		kit_free(nr, k);
	return good;
}

/* The newcomer has applied what the source has, that is all. */
static void join_at(struct nr *nr, struct nr_replica *r, struct nr_replica *src)
{
	nr_replica_advance(nr, src, tail_of(nr), NULL);
	for (u32 n = 0; n < NR_NODES_MAX; n++) {
		u64 taken = atomic_load_explicit(&src->ring->taken[n], memory_order_relaxed);

		atomic_store_explicit(&r->ring->taken[n], taken, memory_order_relaxed);
	}
	atomic_store_explicit(&r->ltail, tail_of(nr), memory_order_relaxed);
}

/* All gates of the old members and r's held on entry; on return only the source's and r's. */
static struct nr_replica *join(struct nr *nr, struct nr_replica *r, struct kit *k)
{
	u64 old = members_of(nr);
	struct nr_replica *src = nr->rep[__builtin_ctzll(old)];

	if (k->log)
		log_start(nr, k->log, src, k->first_ring);
	r->ring = k->ring;
	join_at(nr, r, src);
	atomic_store_explicit(&nr->members, old | 1ull << r->node, memory_order_release); /* N1 */
	unlock_set(nr, old & ~(1ull << src->node));
	return src;
}

/* The clone failed; r's gate is held, the source's is not. */
static void unjoin(struct nr *nr, struct nr_replica *r)
{
	u64 rest = members_of(nr) & ~(1ull << r->node);

	/* In nobody's way meanwhile. */
	for (u32 n = 0; n < NR_NODES_MAX; n++)
		atomic_store_explicit(&r->ring->taken[n], UINT64_MAX / 2, memory_order_release);
	atomic_store_explicit(&r->ltail, UINT64_MAX, memory_order_release);
	lock_set(nr, rest);
	leave(nr, r);
	unlock_set(nr, rest);
	nr_replica_empty(nr, r);
}

static int clone_into(struct nr *nr, struct nr_replica *r, struct kit *k)
{
	struct nr_replica *src;
	int err;

	gate_acquire(r); /* it is dead: held by nobody for long */
	lock_set(nr, members_of(nr));
	src = join(nr, r, k);
	err = nr_replica_fill(nr, r, k->state, src->state, NULL);
	if (!err)
		set_live(r, true);
	gate_release(src, GATE_HELD);
	if (err)
		unjoin(nr, r);
	else
		atomic_fetch_or_explicit(&nr->live, 1ull << r->node, memory_order_release); /* N1 */
	gate_release(r, GATE_HELD);
	return err;
}

static int add(struct nr *nr, u32 node)
{
	struct nr_replica *r = place(nr, node);
	struct kit k;

	if (!r || !kit_make(nr, &k, r))
		return -ENOMEM;
	return clone_into(nr, r, &k);
}

int nr_replica_add(struct nr *nr, struct nr_self *self, u32 node)
{
	int err = -EEXIST;

	nr_enter(self, false);
	lock_acquire(&nr->change);
	if (!nr_has_replica(nr, node))
		err = add(nr, node);
	lock_release(&nr->change);
	nr_leave(self);
	return err;
}

static void drop(struct nr *nr, struct nr_replica *r)
{
	u64 set = members_of(nr);

	atomic_fetch_and_explicit(&nr->live, ~(1ull << r->node), memory_order_release); /* N1 */
	lock_set(nr, set);
	set_live(r, false);
	leave(nr, r);
	unlock_set(nr, set);
	nr_replica_empty(nr, r);
}

int nr_replica_drop(struct nr *nr, struct nr_self *self, u32 node)
{
	int err = 0;

	nr_enter(self, false);
	lock_acquire(&nr->change);
	if (!nr_has_replica(nr, node))
		err = -ENOENT;
	else if (only_one(members_of(nr)))
		err = -EBUSY;
	else
		drop(nr, nr->rep[node]);
	lock_release(&nr->change);
	nr_leave(self);
	return err;
}

u32 nr_replicas(const struct nr *nr)
{
	u64 live = atomic_load_explicit(&nr->live, memory_order_relaxed);
	u32 count = 0; /* no popcount builtin: it may want a library */

	for (; live; live &= live - 1)
		count++;
	return count;
}

bool nr_has_replica(const struct nr *nr, u32 node)
{
	return node < NR_NODES_MAX && atomic_load_explicit(&nr->live, memory_order_relaxed) >> node & 1;
}

/* Readers and requests that are in the shared slot stay there: every writer and combiner looks at both. */
static int widen_one(struct nr *nr, struct nr_replica *r)
{
	struct nr_slots *s;

	if (atomic_load_explicit(&r->slots, memory_order_relaxed))
		return 0;
	s = nr_slots_make(nr, r->node);
	if (!s)
		return -ENOMEM;
	gate_acquire(r);
	atomic_store_explicit(&r->slots, s, memory_order_release); /* S1 */
	gate_release(r, GATE_HELD);
	return 0;
}

int nr_widen(struct nr *nr, struct nr_self *self)
{
	int err = 0;

	nr_enter(self, false);
	lock_acquire(&nr->change);
	for (u32 n = 0; n < NR_NODES_MAX && !err && !nr->wide; n++)
		if (nr->rep[n])
			err = widen_one(nr, nr->rep[n]);
	nr->wide = nr->wide || !err;
	lock_release(&nr->change);
	nr_leave(self);
	return err;
}
