/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * refs: a counted reference. Who holds one may use the object; who puts the last one frees it.
 *
 *   refs_init(1) --get/put--> n --put--> 0: the object is its last owner's alone, and stays at 0
 *
 * Orderings. F1 put: fetch_sub release (my uses of the object are over)  <->  F2 the put that reaches zero: acquire
 * (I see everybody's uses, then free). get is relaxed: whoever calls it already has a reference.
 * get_unless_zero is for a lookup that found the object through a weak link; the link's own lock orders it.
 */
#ifndef NR_SYNC_REFS_H
#define NR_SYNC_REFS_H

#include "base/types.h"
#include "nr/port.h"

#include <stdatomic.h>

struct refs {
	_Atomic u32 n;
};

static inline void refs_init(struct refs *r, u32 n)
{
	atomic_init(&r->n, n);
}

/* Revives an object at 0 that get_unless_zero may be looking at: its new contents are seen by who gets it (F3 store
 * release <-> F4 get_unless_zero's compare-exchange acquire). */
static inline void refs_publish(struct refs *r, u32 n)
{
	atomic_store_explicit(&r->n, n, memory_order_release); /* F3 */
}

static inline u32 refs_count(const struct refs *r)
{
	return atomic_load_explicit(&r->n, memory_order_relaxed);
}

/* Returns how many there were before. */
static inline u32 refs_get(struct refs *r)
{
	u32 old = atomic_fetch_add_explicit(&r->n, 1, memory_order_relaxed);

	if (unlikely(old == 0 || old >= UINT32_MAX / 2))
		nr_port_panic("refs_get: no reference to copy, or too many");
	return old;
}

/* False: the object is already dying, leave it alone. */
static inline bool refs_get_unless_zero(struct refs *r)
{
	u32 n = atomic_load_explicit(&r->n, memory_order_relaxed);

	do {
		if (n == 0)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&r->n, &n, n + 1, memory_order_acquire,
							memory_order_relaxed));
	return true;
}

/* True: that was the last one; free the object. */
static inline bool refs_put(struct refs *r)
{
	u32 old = atomic_fetch_sub_explicit(&r->n, 1, memory_order_acq_rel); /* F1, F2 */

	if (unlikely(old == 0))
		nr_port_panic("refs_put: more puts than gets");
	return old == 1;
}

/* The same for what is counted once per page of each mapping: a mapping may have 2^35 pages. */
struct refs64 {
	_Atomic u64 n;
};

static inline void refs64_init(struct refs64 *r, u64 n)
{
	atomic_init(&r->n, n);
}

static inline u64 refs64_count(const struct refs64 *r)
{
	return atomic_load_explicit(&r->n, memory_order_relaxed);
}

static inline void refs64_add(struct refs64 *r, u64 n)
{
	if (unlikely(atomic_fetch_add_explicit(&r->n, n, memory_order_relaxed) == 0))
		nr_port_panic("refs64_add: no reference to copy");
}

/* True: those were the last ones. */
static inline bool refs64_sub(struct refs64 *r, u64 n)
{
	u64 old = atomic_fetch_sub_explicit(&r->n, n, memory_order_acq_rel); /* F1, F2 */

	if (unlikely(old < n))
		nr_port_panic("refs64_sub: more puts than gets");
	return old == n;
}

static inline bool refs64_get_unless_zero(struct refs64 *r)
{
	u64 n = atomic_load_explicit(&r->n, memory_order_relaxed);

	do {
		if (n == 0)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&r->n, &n, n + 1, memory_order_acquire,
							memory_order_relaxed));
	return true;
}

#endif
