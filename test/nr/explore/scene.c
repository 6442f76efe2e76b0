/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* See scene.h. */
#include "test/nr/explore/scene.h"
#include "base/errno.h"

#include <stdatomic.h>
#include <string.h>

enum { COUNTER = 1, SIGNALS = 4 };

struct nr *scene_nr;
bool scene_no_memory;
struct nr_shards *scene_family;
static struct nr_self *selves;
static _Atomic u32 *signals;
static struct lin_op op[LIN_OPS];
static u32 ops;

static void apply(void *state, unsigned shard, const void *bytes, size_t len, void *ret)
{
	ex_here();
	lin_apply(state, shard, bytes, len, ret);
}

static int init(void *state, struct pool *mem, const void *arg)
{
	return lin_type.init(state, mem, arg);
}

static int clone(void *dst, struct pool *mem, const void *src)
{
	ex_here();
	return lin_type.clone(dst, mem, src);
}

const struct nr_type scene_type = {
	.name = "scene", .state_size = sizeof(struct lin_state), .init = init, .clone = clone, .apply = apply,
	.hash = lin_hash,
};

/* The memory promise (P1, P2, K1): each operation takes memory on both replicas. */
static int pair_clone(void *dst, struct pool *mem, const void *src)
{
	(void)mem;
	__builtin_memcpy(dst, src, sizeof(struct lin_state));
	return 0;
}

static size_t pair_mem(const void *op, size_t len)
{
	(void)op;
	(void)len;
	return pool_rounded(POOL_MAX);
}

struct pair { /* the counter, and the pool it takes a block from at each step */
	struct lin_state s;
	struct pool *mem;
};

static int pair_init(void *state, struct pool *mem, const void *arg)
{
	(void)arg;
	((struct pair *)state)->mem = mem;
	return 0;
}

static int pair_clone_mem(void *dst, struct pool *mem, const void *src)
{
	((struct pair *)dst)->mem = mem;
	return pair_clone(dst, mem, src);
}

static void pair_apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	struct pair *p = state;
	u8 *block = pool_alloc(p->mem, POOL_MAX);

	if (!block)
		ex_fail("a promised block is not there");
	block[0] = block[POOL_MAX - 1] = 1;
	lin_apply(&p->s, shard, op, len, ret);
}

const struct nr_type scene_pair_type = {
	.name = "pair", .state_size = sizeof(struct pair), .op_mem_max = POOL_MAX, .init = pair_init,
	.clone = pair_clone_mem, .apply = pair_apply, .op_mem = pair_mem, .hash = lin_hash,
};

static void start(void)
{
	ops = 0;
	scene_no_memory = false;
	selves = ex_alloc(EX_THREADS * sizeof(*selves));
	signals = ex_alloc(SIGNALS * sizeof(*signals));
	for (u32 t = 0; t < EX_THREADS; t++)
		selves[t].id = t;
}

void scene_make(const struct nr_type *type, u32 replicas, u32 log_slots, bool wide)
{
	struct nr_config cfg = { .threads = EX_THREADS, .log_slots = log_slots };

	start();
	scene_nr = nr_create(type, &cfg, NULL);
	ex_check(scene_nr);
	for (u32 n = 1; n < replicas; n++)
		ex_check(nr_replica_add(scene_nr, &selves[0], n) == 0);
	if (wide)
		ex_check(nr_widen(scene_nr, &selves[0]) == 0);
}

struct nr_self *scene_self(u32 node)
{
	struct nr_self *s = &selves[ex_self()];

	s->node = node;
	return s;
}

static struct lin_op *begin(u32 kind)
{
	struct lin_op *o = &op[ops++];

	ex_check(ops <= LIN_OPS);
	*o = (struct lin_op){ .kind = kind, .thread = ex_self() };
	for (u32 i = 0; i + 1 < ops; i++)
		if (op[i].end && ex_before(op[i].thread, (u32)op[i].end))
			o->before |= 1ull << i;
	return o;
}

static void end(struct lin_op *o, u64 result)
{
	o->result = result;
	o->end = ex_now()->of[o->thread];
}

/* Refused: then it may be anywhere in the history, as a look that saw nobody knows what. */
static int ended(struct lin_op *o, int err, u64 result)
{
	if (err && err != -EOWNERDEAD)
		o->kind = LIN_READ;
	end(o, err ? LIN_LOST : result);
	return err;
}

enum how { WAITS, TRIES, TIMED };

