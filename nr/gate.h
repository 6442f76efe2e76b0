/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The gate of a replica: one word for the combiner, many counters for readers.
 *
 *   HELD      a combiner is in: he collects, appends, applies. One at a time
 *   WRITING   he changes the state: readers stay out. Raised by the holder only
 *   WAITED    somebody sleeps until he is answered; whoever lets go of the gate sees to him (combine.c)
 *   EVICTED   it is no replica any more: nobody comes in, who is in leaves as soon as he notices (evict.c)
 *   CLAIM     times the number of those who must have it (member.c, fork, a reader): they are next, all others keep off
 *
 *   free --gate_try--> HELD --gate_write_begin--> HELD|WRITING --gate_write_end--> HELD --gate_release--> free
 *
 * The word lies in the cache of whoever holds it, and each look of another takes it away from him: two transfers, which
 * are ten times the cost of a short update. So who finds it shut looks away (gate_shut), twice as long each time, up to
 * 1 << nr_port_away polls, and waits on a word of his own meanwhile. How long is kept in his slot, for the next time: where many
 * write, one at a time writes at the speed of its own cache, and the rest come to him or wait.
 *
 * An update in place takes HELD|WRITING in one step and gives both back in one: two atomic read-modify-writes, which is
 * what a mutex costs. Everybody who waits does so on words that the holder writes later, and tells him through
 * WAITED in this same word: all steps on it are read-modify-writes, totally ordered, so no wake-up is lost (row 17 of
 * the reference without its four seq_cst steps).
 *
 *   reader   W1 count himself in his slot (seq_cst)    then W2 look at the gate (seq_cst): WRITING down -> inside
 *   writer   W3 raise WRITING (seq_cst)                then W4 look at every listed slot (seq_cst) until it is 0
 *   leaving  reader: W6 count out (release)            writer: W5 lower WRITING (release)
 *
 * Either the reader sees WRITING or the writer sees the reader: W1 to W4 are seq_cst in this order, so not both can
 * miss. A W2 that finds WRITING down reads what W5 wrote, or a read-modify-write that followed it, and so sees the
 * writer's work; a W4 that reads what W6 wrote comes after that reader's reads.
 *
 * A reader that finds WRITING or EVICTED up steps back and waits (read.c says for how long). A slot is listed (seq_cst) before its
 * first W1, so a writer that misses the listing is seen by that reader's W2, as above. A listed slot has one owner, who
 * stores; the slot that all share (listed is 0) is counted.
 */
#ifndef NR_GATE_H
#define NR_GATE_H

#include "nr/internal.h"

#define GATE_SHY 16u /* gates found open that make up for one found shut */

/* The combiner. `how`: GATE_HELD, or with GATE_WRITING, then gate_wait_readers must follow. Never waits. */
static inline bool gate_try(struct nr_replica *r, u32 how)
{
	u32 w = atomic_load_explicit(&r->gate, memory_order_relaxed);

	do {
		if (w & (GATE_HELD | GATE_EVICTED) || w >= GATE_CLAIM)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&r->gate, &w, w | how, memory_order_seq_cst, /* L2, W3 */
							memory_order_relaxed));
	return true;
}

/* The same for who finds it free most of the time: no look before the leap. */
static inline bool gate_try_free(struct nr_replica *r, u32 how)
{
	u32 w = 0;

	if (likely(atomic_compare_exchange_strong_explicit(&r->gate, &w, how, memory_order_seq_cst, /* L2, W3 */
							   memory_order_relaxed)))
		return true;
	return w == GATE_WAITED && gate_try(r, how);
}

/* How many polls to look away; in the slot that all share, none. */
static inline u32 gate_away(const struct nr_slot *s)
{
	return 1u << s->shy / GATE_SHY;
}

/* Found shut. */
static inline void gate_shut(const struct nr_replica *r, struct nr_slot *s)
{
	if (s != &r->shared && s->shy < nr_port_away * GATE_SHY)
		s->shy += GATE_SHY;
}

/* Found open, `steps` of GATE_SHY towards looking twice as often. */
static inline void gate_open(struct nr_slot *s, u32 steps)
{
	if (unlikely(s->shy))
		s->shy -= MIN(s->shy, steps);
}

static inline bool gate_evicted(const struct nr_replica *r)
{
	return unlikely(atomic_load_explicit(&r->gate, memory_order_relaxed) & GATE_EVICTED);
}

/* For who must have it: he goes ahead of all who merely try, or he might wait for ever. */
static inline void gate_claim(struct nr_replica *r)
{
	atomic_fetch_add_explicit(&r->gate, GATE_CLAIM, memory_order_relaxed);
}

static inline bool gate_try_claimed(struct nr_replica *r)
{
	u32 w = atomic_load_explicit(&r->gate, memory_order_relaxed);

	do {
		if (w & (GATE_HELD | GATE_EVICTED))
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&r->gate, &w, (w | GATE_HELD) - GATE_CLAIM,
							memory_order_acquire, memory_order_relaxed)); /* L2 */
	return true;
}

