/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Updates, from the caller's side: be the combiner, or leave a request and wait.
 *
 * A caller wants the gate of his replica. If it is free he combines at once, his request on his own stack; with
 * nobody waiting and no log, that is an apply in place and nothing else (alone). If it is held, he leaves the
 * request in his slot and waits for the first of: the answer; the gate. So a request that comes just after a combiner
 * collected is not lost: its owner becomes the next combiner.
 *
 * Who updates in place goes by those who wait, up to NR_PASS times, before he serves them: for them it is a moment, and he would
 * lose more to the transfers of an answer than a dozen short operations take.
 *
 * Waiting: nr_port_spins polls of one's own request with nr_port_relax between them, and now and then a look at the gate
 * (gate.h says how often); then sleep on the request's own word, until the
 * answer or until whoever releases the gate passes it on (combine.c has the argument why no wake-up is lost).
 *
 * If the replica is evicted meanwhile (evict.c), the request is taken back and goes to another one; unless its combiner has
 * it: then only he can say what became of it.
 */
#include "nr/gate.h"

#define FOREVER UINT64_MAX

static bool anybody_waits(const struct nr_replica *r)
{
	const struct nr_slots *s = atomic_load_explicit(&r->slots, memory_order_relaxed); /* changes under the gate only */

	if (atomic_load_explicit(&r->shared.pending, memory_order_relaxed))
		return true;
	for (u32 w = 0; s && w < s->words; w++)
		if (atomic_load_explicit(&s->map[w].pending, memory_order_relaxed))
			return true;
	return false;
}

/* Does anybody wait whom we, or others who update in place, went by often enough? We hold the gate. */
static bool shall_serve(struct nr_replica *r)
{
	if (!anybody_waits(r) || ++r->passed < MIN(NR_PASS, 1u << nr_port_away))
		return false;
	r->passed = 0;
	return true;
}

/* We hold the gate, WRITING is up, no log, nobody reads: the case that must cost no more than a mutex. */
static inline int apply_alone(const struct nr_type *type, struct nr_replica *r, unsigned shard, const void *op, size_t len,
			      void *ret, u64 *index)
{
	u64 at = atomic_load_explicit(&r->ltail, memory_order_relaxed) + 1;

	if (unlikely(type->op_mem && !nr_stock_reserve_here(r, (s64)type->op_mem(op, len))))
		return -ENOMEM;
	type->apply(r->state, shard, op, len, ret);
	atomic_store_explicit(&r->ltail, at, memory_order_release); /* A1 */
	if (unlikely(r->refills))
		nr_stock_settle(r, 0);
	r->alone++;
	if (unlikely(type->op_release))
		type->op_release(op, len);
	if (index)
		*index = at;
	return 0;
}

/* Tells the combiner that the request in our slot waits, or no longer does. Returns whether it was said before: who clears
 * the bit has the request. */
