/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A priority queue: a binary heap, as in a text book, shared by producers and consumers. There is no good concurrent
 * heap in C; here the heap stays sequential. NR_DEFINE gives it functions with its own types.
 */
#include <libnr.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MAX = 4096, EACH = 1000, PAIRS = 2 };

struct heap {
	u32 n;
	u64 at[MAX];
};

struct heap_op {
	u64 push; /* 0: take the least */
};

static void heap_push(struct heap *h, u64 v)
{
	u32 i = h->n++;

	for (; i && h->at[(i - 1) / 2] > v; i = (i - 1) / 2)
		h->at[i] = h->at[(i - 1) / 2];
	h->at[i] = v;
}

static u64 heap_take(struct heap *h)
{
	u64 least = h->at[0], last = h->at[--h->n];
	u32 i = 0, c;

	for (; (c = 2 * i + 1) < h->n; i = c) {
		if (c + 1 < h->n && h->at[c + 1] < h->at[c])
			c++;
		if (h->at[c] >= last)
			break;
		h->at[i] = h->at[c];
	}
	h->at[i] = last;
	return least;
}

static int heap_init(void *state, struct pool *mem, const void *arg)
{
	(void)state, (void)mem, (void)arg;
	return 0;
}

static int heap_clone(void *to, struct pool *mem, const void *from)
{
	(void)mem;
	memcpy(to, from, sizeof(struct heap));
	return 0;
}

/* A full heap refuses and an empty one gives 0: on every replica alike, for it depends on the state alone. */
static u64 heap_apply(struct heap *h, const struct heap_op *op)
{
	if (op->push && h->n < MAX) {
		heap_push(h, op->push);
		return 1;
	}
	return !op->push && h->n ? heap_take(h) : 0;
}

static u64 heap_above(const struct heap *h, const u64 *limit)
{
	u64 count = 0;

	for (u32 i = 0; i < h->n; i++)
		count += h->at[i] > *limit;
	return count;
}

NR_DEFINE(heap, struct heap, struct heap_op, u64, heap_apply); /* heap_update */
NR_DEFINE_QUERY(heap, above, struct heap, u64, u64, heap_above); /* heap_above_now */

static const struct nr_type heap_type = { NR_TYPED(heap), .init = heap_init, .clone = heap_clone };

static struct nr *queue;
static u64 sum[PAIRS];

static u64 queue_do(struct nr_self *self, u64 push)
{
	struct heap_op op = { push };
	u64 ret = 0;

	heap_update(queue, self, &op, &ret);
	return ret;
}

static void *produce(void *arg)
{
	struct nr_self *self = arg;

	for (u64 i = 1; i <= EACH; i++)
		while (!queue_do(self, i * 7919 % 1009 + 1))
			;
	return NULL;
}

static void *consume(void *arg)
{
	struct nr_self *self = arg;
	u64 *into = &sum[self->id - PAIRS];

	for (u32 got = 0; got < EACH;) {
		u64 v = queue_do(self, 0);

		*into += v;
		got += v != 0;
	}
	return NULL;
}

int main(void)
{
	struct nr_config cfg = { .threads = 2 * PAIRS };
	struct nr_self self[2 * PAIRS] = { { 0 } };
	pthread_t thread[2 * PAIRS];
	u64 in = 0, out = 0, none = 0, left;

	queue = nr_create(&heap_type, &cfg, NULL);
	if (!queue || nr_widen(queue, &self[0]))
		return 1;
	for (u32 i = 0; i < 2 * PAIRS; i++) {
		self[i].id = i;
		pthread_create(&thread[i], NULL, i < PAIRS ? produce : consume, &self[i]);
	}
	for (u32 i = 0; i < 2 * PAIRS; i++)
		pthread_join(thread[i], NULL);
	for (u64 i = 1; i <= EACH; i++)
		in += PAIRS * (i * 7919 % 1009 + 1);
	for (u32 i = 0; i < PAIRS; i++)
		out += sum[i];
	left = heap_above_now(queue, &self[0], &none);
	printf("%d numbers in, %lu in sum; out came %lu, and %lu are left\n", PAIRS * EACH, (unsigned long)in, (unsigned long)out,
	       (unsigned long)left);
	nr_destroy(queue);
	return in == out && !left ? 0 : 1;
}
