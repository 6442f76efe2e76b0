/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Replicas come and go; slots grow.
 *
 * The set of members and the log change only while somebody holds `change` and every member's gate (change.c): then
 * no batch is anywhere between its admission and its answer, and what is promised but not applied is in the log.
 *
 *   add   all gates, briefly; keep readers out of the new replica (WRITING) until it is live; bring the source to the tail;
 *         the log starts if there is none; the new member joins with ltail = tail and an empty ring, which pins the log
 *         from there; release all but the source
 *         clone, holding the source's and the new replica's gates: other nodes go on reading and writing
 *         live: its node's callers route to it
 *   drop  all gates; all apply the log; wait for its readers (WRITING); no longer live, no longer member; free it
 *
 * All that may have to be waited for, a combiner or readers, comes before anything is changed, and not for long: else
 * everything is given back, and it begins again (-EAGAIN inside here, never outside). A clone that failed leaves a member
 * without a state (nr->half); nobody changes members before it has left, but who evicts.
 *
 *   absent --add--> joining --cloned--> live --drop--> absent         a failed clone: joining --> half --> absent
 *
 * A caller who is on the way to a replica while it is dropped: a reader counts himself in, sees live == false, leaves
 * and routes again; a writer gets its gate, sees the same, takes his request back and routes again. The
 * struct, with its gate and slots, stays until the instance is destroyed. If it was evicted, the node gets another one; R1
 * publishes that.
 */
#include "nr/gate.h"

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

/* The only member of an instance that still has a log, though nobody who was evicted can be looking at it; or NULL. */
static struct nr_replica *last_of(const struct nr *nr)
{
	u64 set = nr_members(nr);

	return nr->log && only_one(set) && !nr_evicted_held(nr) ? nr_rep(nr, (u32)__builtin_ctzll(set)) : NULL;
}

/* All gates held, and the log applied: with one member left there is no log. */
void nr_log_retire(struct nr *nr)
{
	struct nr_replica *r = last_of(nr);

	if (r)
		log_stop(nr, r);
}

/* The same without its gate, if that is free. */
void nr_log_retire_try(struct nr *nr)
{
	struct nr_replica *r = last_of(nr);

	if (!r || !gate_try(r, GATE_HELD))
		return;
	if (nr_level_set(nr, nr_members(nr), 0))
		log_stop(nr, r);
	gate_release(r, GATE_HELD);
}

/* All gates held, all others have applied what is in r's ring: takes both out of the set. Who was evicted and does not know
 * it yet may be looking at the log and at rings. */
static void leave(struct nr *nr, struct nr_replica *r)
{
	u64 rest = nr_members(nr) & ~(1ull << r->node);
	struct nr_ring *ring = nr_ring_of(r);
	u32 n;

	nr_for_each(n, rest)
		atomic_store_explicit(&nr_ring_of(nr_rep(nr, n))->taken[r->node], 0, memory_order_relaxed);
	atomic_store_explicit(&nr->members, rest, memory_order_release);
	atomic_store_explicit(&r->ring, NULL, memory_order_release); /* V4 */
	nr_limbo(nr, ring);
	nr_log_retire(nr);
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
		k->first_ring = nr_ring_make(nr, (u32)__builtin_ctzll(nr_members(nr)));
		good = k->log && k->first_ring;
	}
	if (!good)
		kit_free(nr, k);
	return good;
}

/* The newcomer has applied what the source has, which is all there is. */
static void join_at(struct nr *nr, struct nr_replica *r, struct nr_replica *src)
{
	u32 n;

	nr_for_each(n, nr_members(nr)) { /* of all others it says 0, as a new ring does */
		u64 taken = atomic_load_explicit(&nr_ring_of(src)->taken[n], memory_order_relaxed);

		atomic_store_explicit(&nr_ring_of(r)->taken[n], taken, memory_order_relaxed);
	}
	atomic_store_explicit(&r->ltail, nr_tail(nr), memory_order_relaxed);
}

/* All gates of the old members and r's held on entry; on return only the source's and r's. */
static struct nr_replica *join(struct nr *nr, struct nr_replica *r, struct kit *k)
{
	u64 old = nr_members(nr);
	struct nr_replica *src = nr_rep(nr, (u32)__builtin_ctzll(old));

	if (k->log)
		log_start(nr, k->log, src, k->first_ring);
	atomic_store_explicit(&r->ring, k->ring, memory_order_release); /* V4 */
	join_at(nr, r, src);
	atomic_store_explicit(&nr->members, old | 1ull << r->node, memory_order_release); /* N1 */
	nr_unlock_set(nr, old & ~(1ull << src->node));
	return src;
}

