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
 * Who waits for a gate while somebody wants to evict its holder (evict.c) lets go of everything, `change` too, and begins
 * again: -EAGAIN inside here, never outside.
 *
 *   absent --add--> joining --cloned--> live --drop--> absent         a failed clone: joining --> absent
 *
 * A caller who is on the way to a replica while it is dropped: a reader counts himself in, sees live == false, leaves
 * and routes again; a writer gets its gate, sees the same, takes his request back and routes again. The
 * struct, with its gate and slots, stays until the instance is destroyed. If it was evicted, the node gets another one; R1
 * publishes that.
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

void nr_advance_set(struct nr *nr, u64 set)
{
	u32 n;

	nr_for_each(n, set)
		nr_replica_advance(nr, nr_rep(nr, n), tail_of(nr), NULL);
}

/* Takes a gate; meanwhile the log goes on being applied where we have the gates already. False: somebody wants to evict its
 * holder, or it was polled for in vain. */
static bool take_gate(struct nr *nr, struct nr_replica *r, u64 have, u64 polls)
{
	gate_claim(r);
	while (!gate_try_claimed(r)) {
		if (!polls-- || atomic_load_explicit(&nr->evicting, memory_order_relaxed) >> r->node & 1) {
			gate_unclaim(r);
			return false;
		}
		nr_advance_set(nr, have);
		nr_port_relax();
	}
	return true;
}

/* Takes the gates of `want`, in ascending order: all or, if one is not to be had (take_gate), none. */
bool nr_lock_set(struct nr *nr, u64 want, u64 polls)
{
	u64 have = 0;
	u32 n;

	nr_for_each(n, want) {
		if (!take_gate(nr, nr_rep(nr, n), have, polls)) {
			nr_unlock_set(nr, have);
			return false;
		}
		have |= 1ull << n;
	}
	return true;
}

void nr_unlock_set(struct nr *nr, u64 set)
{
	u32 n;

	nr_for_each(n, set)
		gate_release(nr_rep(nr, n), GATE_HELD);
}

void nr_lock_all(struct nr *nr)
{
	for (;;) {
		nr_evicted_finish(nr);
		lock_acquire(&nr->change);
		if (nr_lock_set(nr, members_of(nr), UINT64_MAX))
			return;
		lock_release(&nr->change);
		nr_port_relax();
	}
}

void nr_unlock_all(struct nr *nr)
{
	nr_unlock_set(nr, members_of(nr));
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
	atomic_store_explicit(&r->ring, ring, memory_order_release); /* V4 */
	nr->log = log;
	atomic_store_explicit(&nr->logged, true, memory_order_relaxed);
}

static void log_stop(struct nr *nr, struct nr_replica *last)
{
	nr_ring_free(nr, nr_ring_of(last));
	nr_log_free(nr, nr->log);
	atomic_store_explicit(&last->ring, NULL, memory_order_release); /* V4 */
	nr->log = NULL;
	atomic_store_explicit(&nr->logged, false, memory_order_relaxed);
}

/* All gates held: takes node n and its ring out of the set, when all others have applied what is in it. Who was evicted and
 * does not know it yet may be looking at the log and at rings. */
static void leave(struct nr *nr, struct nr_replica *r)
{
	u64 rest = members_of(nr) & ~(1ull << r->node);
	struct nr_ring *ring = nr_ring_of(r);
	u32 n;

	nr_advance_set(nr, rest);
	nr_for_each(n, rest)
		atomic_store_explicit(&nr_ring_of(nr_rep(nr, n))->taken[r->node], 0, memory_order_relaxed);
	atomic_store_explicit(&nr->members, rest, memory_order_release);
	atomic_store_explicit(&r->ring, NULL, memory_order_release); /* V4 */
	nr_limbo(nr, ring);
	if (only_one(rest) && !nr_evicted_held(nr))
		log_stop(nr, nr_rep(nr, (u32)__builtin_ctzll(rest)));
}

static void set_live(struct nr_replica *r, bool live)
{
	gate_write_begin(r);
	r->live = live;
	gate_write_end(r);
}

/* A struct for a node that has none, or whose last one was evicted. */
static struct nr_replica *place_new(struct nr *nr, u32 node)
{
	struct nr_replica *r = nr_evicted_reuse(nr, node);

	if (!r)
		r = nr_replica_make(node);
	if (!r)
		return NULL;
	r->made = atomic_load_explicit(&nr->made, memory_order_relaxed) + 1;
	atomic_store_explicit(&nr->rep[node], r, memory_order_release);      /* R1 */
	atomic_store_explicit(&nr->made, r->made, memory_order_release);     /* R1 */
	return r;
}

/* The struct for a node, made on its first use. */
static struct nr_replica *place(struct nr *nr, u32 node)
{
	struct nr_replica *r = nr_rep(nr, node);
	struct nr_slots *s;

	if (!r || gate_evicted(r))
		r = place_new(nr, node);
	if (!r)
		return NULL;
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
	bool second = !nr->log, good;

