/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An LRU cache. A hit moves its entry to the front, which a read must not do: a read changes nothing. So there are
 * two ways to ask: `get` is an update, `peek` a read that leaves the order as it is. To keep gets rare a
 * caller peeks first and asks again, properly, only when the entry is about to fall out.
 */
#include <libnr.h>

#include <stdio.h>
#include <string.h>

enum { ENTRIES = 8, NONE = ENTRIES };

struct lru { /* entries linked by index, so that a copy of the bytes is a clone */
	u8 used, front, back;
	struct { u32 key, value; u8 next, prev; } e[ENTRIES];
};

struct lru_op {
	enum { GET, PUT } kind;
	u32 key, value;
};

static u8 lru_find(const struct lru *l, u32 key)
{
	u8 i = 0;

	while (i < l->used && l->e[i].key != key)
		i++;
	return i < l->used ? i : NONE;
}

static void lru_unlink(struct lru *l, u8 i)
{
	u8 next = l->e[i].next, prev = l->e[i].prev;

	*(prev == NONE ? &l->front : &l->e[prev].next) = next;
	*(next == NONE ? &l->back : &l->e[next].prev) = prev;
}

static void lru_push(struct lru *l, u8 i)
{
	l->e[i].prev = NONE;
	l->e[i].next = l->front;
	*(l->front == NONE ? &l->back : &l->e[l->front].prev) = i;
	l->front = i;
}

static int lru_init(void *state, struct pool *mem, const void *arg)
{
	struct lru *l = state;

	(void)mem, (void)arg;
	l->front = l->back = NONE;
	return 0;
}

static int lru_clone(void *to, struct pool *mem, const void *from)
{
	(void)mem;
	memcpy(to, from, sizeof(struct lru));
	return 0;
}

static void lru_put(struct lru *l, u32 key, u32 value)
{
	u8 i = lru_find(l, key);

	if (i == NONE && l->used < ENTRIES) {
		i = l->used++;
	} else {
		i = i == NONE ? l->back : i;
		lru_unlink(l, i);
	}
	l->e[i].key = key;
	l->e[i].value = value;
	lru_push(l, i);
}

static void lru_apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	const struct lru_op *o = op;
	struct lru *l = state;
	u8 i = lru_find(l, o->key);

	(void)shard, (void)len;
	if (ret)
		*(u32 *)ret = i == NONE ? 0 : l->e[i].value;
	if (o->kind == PUT) {
		lru_put(l, o->key, o->value);
	} else if (i != NONE) {
		lru_unlink(l, i);
		lru_push(l, i);
	}
}

static const struct nr_type lru_type = {
	.name = "lru", .state_size = sizeof(struct lru), .init = lru_init, .clone = lru_clone, .apply = lru_apply,
};

static u32 cache_do(struct nr *cache, struct nr_self *self, int kind, u32 key, u32 value)
{
	struct lru_op op;
	u32 old = 0;

	memset(&op, 0, sizeof(op));
	op.kind = kind == PUT ? PUT : GET;
	op.key = key;
	op.value = value;
	nr_update(cache, self, 0, &op, sizeof(op), &old, NULL);
	return old;
}

/* The value, or 0; *old says whether the entry is the next to go. */
static u32 cache_peek(struct nr *cache, struct nr_self *self, u32 key, int *last)
{
	const struct lru *l = nr_read_begin(cache, self, 0);
	u8 i = lru_find(l, key);
	u32 value = i == NONE ? 0 : l->e[i].value;

	*last = i != NONE && l->back == i;
	nr_read_end(cache, self, 0);
	return value;
}

static u32 cache_get(struct nr *cache, struct nr_self *self, u32 key)
{
	int last;
	u32 value = cache_peek(cache, self, key, &last);

	return last ? cache_do(cache, self, GET, key, 0) : value;
}

int main(void)
{
	struct nr_config cfg = { .threads = 2 };
	struct nr_self here = { .id = 0, .node = 0 }, there = { .id = 1, .node = 1 };
	struct nr *cache = nr_create(&lru_type, &cfg, NULL);
	u32 kept, gone;

	if (!cache || nr_replica_add(cache, &here, 1))
		return 1;
	for (u32 k = 1; k <= ENTRIES; k++)
		cache_do(cache, &here, PUT, k, 100 + k);
	cache_get(cache, &there, 1); /* the oldest is used, on another node */
	cache_do(cache, &here, PUT, 99, 199);
	kept = cache_get(cache, &here, 1);
	gone = cache_get(cache, &there, 2);
	printf("entry 1 was used and is %u; entry 2 was not and is %u\n", kept, gone);
	nr_destroy(cache);
	return kept == 101 && gone == 0 ? 0 : 1;
}
