/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The log: batches in one order for all replicas, published in one step each.
 *
 *   order   one word per batch, in a ring that all share:   [ index + 1 : 47 | share : 1 | node : 6 | slots : 10 ]
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
 *
 * A ring that an evicted replica may still be reading is not written again: its owner goes on in another one, the old one
 * stays behind it until all others have read that (evict.c).
 */
#include "nr/gate.h"

#define WORD(at, node, slots) (((at) + 1) << 17 | (u64)(node) << 10 | (slots)) /* slots: with or without NR_SHARE */
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
	ring->written = ring->released = ring->from = ring->without = 0;
	ring->limit = log_slots(nr);
	ring->before = ring->limbo = NULL;
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
	run->slots = w & 1023;
	run->share = w & NR_SHARE;
	run->ring = nr_ring_of(nr_rep(nr, run->node));
	return true;
}

const struct nr_entry *nr_log_entry(const struct nr *nr, const struct nr_run *run, u64 at)
{
	struct nr_ring *ring = run->ring;

	while (unlikely(at < ring->from))
		ring = ring->before;
	return entry_at(nr, ring, at);
}

/* The combiner of r goes on in his spare ring, if he was given one. */
void nr_ring_switch(const struct nr *nr, struct nr_replica *r)
{
	struct nr_ring *old = nr_ring_of(r), *fresh = atomic_exchange_explicit(&r->spare, NULL, memory_order_acquire); /* V3 */

	if (!fresh)
		return;
	for (u32 n = 0; n < NR_NODES_MAX; n++) {
		u64 taken = atomic_load_explicit(&old->taken[n], memory_order_relaxed);

		atomic_store_explicit(&fresh->taken[n], taken, memory_order_relaxed);
	}
	fresh->written = fresh->released = fresh->from = old->written;
	fresh->limit = fresh->from + log_slots(nr);
	fresh->before = old;
	atomic_store_explicit(&r->ring, fresh, memory_order_release); /* V4 */
}

/* What every member has applied: of the order, and of r's ring. Each is read once (as MIN does): a second look may be at a
 * larger one. */
static void note_applied(struct nr *nr, struct nr_replica *r, u64 members)
{
	struct nr_ring *mine = nr_ring_of(r);
	u64 order = UINT64_MAX, ring = UINT64_MAX;
	u32 n;

	nr_for_each(n, members & ~mine->without) {
		struct nr_replica *c = nr_rep(nr, n);
		struct nr_ring *theirs = nr_ring_of(c);

		if (unlikely(!theirs))
			return; /* gone: it is us who are evicted */
		order = MIN(order, nr_ltail(c));
		ring = MIN(ring, atomic_load_explicit(&theirs->taken[r->node], memory_order_acquire)); /* A2 */
	}
	if (gate_evicted(r)) /* looked at last: what we saw may not have been of members */
		return;
	mine->limit = MAX(ring, mine->from) + log_slots(nr);
	nr_ring_release(nr, mine, ring);
	/* Two of these may cross and leave the older minimum: too careful, never wrong. */
	atomic_store_explicit(&nr->head, order, memory_order_release); /* H1 */
}

/* One attempt to find room: moves everybody who can be moved. */
static void make_room(struct nr *nr, struct nr_replica *r)
{
	u64 tail = nr_tail(nr), before = nr_ring_of(r)->limit;
	u64 members = nr_members(nr); /* fixed while we hold r */
	u64 head = atomic_load_explicit(&nr->head, memory_order_relaxed);
	u32 n;

	nr_ring_switch(nr, r);
	nr_replica_advance(nr, r, tail, NULL);
	nr_for_each(n, members) {
		struct nr_replica *c = nr_rep(nr, n);

		if (c != r && nr_ltail(c) < tail)
			nr_help(nr, c, tail);
	}
	note_applied(nr, r, members);
	if (nr_ring_of(r)->limit == before && atomic_load_explicit(&nr->head, memory_order_relaxed) == head)
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
	if (ring_full(nr_ring_of(r), slots) || order_full(nr, nr_tail(nr)))
		make_room(nr, r);
	return !ring_full(nr_ring_of(r), slots) && !order_full(nr, nr_tail(nr));
}

