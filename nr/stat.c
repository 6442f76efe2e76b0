/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Looking at an instance: counters, hashes at one index, self-check, and the switch that breaks one replica so that
 * a test can see the check find it. What compares replicas stops every combiner and brings all to the tail first.
 */
#include "nr/gate.h"

static void replica_stat(const struct nr *nr, const struct nr_replica *r, struct nr_replica_stat *s, bool with_hash)
{
	s->node = r->node;
	s->live = r->live;
	s->applied = atomic_load_explicit(&r->ltail, memory_order_relaxed);
	s->lag = nr->log && r->live ? nr_tail(nr) - s->applied : 0;
	s->consumed = r->consumed;
	s->batches = r->batches + r->alone;
	s->ops = r->ops + r->alone;
	s->helped = r->helped;
	for (u32 i = 0; i < NR_BATCH_BUCKETS; i++)
		s->batch[i] = r->batch[i];
	s->batch[0] += r->alone;
	s->turns = r->turns;
	s->held = r->held;
	s->held_max = r->held_max;
	s->pool_pages = r->pool.npages + atomic_load_explicit(&r->stocked, memory_order_relaxed);
	s->pool_used = r->pool.used;
	if (with_hash && r->live && nr->type->hash)
		s->hash = nr->type->hash(r->state);
}

void nr_stats(struct nr *nr, struct nr_self *self, struct nr_stat *out, bool with_hash)
{
	__builtin_memset(out, 0, sizeof(*out)); /* twelve kilobytes: no copy of it on the stack */
	out->name = nr->type->name;
	out->shards = nr->cfg.shards;
	nr_enter(self, false);
	nr_lock_all(nr, with_hash);
	out->replicas = nr_replicas(nr);
	out->evictions = nr->evictions;
	out->evicted = nr_evicted_count(nr);
	out->reads_stale = atomic_load_explicit(&nr->stale, memory_order_relaxed);
	if (nr->log) {
		out->log_slots = nr->cfg.log_slots;
		out->tail = nr_tail(nr);
	}
	for (u32 n = 0; n < NR_NODES_MAX; n++) {
		const struct nr_replica *r = nr_rep(nr, n);

		if (!r || gate_evicted(r))
			continue;
		replica_stat(nr, r, &out->replica[n], with_hash);
		out->updates += out->replica[n].ops;
		out->log_used = MAX(out->log_used, out->replica[n].lag);
	}
	nr_unlock_all(nr);
	nr_leave(self);
}

int nr_check(struct nr *nr, struct nr_self *self)
{
	const struct nr_type *type = nr->type;
	u64 first = 0, hash;
	bool seen = false;
	int err = 0;
	u32 n;

	nr_enter(self, false);
	nr_lock_all(nr, true);
	nr_for_each(n, nr_members(nr)) {
		if (type->check && type->check(nr_rep(nr, n)->state))
			err = -EINVAL;
		if (!type->hash)
			continue;
		hash = type->hash(nr_rep(nr, n)->state);
		if (seen && hash != first)
			err = -EINVAL;
		first = hash;
		seen = true;
	}
	nr_unlock_all(nr);
	nr_leave(self);
	return err;
}

/* All gates held. */
static int corrupt(struct nr *nr, u32 node, void (*edit)(void *state))
{
	if (!nr_has_replica(nr, node))
		return -ENOENT;
	if (!gate_write_try(nr_rep(nr, node), NR_PATIENCE))
		return -EAGAIN;
	edit(nr_rep(nr, node)->state);
	gate_write_end(nr_rep(nr, node));
	return 0;
}

int nr_corrupt(struct nr *nr, struct nr_self *self, u32 node, void (*edit)(void *state))
{
	int err;

	nr_enter(self, false);
	do {
		nr_lock_all(nr, false);
		err = corrupt(nr, node, edit);
		nr_unlock_all(nr);
	} while (err == -EAGAIN);
	nr_leave(self);
	return err;
}
