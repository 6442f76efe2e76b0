/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Concurrency Kit's hash table: readers take no lock, writers a mutex. */
#include "bench/nr/subject.h"

#include <ck_ht.h>
#include <pthread.h>
#include <stdlib.h>

struct table {
	ck_ht_t ht;
	pthread_mutex_t mutex;
};

static void *take(size_t size)
{
	return malloc(size);
}

static void *retake(void *old, size_t from, size_t to, bool defer)
{
	(void)from;
	(void)defer;
	return realloc(old, to);
}

static void give(void *p, size_t size, bool defer)
{
	(void)size;
	if (!defer) /* readers may still look: leaked, as tables grow rarely */
		free(p);
}

static struct ck_malloc memory = { .malloc = take, .realloc = retake, .free = give };

static u64 put(struct table *t, u64 key, u64 value)
{
	ck_ht_entry_t e;
	ck_ht_hash_t h;

	ck_ht_hash_direct(&h, &t->ht, key + 1);
	ck_ht_entry_set_direct(&e, h, key + 1, value);
	ck_ht_set_spmc(&t->ht, h, &e);
	return 0;
}

static void *make(const struct seq *seq, u64 keys)
{
	struct table *t = calloc(1, sizeof(*t));

	(void)seq;
	if (!t || !ck_ht_init(&t->ht, CK_HT_MODE_DIRECT, NULL, &memory, 2 * keys, 1))
		return NULL;
	pthread_mutex_init(&t->mutex, NULL);
	for (u64 k = 0; k < keys; k++)
		put(t, k, k);
	return t;
}

static void destroy(void *it)
{
	struct table *t = it;

	ck_ht_destroy(&t->ht);
	free(t);
}

static u64 write(void *it, u32 thread, const struct bench_op *op)
{
	struct table *t = it;

	(void)thread;
	pthread_mutex_lock(&t->mutex);
	put(t, op->key, op->value);
	pthread_mutex_unlock(&t->mutex);
	return 0;
}

static u64 read(void *it, u32 thread, u64 key)
{
	struct table *t = it;
	ck_ht_entry_t e;
	ck_ht_hash_t h;

	(void)thread;
	ck_ht_hash_direct(&h, &t->ht, key + 1);
	ck_ht_entry_key_set_direct(&e, key + 1);
	return ck_ht_get_spmc(&t->ht, h, &e) ? ck_ht_entry_value_direct(&e) : 0;
}

const struct subject subject_ckht = { "ck_ht_mutex", "map", make, destroy, write, read, NULL, NULL };
