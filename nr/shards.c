/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Families: made, forked, destroyed; replicas of all parts come and go together. One allocation holds the family, its
 * locks and its plans; each part is an instance with an allocation of its own.
 */
#include "nr/span.h"

#define PLAN_DEFAULT 112

void nr__wrong(const char *what)
{
	nr_port_panic(what);
}

/* Before guards of parts are taken: none is held. */
void nr__unguarded(const struct nr_shards *s, const struct nr_self *self)
{
	for (u32 i = 0; i < self->held; i++)
		for (u32 p = 0; p < s->count; p++)
			if (self->guard[i].nr == s->shard[p])
				nr_port_panic("nr_shards: guards of one family do not nest");
}

static u64 all_of(const struct nr_shards *s)
{
	return (1ull << s->count) - 1;
}

/* Without its parts. NULL: out of memory. */
static struct nr_family *family_make(const struct nr_type *type, u32 shards, u32 plan_max, u32 node)
{
	size_t head = sizeof(struct nr_family) + shards * sizeof(struct nr_part), each = ALIGN_UP(plan_max, 8u);
	size_t size = ALIGN_UP(head + shards * each, (size_t)NR_LINE);
	struct nr_family *f = size > PAGE_SIZE ? nr_port_pages((size + PAGE_SIZE - 1) >> PAGE_SHIFT, node) :
						 nr_port_alloc(size, node);

	if (!f)
		return NULL;
	__builtin_memset(f, 0, size);
	f->size = size;
	f->type = type;
	f->plan_max = plan_max;
	f->pub.count = shards;
	lock_init(&f->change);
	for (u32 p = 0; p < shards; p++) {
		lock_init(&f->part[p].span);
		f->part[p].plan = (u8 *)f + head + p * each;
	}
	return f;
}

void nr_shards_destroy(struct nr_shards *s)
{
	struct nr_family *f = nr_family_of(s);

	for (u32 p = 0; p < s->count; p++)
		if (s->shard[p])
			nr_destroy(s->shard[p]);
	if (f->size > PAGE_SIZE)
		nr_port_pages_free(f, (f->size + PAGE_SIZE - 1) >> PAGE_SHIFT);
	else
		nr_port_free(f, f->size);
}

struct nr_shards *nr_shards_create(const struct nr_type *type, const struct nr_shards_config *cfg, const void *arg)
{
	u32 plan_max = cfg->plan_max ? cfg->plan_max : PLAN_DEFAULT;
	struct nr_config each = cfg->each;
	struct nr_family *f;

	if (!cfg->shards || cfg->shards > NR_SHARDS_MAX || plan_max > NR_PLAN_MAX)
		return NULL;
	f = family_make(type, cfg->shards, plan_max, each.node);
	if (!f)
		return NULL;
	each.shards = cfg->shards;
	for (u32 p = 0; p < cfg->shards; p++) {
		struct nr_shards_arg mine = { p, cfg->shards, arg };

		f->pub.shard[p] = nr_create(type, &each, &mine);
		if (!f->pub.shard[p]) {
			nr_shards_destroy(&f->pub);
			return NULL;
		}
		f->pub.shard[p]->part = true;
	}
	return &f->pub;
}

/* Parts of the child, empty and unknown to all. */
static int fork_parts(struct nr_family *child, const struct nr_shards *s, u32 node)
{
	for (u32 p = 0; p < s->count; p++) {
		struct nr_config cfg = s->shard[p]->cfg;
		struct nr *nr = nr_port_alloc(nr_sizeof(child->type), node);

		cfg.node = node;
		cfg.wide = false;
		if (!nr)
			return -ENOMEM;
		nr_instance_set(nr, child->type, &cfg); /* it was good for the parent */
		nr->part = true;
		child->pub.shard[p] = nr;
	}
	return 0;
}

