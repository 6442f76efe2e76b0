// SPDX-License-Identifier: MIT OR Apache-2.0
// oneTBB's concurrent hash map: a lock per element, taken for reading by get and for writing by put.
#include "bench/nr/subject.h"

#include <tbb/concurrent_hash_map.h>

using Map = tbb::concurrent_hash_map<u64, u64>;

static void *make(const struct seq *, u64 keys)
{
	Map *map = new Map(2 * keys);
	for (u64 k = 0; k < keys; k++)
		map->insert({ k, k });
	return map;
}

static void destroy(void *it)
{
	delete static_cast<Map *>(it);
}

static u64 write(void *it, u32, const bench_op *op)
{
	Map::accessor at;
	static_cast<Map *>(it)->insert(at, op->key);
	u64 old = at->second;
	at->second = op->value;
	return old;
}

static u64 read(void *it, u32, u64 key)
{
	Map::const_accessor at;
	return static_cast<Map *>(it)->find(at, key) ? at->second : 0;
}

extern "C" const struct subject subject_tbb = { "tbb_hash_map", "map", make, destroy, write, read, nullptr, nullptr };
