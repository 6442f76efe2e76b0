/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The four structures, each in one block of memory:
 *
 *   map      open addressing, half full; write: put (the key is there already); read: get
 *   heap     binary heap; write 1: insert, 2: remove the least; read: the least
 *   ordered  sorted array of keys in blocks (a two-level B-tree); write 1: insert, 2: remove; read: sum of the next 16
 *   stack    array; write 1: push, 2: pop; read: the top
 */
#include "bench/nr/subject.h"

#include <string.h>

static u64 mix(u64 x)
{
	x = (x ^ x >> 31) * 0x9e3779b97f4a7c15ull;
	return x ^ x >> 29;
}

/* map */

struct map {
	u64 mask;
	struct { u64 key, value; } at[]; /* key 0: empty; keys are stored plus one */
};

static u64 map_mask(u64 keys)
{
	u64 n = 16;

	while (n < 2 * keys)
		n *= 2;
	return n - 1;
}

static size_t map_size(u64 keys)
{
	return sizeof(struct map) + (map_mask(keys) + 1) * 16;
}

static u64 map_find(const struct map *m, u64 key)
{
	u64 i = mix(key) & m->mask;

	while (m->at[i].key && m->at[i].key != key + 1)
		i = (i + 1) & m->mask;
	return i;
}

static u64 map_write(void *state, const struct bench_op *op)
{
	struct map *m = state;
	u64 i = map_find(m, op->key), old = m->at[i].value;

	m->at[i].key = op->key + 1;
	m->at[i].value = op->value;
	return old;
}

static u64 map_read(const void *state, u64 key)
{
	const struct map *m = state;

	return m->at[map_find(m, key)].value;
}

static void map_init(void *state, u64 keys)
{
	((struct map *)state)->mask = map_mask(keys);
	for (u64 k = 0; k < keys; k++)
		map_write(state, &(struct bench_op){ k, k, 1 });
}

const struct seq seq_map = { "map", map_size, map_init, map_write, map_read };

/* heap */

struct heap {
	u64 n, max;
	u64 at[];
};

static size_t heap_size(u64 keys)
{
	return sizeof(struct heap) + 2 * keys * sizeof(u64);
}

static void heap_insert(struct heap *h, u64 key)
{
	u64 i = h->n++;

	for (; i && h->at[(i - 1) / 2] > key; i = (i - 1) / 2)
		h->at[i] = h->at[(i - 1) / 2];
	h->at[i] = key;
}

static u64 heap_remove(struct heap *h)
{
	u64 least = h->at[0], last = h->at[--h->n], i = 0, child;

	while ((child = 2 * i + 1) < h->n) {
		child += child + 1 < h->n && h->at[child + 1] < h->at[child];
		if (h->at[child] >= last)
			break;
		h->at[i] = h->at[child];
		i = child;
	}
	h->at[i] = last;
	return least;
}

static u64 heap_write(void *state, const struct bench_op *op)
{
	struct heap *h = state;

	if ((op->kind == 1 || h->n == 0) && h->n < h->max) {
		heap_insert(h, op->key);
		return 0;
	}
	return heap_remove(h);
}

static u64 heap_read(const void *state, u64 key)
{
	const struct heap *h = state;

	(void)key;
	return h->n ? h->at[0] : 0;
}

static void heap_init(void *state, u64 keys)
{
	struct heap *h = state;

	h->max = 2 * keys;
	for (u64 k = 0; k < keys; k++)
		heap_insert(h, mix(k));
}

const struct seq seq_heap = { "heap", heap_size, heap_init, heap_write, heap_read };

/* ordered: blocks of up to 64 keys; a block that is full gives its upper half to a new one behind it. */

enum { BLOCK = 64, SCAN = 16 };

struct block {
	u32 n;
	u64 key[BLOCK];
};

struct ordered {
	u32 blocks, used, max; /* blocks in order; block structs used; of them free ones are chained through n */
	u32 free; /* 1 + the first free one */
	struct block block[];
};

static u32 ordered_blocks(u64 keys)
{
	return (u32)(keys / 8 + 16);
}

static size_t ordered_size(u64 keys)
{
	return sizeof(struct ordered) + ordered_blocks(keys) * (sizeof(struct block) + sizeof(u32));
}

