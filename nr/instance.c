/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Instances: made, forked, destroyed. One allocation holds the instance, its first replica and that replica's
 * state, for a process makes and destroys some at each fork and exit; nothing else is allocated until it is needed.
 */
#include "nr/gate.h"

static u32 log_slots_of(const struct nr_config *cfg)
{
	u32 n = cfg->log_slots ? cfg->log_slots : NR_LOG_DEFAULT;

	return n < NR_LOG_MIN ? NR_LOG_MIN : n;
}

/* An instance whose first replica is still empty. 0 or -EINVAL. */
int nr_instance_set(struct nr *nr, const struct nr_type *type, const struct nr_config *cfg)
{
	u32 slots = log_slots_of(cfg);

	if (cfg->node >= NR_NODES_MAX || (slots & (slots - 1)) != 0 || slots > NR_LOG_MAX || cfg->shards > NR_SHARE_SHARD)
		return -EINVAL;
	__builtin_memset(nr, 0, offsetof(struct nr, first));
	nr->type = type;
	nr->cfg = *cfg;
	nr->cfg.log_slots = slots;
	nr->cfg.shards = cfg->shards ? cfg->shards : 1;
	lock_init(&nr->change);
	nr_replica_init(&nr->first, cfg->node);
	atomic_store_explicit(&nr->rep[cfg->node], &nr->first, memory_order_relaxed);
	return 0;
}

/* Slots for all, while nobody else knows the instance. */
static int instance_widen(struct nr *nr)
{
	struct nr_slots *s = nr_slots_make(nr, nr->cfg.node);

	atomic_store_explicit(&nr->first.slots, s, memory_order_relaxed);
	nr->wide = true;
	return s ? 0 : -ENOMEM;
}

void nr_instance_start(struct nr *nr)
{
	nr->first.live = true;
	atomic_store_explicit(&nr->members, 1ull << nr->cfg.node, memory_order_relaxed);
	atomic_store_explicit(&nr->live, 1ull << nr->cfg.node, memory_order_release); /* N1 */
}

size_t nr_sizeof(const struct nr_type *type)
{
	return ALIGN_UP(sizeof(struct nr) + type->state_size, (size_t)NR_LINE);
}

int nr_init(struct nr *nr, const struct nr_type *type, const struct nr_config *cfg, const void *arg)
{
	int err = nr_instance_set(nr, type, cfg);

	if (err)
		return err;
	err = nr_replica_fill(nr, &nr->first, nr + 1, NULL, arg);
	if (!err && cfg->wide)
		err = instance_widen(nr);
	if (err)
		nr_fini(nr);
	else
		nr_instance_start(nr);
	return err;
}

struct nr *nr_create(const struct nr_type *type, const struct nr_config *cfg, const void *arg)
{
	struct nr *nr = nr_port_alloc(nr_sizeof(type), cfg->node);

	if (nr && nr_init(nr, type, cfg, arg)) {
		nr_port_free(nr, nr_sizeof(type));
		return NULL;
	}
	return nr;
}

void nr_fini(struct nr *nr)
{
	nr_evicted_finish(nr); /* all gates are free: it succeeds */
	nr_evicted_reap(nr);
	for (u32 n = 0; n < NR_NODES_MAX; n++) {
		struct nr_replica *r = nr_rep(nr, n);

		if (!r || gate_evicted(r))
			continue;
		nr_replica_empty(nr, r);
		nr_ring_free(nr, nr_ring_of(r));
		if (r != &nr->first)
			nr_replica_free(r);
	}
	nr_evicted_free(nr);
	nr_log_free(nr, nr->log);
	nr_slots_free(atomic_load_explicit(&nr->first.slots, memory_order_relaxed));
}

void nr_destroy(struct nr *nr)
{
	size_t size = nr_sizeof(nr->type);

	nr_fini(nr);
	nr_port_free(nr, size);
}

/* The caller's replica, its gate held, covering everything that has returned. And he counts as a reader: should the replica
 * be evicted meanwhile, nr_sync waits for him as for those. */
static struct nr_replica *hold_fresh(struct nr *nr, struct nr_self *self, struct nr_slot **slot)
{
	u64 need = atomic_load_explicit(&nr->ctail, memory_order_acquire); /* C2 */

	for (;;) {
		struct nr_replica *r = nr_route(nr, self);

		if (!gate_acquire(r))
			continue;
		if (r->live) {
			nr_replica_reach(nr, r, need, NULL);
			*slot = nr_slot_of(r, self);
			if (nr_ltail(r) >= need && gate_read_try(r, *slot))
				return r;
		}
		gate_release(r, GATE_HELD);
	}
}

/* The copy and its fix, both while nobody can change the source replica. */
int nr_instance_copy(struct nr *child, const struct nr_replica *src, void (*fix)(void *state, void *arg), void *arg)
{
	struct nr_replica *r = &child->first;
	int err = nr_replica_fill(child, r, child + 1, src->state, NULL);

	if (err || !fix)
		return err;
	r->filling = true;
	fix(r->state, arg);
	r->filling = false;
	return 0;
}

/* The copy, not yet started. 0 or -ENOMEM. */
static int fork_into(struct nr *child, struct nr *nr, struct nr_self *self, void (*fix)(void *state, void *arg), void *arg)
{
	struct nr_slot *slot;
	struct nr_replica *r;
	int err;

	nr_enter(self, false);
	r = hold_fresh(nr, self, &slot);
	err = nr_instance_copy(child, r, fix, arg);
	gate_read_end(slot);
	nr_serve(nr, r); /* the next fork may have claimed the gate already */
	gate_release(r, GATE_HELD);
	nr_leave(self);
	return err;
}

struct nr *nr_fork(struct nr *nr, struct nr_self *self, u32 node, void (*fix)(void *state, void *arg), void *arg)
{
	struct nr *child = nr_port_alloc(nr_sizeof(nr->type), node);
	struct nr_config cfg = nr->cfg;

	cfg.node = node;
	cfg.wide = false;
	if (!child)
		return NULL;
	if (nr_instance_set(child, nr->type, &cfg)) {
		nr_port_free(child, nr_sizeof(nr->type));
		return NULL;
	}
	if (fork_into(child, nr, self, fix, arg)) {
		nr_destroy(child);
		return NULL;
	}
	nr_instance_start(child);
	return child;
}
