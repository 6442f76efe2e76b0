/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The structure replicated: one replica, or two as on a machine with two nodes (threads are dealt out in turn). */
#include "bench/nr/replicated.h"

#include <stdlib.h>

struct shared {
	struct nr *nr;
	struct replicated of;
};

static const struct seq *seq;
static size_t state_size;

int replicated_init(void *state, struct pool *mem, const void *arg)
{
	(void)mem;
	seq->init(state, *(const u64 *)arg);
	return 0;
}

static int clone(void *dst, struct pool *mem, const void *src)
{
	(void)mem;
	__builtin_memcpy(dst, src, state_size);
	return 0;
}

static void apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	u64 got = seq->write(state, op);

	(void)shard;
	(void)len;
	if (ret)
		*(u64 *)ret = got;
}

void replicated_set(struct replicated *r, const struct seq *s, u64 keys, u32 replicas)
{
	r->seq = seq = s;
	state_size = s->size(keys);
	r->type = (struct nr_type){ .name = s->name, .state_size = state_size, .init = replicated_init, .clone = clone,
				    .apply = apply };
	for (u32 i = 0; i < BENCH_THREADS; i++)
		r->self[i] = (struct nr_self){ .id = i, .node = i % replicas };
}

static void *make(const struct seq *s, u64 keys, u32 replicas)
{
	struct shared *x = calloc(1, sizeof(*x));
	struct nr_config cfg = { .threads = BENCH_THREADS };
	struct nr_self *first;

	if (!x)
		return NULL;
	replicated_set(&x->of, s, keys, replicas);
	first = &x->of.self[0];
	x->nr = nr_create(&x->of.type, &cfg, &keys);
	if (!x->nr || nr_widen(x->nr, first) || (replicas > 1 && nr_replica_add(x->nr, first, 1)))
		return NULL;
	return x;
}

static void *make_one(const struct seq *s, u64 keys)
{
	return make(s, keys, 1);
}

static void *make_two(const struct seq *s, u64 keys)
{
	return make(s, keys, 2);
}

static void destroy(void *it)
{
	struct shared *x = it;

	nr_destroy(x->nr);
	free(x);
}

static u64 write(void *it, u32 thread, const struct bench_op *op)
{
	struct shared *x = it;
	u64 got = 0;

	nr_update(x->nr, &x->of.self[thread], 0, op, sizeof(*op), &got, NULL);
	return got;
}

static u64 read(void *it, u32 thread, u64 key)
{
	struct shared *x = it;
	u64 got = x->of.seq->read(nr_read_begin(x->nr, &x->of.self[thread], 0), key);

	nr_read_end(x->nr, &x->of.self[thread], 0);
	return got;
}

const struct subject subject_nr = { .name = "nr", .make = make_one, .destroy = destroy, .write = write, .read = read };
const struct subject subject_nr2 = { .name = "nr_2_replicas", .make = make_two, .destroy = destroy, .write = write, .read = read };