/* Returns the ring it is in; NULL: evicted while it waited for room. */
static struct nr_ring *ring_write(struct nr *nr, struct nr_replica *r, const struct nr_batch *b)
{
	struct nr_ring *ring;
	u64 at;

	while (ring_full(nr_ring_of(r), b->slots)) {
		make_room(nr, r);
		if (gate_evicted(r))
			return NULL;
	}
	ring = nr_ring_of(r);
	at = ring->written;
	for (u32 i = 0; i < b->n; i++) {
		record_write(entry_at(nr, ring, at), b->req[i]);
		at += nr_entry_slots(b->req[i]->len);
	}
	ring->written = at;
	return ring;
}

static void move_tail(struct nr *nr, u64 at)
{
	atomic_compare_exchange_strong_explicit(&nr->tail, &at, at + 1, memory_order_release, /* T1 */
						memory_order_relaxed);
}

/* One attempt to put the batch at index `at`. False: there is one already; whoever put it there told us what he knew of
 * evictions, and through T1 we tell those who find the tail behind it. */
static bool publish(struct nr *nr, struct nr_replica *r, u64 at, u32 slots)
{
	_Atomic u64 *word = &nr->log[at & (log_slots(nr) - 1)];
	u64 was = atomic_load_explicit(word, memory_order_acquire); /* V2 */

	return WORD_INDEX(was) <= at && atomic_compare_exchange_strong_explicit(word, &was, WORD(at, r->node, slots),
									       memory_order_release, /* E1 */
									       memory_order_acquire); /* V2 */
}

/* One attempt to append what was written to r's ring last; `slots` of it, with NR_SHARE if it is one. True: *end is the
 * index behind it. False: somebody was first, there was no room, or r is evicted. */
bool nr_log_append_try(struct nr *nr, struct nr_replica *r, u32 slots, u64 *end)
{
	u64 at = atomic_load_explicit(&nr->tail, memory_order_acquire); /* T2: the words below are seen */
	bool mine;

	if (gate_evicted(r))
		return false;
	if (order_full(nr, at)) {
		make_room(nr, r);
		return false;
	}
	mine = publish(nr, r, at, slots);
	move_tail(nr, at);
	*end = at + 1;
	return mine;
}

/* Appends every request of b, in order. Returns the index behind the batch; 0: evicted, and nothing is published. */
u64 nr_log_append(struct nr *nr, struct nr_replica *r, const struct nr_batch *b)
{
	struct nr_ring *ring = ring_write(nr, r, b);
	u64 end;

	while (ring) {
		if (nr_log_append_try(nr, r, b->slots, &end))
			return end;
		if (gate_evicted(r)) {
			ring->written -= b->slots;
			break;
		}
	}
	return 0;
}

/* Writes an open share (span.c) of at most `max` bytes to r's ring, where nr_log_room has found room. */
struct nr_entry *nr_log_share(struct nr *nr, struct nr_replica *r, u32 shard, u32 max)
{
	struct nr_entry *e = entry_at(nr, nr_ring_of(r), nr_ring_of(r)->written);

	e->mem = 0;
	e->len = (u16)(sizeof(struct nr_share) + max);
	e->shard = (u16)(shard | NR_SHARE_SHARD);
	nr_share_of(e)->len = 0;
	atomic_store_explicit(&nr_share_of(e)->closed, 0, memory_order_relaxed); /* E1 publishes it */
	nr_ring_of(r)->written += nr_entry_slots(e->len);
	return e;
}

/* A batch of nothing, which says that somebody is evicted: who knew the tail before cannot publish behind it. Every gate
 * but his is held, all have applied the log. False: he published where it should go; apply that first. */
bool nr_log_mark(struct nr *nr, struct nr_replica *r)
{
	u64 at = atomic_load_explicit(&nr->tail, memory_order_acquire); /* T2 */
	bool mine;

	if (nr_ltail(r) < at)
		return false;
	mine = publish(nr, r, at, 0);
	move_tail(nr, at);
	return mine;
}
