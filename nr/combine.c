/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The combiner: whoever holds a replica's gate does the work of all who wait there.
 *
 * A round: collect up to NR_BATCH requests; admit each or refuse it for memory; then
 *   without a log   apply in place, readers kept out
 *   with a log      append the batch, apply the log up to its end (other replicas' operations come on the way)
 * and answer. Who sleeps is woken by his answer.
 *
 * A turn: rounds until nobody waits, NR_TURN at most; nobody combines for others for ever. Then, as somebody may
 * have gone to sleep since the last look, the gate's WAITED bit decides when it is released:
 *
 *   WAITED is set by a sleeper after his request says SLEEPS. Who holds the gate clears it: before he collects, and
 *   if anything is left over he sets it again; or in the very step that releases the gate, and then he wakes one sleeper.
 *   That one is the heir: he does not sleep again without setting WAITED, so he takes the gate and collects; or he is collected by
 *   somebody else, together with all whose WAITED was cleared before that one came in, for they were waiting then.
 *
 * So while the gate is free and somebody sleeps, WAITED is set, or an heir is awake or about to be woken. One is
 * enough: a wake-up costs more than many operations, and until he runs others go on.
 */
#include "nr/gate.h"

static void answer(struct nr_req *q, s32 err)
{
	q->err = err;
	if (atomic_exchange_explicit(&q->state, NR_DONE, memory_order_release) == NR_SLEEPS) /* Q3 */
		nr_port_wake(&q->state);
}

static bool is_waiting(struct nr_req *q)
{
	u32 state = atomic_load_explicit(&q->state, memory_order_relaxed);

	return state == NR_PENDING || state == NR_SLEEPS;
}

static bool batch_put(const struct nr *nr, struct nr_batch *b, struct nr_req *q)
{
	u32 slots = nr_entry_slots(q->len);

	if (b->n == NR_BATCH || (b->n && b->slots + slots > nr->cfg.log_slots / 2))
		return false;
	b->req[b->n++] = q;
	b->slots += slots;
	return true;
}

/* Requests of word w. Whoever takes a bit has the request; what does not fit stays pending. */
static bool collect_word(const struct nr *nr, struct nr_slots *s, u32 w, struct nr_batch *b)
{
	u64 bits, left = 0;

	if (!atomic_load_explicit(&s->map[w].pending, memory_order_relaxed))
		return true;
	bits = atomic_exchange_explicit(&s->map[w].pending, 0, memory_order_acquire); /* Q2 */
	for (; bits; bits &= bits - 1) {
		struct nr_req *q = &s->slot[w * 64 + (u32)__builtin_ctzll(bits)].req;

		if (is_waiting(q) && !batch_put(nr, b, q))
			left |= bits & -bits;
	}
	if (left)
		atomic_fetch_or_explicit(&s->map[w].pending, left, memory_order_relaxed);
	return !left;
}

/* The same for the slot that all share. */
static bool collect_shared(const struct nr *nr, struct nr_slot *shared, struct nr_batch *b)
{
	if (!atomic_load_explicit(&shared->pending, memory_order_relaxed) ||
	    !atomic_exchange_explicit(&shared->pending, 0, memory_order_acquire)) /* Q2 */
		return true;
	if (!is_waiting(&shared->req) || batch_put(nr, b, &shared->req))
		return true;
	atomic_store_explicit(&shared->pending, 1, memory_order_relaxed);
	return false;
}

/* False: some did not fit. */
static bool collect(const struct nr *nr, struct nr_replica *r, struct nr_batch *b)
{
	struct nr_slots *s = atomic_load_explicit(&r->slots, memory_order_relaxed); /* changes under the gate only */
	bool all = collect_shared(nr, &r->shared, b);

	for (u32 w = 0; s && w < s->words; w++)
		all = collect_word(nr, s, w, b) && all;
	return all;
}

static void clear_waited(struct nr_replica *r)
{
	if (unlikely(atomic_load_explicit(&r->gate, memory_order_relaxed) & GATE_WAITED))
		atomic_fetch_and_explicit(&r->gate, ~GATE_WAITED, memory_order_acquire); /* Z2 */
}

static bool admit_one(struct nr *nr, struct nr_replica *r, const struct nr_batch *b, const struct nr_req *q, s64 *here)
{
	if (!q->mem)
		return true;
	if (nr->log)
		return nr_stock_reserve_all(nr, b, q->mem);
	if (!nr_stock_reserve_here(r, *here + q->mem))
		return false;
	*here += q->mem;
	return true;
}

static void settle(const struct nr_batch *b, struct nr_req *q, s32 err)
{
	if (q != b->own) {
		answer(q, err);
		return;
	}
	q->err = err;
	atomic_store_explicit(&q->state, NR_DONE, memory_order_relaxed); /* its owner is who combines */
}

/* Refuses what finds no memory; the rest stays in order. */
static void admit(struct nr *nr, struct nr_replica *r, struct nr_batch *b)
{
	u32 kept = 0;
	s64 here = 0;

	b->slots = 0;
	for (u32 i = 0; i < b->n; i++) {
		struct nr_req *q = b->req[i];

		if (admit_one(nr, r, b, q, &here)) {
			b->req[kept++] = q;
			b->slots += nr_entry_slots(q->len);
		} else {
			settle(b, q, -ENOMEM);
		}
	}
	b->n = kept;
}

static void release_batch(const struct nr *nr, const struct nr_batch *b)
{
	for (u32 i = 0; nr->type->op_release && i < b->n; i++)
		nr->type->op_release(b->req[i]->op, b->req[i]->len);
}

static void apply_in_place(struct nr *nr, struct nr_replica *r, struct nr_batch *b)
{
	u64 at = atomic_load_explicit(&r->ltail, memory_order_relaxed) + 1;

	gate_write_begin(r);
	nr_replica_apply(nr, r, b);
	atomic_store_explicit(&r->ltail, at, memory_order_release); /* A1 */
	gate_unlist(r, ++r->chunks);
	gate_write_end(r);
	for (u32 i = 0; i < b->n; i++)
		b->req[i]->index = at;
	nr_stock_settle(r, 0);
	release_batch(nr, b);
}

/* 0; evicted: NR_RETRY if nothing was published, -EOWNERDEAD if it was: then others apply it, and it has no results. */
static s32 apply_logged(struct nr *nr, struct nr_replica *r, struct nr_batch *b)
{
	u64 end = nr_log_append(nr, r, b);

	if (unlikely(!end)) {
		nr_stock_unpromise(nr, b);
		return NR_RETRY;
	}
	for (u32 i = 0; i < b->n; i++)
		b->req[i]->index = end;
	nr_replica_reach(nr, r, end, b);
	return likely(nr_ltail(r) >= end) ? 0 : -EOWNERDEAD;
}

static void count(struct nr_replica *r, u32 n)
{
	u32 bucket = n == 1 ? 0 : 32 - (u32)__builtin_clz(n - 1);

	r->ops += n;
	r->batches++;
	r->batch[MIN(bucket, NR_BATCH_BUCKETS - 1u)]++;
}

static void round_with(struct nr *nr, struct nr_replica *r, struct nr_batch *b)
{
	s32 err = 0;

	admit(nr, r, b);
	if (!b->n)
		return;
	if (nr->log)
		err = apply_logged(nr, r, b);
	else
		apply_in_place(nr, r, b);
	if (likely(err != NR_RETRY))
		count(r, b->n);
	for (u32 i = 0; i < b->n; i++)
		settle(b, b->req[i], err);
}

static void batch_start(const struct nr *nr, struct nr_batch *b, struct nr_req *own)
{
	b->made = atomic_load_explicit(&nr->made, memory_order_acquire);       /* R2, before the structs are looked for */
	b->members = nr_members(nr); /* fixed while we hold the gate */
	b->own = own;
	b->n = b->slots = 0;
	if (own)
		batch_put(nr, b, own);
}

/* False: nobody waits. */
static bool round_of(struct nr *nr, struct nr_replica *r, struct nr_req *own)
{
	struct nr_batch b;

	batch_start(nr, &b, own);
	clear_waited(r);
	if (unlikely(!collect(nr, r, &b)))
		atomic_fetch_or_explicit(&r->gate, GATE_WAITED, memory_order_relaxed);
	if (b.n)
		round_with(nr, r, &b);
	return b.n;
}

static void turn(struct nr *nr, struct nr_replica *r, struct nr_req *own)
{
	round_of(nr, r, own);
	for (u32 i = 1; i < NR_TURN && !gate_evicted(r) && round_of(nr, r, NULL); i++)
		;
}

/* With a clock: how long turns take. */
static __attribute__((noinline)) void turn_timed(struct nr *nr, struct nr_replica *r, struct nr_req *own)
{
	u64 start = nr_port_clock(), took;

	turn(nr, r, own);
	took = nr_port_clock() - start;
	r->turns++;
	r->held += took;
	r->held_max = MAX(r->held_max, took);
}

/* A turn. The caller holds the gate, r is live. `own` is done when it returns. */
void nr_combine(struct nr *nr, struct nr_replica *r, struct nr_req *own)
{
	if (unlikely(nr_port_clock))
		turn_timed(nr, r, own);
	else
		turn(nr, r, own);
}

/* Only `own`, and only if the log has room at once. */
bool nr_combine_try(struct nr *nr, struct nr_replica *r, struct nr_req *own)
{
	struct nr_batch b;

	batch_start(nr, &b, own);
	if (nr->log && !nr_log_room(nr, r, b.slots))
		return false;
	round_with(nr, r, &b);
	return true;
}

/* A round for who left requests while the caller had the gate for something else. */
void nr_serve(struct nr *nr, struct nr_replica *r)
{
	if (!gate_evicted(r))
		round_of(nr, r, NULL);
}

static bool wake(struct nr_req *q)
{
	u32 sleeps = NR_SLEEPS;

	if (!atomic_compare_exchange_strong_explicit(&q->state, &sleeps, NR_PENDING, memory_order_relaxed,
						     memory_order_relaxed))
		return false;
	nr_port_wake(&q->state);
	return true;
}

/* Wakes `most` of those who sleep and are not taken. */
static void wake_some(struct nr_replica *r, u32 most)
{
	struct nr_slots *s = atomic_load_explicit(&r->slots, memory_order_acquire); /* S2 */

	if (wake(&r->shared.req) && !--most)
		return;
	for (u32 w = 0; s && w < s->words; w++) {
		u64 bits = atomic_load_explicit(&s->map[w].pending, memory_order_acquire);

		for (; bits; bits &= bits - 1)
			if (wake(&s->slot[w * 64 + (u32)__builtin_ctzll(bits)].req) && !--most)
				return;
	}
}

/* Gives back `how` where there is more in the gate, w or what it has become. Acquire: who finds WAITED must find the sleeper. */
void nr_gate_pass_on(struct nr_replica *r, u32 how, u32 w)
{
	do
		if (unlikely((w & how) != how))
			nr_port_panic("nr: a gate is released that is not held");
	while (!atomic_compare_exchange_weak_explicit(&r->gate, &w, (w - how) & ~GATE_WAITED, memory_order_acq_rel, /* L1, W5, Z2 */
						      memory_order_relaxed));
	if (w & GATE_EVICTED)
		nr_evicted_left(r);
	else if (w & GATE_WAITED)
		wake_some(r, 1);
}

/* The replica is evicted: all shall go elsewhere. */
void nr_wake_all(struct nr_replica *r)
{
	wake_some(r, UINT32_MAX);
}
