/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A hash map for many readers: an ordinary open-addressing table, replicated.
 *
 * Four threads on two "nodes" count words; each reads through its own node's replica. At the end both replicas
 * hold the same counts.
 */
#include <libnr.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { SLOTS = 1024, THREADS = 4, EACH = 5000 };

/* The sequential structure: no lock, no atomic, nothing of nr. Fixed size, so a clone is a copy. */
struct map {
	struct { char word[24]; u64 count; } slot[SLOTS];
};

static u32 map_find(const struct map *m, const char *word)
{
	u32 i = 5381;

	for (const char *c = word; *c; c++)
		i = i * 33 + (u8)*c;
	for (i %= SLOTS; m->slot[i].word[0] && strcmp(m->slot[i].word, word); i = (i + 1) % SLOTS)
		;
	return i;
}

/* The operation: plain bytes, deterministic. */
struct add {
	char word[24];
	u64 by;
};

static int map_init(void *state, struct pool *mem, const void *arg)
{
	(void)state, (void)mem, (void)arg; /* it comes zeroed */
	return 0;
}

static int map_clone(void *to, struct pool *mem, const void *from)
{
	(void)mem;
	memcpy(to, from, sizeof(struct map));
	return 0;
}

static void map_apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	struct map *m = state;
	const struct add *a = op;
	u32 i = map_find(m, a->word);

	(void)shard, (void)len;
	memcpy(m->slot[i].word, a->word, sizeof(a->word));
	m->slot[i].count += a->by;
	if (ret)
		*(u64 *)ret = m->slot[i].count;
}

static const struct nr_type map_type = {
	.name = "map", .state_size = sizeof(struct map), .init = map_init, .clone = map_clone, .apply = map_apply,
};

static struct nr *map;

static u64 map_get(struct nr_self *self, const char *word)
{
	const struct map *m = nr_read_begin(map, self, 0);
	u64 count = m->slot[map_find(m, word)].count;

	nr_read_end(map, self, 0);
	return count;
}

static void *count_words(void *arg)
{
	struct nr_self *self = arg;

	for (int i = 0; i < EACH; i++) {
		struct add op = { .by = 1 };
		u64 now;

		snprintf(op.word, sizeof(op.word), "word%d", i % 50);
		nr_update(map, self, 0, &op, sizeof(op), &now, NULL);
		if (map_get(self, op.word) < now)
			printf("this is never printed: a read sees what has returned\n");
	}
	return NULL;
}

int main(void)
{
	struct nr_config cfg = { .threads = THREADS };
	struct nr_self self[THREADS] = { { 0 } };
	pthread_t thread[THREADS];
	u64 a, b;

	map = nr_create(&map_type, &cfg, NULL);
	if (!map || nr_widen(map, &self[0]) || nr_replica_add(map, &self[0], 1))
		return 1;
	for (u32 i = 0; i < THREADS; i++) {
		self[i].id = i;
		self[i].node = i % 2;
		pthread_create(&thread[i], NULL, count_words, &self[i]);
	}
	for (u32 i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	a = map_get(&self[0], "word7");
	b = map_get(&self[1], "word7");
	printf("word7 was counted %lu times; the other replica says %lu\n", (unsigned long)a, (unsigned long)b);
	nr_destroy(map);
	return a == b && a == THREADS * EACH / 50 ? 0 : 1;
}
