/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The right to change an instance: `change`, and every member's gate.
 *
 *   nr_change_begin --> nr_lock_level: gates by ascending node, the log applied everywhere --> changed --> all given back
 *         ^                   | a combiner keeps his gate, a reader stays inside: nr->way is whose replica
 *         +-- nr_change_later <+
 *
 * Nobody waits long for who waits here: with gates in hand he does so for NR_PATIENCE polls, or until somebody wants to evict
 * (evict.c); then he waits with nothing in hand. Holding gates he goes on applying the log there, for a combiner with a full
 * log may be waiting for one of these replicas.
 */
#include "nr/gate.h"

/* For who gives up. */
bool nr_barred(struct nr *nr, struct nr_replica *r)
{
	nr->way = r;
	return false;
}

/* The gates of `set` are held: all of them apply the log to its end. False: a reader stays inside one, for so many polls; the
 * others have done it (so nr_stuck names him alone). */
bool nr_level_set(struct nr *nr, u64 set, u64 polls)
{
	bool good = true;
	u32 n;

	nr_for_each(n, set) {
		struct nr_replica *r = nr_rep(nr, n);

		nr_replica_advance_try(nr, r, nr_tail(nr), polls);
		if (nr->log && nr_ltail(r) < nr_tail(nr))
			good = nr_barred(nr, r);
	}
	return good;
}

/* Takes a gate; meanwhile the log goes on being applied where we have gates already, of `want`. False: it was polled for in
 * vain, or somebody wants to evict one of them. */
bool nr_take_gate(struct nr *nr, struct nr_replica *r, u64 have, u64 want, u64 polls)
{
	gate_claim(r);
	while (!gate_try_claimed(r)) {
		if (!polls-- || atomic_load_explicit(&nr->evicting, memory_order_relaxed) & want) {
			gate_unclaim(r);
			return nr_barred(nr, r);
		}
		nr_level_set(nr, have, 1);
		nr_port_relax();
	}
	return true;
}

/* Takes the gates of `want`, in ascending order: all or, if one is not to be had, none. */
bool nr_lock_set(struct nr *nr, u64 want, u64 polls)
{
	u64 have = 0;
	u32 n;

	nr_for_each(n, want) {
		if (!nr_take_gate(nr, nr_rep(nr, n), have, want, polls)) {
			nr_unlock_set(nr, have);
			return false;
		}
		have |= 1ull << n;
	}
	return true;
}

/* The same, and all of `level` have applied the log to its end. */
bool nr_lock_level(struct nr *nr, u64 want, u64 level)
{
	if (!nr_lock_set(nr, want, NR_PATIENCE))
		return false;
	if (nr_level_set(nr, level, NR_PATIENCE))
		return true;
	nr_unlock_set(nr, want);
	return false;
}

void nr_unlock_set(struct nr *nr, u64 set)
{
	u32 n;

	nr_for_each(n, set)
		gate_release(nr_rep(nr, n), GATE_HELD);
}

void nr_change_begin(struct nr *nr)
{
	nr_evicted_finish(nr);
	lock_acquire(&nr->change);
	nr_evicted_reap(nr);
}

/* Lets go of `change`, and waits, with nothing in hand, until who was in the way is out; or for long enough that others
 * could work. */
void nr_change_later(struct nr *nr)
{
	struct nr_replica *r = nr->way;
	u32 polls = 0;

	atomic_fetch_add_explicit(&r->awaited, 1, memory_order_relaxed);
	lock_release(&nr->change);
	do
		nr_port_relax();
	while (++polls < NR_PATIENCE && gate_busy(r) && !gate_evicted(r));
	atomic_fetch_sub_explicit(&r->awaited, 1, memory_order_relaxed);
}

/* Every member's gate, and `change`; `level`: and all have applied the log to its end. */
void nr_lock_all(struct nr *nr, bool level)
{
	for (;;) {
		nr_change_begin(nr);
		if (nr_half_leave(nr) && nr_lock_level(nr, nr_members(nr), level ? nr_members(nr) : 0))
			return;
		nr_change_later(nr);
	}
}

void nr_unlock_all(struct nr *nr)
{
	nr_unlock_set(nr, nr_members(nr));
	lock_release(&nr->change);
}
