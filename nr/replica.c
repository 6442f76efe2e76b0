/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One replica: its memory, its slots, and applying the log to it.
 *
 *   nr_replica_make --> dead --fill--> live --empty--> dead --> nr_replica_free (with the instance)
 *
 * advance: in chunks of whole batches, a new one while there are fewer than NR_BATCH operations in it, each with
 * WRITING up, so that readers get in between. Per chunk, in this order: apply, raise ctail (C1), store ltail (A1),
 * lower WRITING (W5): no reader sees a state that ctail does not cover. Whoever holds the gate may advance, the replica's own
 * threads or a helper from elsewhere. Of an evicted replica he applies nothing more, but his own batch if it is next.
 */
#include "nr/gate.h"

void nr_replica_init(struct nr_replica *r, u32 node)
{
	__builtin_memset(r, 0, sizeof(*r));
	r->node = node;
	nr_stock_init(r);
}

struct nr_replica *nr_replica_make(u32 node)
{
	struct nr_replica *r = nr_port_alloc(sizeof(*r), node);

	if (r)
		nr_replica_init(r, node);
	return r;
}

void nr_replica_free(struct nr_replica *r)
{
	nr_slots_free(atomic_load_explicit(&r->slots, memory_order_relaxed));
	nr_port_free(r, sizeof(*r));
}

/* Makes `state` (state_size bytes) from src, or by init(arg) if src is NULL. Not yet live. 0 or -ENOMEM. */
int nr_replica_fill(struct nr *nr, struct nr_replica *r, void *state, const void *src, const void *arg)
{
	int err;

	__builtin_memset(state, 0, nr->type->state_size);
	r->filling = true;
	err = src ? nr->type->clone(state, &r->pool, src) : nr->type->init(state, &r->pool, arg);
	r->filling = false;
	r->state = state;
	return err;
}

/* The replica is dead: gives its state and memory back. */
void nr_replica_empty(struct nr *nr, struct nr_replica *r)
{
	if (r->state && nr->type->destroy)
		nr->type->destroy(r->state);
	nr_stock_drop(r);
	if (r->state && r->state != (void *)(nr + 1))
		nr_port_free(r->state, nr->type->state_size);
	r->state = NULL;
}

struct nr_slots *nr_slots_make(const struct nr *nr, u32 node)
{
	u32 count = nr->cfg.threads, words = (count + 63) / 64;
	struct nr_slots *s;
	size_t maps = ALIGN_UP(sizeof(struct nr_slots) + words * sizeof(s->map[0]), (size_t)NR_LINE);
	size_t size = maps + count * sizeof(struct nr_slot);

	if (size > PAGE_SIZE)
		s = nr_port_pages((size + PAGE_SIZE - 1) >> PAGE_SHIFT, node);
	else
		s = nr_port_alloc(size, node);
	if (!s)
		return NULL;
	__builtin_memset(s, 0, size);
	*s = (struct nr_slots){ .size = size, .count = count, .words = words };
	s->slot = (struct nr_slot *)((u8 *)s + maps);
	return s;
}

void nr_slots_free(struct nr_slots *s)
{
	if (!s)
		return;
	if (s->size > PAGE_SIZE)
		nr_port_pages_free(s, (s->size + PAGE_SIZE - 1) >> PAGE_SHIFT);
	else
		nr_port_free(s, s->size);
}

/* The caller's slot; lists it the first time, before it is counted in (gate.h). */
struct nr_slot *nr_slot_of(struct nr_replica *r, const struct nr_self *self)
{
	struct nr_slot *slot = nr_slot_listed(r, self);
	struct nr_slots *s;

	if (likely(slot))
		return slot;
	s = atomic_load_explicit(&r->slots, memory_order_relaxed); /* S2 was: they are never replaced */
	if (unlikely(self->id >= s->count))
		nr_port_panic("nr: thread id out of range");
	slot = &s->slot[self->id];
	atomic_fetch_or_explicit(&s->map[self->id / 64].listed, 1ull << self->id % 64, memory_order_seq_cst);
	atomic_store_explicit(&slot->listed, 1, memory_order_release);
	return slot;
}

static void calls_apply(struct nr *nr, struct nr_replica *r, const struct nr_call *call, u32 n)
{
	if (nr->type->apply_batch && n > 1) {
		nr->type->apply_batch(r->state, call, n);
		return;
	}
	for (u32 i = 0; i < n; i++)
		nr->type->apply(r->state, call[i].shard, call[i].op, call[i].len, call[i].ret);
}

/* A batch of requests: results go to those who wait for them. */
void nr_replica_apply(struct nr *nr, struct nr_replica *r, const struct nr_batch *b)
{
	struct nr_call call[NR_BATCH];

	for (u32 i = 0; i < b->n; i++) {
		const struct nr_req *q = b->req[i];

		call[i] = (struct nr_call){ q->op, q->ret, q->len, q->shard };
	}
	calls_apply(nr, r, call, b->n);
}

static s64 apply_own(struct nr *nr, struct nr_replica *r, const struct nr_batch *own)
{
	s64 promised = 0;

	if (unlikely(!own))
		nr_port_panic("nr: a batch of this replica without its combiner");
	nr_replica_apply(nr, r, own);
	for (u32 i = 0; i < own->n; i++)
		promised += own->req[i]->mem;
	return promised;
}

static s64 apply_theirs(struct nr *nr, struct nr_replica *r, const struct nr_run *run, u64 at, u64 *count)
{
	struct nr_call call[NR_BATCH];
	s64 promised = 0;
	u32 n = 0;

	for (u64 end = at + run->slots; at < end; n++) {
		const struct nr_entry *e = nr_log_entry(nr, run, at);

		call[n] = (struct nr_call){ e->data, NULL, e->len, e->shard };
		promised += e->mem;
		at += nr_entry_slots(e->len);
	}
	calls_apply(nr, r, call, n);
	*count += n;
	return promised;
}

