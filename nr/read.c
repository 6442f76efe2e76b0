/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reads, and bringing replicas up to date.
 *
 * A read needs a state that covers ctail as it was when it began (C2): every update that has returned is below
 * it. If its replica lags, the reader applies the log himself, or waits for whoever is doing it; never further than
 * that first ctail, so it cannot be led on.
 *
 * Writers come first, as otherwise readers might keep them out for ever; a reader who met writers only, NR_READ_LOOKS
 * times, takes his turn at the gate and goes in from there.
 *
 * nr_sync looks at every member, also one still being cloned: when it goes live it has the operations too. And it waits for
 * guards on replicas that were evicted: what they see is older still.
 */
#include "nr/gate.h"

static void guard_push(struct nr *nr, struct nr_self *self, struct nr_slot *slot)
{
	if (unlikely(self->held == NR_GUARDS_MAX))
		nr_port_panic("nr_read_begin: too many guards");
	self->guard[self->held++] = (struct nr_guard){ nr, slot };
}

static struct nr_slot *guard_pop(const struct nr *nr, struct nr_self *self)
{
	struct nr_slot *slot;
	u32 i = self->held;

	do {
		if (unlikely(i == 0))
			nr_port_panic("nr_read_end: no such guard");
	} while (self->guard[--i].nr != nr);
	slot = self->guard[i].slot;
	for (self->held--; i < self->held; i++)
		self->guard[i] = self->guard[i + 1];
	return slot;
}

static void guard_check(const struct nr *nr, const struct nr_self *self)
{
	for (u32 i = 0; i < self->held; i++)
		if (self->guard[i].nr == nr)
			nr_port_panic("nr_read_begin: guards of one instance do not nest");
}

/* Found the gate shut: looks away, then until it is open, or for too long. */
static void wait_writer(struct nr_replica *r, struct nr_slot *slot, u32 *looks)
{
	do {
		for (u32 i = 0; i < gate_away(slot); i++)
			nr_port_relax();
		gate_shut(r, slot);
	} while (++*looks < NR_READ_LOOKS && gate_writing(r, memory_order_relaxed) && !gate_evicted(r));
}

/* Another applies the log to r: he will soon be done, or take long. */
static void wait_helper(u32 *looks)
{
	for (u32 i = 1u << MIN(*looks, nr_port_away); i; i--)
		nr_port_relax();
	++*looks;
}

/* Enters r in a state that covers `need`; NULL: not this time, route and try again. */
static struct nr_slot *read_try(struct nr *nr, struct nr_replica *r, struct nr_self *self, u64 need, u32 *looks)
{
	struct nr_slot *slot;

	if (unlikely(nr_ltail(r) < need)) {
		if (!nr_help(nr, r, need))
			wait_helper(looks);
		return NULL;
	}
	slot = nr_slot_of(r, self);
	if (unlikely(!gate_read_try(r, slot))) {
		wait_writer(r, slot, looks);
		return NULL;
	}
	gate_open(slot, 1);
	if (unlikely(!r->live)) {
		gate_read_end(slot);
		return NULL;
	}
	return slot;
}

/* Polled in vain for long: goes in as the next to hold the gate, ahead of all writers. NULL: r is gone. */
static struct nr_slot *read_ahead(struct nr *nr, struct nr_replica *r, struct nr_self *self, u64 need)
{
	struct nr_slot *slot = NULL;

	if (!gate_acquire(r))
		return NULL;
	if (r->live) {
		nr_replica_reach(nr, r, need, NULL);
		slot = nr_slot_of(r, self);
		if (nr_ltail(r) < need || !gate_read_try(r, slot)) /* nobody writes but who holds the gate: evicted */
			slot = NULL;
	}
	gate_release(r, GATE_HELD);
	return slot;
}

/* The whole way, for who meets somebody, lags, or holds another guard. */
static __attribute__((noinline)) const void *read_long(struct nr *nr, struct nr_self *self, u64 need)
{
	struct nr_slot *slot;
	struct nr_replica *r;
	u32 looks = 0;

	if (self->held)
		guard_check(nr, self);
	nr_enter(self, true);
	r = nr_route(nr, self);
	if (unlikely(nr_ltail(r) < need))
		atomic_fetch_add_explicit(&nr->stale, 1, memory_order_relaxed);
	while (!(slot = likely(looks < NR_READ_LOOKS) ? read_try(nr, r, self, need, &looks) : read_ahead(nr, r, self, need)))
		r = nr_route(nr, self);
	nr_leave(self);
	guard_push(nr, self, slot);
	return r->state;
}

