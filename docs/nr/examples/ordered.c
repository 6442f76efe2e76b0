/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An ordered set with range scans. A scan runs under the read guard, on the structure itself: no copy, no cursor,
 * and no update gets in between. A writer always moves ten numbers at once, so a scan that sees some of the ten but
 * not all has seen half an operation; this program looks for one.
 */
#include <libnr.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MAX = 1000, TEN = 10, ROUNDS = 3000 };

struct set {
	u32 n;
	u32 at[MAX];
};

struct move { /* takes out [from, from + 10), puts in [to, to + 10) */
	u32 from, to;
};

/* Where the first number not below v is. */
static u32 set_find(const struct set *s, u32 v)
{
	u32 lo = 0, hi = s->n;

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;

		if (s->at[mid] < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void set_insert(struct set *s, u32 v)
{
	u32 i = set_find(s, v);

	if (s->n == MAX || (i < s->n && s->at[i] == v))
		return;
	memmove(&s->at[i + 1], &s->at[i], (s->n++ - i) * sizeof(u32));
	s->at[i] = v;
}

static void set_remove(struct set *s, u32 v)
{
	u32 i = set_find(s, v);

	if (i < s->n && s->at[i] == v)
		memmove(&s->at[i], &s->at[i + 1], (--s->n - i) * sizeof(u32));
}

static int set_init(void *state, struct pool *mem, const void *arg)
{
	(void)mem, (void)arg;
	for (u32 i = 0; i < TEN; i++)
		set_insert(state, i);
	return 0;
}

static int set_clone(void *to, struct pool *mem, const void *from)
{
	(void)mem;
	memcpy(to, from, sizeof(struct set));
	return 0;
}

static void set_apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	const struct move *m = op;

	(void)shard, (void)len, (void)ret;
	for (u32 i = 0; i < TEN; i++)
		set_remove(state, m->from + i);
	for (u32 i = 0; i < TEN; i++)
		set_insert(state, m->to + i);
}

static const struct nr_type set_type = {
	.name = "set", .state_size = sizeof(struct set), .init = set_init, .clone = set_clone, .apply = set_apply,
};

static struct nr *set;

static void *writer(void *arg)
{
	struct nr_self *self = arg;

	for (u32 i = 0; i < ROUNDS; i++) {
		struct move op = { i % 50 * 100, (i + 1) % 50 * 100 };

		nr_update(set, self, 0, &op, sizeof(op), NULL, NULL);
	}
	return NULL;
}

/* How many numbers lie in [from, to). */
static u32 scan(struct nr_self *self, u32 from, u32 to)
{
	const struct set *s = nr_read_begin(set, self, 0);
	u32 found = 0;

	for (u32 i = set_find(s, from); i < s->n && s->at[i] < to; i++)
		found++;
	nr_read_end(set, self, 0);
	return found;
}

int main(void)
{
	struct nr_config cfg = { .threads = 2 };
	struct nr_self self[2] = { { 0 } };
	pthread_t thread;
	u32 torn = 0, full = 0;

	self[1].id = self[1].node = 1;
	set = nr_create(&set_type, &cfg, NULL);
	if (!set || nr_widen(set, &self[0]) || nr_replica_add(set, &self[0], 1))
		return 1;
	pthread_create(&thread, NULL, writer, &self[0]);
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 n = scan(&self[1], 0, 100000);

		torn += n != TEN;
		full += n == TEN;
	}
	pthread_join(thread, NULL);
	printf("%u scans saw all ten numbers, %u saw another count\n", full, torn);
	nr_destroy(set);
	return torn ? 1 : 0;
}