/* This log's share of an operation that spans several: like anybody's, also on the node that it came from. */
static s64 apply_share(struct nr *nr, struct nr_replica *r, const struct nr_run *run, u64 at)
{
	const struct nr_entry *e = nr_log_entry(nr, run, at);
	const struct nr_share *share = nr_share_of(e);
	struct nr_call call = { share->op, NULL, share->len, e->shard & ~NR_SHARE_SHARD };

	if (call.len)
		calls_apply(nr, r, &call, 1);
	return e->mem;
}

/* Returns the bytes that were promised to it; counts its operations. */
static s64 apply_run(struct nr *nr, struct nr_replica *r, const struct nr_run *run, const struct nr_batch *own, u64 *n)
{
	_Atomic u64 *taken = &nr_ring_of(r)->taken[run->node];
	u64 at = atomic_load_explicit(taken, memory_order_relaxed); /* only combiners write it */
	s64 promised;

	if (!run->slots)
		return 0;
	if (unlikely(run->share)) {
		promised = apply_share(nr, r, run, at);
		++*n;
	} else if (run->node == r->node) {
		promised = apply_own(nr, r, own);
		*n += own->n;
	} else {
		promised = apply_theirs(nr, r, run, at, n);
	}
	atomic_store_explicit(taken, at + run->slots, memory_order_release); /* A1 */
	return promised;
}

void nr_ctail_raise(struct nr *nr, u64 to)
{
	u64 old = atomic_load_explicit(&nr->ctail, memory_order_seq_cst); /* C1, if another raised it */

	while (old < to && !atomic_compare_exchange_weak_explicit(&nr->ctail, &old, to, memory_order_seq_cst, /* C1 */
								  memory_order_seq_cst))
		;
}

/* May r apply it: is it no open share (span.c)? */
static bool is_closed(const struct nr *nr, const struct nr_replica *r, const struct nr_run *run)
{
	const struct nr_entry *e;

	if (likely(!run->share))
		return true;
	e = nr_log_entry(nr, run, atomic_load_explicit(&nr_ring_of(r)->taken[run->node], memory_order_relaxed));
	return atomic_load_explicit(&nr_share_of(e)->closed, memory_order_acquire); /* O2 */
}

/* The batch at `at`, if r is to apply it. Evicted is looked at after the batch and its ring are found (V1): others write
 * over what lies in a ring only in one that nobody finds who does not see it. */
static bool next_run(const struct nr *nr, const struct nr_replica *r, u64 at, u64 until, const struct nr_batch *own,
		     struct nr_run *run)
{
	return at < until && nr_log_batch(nr, at, run) && is_closed(nr, r, run) &&
	       likely(!gate_evicted(r) || (own && run->node == r->node));
}

/* False: nothing is left to apply, or readers stayed inside for so many polls. */
static bool apply_chunk(struct nr *nr, struct nr_replica *r, u64 until, const struct nr_batch *own, u64 polls, u64 *sum)
{
	u64 at = atomic_load_explicit(&r->ltail, memory_order_relaxed); /* only combiners write it */
	struct nr_run run;
	s64 promised = 0;
	u64 n = 0;

	if (!next_run(nr, r, at, until, own, &run) || !gate_write_try(r, polls))
		return false;
	do {
		promised += apply_run(nr, r, &run, own, &n);
		at++;
	} while (n < NR_BATCH && next_run(nr, r, at, until, own, &run));
	nr_ctail_raise(nr, at);
	atomic_store_explicit(&r->ltail, at, memory_order_release); /* A1 */
	gate_write_end(r);
	r->consumed += n;
	nr_stock_settle(r, promised);
	*sum += n;
	return true;
}

static u64 advance(struct nr *nr, struct nr_replica *r, u64 until, const struct nr_batch *own, u64 polls)
{
	u64 sum = 0;

	while (nr->log && apply_chunk(nr, r, until, own, polls, &sum))
		;
	return sum;
}

/* Applies what is in the log below `until`, but not past an open share. `own`: the batch of r's combiner that is in the
 * log. The caller holds r's gate. Returns operations applied. */
u64 nr_replica_advance(struct nr *nr, struct nr_replica *r, u64 until, const struct nr_batch *own)
{
	return advance(nr, r, until, own, UINT64_MAX);
}

/* The same for who must not wait for a reader who stays: he gives up after so many polls. */
u64 nr_replica_advance_try(struct nr *nr, struct nr_replica *r, u64 until, u64 polls)
{
	return advance(nr, r, until, NULL, polls);
}

/* The same, all of it: waits for who has a share open. Short only if r is evicted. */
void nr_replica_reach(struct nr *nr, struct nr_replica *r, u64 until, const struct nr_batch *own)
{
	for (;;) {
		nr_replica_advance(nr, r, until, own);
		if (likely(atomic_load_explicit(&r->ltail, memory_order_relaxed) >= until) || gate_evicted(r))
			return;
		nr_port_relax();
	}
}

/* Advances somebody's replica if nobody does. Never waits for a lock, nor long for a reader: another replica may be the one
 * that matters. */
u64 nr_help(struct nr *nr, struct nr_replica *r, u64 until)
{
	u64 n = 0;

	if (!gate_try(r, GATE_HELD))
		return 0;
	if (r->live)
		n = nr_replica_advance_try(nr, r, until, NR_PATIENCE);
	r->helped += n;
	gate_release(r, GATE_HELD);
	return n;
}