static inline void gate_unclaim(struct nr_replica *r)
{
	atomic_fetch_sub_explicit(&r->gate, GATE_CLAIM, memory_order_relaxed);
}

/* False: evicted. */
static inline bool gate_acquire(struct nr_replica *r)
{
	gate_claim(r);
	while (!gate_try_claimed(r)) {
		if (gate_evicted(r)) {
			gate_unclaim(r);
			return false;
		}
		nr_port_relax();
	}
	return true;
}

/* Gives back `how`, which the caller has; with WAITED, it goes to a sleeper. */
static inline void gate_release(struct nr_replica *r, u32 how)
{
	u32 w = how;

	if (unlikely(!atomic_compare_exchange_strong_explicit(&r->gate, &w, 0, memory_order_release, /* L1, W5 */
							      memory_order_relaxed)))
		nr_gate_pass_on(r, how, w);
}

/* What the holder sees in the slots, in one walk: 0 if there are no readers, once W3 is done, nor requests. */
static inline __attribute__((always_inline)) u64 gate_look(const struct nr_replica *r, bool requests)
{
	const struct nr_slots *s = atomic_load_explicit(&r->slots, memory_order_relaxed); /* changes under the gate only */
	u64 sum = atomic_load_explicit(&r->shared.readers, memory_order_seq_cst);        /* W4 */
	const struct nr_slot *slot;

	if (requests)
		sum |= atomic_load_explicit(&r->shared.pending, memory_order_relaxed);
	if (!s)
		return sum;
	slot = s->slot;
	for (const struct nr_map *m = s->map, *end = m + s->words; m != end; m++, slot += 64) {
		u64 ids = atomic_load_explicit(&m->listed, memory_order_seq_cst);

		if (requests)
			sum |= atomic_load_explicit(&m->pending, memory_order_relaxed);
		for (; ids; ids &= ids - 1)
			sum |= atomic_load_explicit(&slot[__builtin_ctzll(ids)].readers, memory_order_seq_cst);
	}
	return sum;
}

static inline u64 gate_readers(const struct nr_replica *r)
{
	return gate_look(r, false);
}

/* WRITING is up: waits until no reader is inside. Who looks again after he saw one sees only those who leave: a new
 * one finds WRITING up, and goes. False: readers are still inside after so many polls, or when r was evicted. */
static inline bool gate_wait_polls(const struct nr_replica *r, u64 polls)
{
	while (unlikely(gate_readers(r))) {
		if (gate_evicted(r) || !polls--)
			return false;
		nr_port_relax();
	}
	return true;
}

static inline bool gate_wait_readers(const struct nr_replica *r)
{
	return gate_wait_polls(r, UINT64_MAX);
}

/* For who has no gate: somebody is inside, as combiner or under a guard. */
static inline bool gate_busy(const struct nr_replica *r)
{
	if (atomic_load_explicit(&r->gate, memory_order_relaxed) & GATE_HELD)
		return true;
	if (!atomic_load_explicit(&r->slots, memory_order_acquire)) /* S2: then they are what gate_readers finds */
		return atomic_load_explicit(&r->shared.readers, memory_order_relaxed);
	return gate_readers(r);
}

static inline void gate_write_end(struct nr_replica *r)
{
	atomic_fetch_and_explicit(&r->gate, ~GATE_WRITING, memory_order_release); /* W5 */
}

/* Keeps readers out; false: some stayed, for so many polls. */
static inline bool gate_write_try(struct nr_replica *r, u64 polls)
{
	atomic_fetch_or_explicit(&r->gate, GATE_WRITING, memory_order_seq_cst); /* W3 */
	if (likely(gate_wait_polls(r, polls)))
		return true;
	gate_write_end(r);
	return false;
}

static inline bool gate_write_begin(struct nr_replica *r)
{
	return gate_write_try(r, UINT64_MAX);
}

/* A reader's side. */
static inline bool gate_writing(struct nr_replica *r, memory_order order)
{
	return atomic_load_explicit(&r->gate, order) & (GATE_WRITING | GATE_EVICTED);
}

static inline void gate_read_end(struct nr_slot *s)
{
	if (likely(atomic_load_explicit(&s->listed, memory_order_relaxed)))
		atomic_store_explicit(&s->readers, 0, memory_order_release); /* W6 */
	else
		atomic_fetch_sub_explicit(&s->readers, 1, memory_order_release); /* W6 */
}

static inline bool gate_read_try(struct nr_replica *r, struct nr_slot *s)
{
	if (likely(atomic_load_explicit(&s->listed, memory_order_relaxed)))
		atomic_exchange_explicit(&s->readers, 1, memory_order_seq_cst); /* W1 */
	else
		atomic_fetch_add_explicit(&s->readers, 1, memory_order_seq_cst); /* W1 */
	if (likely(!gate_writing(r, memory_order_seq_cst))) /* W2 */
		return true;
	gate_read_end(s);
	return false;
}

#endif
