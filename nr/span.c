/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Operations that span logs: one moment of several parts, held still by an open share in each log.
 *
 *   begin   span locks, then the gates of the caller's replicas, both by ascending part
 *           an entry in each log, the share, still open: nobody, on any node, applies that log past it
 *           the caller's replicas are brought exactly up to their shares: this is the moment; the plan runs on it
 *   close   memory is reserved on every replica of every part, or the plan is dropped
 *           what each part is to apply is written into its share
 *           ctail of every part is raised over its share (C1), and then the shares are closed (O1)
 *           the caller's replicas apply their shares; others do when they come to them
 *   end     who waits for one of the gates is served; gates and locks
 *
 *   log A   op op [share] op ...          A's readers elsewhere who need what comes after wait at the share until it is
 *   log B   op [share] op op ...          closed; those who need less go on
 *
 * A part that has one replica has no log: the gate is enough to make it stand still, and if the plan changes it, its
 * readers are kept out (WRITING) from before the first share is closed until all is applied.
 *
 * Why this is one step for everybody. Nothing behind a share is applied before the share is closed, so nobody has an
 * answer from there; all ctails are raised before any share is closed. So who has seen a share's effect in one log finds
 * ctail raised in the others, and reads of them wait for it. What returned before a span began is in a log below its
 * share: the plan sees it.
 *
 * Why it ends. While he has entries open, a spanner waits for nothing but room in a log that he has not written to
 * yet, and for readers to leave. In that log no share is open (it would be his: he has the lock), so every replica of it
 * can be moved up to its tail by whoever wants room; gates of it that others hold are moved by their holders. Before that he
 * holds locks and gates, asked for in one order that all keep (span.h), and moves what he holds.
 *
 * A rendezvous, where each node applies one spanning operation to all its parts' states at once, would need no closing,
 * but each node would have to bring several replicas to one point under several gates, in a moment that any helper, clone
 * or drop of one of them may be the first to meet. Here only the caller does that, on gates that he holds anyway.
 */
#include "nr/span.h"

static struct nr *part(const struct nr_plan *x, u32 p)
{
	return x->f->pub.shard[p];
}

/* While waiting: what is held must not be what others wait for. (A reader who stays is, if he is; we wait for somebody else.) */
static void move_held(struct nr_plan *x)
{
	u32 p;

	nr_for_each(p, x->held)
		nr_replica_advance_try(part(x, p), x->r[p], atomic_load_explicit(&part(x, p)->tail, memory_order_relaxed),
				       NR_PATIENCE);
}

/* The gate of the caller's replica of part p, which is live. */
static void hold(struct nr_plan *x, u32 p)
{
	struct nr_replica *r;

	for (;;) {
		r = nr_route(part(x, p), x->self);
		gate_claim(r);
		while (!gate_try_claimed(r)) {
			move_held(x);
			nr_port_relax();
		}
		if (r->live)
			break;
		gate_release(r, GATE_HELD);
	}
	x->r[p] = r;
	x->held |= 1ull << p;
	if (part(x, p)->log)
		x->logged |= 1ull << p;
}

static u32 share_slots(const struct nr_plan *x)
{
	return nr_entry_slots((u32)sizeof(struct nr_share) + x->f->plan_max);
}

/* An open share in each log; room is looked for in all of them first, so that little is waited for once one is open. */
static void open_shares(struct nr_plan *x)
{
	u32 p, slots = share_slots(x);

	nr_for_each(p, x->logged)
		while (!nr_log_room(part(x, p), x->r[p], slots))
			move_held(x);
	nr_for_each(p, x->logged) {
		x->entry[p] = nr_log_share(part(x, p), x->r[p], p, x->f->plan_max);
		while (!nr_log_append_try(part(x, p), x->r[p], slots | NR_SHARE, &x->end[p]))
			move_held(x);
	}
}

void nr_span_begin(struct nr_plan *x, struct nr_family *f, struct nr_self *self, u64 mask)
{
	u32 p;

	__builtin_memset(x, 0, sizeof(*x));
	x->f = f;
	x->self = self;
	x->view.mask = mask;
	nr_for_each(p, mask)
		lock_acquire_in_turn(&f->part[p].span);
	nr_for_each(p, mask)
		hold(x, p);
	open_shares(x);
	nr_for_each(p, x->logged)
		nr_replica_reach(part(x, p), x->r[p], x->end[p] - 1, NULL);
	nr_for_each(p, mask)
		x->view.state[p] = x->r[p]->state;
}

void nr_plan_apply(struct nr_plan *x, unsigned shard, const void *op, size_t len)
{
	if (shard >= NR_SHARDS_MAX || !(x->view.mask >> shard & 1) || !len || len > x->f->plan_max || x->len[shard])
		nr_port_panic("nr_plan_apply: a shard that is not in the mask, or twice, or an operation too long");
	__builtin_memcpy(x->f->part[shard].plan, op, len);
	x->len[shard] = (u32)len;
}