static bool set_pending(struct nr_replica *r, struct nr_slot *slot, u32 id, bool on)
{
	struct nr_slots *s = atomic_load_explicit(&r->slots, memory_order_acquire); /* S2 */
	u64 bit = 1ull << id % 64, was;

	if (slot == &r->shared)
		return atomic_exchange_explicit(&slot->pending, on, memory_order_release); /* Q1 */
	if (on)
		was = atomic_fetch_or_explicit(&s->map[id / 64].pending, bit, memory_order_release); /* Q1 */
	else
		was = atomic_fetch_and_explicit(&s->map[id / 64].pending, ~bit, memory_order_relaxed);
	return was & bit;
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
	atomic_store_explicit(&p->state, NR_PENDING, memory_order_relaxed);
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

/* We got the gate while our request lies in the slot: combine it ourselves, unless it was answered meanwhile or the
 * replica is gone (then nobody will collect it: take it back, and whoever sleeps shall do the same). True: it is answered. */
static bool combine_left(struct nr *nr, struct nr_replica *r, struct nr_slot *slot, u32 id)
{
	if (is_done(&slot->req))
		return true;
	set_pending(r, slot, id, false);
	if (!r->live) {
		atomic_store_explicit(&slot->req.state, NR_EMPTY, memory_order_release);
		atomic_fetch_or_explicit(&r->gate, GATE_WAITED, memory_order_relaxed);
		return false;
	}
	nr_combine(nr, r, &slot->req);
	return true;
}

/* Has a combiner our request? */
static bool is_taken(const struct nr_replica *r, const struct nr_slot *slot, u32 id)
{
	const struct nr_slots *s = atomic_load_explicit(&r->slots, memory_order_acquire); /* S2 */

	if (slot == &r->shared)
		return !atomic_load_explicit(&slot->pending, memory_order_relaxed);
	return !(atomic_load_explicit(&s->map[id / 64].pending, memory_order_relaxed) >> id % 64 & 1);
}

/* Sleeps until the request is answered, or we are to try for the gate. May return early. If the replica was evicted before Z1,
 * whoever did that may have missed us: then only an answer can come, if anything. */
static void sleep_on(struct nr_replica *r, struct nr_slot *slot, u32 id)
{
	struct nr_req *p = &slot->req;
	u32 was = NR_PENDING, gate = atomic_load_explicit(&r->gate, memory_order_relaxed);

	if (!(gate & GATE_HELD)) { /* somebody has claimed it and comes */
		nr_port_relax();
		return;
	}
	if (!atomic_compare_exchange_strong_explicit(&p->state, &was, NR_SLEEPS, memory_order_release,
						     memory_order_relaxed))
		return;
	gate = atomic_fetch_or_explicit(&r->gate, GATE_WAITED, memory_order_release); /* Z1 */
	if (gate & GATE_HELD && (likely(!(gate & GATE_EVICTED)) || is_taken(r, slot, id)))
		nr_port_wait(&p->state, NR_SLEEPS);
	else
		nr_port_relax();
	was = NR_SLEEPS;
	atomic_compare_exchange_strong_explicit(&p->state, &was, NR_PENDING, memory_order_relaxed, memory_order_relaxed);
}

/* Time is up, or the replica evicted. True: no combiner has the request, nor will have. */
static bool take_back(struct nr_replica *r, struct nr_slot *slot, u32 id, bool left)
{
	if (left && (is_taken(r, slot, id) || !set_pending(r, slot, id, false)))
		return false;
	if (left)
		atomic_store_explicit(&slot->req.state, NR_EMPTY, memory_order_release);
	return true;
}

/* We have the gate, after waiting. False: r is gone. */
static bool combine_at_last(struct nr *nr, struct nr_replica *r, struct nr_slot *slot, u32 id, struct nr_req *q, bool left)
{
	bool good = r->live;

	if (left)
		good = combine_left(nr, r, slot, id);
	else if (good)
		nr_combine(nr, r, q);
	gate_release(r, GATE_HELD);
	gate_open(slot, GATE_SHY);
	return good;
}

/* Somebody else combines on r: waits for the answer or the gate. False: r is gone, try another replica. `awake`: polls since
 * the last sleep; `look`: when to look at the gate, at the latest when patience ends (with patience nobody sleeps). */
static bool update_waiting(struct nr *nr, struct nr_replica *r, struct nr_self *self, struct nr_req *q, u64 patience)
{
	struct nr_slot *slot = nr_slot_of(r, self);
	bool left = leave_request(r, slot, self->id, q), good = true;
	u64 polls = 0, awake = 0, look = MIN(gate_away(slot) - 1ull, patience);

	for (; !left || !is_done(&slot->req); left = left || leave_request(r, slot, self->id, q)) {
		if (!left || awake >= look) {
			if (gate_try(r, GATE_HELD)) {
				good = combine_at_last(nr, r, slot, self->id, q, left);
				break;
			}
			if (gate_evicted(r) && take_back(r, slot, self->id, left))
				return false;
			gate_shut(r, slot);
			look = MIN(awake + gate_away(slot), patience);
		}
		if (polls++ >= patience && take_back(r, slot, self->id, left)) {
			q->err = -ETIMEDOUT;
			return true;
		}
		if (++awake <= nr_port_spins || !left || patience != FOREVER) {
			nr_port_relax();
		} else {
			sleep_on(r, slot, self->id);
			awake = look = 0;
		}
	}
	if (left && good)
		take_answer(&slot->req, q);
	return good && q->err != NR_RETRY;
}

/* False: the replica was dropped or evicted under our feet. `held`: we have its gate. */
static bool update_on(struct nr *nr, struct nr_replica *r, struct nr_self *self, struct nr_req *q, bool held, u64 patience)
{
	bool live;

	if (!held && (nr_slot_of(r, self)->shy || !gate_try(r, GATE_HELD)))
		return update_waiting(nr, r, self, q, patience);
	live = r->live;
	if (live)
		nr_combine(nr, r, q);
	gate_release(r, GATE_HELD);
	return live && q->err != NR_RETRY;
}

static inline void check(const struct nr *nr, unsigned shard, size_t len)
{
	if (unlikely(len > NR_OP_MAX || shard >= nr->cfg.shards))
		nr_port_panic("nr_update: operation too long, or no such shard");
}

static inline void request(const struct nr *nr, struct nr_req *q, unsigned shard, const void *op, size_t len, void *ret)
{
	q->op = op;
	q->ret = ret;
	q->len = (u32)len;
	q->shard = shard;
	q->mem = nr->type->op_mem ? (u32)nr->type->op_mem(op, len) : 0;
}

/* With a log, or company. `held`: a replica whose gate we have, or NULL. */
static __attribute__((noinline)) int update_shared(struct nr *nr, struct nr_self *self, unsigned shard, const void *op,
						   size_t len, void *ret, u64 *index, struct nr_replica *held)
{
	struct nr_req q;
	bool done;

	request(nr, &q, shard, op, len, ret);
	done = held && update_on(nr, held, self, &q, true, FOREVER);
	while (!done)
		done = update_on(nr, nr_route(nr, self), self, &q, false, FOREVER);
	nr_leave(self);
	if (index && (!q.err || q.err == -EOWNERDEAD))
		*index = q.index;
	return q.err;
}

int nr_update(struct nr *nr, struct nr_self *self, unsigned shard, const void *op, size_t len, void *ret, u64 *index)
{
	const struct nr_type *type = nr->type; /* read before the gate, which would make it wait */
	struct nr_replica *r;
	u64 company;
	int err;

	nr_enter(self, false);
	check(nr, shard, len);
	r = nr_route(nr, self);
	if (atomic_load_explicit(&nr->logged, memory_order_relaxed) || !gate_try_free(r, GATE_HELD | GATE_WRITING))
		return update_shared(nr, self, shard, op, len, ret, index, NULL);
	company = gate_look(r, true);
	if (unlikely(!r->live || nr->log || (company && shall_serve(r)))) { /* the gate of a dropped one guards no log: live first */
		gate_write_end(r);
		return update_shared(nr, self, shard, op, len, ret, index, r);
	}
	if (unlikely(company))
		gate_wait_readers(r);
	err = apply_alone(type, r, shard, op, len, ret, index);
	gate_release(r, GATE_HELD | GATE_WRITING);
	nr_leave(self);
	return err;
}

int nr_update_timeout(struct nr *nr, struct nr_self *self, unsigned shard, const void *op, size_t len, void *ret, u64 *index,
		      u64 polls)
{
	struct nr_req q;

	nr_enter(self, false);
	check(nr, shard, len);
	request(nr, &q, shard, op, len, ret);
	while (!update_on(nr, nr_route(nr, self), self, &q, false, MIN(polls, FOREVER - 1)))
		;
	nr_leave(self);
	if (index && (!q.err || q.err == -EOWNERDEAD))
		*index = q.index;
	return q.err;
}

/* The gate was free: 0, -ENOMEM or -EAGAIN. */
static int try_holding(struct nr *nr, struct nr_replica *r, struct nr_req *q)
{
	if (!r->live || !nr_combine_try(nr, r, q) || q->err == NR_RETRY)
		return -EAGAIN;
	return q->err;
}

int nr_try_update(struct nr *nr, struct nr_self *self, unsigned shard, const void *op, size_t len, void *ret, u64 *index)
{
	struct nr_replica *r;
	struct nr_req q;
	int err = -EAGAIN;

	nr_enter(self, false);
	check(nr, shard, len);
	request(nr, &q, shard, op, len, ret);
	r = nr_route(nr, self);
	if (gate_try(r, GATE_HELD)) {
		err = try_holding(nr, r, &q);
		gate_release(r, GATE_HELD);
	}
	nr_leave(self);
	if (index && (!err || err == -EOWNERDEAD))
		*index = q.index;
	return err;
}