static u32 *order_of(const struct ordered *o)
{
	return (u32 *)&((struct ordered *)o)->block[o->max];
}

static struct block *block_at(const struct ordered *o, u32 i)
{
	return &((struct ordered *)o)->block[order_of(o)[i]];
}

/* The last block whose first key is not above. */
static u32 find_block(const struct ordered *o, u64 key)
{
	u32 lo = 0, hi = o->blocks;

	while (hi - lo > 1) {
		u32 mid = (lo + hi) / 2;

		if (block_at(o, mid)->key[0] <= key)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static u32 find_key(const struct block *b, u64 key)
{
	u32 lo = 0, hi = b->n;

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;

		if (b->key[mid] < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool split(struct ordered *o, u32 i)
{
	struct block *b = block_at(o, i), *more;
	u32 *order = order_of(o), index;

	if (o->free) {
		index = o->free - 1;
		o->free = o->block[index].n;
	} else if (o->used < o->max) {
		index = o->used++;
	} else {
		return false;
	}
	more = &o->block[index];
	memmove(&order[i + 2], &order[i + 1], (o->blocks - i - 1) * sizeof(u32));
	order[i + 1] = index;
	o->blocks++;
	more->n = b->n / 2;
	b->n -= more->n;
	memcpy(more->key, b->key + b->n, more->n * sizeof(u64));
	return true;
}

static u64 ordered_insert(struct ordered *o, u64 key)
{
	u32 i = find_block(o, key), at;
	struct block *b = block_at(o, i);

	if (b->n == BLOCK) {
		if (!split(o, i))
			return 0;
		i = find_block(o, key);
		b = block_at(o, i);
	}
	at = find_key(b, key);
	if (at < b->n && b->key[at] == key)
		return 0;
	memmove(&b->key[at + 1], &b->key[at], (b->n - at) * sizeof(u64));
	b->key[at] = key;
	b->n++;
	return 1;
}

static u64 ordered_remove(struct ordered *o, u64 key)
{
	u32 i = find_block(o, key), *order = order_of(o), at;
	struct block *b = block_at(o, i);

	at = find_key(b, key);
	if (at == b->n || b->key[at] != key)
		return 0;
	b->n--;
	memmove(&b->key[at], &b->key[at + 1], (b->n - at) * sizeof(u64));
	if (b->n == 0 && o->blocks > 1) {
		b->n = o->free;
		o->free = order[i] + 1;
		o->blocks--;
		memmove(&order[i], &order[i + 1], (o->blocks - i) * sizeof(u32));
	}
	return 1;
}

static u64 ordered_write(void *state, const struct bench_op *op)
{
	return op->kind == 1 ? ordered_insert(state, op->key) : ordered_remove(state, op->key);
}

static u64 ordered_read(const void *state, u64 key)
{
	const struct ordered *o = state;
	u32 i = find_block(o, key), at = find_key(block_at(o, i), key), left = SCAN;
	u64 sum = 0;

	for (; i < o->blocks; i++, at = 0) {
		const struct block *b = block_at(o, i);

		for (; at < b->n; at++) {
			sum += b->key[at];
			if (--left == 0)
				return sum;
		}
	}
	return sum;
}

/* Every other key is there. */
static void ordered_init(void *state, u64 keys)
{
	struct ordered *o = state;

	o->max = ordered_blocks(keys);
	o->blocks = o->used = 1;
	for (u64 k = 0; k < keys; k += 2)
		ordered_insert(o, k);
}

const struct seq seq_ordered = { "ordered", ordered_size, ordered_init, ordered_write, ordered_read };

/* stack */

static u64 stack_write(void *state, const struct bench_op *op)
{
	struct heap *s = state; /* the same layout */

	if ((op->kind == 1 || s->n == 0) && s->n < s->max) {
		s->at[s->n++] = op->value;
		return 0;
	}
	return s->at[--s->n];
}

static u64 stack_read(const void *state, u64 key)
{
	const struct heap *s = state;

	(void)key;
	return s->n ? s->at[s->n - 1] : 0;
}

static void stack_init(void *state, u64 keys)
{
	struct heap *s = state;

	s->max = 2 * keys;
	s->n = keys;
}

const struct seq seq_stack = { "stack", heap_size, stack_init, stack_write, stack_read };