/* On every replica of part p. */
static bool promise_all(struct nr_plan *x, u32 p, u32 mem)
{
	struct nr_batch b = { .made = atomic_load_explicit(&part(x, p)->made, memory_order_relaxed), /* nobody is evicted */
			      .members = atomic_load_explicit(&part(x, p)->members, memory_order_relaxed) };

	return nr_stock_reserve_all(part(x, p), &b, mem);
}

/* False: there is no memory, and the plan is dropped. What was promised stays so until applying the share gives it back. */
static bool reserve(struct nr_plan *x)
{
	size_t (*op_mem)(const void *, size_t) = x->f->type->op_mem;
	bool good = true;
	u32 p;

	nr_for_each(p, op_mem ? x->held : 0) {
		u32 mem = x->len[p] ? (u32)op_mem(x->f->part[p].plan, x->len[p]) : 0;

		if (!mem)
			continue;
		good = x->logged >> p & 1 ? promise_all(x, p, mem) : nr_stock_reserve_here(x->r[p], mem);
		if (!good)
			break;
		x->mem[p] = mem;
	}
	if (!good)
		__builtin_memset(x->len, 0, sizeof(x->len));
	return good;
}

static void write_share(struct nr_plan *x, u32 p)
{
	struct nr_share *share = nr_share_of(x->entry[p]);

	x->entry[p]->mem = x->mem[p];
	share->len = x->len[p];
	__builtin_memcpy(share->op, x->f->part[p].plan, x->len[p]);
}

/* No log: in place. Readers are out. */
static void apply_here(struct nr_plan *x, u32 p)
{
	const struct nr_type *type = x->f->type;
	struct nr_replica *r = x->r[p];
	const u8 *op = x->f->part[p].plan;

	type->apply(r->state, p, op, x->len[p], NULL);
	x->end[p] = atomic_load_explicit(&r->ltail, memory_order_relaxed) + 1;
	atomic_store_explicit(&r->ltail, x->end[p], memory_order_release); /* A1 */
	nr_stock_settle(r, 0);
	if (type->op_release)
		type->op_release(op, x->len[p]);
}

/* The parts without a log that are changed. */
static u64 changed_here(const struct nr_plan *x)
{
	u64 set = 0;
	u32 p;

	nr_for_each(p, x->held & ~x->logged)
		if (x->len[p])
			set |= 1ull << p;
	return set;
}

static void close_shares(struct nr_plan *x)
{
	u32 p;

	nr_for_each(p, x->logged)
		write_share(x, p);
	nr_for_each(p, x->logged)
		nr_ctail_raise(part(x, p), x->end[p]);
	nr_for_each(p, x->logged)
		atomic_store_explicit(&nr_share_of(x->entry[p])->closed, 1, memory_order_release); /* O1 */
}

int nr_span_close(struct nr_plan *x)
{
	int err = reserve(x) ? 0 : -ENOMEM;
	u64 here = changed_here(x);
	u32 p;

	nr_for_each(p, here)
		gate_write_begin(x->r[p]);
	close_shares(x);
	nr_for_each(p, here)
		apply_here(x, p);
	nr_for_each(p, here)
		gate_write_end(x->r[p]);
	nr_for_each(p, x->logged)
		nr_replica_reach(part(x, p), x->r[p], x->end[p], NULL);
	nr_for_each(p, x->held)
		x->r[p]->alone += x->len[p] != 0;
	return err;
}

/* Who left requests meanwhile is served here, for the next spanner may have claimed the gate already. The locks are kept until
 * then: so in no log that we append to is somebody's share open, and whom we wait for there waits for none of our gates. */
void nr_span_end(struct nr_plan *x)
{
	u32 p;

	nr_for_each(p, x->held) {
		nr_serve(part(x, p), x->r[p]);
		gate_release(x->r[p], GATE_HELD);
	}
	nr_for_each(p, x->view.mask)
		lock_release(&x->f->part[p].span);
}

int nr_shards_span(struct nr_shards *s, struct nr_self *self, u64 mask,
		   void (*plan)(const struct nr_view *view, struct nr_plan *plan, void *arg), void *arg, u64 index[])
{
	struct nr_family *f = nr_family_of(s);
	struct nr_plan x;
	int err;
	u32 p;

	nr_mask_check(s, mask);
	nr_enter(self, false);
	nr_span_begin(&x, f, self, mask);
	plan(&x.view, &x, arg);
	err = nr_span_close(&x);
	nr_span_end(&x);
	nr_leave(self);
	atomic_fetch_add_explicit(&f->spans, 1, memory_order_relaxed);
	nr_for_each(p, index && !err ? mask : 0)
		index[p] = x.end[p];
	return err;
}
