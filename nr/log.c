/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The log: batches in one order for all replicas, published in one step each.
 *
 *   order   one word per batch, in a ring that all share:   [ index + 1 : 47 | share : 1 | node : 6 | slots - 1 : 10 ]
 *   ring    one per replica: the operations of its batches, written by its combiner, read by all
 *           a record: [ mem len shard | bytes... ] in consecutive slots of 64 bytes
 *
 * append: write the batch into the own ring, where nobody looks yet; then one compare-exchange of an order word from
 * what it held a lap ago to the batch (E1). Before it the batch is nowhere, after it it is complete: there is
 * no moment at which a combiner who stops leaves a hole for others to wait at. `tail` says where to try; whoever finds
 * it behind moves it on (T1). A word carries its index, so a late compare-exchange never hits the wrong lap.
 *
 * Where a batch begins is not written down: the batches of one node lie in its ring in the order in which they are in
 * the log, so each consumer knows how far it has come in each ring (taken). A record never wraps: behind the end of
 * a ring there are slots enough for the longest one.
 *
 * Room: an order word is free again when all members' ltail is past it (head is a lower bound of that), slots of the
 * own ring when all have taken them. Room is found by moving the laggard, never by waiting for its node: apply to the
 * own replica, then to whichever lags and is not held (who holds it moves it himself). Readers go on meanwhile: the
 * gate is held, but not WRITING.
 */
#include "nr/gate.h"

#define WORD(at, node, slots) (((at) + 1) << 17 | (u64)(node) << 10 | ((slots) - 1)) /* slots: with or without NR_SHARE */
#define WORD_INDEX(w) ((w) >> 17) /* + 1 */

static u32 log_slots(const struct nr *nr)
{
	return nr->cfg.log_slots;
}

