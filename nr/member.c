/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Replicas come and go; slots grow.
 *
 * The set of members and the log change only while somebody holds `change` and every member's gate: then
 * no batch is anywhere between its admission and its answer, there is no hole, and what is promised but not applied
 * is in the log. Waiting for the next gate, the holder applies the log to the replicas he has, for a combiner
 * with a full log may be waiting for one of them.
 *
 *   add   all locks, briefly: make the log if there is none; bring the source to the tail; the new member joins with
 *         ltail = tail, which pins the log from there; unlock all but the source
 *         clone, holding the source's and the new replica's locks: other nodes go on reading and writing
 *         live: its node's callers route to it
 *   drop  unroute; all locks; wait for its readers (rw_write); no longer live, no longer member; free it
 *
 *   absent --add--> joining --cloned--> live --drop--> absent         a failed clone: joining --> absent
 *
 * A caller who is on the way to a replica while it is dropped: a reader counts himself in, sees live == false, leaves
 * and routes again; a writer gets its gate, sees the same, takes his request back and routes again. The
 * struct, with its lock and slots, stays until the instance is destroyed.
 */
#include "nr/gate.h"

static u64 members_of(const struct nr *nr)
{
	return atomic_load_explicit(&nr->members, memory_order_relaxed); /* under change, or a member's lock */
}

static u64 tail_of(const struct nr *nr)
{
	return atomic_load_explicit(&nr->tail, memory_order_relaxed);
}

/* Locks `want` in ascending order. */
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

/* All locks held, the log not in use yet: every index starts where the only replica is. */
static void log_start(struct nr *nr, struct nr_entry *log, const struct nr_replica *r)
{
	u64 at = atomic_load_explicit(&r->ltail, memory_order_relaxed);

	atomic_store_explicit(&nr->tail, at, memory_order_relaxed);
	atomic_store_explicit(&nr->head, at, memory_order_relaxed);
	atomic_store_explicit(&nr->ctail, at, memory_order_release);
	nr->log = log;
	atomic_store_explicit(&nr->logged, true, memory_order_relaxed);
}

/* All locks held: takes node n out of the set; the last member needs no log. Returns the log to free, or NULL. */
static struct nr_entry *leave(struct nr *nr, u32 n)
{
	u64 rest = members_of(nr) & ~(1ull << n);
	struct nr_entry *log = NULL;

	atomic_store_explicit(&nr->members, rest, memory_order_release);
	if (only_one(rest)) {
		nr_replica_advance(nr, nr->rep[__builtin_ctzll(rest)], tail_of(nr), NULL);
		log = nr->log;
		nr->log = NULL;
		atomic_store_explicit(&nr->logged, false, memory_order_relaxed);
	}
	return log;
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

/* All locks of the old members and r's held on entry; on return only the source's and r's. */
static struct nr_replica *join(struct nr *nr, struct nr_replica *r, struct nr_entry *log)
{
	u64 old = members_of(nr);
	struct nr_replica *src = nr->rep[__builtin_ctzll(old)];

	if (log)
		log_start(nr, log, src);
	nr_replica_advance(nr, src, tail_of(nr), NULL);
	atomic_store_explicit(&r->ltail, tail_of(nr), memory_order_relaxed);
	atomic_store_explicit(&nr->members, old | 1ull << r->node, memory_order_release); /* N1 */
	unlock_set(nr, old & ~(1ull << src->node));
	return src;
}

/* The clone failed; r's lock is held, the source's is not. */
static void unjoin(struct nr *nr, struct nr_replica *r)
{
	struct nr_entry *log;

	atomic_store_explicit(&r->ltail, UINT64_MAX, memory_order_release); /* in nobody's way meanwhile */
	lock_set(nr, members_of(nr) & ~(1ull << r->node));
	log = leave(nr, r->node);
	unlock_set(nr, members_of(nr));
	nr_replica_empty(nr, r);
	if (log)
		nr_log_free(nr, log);
}

static int clone_into(struct nr *nr, struct nr_replica *r, void *state, struct nr_entry *log)
{
	struct nr_replica *src;
	int err;

	gate_acquire(r); /* it is dead: held by nobody for long */
	lock_set(nr, members_of(nr));
	src = join(nr, r, log);
	err = nr_replica_fill(nr, r, state, src->state, NULL);
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
	struct nr_entry *log = NULL;
	void *state;

	if (!r)
		return -ENOMEM;
	if (only_one(members_of(nr)) && !(log = nr_log_make(nr, node)))
		return -ENOMEM;
	/* The first replica's state lies in the instance and is there for ever. */
	state = r == &nr->first ? (void *)(nr + 1) : nr_port_alloc(nr->type->state_size, node);
	if (!state) {
		if (log)
			nr_log_free(nr, log);
		return -ENOMEM;
	}
	return clone_into(nr, r, state, log);
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
	struct nr_entry *log;

	atomic_fetch_and_explicit(&nr->live, ~(1ull << r->node), memory_order_release); /* N1 */
	lock_set(nr, set);
	set_live(r, false);
	log = leave(nr, r->node);
	unlock_set(nr, set);
	nr_replica_empty(nr, r);
	if (log)
		nr_log_free(nr, log);
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