static void fix_parts(struct nr_family *child, void (*fix)(void *const state[], void *arg), void *arg)
{
	void *state[NR_SHARDS_MAX] = { NULL };

	for (u32 p = 0; p < child->pub.count; p++) {
		state[p] = child->pub.shard[p]->first.state;
		child->pub.shard[p]->first.filling = true;
	}
	fix(state, arg);
	for (u32 p = 0; p < child->pub.count; p++)
		child->pub.shard[p]->first.filling = false;
}

/* The caller's replicas stand still at one moment while they are copied; others go on, for the moment is closed first. */
static int fork_states(struct nr_family *child, struct nr_family *f, struct nr_self *self,
		       void (*fix)(void *const state[], void *arg), void *arg)
{
	struct nr_plan x;
	int err = 0;

	nr_enter(self, false);
	nr_span_begin(&x, f, self, all_of(&f->pub));
	nr_span_close(&x);
	for (u32 p = 0; p < f->pub.count && !err; p++)
		err = nr_instance_copy(child->pub.shard[p], x.r[p], NULL, NULL);
	if (!err && fix)
		fix_parts(child, fix, arg);
	nr_span_end(&x);
	nr_leave(self);
	return err;
}

struct nr_shards *nr_shards_fork(struct nr_shards *s, struct nr_self *self, u32 node,
				 void (*fix)(void *const state[], void *arg), void *arg)
{
	struct nr_family *f = nr_family_of(s), *child;

	if (node >= NR_NODES_MAX)
		return NULL;
	child = family_make(f->type, s->count, f->plan_max, node);
	if (!child)
		return NULL;
	if (fork_parts(child, s, node) || fork_states(child, f, self, fix, arg)) {
		nr_shards_destroy(&child->pub);
		return NULL;
	}
	for (u32 p = 0; p < s->count; p++)
		nr_instance_start(child->pub.shard[p]);
	return &child->pub;
}

void nr_shards_sync(struct nr_shards *s, struct nr_self *self, u64 mask, const u64 index[])
{
	u32 p;

	nr_for_each(p, mask)
		nr_sync(nr_shard(s, p), self, index[p]);
}

int nr_shards_replica_add(struct nr_shards *s, struct nr_self *self, u32 node)
{
	struct nr_family *f = nr_family_of(s);
	int err = 0;
	u32 p;

	lock_acquire(&f->change);
	for (p = 0; p < s->count && !err; p++)
		err = nr_replica_add(s->shard[p], self, node);
	if (err && err != -EEXIST)
		for (p--; p--;)
			nr_replica_drop(s->shard[p], self, node);
	lock_release(&f->change);
	return err;
}

int nr_shards_replica_drop(struct nr_shards *s, struct nr_self *self, u32 node)
{
	struct nr_family *f = nr_family_of(s);
	int err = 0;

	lock_acquire(&f->change);
	for (u32 p = 0; p < s->count && !err; p++)
		err = nr_replica_drop(s->shard[p], self, node);
	lock_release(&f->change);
	return err;
}

int nr_shards_widen(struct nr_shards *s, struct nr_self *self)
{
	int err = 0;

	for (u32 p = 0; p < s->count && !err; p++)
		err = nr_widen(s->shard[p], self);
	return err;
}

u64 nr_shards_poll(struct nr_shards *s, struct nr_self *self)
{
	u64 n = 0;

	for (u32 p = 0; p < s->count; p++)
		n += nr_poll(s->shard[p], self);
	return n;
}

int nr_shards_check(struct nr_shards *s, struct nr_self *self)
{
	int err = 0;

	for (u32 p = 0; p < s->count; p++)
		if (nr_check(s->shard[p], self))
			err = -EINVAL;
	return err;
}

void nr_shards_stats(const struct nr_shards *s, struct nr_shards_stat *out)
{
	const struct nr_family *f = (const struct nr_family *)s;

	out->shards = s->count;
	out->replicas = nr_replicas(s->shard[0]);
	out->spans = atomic_load_explicit(&f->spans, memory_order_relaxed);
	out->views_again = atomic_load_explicit(&f->views_again, memory_order_relaxed);
	out->views_ordered = atomic_load_explicit(&f->views_ordered, memory_order_relaxed);
}