	*k = (struct kit){ 0 };
	/* The first replica's state lies in the instance and is there for ever. (Evicted, it takes its place with it.) */
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
		u64 taken = atomic_load_explicit(&nr_ring_of(src)->taken[n], memory_order_relaxed);

		atomic_store_explicit(&nr_ring_of(r)->taken[n], taken, memory_order_relaxed);
	}
	atomic_store_explicit(&r->ltail, tail_of(nr), memory_order_relaxed);
}

/* All gates of the old members and r's held on entry; on return only the source's and r's. */
static struct nr_replica *join(struct nr *nr, struct nr_replica *r, struct kit *k)
{
	u64 old = members_of(nr);
	struct nr_replica *src = nr_rep(nr, (u32)__builtin_ctzll(old));

	if (k->log)
		log_start(nr, k->log, src, k->first_ring);
	atomic_store_explicit(&r->ring, k->ring, memory_order_release); /* V4 */
	join_at(nr, r, src);
	atomic_store_explicit(&nr->members, old | 1ull << r->node, memory_order_release); /* N1 */
	nr_unlock_set(nr, old & ~(1ull << src->node));
	return src;
}

/* The clone failed; r's gate is held, the source's is not. */
static void unjoin(struct nr *nr, struct nr_replica *r)
{
	u64 rest = members_of(nr) & ~(1ull << r->node);

	/* In nobody's way meanwhile. */
	for (u32 n = 0; n < NR_NODES_MAX; n++)
		atomic_store_explicit(&nr_ring_of(r)->taken[n], UINT64_MAX / 2, memory_order_release);
	atomic_store_explicit(&r->ltail, UINT64_MAX, memory_order_release);
	while (!nr_lock_set(nr, rest, UINT64_MAX)) /* who evicts waits for us: nobody may see a member without a state */
		nr_port_relax();
	leave(nr, r);
	nr_unlock_set(nr, rest);
	nr_replica_empty(nr, r);
}

static int clone_into(struct nr *nr, struct nr_replica *r, struct kit *k)
{
	struct nr_replica *src;
	int err;

	gate_acquire(r); /* it is dead: held by nobody for long */
	if (!nr_lock_set(nr, members_of(nr), UINT64_MAX)) {
		gate_release(r, GATE_HELD);
		kit_free(nr, k);
		return -EAGAIN;
	}
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

static int add_absent(struct nr *nr, u32 node)
{
	if (node >= NR_NODES_MAX)
		return -EINVAL;
	if (nr->leaving) /* others still read the ring of the one it would replace */
		return -EAGAIN;
	return nr_has_replica(nr, node) ? -EEXIST : add(nr, node);
}

/* It applies what it has not seen, too: then nothing is promised to it any more. */
static int drop(struct nr *nr, struct nr_replica *r)
{
	u64 set = members_of(nr);

	if (!nr_lock_set(nr, set, UINT64_MAX))
		return -EAGAIN;
	atomic_fetch_and_explicit(&nr->live, ~(1ull << r->node), memory_order_release); /* N1 */
	nr_advance_set(nr, 1ull << r->node);
	set_live(r, false);
	leave(nr, r);
	nr_unlock_set(nr, set);
	nr_replica_empty(nr, r);
	return 0;
}

static int drop_present(struct nr *nr, u32 node)
{
	if (!nr_has_replica(nr, node))
		return -ENOENT;
	return only_one(members_of(nr)) ? -EBUSY : drop(nr, nr_rep(nr, node));
}

/* Under `change`, until nobody wants to evict whom it waits for. */
static int change(struct nr *nr, struct nr_self *self, int (*how)(struct nr *nr, u32 node), u32 node)
{
	int err;

	nr_enter(self, false);
	for (;;) {
		nr_evicted_finish(nr);
		lock_acquire(&nr->change);
		nr_evicted_reap(nr);
		err = how(nr, node);
		lock_release(&nr->change);
		if (err != -EAGAIN)
			break;
		nr_port_relax();
	}
	nr_leave(self);
	return err;
}

int nr_replica_add(struct nr *nr, struct nr_self *self, u32 node)
{
	return change(nr, self, add_absent, node);
}

int nr_replica_drop(struct nr *nr, struct nr_self *self, u32 node)
{
	return change(nr, self, drop_present, node);
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
	if (!take_gate(nr, r, 0, UINT64_MAX)) {
		nr_slots_free(s);
		return -EAGAIN;
	}
	atomic_store_explicit(&r->slots, s, memory_order_release); /* S1 */
	gate_release(r, GATE_HELD);
	return 0;
}

static int widen(struct nr *nr, u32 unused)
{
	int err = 0;

	(void)unused;
	for (u32 n = 0; n < NR_NODES_MAX && !err && !nr->wide; n++) {
		struct nr_replica *r = nr_rep(nr, n);

		if (r && !gate_evicted(r))
			err = widen_one(nr, r);
	}
	nr->wide = nr->wide || !err;
	return err;
}

int nr_widen(struct nr *nr, struct nr_self *self)
{
	return change(nr, self, widen, 0);
}
