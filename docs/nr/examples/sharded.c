/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A hash map in eight parts: updates of different parts share no log and no lock.
 *
 * Four threads on two "nodes" put goods on shelves and carry them from one shelf to another, which is often in another
 * part; meanwhile one of them takes stock of all parts at one moment. Nothing is ever missing or there twice.
 */
#include <libnr.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { PARTS = 8, SLOTS = 128, SHELVES = 100, THREADS = 4, EACH = 4000 };

/* One part, sequential: shelves whose number hashes to it. A free slot has count 0. */
struct map {
	struct { u64 shelf, count; } slot[SLOTS];
};

/* The operation of one part: plain bytes. */
struct put {
	u64 shelf;
	s64 by;
};

static u64 hash(u64 shelf)
{
	return shelf * 0x9e3779b97f4a7c15ull >> 32;
}

static unsigned part_of(u64 shelf)
{
	return hash(shelf) % PARTS;
}

/* The slot of a shelf, or where it would be. */
static u32 map_find(const struct map *m, u64 shelf)
{
	u32 i = (hash(shelf) / PARTS) % SLOTS;

	while (m->slot[i].count && m->slot[i].shelf != shelf + 1)
		i = (i + 1) % SLOTS;
	return i;
}

static int map_init(void *state, struct pool *mem, const void *arg)
{
	const struct nr_shards_arg *part = arg; /* which one this is, if one wants to know */

	(void)state, (void)mem, (void)part; /* it comes zeroed */
	return 0;
}

static int map_clone(void *to, struct pool *mem, const void *from)
{
	(void)mem;
	memcpy(to, from, sizeof(struct map));
	return 0;
}

/* A shelf that was once used keeps its slot: its count is one more than what lies there. */
static void map_apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	struct map *m = state;
	const struct put *p = op;
	u32 i = map_find(m, p->shelf);

	(void)shard, (void)len;
	if (!m->slot[i].count) {
		m->slot[i].shelf = p->shelf + 1;
		m->slot[i].count = 1;
	}
	m->slot[i].count += (u64)p->by;
	if (ret)
		*(u64 *)ret = m->slot[i].count - 1;
}

static const struct nr_type map_type = {
	.name = "map", .state_size = sizeof(struct map), .init = map_init, .clone = map_clone, .apply = map_apply,
};

static struct nr_shards *map;

static u64 count_in(const struct map *m, u64 shelf)
{
	u64 count = m->slot[map_find(m, shelf)].count;

	return count ? count - 1 : 0;
}

/* One shelf: an ordinary read of its part. */
static u64 map_get(struct nr_self *self, u64 shelf)
{
	unsigned part = part_of(shelf);
	u64 count = count_in(nr_shards_read_begin(map, self, part), shelf);

	nr_shards_read_end(map, self, part);
	return count;
}

/* Two shelves: a plan. It runs once, here, so it may write its answer where it likes. */
struct carry {
	u64 from, to;
	bool done;
};

static void carry_plan(const struct nr_view *view, struct nr_plan *plan, void *arg)
{
	struct carry *c = arg;
	struct put out = { c->from, -1 }, in = { c->to, 1 };

	c->done = count_in(view->state[part_of(c->from)], c->from) > 0;
	if (!c->done)
		return;
	nr_plan_apply(plan, part_of(c->from), &out, sizeof(out));
	nr_plan_apply(plan, part_of(c->to), &in, sizeof(in));
}

/* From a shelf to one in another part. True: there was something to carry. */
static bool map_carry(struct nr_self *self, u64 from, u64 to)
{
	struct carry c = { from, to, false };

	nr_shards_span(map, self, 1ull << part_of(from) | 1ull << part_of(to), carry_plan, &c, NULL);
	return c.done;
}

/* All shelves, as they are at one moment. */
static void stock_look(const struct nr_view *view, void *arg)
{
	u64 *sum = arg;

	for (u64 shelf = 0; shelf < SHELVES; shelf++)
		*sum += count_in(view->state[part_of(shelf)], shelf);
}

static u64 map_stock(struct nr_self *self)
{
	u64 sum = 0;

	nr_shards_view(map, self, (1ull << PARTS) - 1, stock_look, &sum);
	return sum;
}

static u64 other_shelf(u64 shelf, u64 step)
{
	u64 to = (shelf + 1 + step % (SHELVES - 1)) % SHELVES;

	while (part_of(to) == part_of(shelf))
		to = (to + 1) % SHELVES;
	return to;
}

static void *work(void *arg)
{
	struct nr_self *self = arg;
	u64 carried = 0;

	for (u64 i = 0; i < EACH; i++) {
		u64 shelf = (i * 7 + self->id * 31) % SHELVES;

		carried += map_carry(self, shelf, other_shelf(shelf, i));
		if (i % 16 == 0 && map_stock(self) != SHELVES * 10)
			printf("this is never printed: what is carried is on one shelf or on the other\n");
	}
	return (void *)(uintptr_t)carried;
}

int main(void)
{
	struct nr_shards_config cfg = { .each = { .threads = THREADS, .wide = true }, .shards = PARTS };
	struct nr_self self[THREADS] = { { 0 } };
	pthread_t thread[THREADS];
	u64 carried = 0;

	map = nr_shards_create(&map_type, &cfg, NULL);
	if (!map || nr_shards_replica_add(map, &self[0], 1))
		return 1;
	for (u64 shelf = 0; shelf < SHELVES; shelf++) {
		struct put ten = { shelf, 10 };

		nr_shards_update(map, &self[0], part_of(shelf), &ten, sizeof(ten), NULL, NULL);
	}
	for (u32 i = 0; i < THREADS; i++) {
		self[i].id = i;
		self[i].node = i % 2;
		pthread_create(&thread[i], NULL, work, &self[i]);
	}
	for (u32 i = 0; i < THREADS; i++) {
		void *n;

		pthread_join(thread[i], &n);
		carried += (uintptr_t)n;
	}
	printf("%lu carried; in stock: %lu; on shelf 7: %lu\n", (unsigned long)carried, (unsigned long)map_stock(&self[0]),
	       (unsigned long)map_get(&self[1], 7));
	return map_stock(&self[1]) != SHELVES * 10 || nr_shards_check(map, &self[0]) ? 1 : (nr_shards_destroy(map), 0);
}