/* The clone failed; r's gate is held, the source's is not. It is a member without a state from here on, in nobody's way. */
static void join_half(struct nr *nr, struct nr_replica *r)
{
	for (u32 n = 0; n < NR_NODES_MAX; n++)
		atomic_store_explicit(&nr_ring_of(r)->taken[n], UINT64_MAX / 2, memory_order_release);
	atomic_store_explicit(&r->ltail, UINT64_MAX, memory_order_release);
	nr_replica_empty(nr, r);
	nr->half = 1ull << r->node;
}

/* That member leaves, if there is one; false: not yet, some gate is not to be had. */
bool nr_half_leave(struct nr *nr)
{
	u64 rest = nr_members(nr) & ~nr->half;
	struct nr_replica *r;

	if (likely(!nr->half))
		return true;
	if (!nr_lock_level(nr, rest, rest))
		return false;
	r = nr_rep(nr, (u32)__builtin_ctzll(nr->half));
	leave(nr, r);
	nr_stock_drop(r); /* what others promised to it meanwhile */
	atomic_store_explicit(&r->credit, 0, memory_order_relaxed);
	nr->half = 0;
	nr_unlock_set(nr, rest);
	return true;
}

/* The gate of r, which is dead: nobody is inside it for long. And nobody shall be, until it lives. */
static bool take_dead(struct nr *nr, struct nr_replica *r)
{
	if (!nr_take_gate(nr, r, 0, 0, NR_PATIENCE))
		return false;
	if (gate_write_try(r, NR_PATIENCE))
		return true;
	gate_release(r, GATE_HELD);
	return nr_barred(nr, r);
}

/* What join needs. */
static bool take_all(struct nr *nr, struct nr_replica *r)
{
	u64 old = nr_members(nr);

	if (!take_dead(nr, r))
		return false;
	if (nr_lock_level(nr, old, old & -old))
		return true;
	gate_release(r, GATE_HELD | GATE_WRITING);
	return false;
}

static int clone_into(struct nr *nr, struct nr_replica *r, struct kit *k)
{
	struct nr_replica *src;
	int err;

	if (!take_all(nr, r)) {
		kit_free(nr, k);
		return -EAGAIN;
	}
	src = join(nr, r, k);
	err = nr_replica_fill(nr, r, k->state, src->state, NULL);
	r->live = !err;
	gate_release(src, GATE_HELD);
	if (err)
		join_half(nr, r);
	else
		atomic_fetch_or_explicit(&nr->live, 1ull << r->node, memory_order_release); /* N1 */
	gate_release(r, GATE_HELD | GATE_WRITING);
	if (err)
		nr_half_leave(nr); /* or whoever comes next sees to it */
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
	if (nr->leaving) { /* others still read the ring of the one it would replace */
		nr_barred(nr, nr_rep(nr, (u32)__builtin_ctzll(nr->leaving)));
		return -EAGAIN;
	}
	return nr_has_replica(nr, node) ? -EEXIST : add(nr, node);
}

/* All gates, the log applied everywhere, and no reader in r. It applies what it has not seen, too: then nothing is promised to
 * it any more. */
static bool take_out(struct nr *nr, struct nr_replica *r)
{
	u64 set = nr_members(nr);

	if (!nr_lock_level(nr, set, set))
		return false;
	if (gate_write_try(r, NR_PATIENCE))
		return true;
	nr_unlock_set(nr, set);
	return nr_barred(nr, r);
}

static int drop(struct nr *nr, struct nr_replica *r)
{
	u64 set = nr_members(nr);

	if (!take_out(nr, r))
		return -EAGAIN;
	atomic_fetch_and_explicit(&nr->live, ~(1ull << r->node), memory_order_release); /* N1 */
	r->live = false;
	gate_write_end(r);
	leave(nr, r);
	nr_unlock_set(nr, set);
	nr_replica_empty(nr, r);
	return 0;
}

static int drop_present(struct nr *nr, u32 node)
{
	if (!nr_has_replica(nr, node))
		return -ENOENT;
	return only_one(nr_members(nr)) ? -EBUSY : drop(nr, nr_rep(nr, node));
}

/* Under `change`, until all it needs is to be had. */
static int change(struct nr *nr, struct nr_self *self, int (*how)(struct nr *nr, u32 node), u32 node)
{
	int err;

	nr_enter(self, false);
	for (;;) {
		nr_change_begin(nr);
		err = nr_half_leave(nr) ? how(nr, node) : -EAGAIN;
		if (err != -EAGAIN)
			break;
		nr_change_later(nr);
	}
	lock_release(&nr->change);
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
	if (!nr_take_gate(nr, r, 0, 1ull << r->node, NR_PATIENCE)) {
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
