/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The structure behind a lock: pthread's mutex, pthread's readers-writer lock, Concurrency Kit's big reader lock. */
#include "bench/nr/subject.h"

#include <ck_brlock.h>
#include <pthread.h>
#include <stdlib.h>

struct locked {
	pthread_mutex_t mutex;
	pthread_rwlock_t rwlock;
	ck_brlock_t brlock;
	ck_brlock_reader_t reader[BENCH_THREADS];
	const struct seq *seq;
	_Alignas(64) u8 state[];
};

static void *make(const struct seq *seq, u64 keys)
{
	size_t size = ALIGN_UP(sizeof(struct locked) + seq->size(keys), (size_t)64);
	struct locked *l = aligned_alloc(64, size);

	if (!l)
		return NULL;
	__builtin_memset(l, 0, size);
	pthread_mutex_init(&l->mutex, NULL);
	pthread_rwlock_init(&l->rwlock, NULL);
	ck_brlock_init(&l->brlock);
	for (u32 i = 0; i < BENCH_THREADS; i++)
		ck_brlock_read_register(&l->brlock, &l->reader[i]);
	l->seq = seq;
	seq->init(l->state, keys);
	return l;
}

static u64 mutex_write(void *it, u32 thread, const struct bench_op *op)
{
	struct locked *l = it;
	u64 got;

	(void)thread;
	pthread_mutex_lock(&l->mutex);
	got = l->seq->write(l->state, op);
	pthread_mutex_unlock(&l->mutex);
	return got;
}

static u64 mutex_read(void *it, u32 thread, u64 key)
{
	struct locked *l = it;
	u64 got;

	(void)thread;
	pthread_mutex_lock(&l->mutex);
	got = l->seq->read(l->state, key);
	pthread_mutex_unlock(&l->mutex);
	return got;
}

static u64 rwlock_write(void *it, u32 thread, const struct bench_op *op)
{
	struct locked *l = it;
	u64 got;

	(void)thread;
	pthread_rwlock_wrlock(&l->rwlock);
	got = l->seq->write(l->state, op);
	pthread_rwlock_unlock(&l->rwlock);
	return got;
}

static u64 rwlock_read(void *it, u32 thread, u64 key)
{
	struct locked *l = it;
	u64 got;

	(void)thread;
	pthread_rwlock_rdlock(&l->rwlock);
	got = l->seq->read(l->state, key);
	pthread_rwlock_unlock(&l->rwlock);
	return got;
}

static u64 brlock_write(void *it, u32 thread, const struct bench_op *op)
{
	struct locked *l = it;
	u64 got;

	(void)thread;
	ck_brlock_write_lock(&l->brlock);
	got = l->seq->write(l->state, op);
	ck_brlock_write_unlock(&l->brlock);
	return got;
}

static u64 brlock_read(void *it, u32 thread, u64 key)
{
	struct locked *l = it;
	u64 got;

	ck_brlock_read_lock(&l->brlock, &l->reader[thread]);
	got = l->seq->read(l->state, key);
	ck_brlock_read_unlock(&l->reader[thread]);
	return got;
}

const struct subject subject_mutex = { .name = "mutex", .make = make, .destroy = free, .write = mutex_write, .read = mutex_read };
const struct subject subject_rwlock = { .name = "rwlock", .make = make, .destroy = free, .write = rwlock_write, .read = rwlock_read };
const struct subject subject_brlock = { .name = "ck_brlock", .make = make, .destroy = free, .write = brlock_write, .read = brlock_read };
