/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * once: something done by the first who comes; the others wait until it is done.
 *
 *   NEW --once_begin: true--> BUSY --once_done--> DONE        if (once_begin(&o)) { ...; once_done(&o); }
 *
 * Orderings. O1 once_done: store release  <->  O2 once_begin: load acquire of DONE.
 */
#ifndef NR_SYNC_ONCE_H
#define NR_SYNC_ONCE_H

#include "base/types.h"
#include "nr/port.h"

#include <stdatomic.h>

enum { ONCE_NEW, ONCE_BUSY, ONCE_DONE };

struct once {
	_Atomic u32 state;
};

#define ONCE_INIT { ONCE_NEW }

/* True: the caller does it and then calls once_done. False: it is done. */
static inline bool once_begin(struct once *o)
{
	u32 s = atomic_load_explicit(&o->state, memory_order_acquire); /* O2 */

	if (likely(s == ONCE_DONE))
		return false;
	if (s == ONCE_NEW && atomic_compare_exchange_strong_explicit(&o->state, &s, ONCE_BUSY, memory_order_relaxed,
								     memory_order_relaxed))
		return true;
	while (atomic_load_explicit(&o->state, memory_order_acquire) != ONCE_DONE) /* O2 */
		nr_port_relax();
	return false;
}

static inline void once_done(struct once *o)
{
	atomic_store_explicit(&o->state, ONCE_DONE, memory_order_release); /* O1 */
}

#endif
