/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * struct lock: a spinlock, 16 bytes, with a fair half for those who need a turn (ticket lock).
 *
 *   next    the ticket the next arrival takes
 *   serving the ticket whose holder is inside; next == serving: free
 *
 *   lock_try      one compare-exchange; fails when held or when somebody queues (so it never overtakes)
 *   lock_acquire  tries until it succeeds, waiting through nr_port_relax(). Not in order of arrival, on purpose: where
 *                 more virtual cores run than real ones, the next in order is often not running at all, and every
 *                 handover would cost the host a time slice (4 virtual cores on 2: 30 s became 0.6 s)
 *   lock_queue, lock_my_turn   in order of arrival, ahead of every lock_acquire; for a waiter that must get its turn and
 *                 has something better to do meanwhile
 *   lock_release  one store
 *
 * Orderings. L1 release: `serving` store-release  <->  L2 acquire: `serving` load-acquire in lock_try and
 * lock_my_turn. Tickets carry no data: `next` is relaxed.
 *
 * `site` names the code that took the lock, for a stall report or a debugger. With -DLOCK_SELF='f()', an
 * expression that is nonzero and differs between concurrent callers, taking a lock twice or releasing another's
 * is caught.
 *
 * Context: whoever holds the lock must not be interrupted by code that takes it.
 */
#ifndef NR_SYNC_LOCK_H
#define NR_SYNC_LOCK_H

#include "base/types.h"
#include "nr/port.h"

#include <stdatomic.h>

struct lock {
	_Atomic u32 next, serving;
	u64 site; /* of the holder; with LOCK_SELF: the holder */
};

#define LOCK_INIT { 0, 0, 0 }

static inline void lock_init(struct lock *l)
{
	atomic_init(&l->next, 0);
	atomic_init(&l->serving, 0);
	l->site = 0;
}

#ifdef LOCK_SELF
#define lock_note(l) ((l)->site = (u64)(LOCK_SELF))
#define lock_mine(l) ((l)->site == (u64)(LOCK_SELF))
#else
#define lock_note(l) ((l)->site = (u64)(uintptr_t)__builtin_return_address(0))
#define lock_mine(l) ((void)(l), true)
#endif

static inline bool lock_held(const struct lock *l)
{
	return atomic_load_explicit(&l->next, memory_order_relaxed) !=
	       atomic_load_explicit(&l->serving, memory_order_relaxed);
}

/* True: the caller holds it. */
static inline bool lock_try(struct lock *l)
{
	u32 turn = atomic_load_explicit(&l->serving, memory_order_acquire); /* L2 */

	if (atomic_load_explicit(&l->next, memory_order_relaxed) != turn)
		return false;
	if (!atomic_compare_exchange_strong_explicit(&l->next, &turn, turn + 1, memory_order_relaxed,
						     memory_order_relaxed))
		return false;
	lock_note(l);
	return true;
}

/* Queues; the caller must go on asking lock_my_turn until it says true. */
static inline u32 lock_queue(struct lock *l)
{
	return atomic_fetch_add_explicit(&l->next, 1, memory_order_relaxed);
}

static inline bool lock_my_turn(struct lock *l, u32 ticket)
{
	if (atomic_load_explicit(&l->serving, memory_order_acquire) != ticket) /* L2 */
		return false;
	lock_note(l);
	return true;
}

static inline void lock_acquire(struct lock *l)
{
	while (!lock_try(l))
		nr_port_relax();
}

/* In order of arrival: for a lock whose holder comes back for it at once, and is held most of the time. (One processor: who
 * tries now and then would always find it held.) All who take it must do so in this way. */
static inline void lock_acquire_in_turn(struct lock *l)
{
	u32 ticket = lock_queue(l);

	while (!lock_my_turn(l, ticket))
		nr_port_relax();
}

static inline void lock_release(struct lock *l)
{
	u32 turn = atomic_load_explicit(&l->serving, memory_order_relaxed); /* only the holder writes it */

	if (unlikely(!lock_held(l) || !lock_mine(l)))
		nr_port_panic("lock_release: not the holder");
	l->site = 0;
	atomic_store_explicit(&l->serving, turn + 1, memory_order_release); /* L1 */
}

#endif