static int update(enum how how, struct nr_self *self, const void *op, size_t len, u64 *result, u64 polls)
{
	int err;

	if (how == WAITS)
		return nr_update(scene_nr, self, 0, op, len, result, NULL);
	if (how == TRIES)
		return nr_try_update(scene_nr, self, 0, op, len, result, NULL);
	ex_bounded(true);
	err = nr_update_timeout(scene_nr, self, 0, op, len, result, NULL, polls);
	ex_bounded(false);
	return err;
}

static int increment(enum how how, u32 node, size_t len, u64 polls)
{
	struct lin_bytes bytes;
	u64 result = LIN_NONE;
	struct lin_op *o;
	int err;

	lin_make(&bytes, COUNTER, 1, 0, len);
	o = begin(1);
	err = update(how, scene_self(node), &bytes, len, &result, polls);
	return ended(o, err, result);
}

void scene_update(u32 node, size_t len)
{
	int err = increment(WAITS, node, len, 0);

	ex_check(err == 0 || err == -EOWNERDEAD || (err == -ENOMEM && scene_no_memory));
}

int scene_try(u32 node, size_t len)
{
	return increment(TRIES, node, len, 0);
}

int scene_timed(u32 node, size_t len, u64 polls)
{
	return increment(TIMED, node, len, polls);
}

u64 scene_read(u32 node)
{
	struct lin_op *o = begin(LIN_READ);
	struct nr_self *self = scene_self(node);
	const struct lin_state *s = nr_read_begin(scene_nr, self, 0);
	u64 result = s->cell[0];

	ex_here();
	nr_read_end(scene_nr, self, 0);
	end(o, result);
	return result;
}

void scene_read_keep(u32 node, struct scene_kept *kept)
{
	kept->version = nr_version(scene_nr, scene_self(node));
	kept->value = scene_read(node);
}

void scene_read_kept(u32 node, const struct scene_kept *kept)
{
	struct lin_op *o = begin(LIN_READ);
	bool good = nr_version(scene_nr, scene_self(node)) == kept->version;

	end(o, good ? kept->value : LIN_LOST);
}

void scene_row_make(const struct nr_type *type, u32 parts, u32 replicas, bool wide)
{
	struct nr_shards_config cfg = { .each = { .threads = EX_THREADS, .log_slots = 32, .wide = wide }, .shards = parts };
	u64 was;

	start();
	scene_family = nr_shards_create(type, &cfg, NULL);
	ex_check(scene_family);
	for (u32 n = 1; n < replicas; n++)
		ex_check(nr_shards_replica_add(scene_family, &selves[0], n) == 0);
	for (u32 p = 0; p < parts; p++)
		row_do(scene_family, &selves[0], ROW_ADD, ROW_ARG(p, 0, SCENE_ROW), &was);
}

void scene_row(u32 node, u32 kind, u32 arg)
{
	struct lin_op *o = begin(kind);
	u64 result = LIN_NONE;

	o->arg = arg;
	ex_check(row_do(scene_family, scene_self(node), kind, arg, &result) == 0);
	end(o, result);
}

void scene_signal(u32 n)
{
	atomic_store_explicit(&signals[n], 1, memory_order_release);
}

void scene_await(u32 n)
{
	while (!atomic_load_explicit(&signals[n], memory_order_acquire))
		ex_wait();
}

void scene_hint(u32 n)
{
	atomic_store_explicit(&signals[n], 1, memory_order_relaxed);
}

void scene_follow(u32 n)
{
	while (!atomic_load_explicit(&signals[n], memory_order_relaxed))
		ex_wait();
}

static void judge(const struct lin_model *model, struct lin_state *start)
{
	static const char *const names[] = { "read", "add", "view", "move" };
	char text[200] = "";
	size_t at = 0;

	if (lin_check(model, start, op, ops))
		return;
	for (u32 i = 0; i < ops && at + 32 < sizeof(text); i++)
		at += (size_t)__builtin_sprintf(text + at, " %s%u=%llx", names[op[i].kind % 4], op[i].thread,
					      (unsigned long long)op[i].result);
	ex_fail("not linearizable:%s", text);
}

void scene_row_check(void)
{
	struct lin_state start = { 0 };

	for (u32 p = 0; p < scene_family->count; p++)
		start.cell[p] = SCENE_ROW;
	judge(&row_model, &start);
	if (nr_shards_check(scene_family, scene_self(0)))
		ex_fail("the replicas differ");
	nr_shards_destroy(scene_family);
}

void scene_check(void)
{
	struct lin_state start = { 0 };

	judge(lin_models[COUNTER], &start);
	if (nr_check(scene_nr, scene_self(0)))
		ex_fail("the replicas differ, or an operation arrived damaged");
	nr_destroy(scene_nr);
	ex_check(ex_lent() == 0);
}