static size_t pages_for(size_t bytes)
{
	return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static size_t order_pages(const struct nr *nr)
{
	return pages_for(log_slots(nr) * sizeof(_Atomic u64));
}

static size_t ring_pages(const struct nr *nr)
{
	return pages_for(sizeof(struct nr_ring) + (log_slots(nr) + NR_OP_SLOTS - 1) * sizeof(struct nr_entry));
}

_Atomic u64 *nr_log_make(const struct nr *nr, u32 node)
{
	_Atomic u64 *log = nr_port_pages(order_pages(nr), node);

	for (u32 i = 0; log && i < log_slots(nr); i++)
		atomic_init(&log[i], 0);
	return log;
}

void nr_log_free(const struct nr *nr, _Atomic u64 *log)
{
	if (log)
		nr_port_pages_free(log, order_pages(nr));
}

struct nr_ring *nr_ring_make(const struct nr *nr, u32 node)
{
	struct nr_ring *ring = nr_port_pages(ring_pages(nr), node);

	if (!ring)
		return NULL;
	for (u32 n = 0; n < NR_NODES_MAX; n++)
		atomic_init(&ring->taken[n], 0);
	ring->written = ring->released = 0;
	ring->limit = log_slots(nr);
	return ring;
}

/* Nobody needs what is in it any more. */
void nr_ring_free(const struct nr *nr, struct nr_ring *ring)
{
	if (!ring)
		return;
	nr_ring_release(nr, ring, ring->written);
	nr_port_pages_free(ring, ring_pages(nr));
}

static struct nr_entry *entry_at(const struct nr *nr, struct nr_ring *ring, u64 at)
{
	return &ring->slot[at & (log_slots(nr) - 1)];
}

static void entry_release(const struct nr_type *type, const struct nr_entry *e)
{
	const struct nr_share *share = nr_share_of(e);

	if (!(e->shard & NR_SHARE_SHARD))
		type->op_release(e->data, e->len);
	else if (share->len)
		type->op_release(share->op, share->len);
}

/* All have applied it up to `until`. */
void nr_ring_release(const struct nr *nr, struct nr_ring *ring, u64 until)
{
	while (nr->type->op_release && ring->released < until) {
		const struct nr_entry *e = entry_at(nr, ring, ring->released);

		entry_release(nr->type, e);
		ring->released += nr_entry_slots(e->len);
	}
}

/* The batch at index `at` if it is there. */
bool nr_log_batch(const struct nr *nr, u64 at, struct nr_run *run)
{
	u64 w = atomic_load_explicit(&nr->log[at & (log_slots(nr) - 1)], memory_order_acquire); /* E2 */

	if (WORD_INDEX(w) != at + 1)
		return false;
	run->node = w >> 10 & (NR_NODES_MAX - 1);
	run->slots = (w & 1023) + 1;
	run->share = w & NR_SHARE;
	return true;
}

const struct nr_entry *nr_log_entry(const struct nr *nr, const struct nr_run *run, u64 at)
{
	return entry_at(nr, nr->rep[run->node]->ring, at);
}

/* What every member has applied: of the order, and of r's ring. Each ltail is read once: a second look may be at a
 * larger one. */
static void note_applied(struct nr *nr, struct nr_replica *r, u64 members)
{
	u64 order = UINT64_MAX, ring = UINT64_MAX;
	u32 n;

	nr_for_each(n, members) {
		struct nr_replica *c = nr->rep[n];
		u64 ltail = nr_ltail(c), taken = atomic_load_explicit(&c->ring->taken[r->node], memory_order_acquire); /* A2 */

		order = MIN(order, ltail);
		ring = MIN(ring, taken);
	}
	r->ring->limit = ring + log_slots(nr);
	nr_ring_release(nr, r->ring, ring);
	/* Two of these may cross and leave the older minimum: too careful, never wrong. */
	atomic_store_explicit(&nr->head, order, memory_order_release); /* H1 */
}

/* One attempt to find room: moves everybody who can be moved. */
static void make_room(struct nr *nr, struct nr_replica *r)
{
	u64 tail = atomic_load_explicit(&nr->tail, memory_order_relaxed), before = r->ring->limit;
	u64 members = atomic_load_explicit(&nr->members, memory_order_relaxed); /* fixed while we hold r */
	u64 head = atomic_load_explicit(&nr->head, memory_order_relaxed);
	u32 n;

	nr_replica_advance(nr, r, tail, NULL);
	nr_for_each(n, members)
		if (nr->rep[n] != r && nr_ltail(nr->rep[n]) < tail)
			nr_help(nr, nr->rep[n], tail);
	note_applied(nr, r, members);
	if (r->ring->limit == before && atomic_load_explicit(&nr->head, memory_order_relaxed) == head)
		nr_port_relax();
}

static void record_write(struct nr_entry *e, const struct nr_req *q)
{
	e->mem = q->mem;
	e->len = (u16)q->len;
	e->shard = (u16)q->shard;
	__builtin_memcpy(e->data, q->op, q->len);
}

static bool order_full(const struct nr *nr, u64 at)
{
	return at - atomic_load_explicit(&nr->head, memory_order_acquire) >= log_slots(nr); /* H2 */
}

static bool ring_full(const struct nr_ring *ring, u32 slots)
{
	return ring->written + slots > ring->limit;
}

/* For who does not wait: is there room, or after one attempt? Others may take the order's room before he does; then he
 * makes more, which only a laggard under a stopped combiner can delay. */
bool nr_log_room(struct nr *nr, struct nr_replica *r, u32 slots)
{
	if (ring_full(r->ring, slots) || order_full(nr, atomic_load_explicit(&nr->tail, memory_order_relaxed)))
		make_room(nr, r);
	return !ring_full(r->ring, slots) && !order_full(nr, atomic_load_explicit(&nr->tail, memory_order_relaxed));
}

static void ring_write(struct nr *nr, struct nr_replica *r, const struct nr_batch *b)
{
	struct nr_ring *ring = r->ring;
	u64 at = ring->written;

	while (ring_full(ring, b->slots))
		make_room(nr, r);
	for (u32 i = 0; i < b->n; i++) {
		record_write(entry_at(nr, ring, at), b->req[i]);
		at += nr_entry_slots(b->req[i]->len);
	}
	ring->written = at;
}

static void move_tail(struct nr *nr, u64 at)
{
	atomic_compare_exchange_strong_explicit(&nr->tail, &at, at + 1, memory_order_release, /* T1 */
						memory_order_relaxed);
}

/* One attempt to put the batch at index `at`. False: there is one already. */
static bool publish(struct nr *nr, struct nr_replica *r, u64 at, u32 slots)
{
	_Atomic u64 *word = &nr->log[at & (log_slots(nr) - 1)];
	u64 was = atomic_load_explicit(word, memory_order_relaxed);

	return WORD_INDEX(was) <= at && atomic_compare_exchange_strong_explicit(word, &was, WORD(at, r->node, slots),
									       memory_order_release, /* E1 */
									       memory_order_relaxed);
}

/* One attempt to append what was written to r's ring last; `slots` of it, with NR_SHARE if it is one. True: *end is the
 * index behind it. False: somebody was first, or there was no room. */
bool nr_log_append_try(struct nr *nr, struct nr_replica *r, u32 slots, u64 *end)
{
	u64 at = atomic_load_explicit(&nr->tail, memory_order_acquire); /* T2: the words below are seen */
	bool mine;

	if (order_full(nr, at)) {
		make_room(nr, r);
		return false;
	}
	mine = publish(nr, r, at, slots);
	move_tail(nr, at);
	*end = at + 1;
	return mine;
}

/* Appends every request of b, in order. Returns the index behind the batch. */
u64 nr_log_append(struct nr *nr, struct nr_replica *r, const struct nr_batch *b)
{
	u64 end;

	ring_write(nr, r, b);
	while (!nr_log_append_try(nr, r, b->slots, &end))
		;
	return end;
}

/* Writes an open share (span.c) of at most `max` bytes to r's ring, where nr_log_room has found room. */
struct nr_entry *nr_log_share(struct nr *nr, struct nr_replica *r, u32 shard, u32 max)
{
	struct nr_entry *e = entry_at(nr, r->ring, r->ring->written);

	e->mem = 0;
	e->len = (u16)(sizeof(struct nr_share) + max);
	e->shard = (u16)(shard | NR_SHARE_SHARD);
	nr_share_of(e)->len = 0;
	atomic_store_explicit(&nr_share_of(e)->closed, 0, memory_order_relaxed); /* E1 publishes it */
	r->ring->written += nr_entry_slots(e->len);
	return e;
}
