/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The distributed readers-writer lock of one replica: many counters for readers, one flag for the writer.
 *
 *   reader   W1 count + 1 in the own slot (seq_cst)    then W2 look at the flag (seq_cst): down -> inside; up -> leave
 *   writer   W3 raise the flag (seq_cst)               then W4 look at every listed slot (seq_cst) until it is 0
 *   leaving  reader: count - 1 (release)               writer: W5 lower the flag (release)
 *
 * Either the reader sees the flag or the writer sees the reader: W1, W2, W3, W4 are seq_cst, in this order, so
 * not both can miss. An acquire W2 that reads what W5 wrote sees the writer's work; a W4 that reads what a leaving
 * reader wrote comes after its reads.
 *
 * One writer at a time: the holder of the replica's combiner lock; so raising the flag needs no compare-exchange.
 * Writers come first: a reader that finds the flag up steps back and waits. A slot is listed (seq_cst) before its
 * first W1, so a writer that misses the listing is seen by that reader's W2, as above.
 */
#ifndef NR_RWLOCK_H
#define NR_RWLOCK_H

#include "nr/internal.h"

static inline bool rw_read_try(struct nr_replica *r, struct nr_slot *s)
{
	atomic_fetch_add_explicit(&s->readers, 1, memory_order_seq_cst);               /* W1 */
	if (likely(!atomic_load_explicit(&r->writing, memory_order_seq_cst)))          /* W2 */
		return true;
	atomic_fetch_sub_explicit(&s->readers, 1, memory_order_release);
	return false;
}

static inline void rw_read_end(struct nr_slot *s)
{
	atomic_fetch_sub_explicit(&s->readers, 1, memory_order_release); /* pairs with W4 */
}

static inline bool rw_write_active(const struct nr_replica *r)
{
	return atomic_load_explicit(&r->writing, memory_order_relaxed);
}

static inline void rw_wait_reader(struct nr_slot *s)
{
	while (atomic_load_explicit(&s->readers, memory_order_seq_cst)) /* W4 */
		nr_port_relax();
}

static inline void rw_write_begin(struct nr_replica *r)
{
	struct nr_slots *s = atomic_load_explicit(&r->slots, memory_order_relaxed); /* changes under combiner only */

	atomic_store_explicit(&r->writing, 1, memory_order_seq_cst); /* W3 */
	rw_wait_reader(&r->shared);
	for (u32 w = 0; s && w < s->words; w++) {
		u64 ids = atomic_load_explicit(&s->listed[w], memory_order_seq_cst);

		for (; ids; ids &= ids - 1)
			rw_wait_reader(&s->slot[w * 64 + (u32)__builtin_ctzll(ids)]);
	}
}

static inline void rw_write_end(struct nr_replica *r)
{
	atomic_store_explicit(&r->writing, 0, memory_order_release); /* W5 */
}

#endif