/* Most reads: nobody to wait for, nothing to catch up with, no other guard. It calls nobody, so that it is as short as it
 * can be. NULL: it is not so, and nothing was done. */
static inline const void *read_short(struct nr *nr, struct nr_self *self, u64 need)
{
	struct nr_replica *r = nr_route(nr, self);
	struct nr_slot *slot;

	if (unlikely(self->held || self->flags || nr_ltail(r) < need))
		return NULL;
	slot = nr_slot_listed(r, self);
	if (unlikely(!slot || !gate_read_try(r, slot)))
		return NULL;
	gate_open(slot, 1);
	if (unlikely(!r->live)) {
		gate_read_end(slot);
		return NULL;
	}
	self->guard[0] = (struct nr_guard){ nr, slot };
	self->held = 1;
	return r->state;
}

static inline const void *read_begin(struct nr *nr, struct nr_self *self, u64 need)
{
	const void *state = read_short(nr, self, need);

	return likely(state) ? state : read_long(nr, self, need);
}

const void *nr_read_begin(struct nr *nr, struct nr_self *self, unsigned shard)
{
	u64 need = atomic_load_explicit(&nr->ctail, memory_order_seq_cst); /* C2 */

	(void)shard;
	return read_begin(nr, self, need);
}

const void *nr_read_begin_stale(struct nr *nr, struct nr_self *self, unsigned shard)
{
	(void)shard;
	return read_begin(nr, self, 0);
}

void nr_read_end(struct nr *nr, struct nr_self *self, unsigned shard)
{
	u32 top = self->held - 1;

	(void)shard;
	if (unlikely(top >= NR_GUARDS_MAX || self->guard[top].nr != nr)) {
		gate_read_end(guard_pop(nr, self));
		return;
	}
	self->held = top;
	gate_read_end(self->guard[top].slot);
}

/*
 * One index counts all updates, whether there is a log or not. With a log ctail is above all that have returned, and no replica is
 * above ctail; without one, ltail of the only replica is, and ctail has stopped below. A read that comes after a version saw
 * at least that much; had it seen more, the version would have moved as well, for both are raised before readers are let in.
 */
u64 nr_version(const struct nr *nr, const struct nr_self *self)
{
	u64 ctail = atomic_load_explicit(&nr->ctail, memory_order_relaxed); /* who has heard of an update has heard of its ctail */
	u64 here = nr_ltail(nr_route(nr, self));

	return MAX(ctail, here);
}

/* Nobody comes in there any more. */
static void wait_evicted(const struct nr *nr)
{
	const struct nr_replica *r = atomic_load_explicit(&nr->out, memory_order_acquire); /* V1 */

	for (; unlikely(r); r = atomic_load_explicit(&r->out, memory_order_acquire))
		while (gate_evicted(r) && gate_readers(r))
			nr_port_relax();
}

void nr_sync(struct nr *nr, struct nr_self *self, u64 index)
{
	u64 members = atomic_load_explicit(&nr->members, memory_order_acquire); /* N2 */
	u32 n;

	nr_enter(self, false);
	nr_for_each(n, members) {
		while (nr_ltail(nr_rep(nr, n)) < index) {
			if (!(atomic_load_explicit(&nr->members, memory_order_acquire) >> n & 1))
				break; /* dropped: its readers are out, its state is gone. Or evicted: see below */
			if (nr_help(nr, nr_rep(nr, n), index))
				continue;
			nr_evicted_finish(nr);
			nr_port_relax();
		}
	}
	wait_evicted(nr);
	nr_leave(self);
}

u64 nr_poll(struct nr *nr, struct nr_self *self)
{
	struct nr_replica *r = nr_route(nr, self);
	u64 tail = nr_tail(nr), n = 0;

	nr_enter(self, false);
	if (nr_ltail(r) < tail)
		n = nr_help(nr, r, tail);
	nr_leave(self);
	return n;
}
