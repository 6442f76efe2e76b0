/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Updates: flat combining, then the log.
 *
 * A caller wants the combiner lock of its replica. If it is free, he combines at once, his request on his own
 * stack. If not, he leaves the request in his slot and waits for the first of: the answer; the lock. So a request
 * that comes just after a combiner collected is not lost: its owner becomes the next combiner.
 *
 * A round (combine): collect up to NR_BATCH requests; admit each or refuse it for memory; then
 *   without a log   apply in place under rw_write
 *   with a log      append the batch, apply the log up to its end (other replicas' operations come on the way)
 * and answer. One round, then the lock goes on: nobody combines for others for ever.
 *
 * Costs, uncontended, one replica: lock, flag, scan of the readers' slots, apply, flag, unlock: two atomic
 * read-modify-writes and an exchange.
 */
#include "nr/internal.h"
#include "nr/rwlock.h"

static void answer(struct nr_req *q, s32 err)
{
	q->err = err;
	atomic_store_explicit(&q->state, NR_DONE, memory_order_release); /* Q3 */
}

static bool batch_has_room(const struct nr *nr, const struct nr_batch *b, const struct nr_req *q)
{
	if (b->n == NR_BATCH)
		return false;
	return b->n == 0 || !nr->log || b->slots + nr_entry_slots(q->len) <= nr->cfg.log_slots / 2;
}

static bool batch_put(const struct nr *nr, struct nr_batch *b, struct nr_req *q)
{
	if (!batch_has_room(nr, b, q))
		return false;
	b->req[b->n++] = q;
	b->slots += nr_entry_slots(q->len);
	return true;
}

static bool is_pending(struct nr_req *q)
{
	return atomic_load_explicit(&q->state, memory_order_acquire) == NR_PENDING; /* Q2 */
}

/* Requests of word w. What does not fit stays pending. */
static void collect_word(const struct nr *nr, struct nr_slots *s, u32 w, struct nr_batch *b, const struct nr_req *own)
{
	u64 bits, left = 0;

	if (!atomic_load_explicit(&s->pending[w], memory_order_relaxed))
		return;
	bits = atomic_exchange_explicit(&s->pending[w], 0, memory_order_acquire);
	for (; bits; bits &= bits - 1) {
		struct nr_req *q = &s->slot[w * 64 + (u32)__builtin_ctzll(bits)].req;

		if (q != own && is_pending(q) && !batch_put(nr, b, q))
			left |= bits & -bits;
	}
	if (left)
		atomic_fetch_or_explicit(&s->pending[w], left, memory_order_relaxed);
}

static void collect(const struct nr *nr, struct nr_replica *r, struct nr_batch *b, const struct nr_req *own)
{
	struct nr_slots *s = atomic_load_explicit(&r->slots, memory_order_relaxed); /* changes under combiner only */

	if (&r->shared.req != own && is_pending(&r->shared.req))
		batch_put(nr, b, &r->shared.req);
	for (u32 w = 0; s && w < s->words; w++)
		collect_word(nr, s, w, b, own);
}

static bool admit_one(struct nr *nr, struct nr_replica *r, const struct nr_req *q, s64 *here)
{
	if (!q->mem)
		return true;
	if (nr->log)
		return nr_stock_reserve_all(nr, q->mem);
	if (!nr_stock_reserve_here(r, *here + q->mem))
		return false;
	*here += q->mem;
	return true;
}

/* Refuses what finds no memory; the rest stays in order. */
static void admit(struct nr *nr, struct nr_replica *r, struct nr_batch *b)
{
	u32 kept = 0;
	s64 here = 0;

	b->slots = 0;
	for (u32 i = 0; i < b->n; i++) {
		struct nr_req *q = b->req[i];

		if (admit_one(nr, r, q, &here)) {
			b->req[kept++] = q;
			b->slots += nr_entry_slots(q->len);
		} else {
			answer(q, -ENOMEM);
		}
	}
	b->n = kept;
}

static void apply_in_place(struct nr *nr, struct nr_replica *r, struct nr_batch *b)
{
	u64 at = atomic_load_explicit(&r->ltail, memory_order_relaxed);

	rw_write_begin(r);
	for (u32 i = 0; i < b->n; i++) {
		struct nr_req *q = b->req[i];

		nr->type->apply(r->state, q->shard, q->op, q->len, q->ret);
		q->index = ++at;
	}
	atomic_store_explicit(&r->ltail, at, memory_order_release); /* A1 */
	rw_write_end(r);
	nr_stock_settle(r, 0);
}

static void apply_logged(struct nr *nr, struct nr_replica *r, struct nr_batch *b)
{
	u64 end;

	nr_log_append(nr, r, b);
	end = b->req[b->n - 1]->index;
	for (;;) {
		nr_replica_advance(nr, r, end, b);
		if (atomic_load_explicit(&r->ltail, memory_order_relaxed) >= end)
			break;
		nr_port_relax(); /* a hole: its combiner is filling it */
	}
}

static void count(struct nr_replica *r, u32 n)
{
	u32 bucket = n == 1 ? 0 : 32 - (u32)__builtin_clz(n - 1);

	r->ops += n;
	r->batches++;
	r->batch[MIN(bucket, NR_BATCH_BUCKETS - 1u)]++;
}

/* One round. The caller holds r->combiner, r is live. `own` is answered when it returns. */
static void combine(struct nr *nr, struct nr_replica *r, struct nr_req *own)
{
	struct nr_batch b;

	b.n = b.next = b.slots = 0;
	batch_put(nr, &b, own);
	collect(nr, r, &b, own);
	admit(nr, r, &b);
	if (!b.n)
		return;
	if (nr->log)
		apply_logged(nr, r, &b);
	else
		apply_in_place(nr, r, &b);
	count(r, b.n);
	for (u32 i = 0; i < b.n; i++)
		answer(b.req[i], 0);
}

/* Tells the combiner that the request in our slot waits, or no longer does. The shared slot is always looked at. */
static void set_pending(struct nr_replica *r, const struct nr_slot *slot, u32 id, bool on)
{
	struct nr_slots *s = atomic_load_explicit(&r->slots, memory_order_acquire); /* S2 */

	if (slot == &r->shared)
		return;
	if (on)
		atomic_fetch_or_explicit(&s->pending[id / 64], 1ull << id % 64, memory_order_release);
	else
		atomic_fetch_and_explicit(&s->pending[id / 64], ~(1ull << id % 64), memory_order_relaxed);
}

static bool leave_request(struct nr_replica *r, struct nr_slot *slot, u32 id, const struct nr_req *q)
{
	struct nr_req *p = &slot->req;
	u32 empty = NR_EMPTY;

	if (!atomic_compare_exchange_strong_explicit(&p->state, &empty, NR_CLAIMED, memory_order_acquire,
						     memory_order_relaxed))
		return false; /* shared, and another's request is in it */
	p->op = q->op;
	p->ret = q->ret;
	p->len = q->len;
	p->shard = q->shard;
	p->mem = q->mem;
	atomic_store_explicit(&p->state, NR_PENDING, memory_order_release); /* Q1 */
	set_pending(r, slot, id, true);
	return true;
}

static bool is_done(struct nr_req *q)
{
	return atomic_load_explicit(&q->state, memory_order_acquire) == NR_DONE; /* Q4 */
}

/* Copies the answer out and frees the slot. */
static void take_answer(struct nr_req *p, struct nr_req *q)
{
	q->err = p->err;
	q->index = p->index;
	atomic_store_explicit(&p->state, NR_EMPTY, memory_order_release);
}

/* We got the lock while our request lies in the slot: combine it ourselves, unless it was answered meanwhile or the
 * replica is gone (then nobody will collect it: take it back). True: it is answered. */
static bool combine_left(struct nr *nr, struct nr_replica *r, struct nr_slot *slot, u32 id)
{
	if (is_done(&slot->req))
		return true;
	set_pending(r, slot, id, false);
	if (!r->live) {
		atomic_store_explicit(&slot->req.state, NR_EMPTY, memory_order_release);
		return false;
	}
	combine(nr, r, &slot->req);
	return true;
}

/* Somebody else combines on r: waits for the answer or the lock. False: r is gone, try another replica. */
static bool update_waiting(struct nr *nr, struct nr_replica *r, struct nr_self *self, struct nr_req *q)
{
	struct nr_slot *slot = nr_slot_of(r, self);
	bool left = leave_request(r, slot, self->id, q), good = true;

	while (!left || !is_done(&slot->req)) {
		if (lock_try(&r->combiner)) {
			if (left)
				good = combine_left(nr, r, slot, self->id);
			else if ((good = r->live))
				combine(nr, r, q);
			lock_release(&r->combiner);
			break;
		}
		nr_port_relax();
		left = left || leave_request(r, slot, self->id, q);
	}
	if (left && good)
		take_answer(&slot->req, q);
	return good;
}

/* False: the replica was dropped under our feet. */
static bool update_on(struct nr *nr, struct nr_replica *r, struct nr_self *self, struct nr_req *q)
{
	bool live;

	if (!lock_try(&r->combiner))
		return update_waiting(nr, r, self, q);
	live = r->live;
	if (live)
		combine(nr, r, q);
	lock_release(&r->combiner);
	return live;
}

int nr_update(struct nr *nr, struct nr_self *self, unsigned shard, const void *op, size_t len, void *ret, u64 *index)
{
	struct nr_req q = { .op = op, .ret = ret, .len = (u32)len, .shard = shard };

	if (unlikely(len > NR_OP_MAX || shard >= nr->cfg.shards))
		nr_port_panic("nr_update: operation too long, or no such shard");
	nr_enter(self, false);
	if (nr->type->op_mem)
		q.mem = (u32)nr->type->op_mem(op, len);
	while (!update_on(nr, nr_route(nr, self), self, &q))
		;
	nr_leave(self);
	if (index)
		*index = q.index;
	return q.err;
}
