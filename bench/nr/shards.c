/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The hash map in eight parts with a log each (nr/shards.h), with one replica or two. Key k is key k / 8 of part k % 8, so
 * together the parts are as large as the one table of the others.
 */
#include "bench/nr/replicated.h"
#include "nr/shards.h"

#include <stdlib.h>

enum { PARTS = 8 };

struct sharded {
	struct nr_shards *s;
	struct replicated of;
};

static int init_part(void *state, struct pool *mem, const void *arg)
{
	return replicated_init(state, mem, ((const struct nr_shards_arg *)arg)->arg);
}

static void *make(const struct seq *s, u64 keys, u32 replicas)
{
	struct sharded *x = calloc(1, sizeof(*x));
	struct nr_shards_config cfg = { .each = { .threads = BENCH_THREADS, .wide = true }, .shards = PARTS };
	u64 each = (keys + PARTS - 1) / PARTS;

	if (!x)
		return NULL;
	replicated_set(&x->of, s, each, replicas);
	x->of.type.init = init_part;
	x->s = nr_shards_create(&x->of.type, &cfg, &each);
	if (!x->s || (replicas > 1 && nr_shards_replica_add(x->s, &x->of.self[0], 1)))
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
	struct sharded *x = it;

	nr_shards_destroy(x->s);
	free(x);
}

static u64 write(void *it, u32 thread, const struct bench_op *op)
{
	struct sharded *x = it;
	struct bench_op mine = *op;
	u64 got = 0;

	mine.key /= PARTS;
	nr_shards_update(x->s, &x->of.self[thread], op->key % PARTS, &mine, sizeof(mine), &got, NULL);
	return got;
}

static u64 read(void *it, u32 thread, u64 key)
{
	struct sharded *x = it;
	unsigned part = key % PARTS;
	u64 got = x->of.seq->read(nr_shards_read_begin(x->s, &x->of.self[thread], part), key / PARTS);

	nr_shards_read_end(x->s, &x->of.self[thread], part);
	return got;
}

const struct subject subject_shards = { .name = "nr_8_shards", .only = "map", .make = make_one, .destroy = destroy,
					.write = write, .read = read };
const struct subject subject_shards2 = { .name = "nr_2r_8_shards", .only = "map", .make = make_two, .destroy = destroy,
					 .write = write, .read = read };
