/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * nrbench SUBJECT WORKLOAD KEYS WRITES,... THREADS,... MS: one pass over one subject. Per mix and number of threads
 * two phases of MS milliseconds: operations are counted with no clock in the loop, then each is timed. One line each:
 *
 *   writes threads operations-per-microsecond p50 p99 p99.9 max        (nanoseconds, the clock's own cost taken off)
 *
 * nrbench --list: the subjects this program was built with, and their workload.
 */
#define _GNU_SOURCE
#include "bench/nr/subject.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OPTIONAL __attribute__((weak))
extern const struct subject subject_mutex, subject_rwlock, subject_nr, subject_nr2, subject_shards, subject_shards2;
extern const struct subject subject_brlock OPTIONAL, subject_urcu OPTIONAL, subject_ckht OPTIONAL, subject_tbb OPTIONAL,
	subject_fcheap OPTIONAL, subject_fcstack OPTIONAL;

static const struct seq *const seqs[] = { &seq_map, &seq_heap, &seq_ordered, &seq_stack };

enum { FINE = 64, BUCKETS = 64 * FINE }; /* latencies: 64 per power of two */

struct worker {
	pthread_t thread;
	u32 id;
	u64 seed, ops, max;
	u32 *count; /* of each bucket; NULL: do not time */
	_Alignas(64) u8 apart[64];
};

static const struct subject *subject;
static void *it;
static u64 keys;
static u32 writes; /* percent */
static struct worker worker[BENCH_THREADS];
static pthread_barrier_t go;
static _Atomic bool over;
static u64 clock_cost;

static u64 nanoseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

static u64 rnd(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed >> 8;
}

static u32 bucket_of(u64 ns)
{
	u32 top = ns < FINE ? 0 : 63 - (u32)__builtin_clzll(ns) - 5;

	return MIN(top * FINE + (u32)(ns >> top), BUCKETS - 1u);
}

static u64 bucket_value(u32 b)
{
	u32 top = b / FINE;

	return top ? (u64)(b - top * FINE) << top : b;
}

static u64 operate(struct worker *w)
{
	u64 r = rnd(&w->seed), key = rnd(&w->seed) % keys;
	struct bench_op op = { key, r, 1 + (u32)(w->ops & 1) };

	return r % 100 < writes ? subject->write(it, w->id, &op) : subject->read(it, w->id, key);
}

static void operate_timed(struct worker *w)
{
	u64 from = nanoseconds(), took;

	operate(w);
	took = nanoseconds() - from;
	took = took > clock_cost ? took - clock_cost : 0;
	w->max = MAX(w->max, took);
	w->count[bucket_of(took)]++;
}

/* Threads are dealt out to the processors in turn: left to itself, the host runs two that never sleep on one of them for a
 * while, or does not, and a figure would say which. */
static void pin(u32 number)
{
	cpu_set_t allowed, one;
	int cpu = -1;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	number %= (u32)CPU_COUNT(&allowed);
	do
		if (CPU_ISSET(++cpu, &allowed) && number-- == 0)
			break;
	while (true);
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	pin(w->id);
	if (subject->attach)
		subject->attach(it, w->id);
	pthread_barrier_wait(&go);
	for (; !atomic_load_explicit(&over, memory_order_relaxed); w->ops++) {
		if (w->count)
			operate_timed(w);
		else
			operate(w);
	}
	if (subject->detach)
		subject->detach(it, w->id);
	return NULL;
}

static void nap(u32 ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* Runs `threads` workers for ms; returns the nanoseconds it was. */
static u64 phase(u32 threads, u32 ms, u32 *count)
{
	u64 from;

	atomic_store(&over, false);
	pthread_barrier_init(&go, NULL, threads + 1);
	for (u32 i = 0; i < threads; i++) {
		worker[i] = (struct worker){ .id = i, .seed = 88172645463325252ull + i * 7919, .count = count };
		if (count && !(worker[i].count = calloc(BUCKETS, sizeof(u32))))
			exit(1);
		pthread_create(&worker[i].thread, NULL, work, &worker[i]);
	}
	pthread_barrier_wait(&go);
	from = nanoseconds();
	nap(ms);
	atomic_store(&over, true);
	for (u32 i = 0; i < threads; i++)
		pthread_join(worker[i].thread, NULL);
	return nanoseconds() - from;
}

static u64 percentile(const u32 *count, u64 sum, double part)
{
	u64 want = (u64)((double)sum * part), seen = 0;

	for (u32 b = 0; b < BUCKETS; b++) {
		seen += count[b];
		if (seen > want)
			return bucket_value(b);
	}
	return 0;
}

static void measure(u32 threads, u32 ms)
{
	static u32 count[BUCKETS];
	u64 took = phase(threads, ms, NULL), ops = 0, sum = 0, max = 0;

	for (u32 i = 0; i < threads; i++)
		ops += worker[i].ops;
	memset(count, 0, sizeof(count));
	phase(threads, ms, count);
	for (u32 i = 0; i < threads; i++) {
		for (u32 b = 0; b < BUCKETS; b++)
			count[b] += worker[i].count[b];
		free(worker[i].count);
		sum += worker[i].ops;
		max = MAX(max, worker[i].max);
	}
	printf("%u %u %.4f %lu %lu %lu %lu\n", writes, threads, (double)ops * 1000 / (double)took,
	       (unsigned long)percentile(count, sum, 0.5), (unsigned long)percentile(count, sum, 0.99),
	       (unsigned long)percentile(count, sum, 0.999), (unsigned long)max);
	fflush(stdout);
}

static void find_clock_cost(void)
{
	clock_cost = UINT64_MAX;
	for (int i = 0; i < 1000; i++) {
		u64 from = nanoseconds();

		clock_cost = MIN(clock_cost, nanoseconds() - from);
	}
}

static u32 numbers(char *list, u32 *out, u32 max)
{
	u32 n = 0;

	for (char *word = strtok(list, ","); word && n < max; word = strtok(NULL, ","))
		out[n++] = (u32)atoi(word);
	return n;
}

static int usage(void)
{
	fprintf(stderr, "usage: nrbench SUBJECT map|heap|ordered|stack KEYS WRITES,... THREADS,... MS | --list\n");
	return 2;
}

int main(int argc, char **argv)
{
	const struct subject *all[] = { &subject_mutex, &subject_rwlock, &subject_nr, &subject_nr2,
					&subject_shards, &subject_shards2, &subject_brlock,
					&subject_urcu, &subject_ckht, &subject_tbb, &subject_fcheap, &subject_fcstack };
	const struct seq *seq = NULL;
	u32 mix[16], mixes, threads[16], sizes;

	for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(all); i++)
		if (all[i])
			printf("%s %s%s\n", all[i]->name, all[i]->only ? all[i]->only : "any", all[i]->read ? "" : " writes");
	if (argc != 7)
		return argc == 2 ? 0 : usage();
	for (size_t i = 0; i < ARRAY_SIZE(seqs); i++)
		if (strcmp(seqs[i]->name, argv[2]) == 0)
			seq = seqs[i];
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i] && strcmp(all[i]->name, argv[1]) == 0 && seq && (!all[i]->only || strcmp(all[i]->only, seq->name) == 0))
			subject = all[i];
	keys = strtoull(argv[3], NULL, 0);
	mixes = numbers(argv[4], mix, ARRAY_SIZE(mix));
	sizes = numbers(argv[5], threads, ARRAY_SIZE(threads));
	if (!subject || !keys)
		return usage();
	it = subject->make(seq, keys);
	if (!it)
		return 1;
	find_clock_cost();
	for (u32 m = 0; m < mixes; m++)
		for (u32 t = 0; t < sizes; t++) {
			writes = mix[m];
			if (threads[t] >= 1 && threads[t] <= BENCH_THREADS)
				measure(threads[t], (u32)atoi(argv[6]));
		}
	subject->destroy(it);
	return 0;
}
