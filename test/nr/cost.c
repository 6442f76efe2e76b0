/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What nr costs next to a lock: the same call on the same structure under a pthread mutex, a pthread rwlock and nr, side
 * by side in one run. No test: it prints a table, and the reader judges. The pairs are interleaved, so that
 * what else the machine does meets all alike; figures are medians.
 *
 *   cost            one thread: nanoseconds per update and per read
 *   cost mix        millions of operations per second of processor time at 1, 2, 4, 8 threads and 0, 10, 50, 100 % updates
 *   cost tail       8 threads: latency of an update, p50, p99, p99.9, max in microseconds
 */
#include "nr/nr.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEYS = 1024, THREADS_MAX = 8, ROUNDS = 301 };
enum { MUTEX, RWLOCK, NR, KINDS };

static const char *const name[KINDS] = { "mutex", "rwlock", "nr" };

struct table {
	u64 value[KEYS];
};

struct op {
	u32 key;
	u32 add;
};

static void apply(void *state, unsigned shard, const void *bytes, size_t len, void *ret)
{
	const struct op *op = bytes;
	u64 *v = &((struct table *)state)->value[op->key];

	(void)shard;
	(void)len;
	*v += op->add;
	if (ret)
		*(u64 *)ret = *v;
}

static int init(void *state, struct pool *mem, const void *arg)
{
	(void)state;
	(void)mem;
	(void)arg;
	return 0;
}

static int clone(void *dst, struct pool *mem, const void *src)
{
	(void)mem;
	memcpy(dst, src, sizeof(struct table));
	return 0;
}

static const struct nr_type type = {
	.name = "table", .state_size = sizeof(struct table), .init = init, .clone = clone, .apply = apply,
};

static struct table table;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static struct nr *nr;
static void (*volatile call)(void *, unsigned, const void *, size_t, void *) = apply; /* as far as nr's is */

static void update(int kind, struct nr_self *self, struct op *op, u64 *ret)
{
	if (kind == NR) {
		nr_update(nr, self, 0, op, sizeof(*op), ret, NULL);
	} else if (kind == MUTEX) {
		pthread_mutex_lock(&mutex);
		call(&table, 0, op, sizeof(*op), ret);
		pthread_mutex_unlock(&mutex);
	} else {
		pthread_rwlock_wrlock(&rwlock);
		call(&table, 0, op, sizeof(*op), ret);
		pthread_rwlock_unlock(&rwlock);
	}
}

static u64 lookup(int kind, struct nr_self *self, u32 key)
{
	u64 v;

	if (kind == NR) {
		v = ((const struct table *)nr_read_begin(nr, self, 0))->value[key];
		nr_read_end(nr, self, 0);
	} else if (kind == MUTEX) {
		pthread_mutex_lock(&mutex);
		v = table.value[key];
		pthread_mutex_unlock(&mutex);
	} else {
		pthread_rwlock_rdlock(&rwlock);
		v = table.value[key];
		pthread_rwlock_unlock(&rwlock);
	}
	return v;
}

static u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000ull + (u64)t.tv_nsec;
}

/* Processor time of all threads: what others do on the machine does not count. */
static u64 used(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (u64)t.tv_sec * 1000000000ull + (u64)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, u32 n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

/* One thread. */

static double solo(int kind, bool write)
{
	enum { N = 5000 };
	struct nr_self self = { .id = 0 };
	u64 ret = 0, start = now();

	for (u32 i = 0; i < N; i++) {
		struct op op = { i * 7 % KEYS, 1 };

		if (write)
			update(kind, &self, &op, &ret);
		else
			ret += lookup(kind, &self, op.key);
	}
	*(volatile u64 *)&ret = ret;
	return (double)(now() - start) / N;
}

static void *nothing(void *arg)
{
	return arg;
}

static void cost_solo(void)
{
	static double ns[2][KINDS][ROUNDS];
	pthread_t t;

	pthread_create(&t, NULL, nothing, NULL); /* libc drops its lock prefixes while there is one thread */
	pthread_join(t, NULL);
	for (int i = 0; i < ROUNDS; i++)
		for (int kind = 0; kind < KINDS; kind++)
			for (int write = 0; write < 2; write++)
				ns[write][kind][i] = solo(kind, write);
	for (int write = 0; write < 2; write++) {
		double *other = ns[write][write ? MUTEX : RWLOCK], bar = median(other, ROUNDS), own = median(ns[write][NR], ROUNDS);

		printf("%-6s nr %5.1f ns, %s %5.1f ns: %.2f   (best of each: %.1f, %.1f: %.2f)\n", write ? "update" : "read",
		       own, write ? "mutex " : "rwlock", bar, own / bar, ns[write][NR][0], other[0],
		       ns[write][NR][0] / other[0]);
	}
}

/* Several. */

static struct {
	int kind;
	u32 threads, writes, id_next;
	_Atomic bool stop;
	_Atomic u64 done;
	bool timed;
} mix;
static u32 *latency[THREADS_MAX], latencies[THREADS_MAX];
enum { LATENCIES = 1 << 21 };

static void timed_update(u32 id, struct nr_self *self, struct op *op, u64 *ret)
{
	u64 start = now(), ns;

	update(mix.kind, self, op, ret);
	ns = now() - start;
	if (latencies[id] < LATENCIES)
		latency[id][latencies[id]++] = ns > UINT32_MAX ? UINT32_MAX : (u32)ns;
}

static void *worker(void *arg)
{
	u32 id = (u32)(size_t)arg, seed = id * 7919 + 13;
	struct nr_self self = { .id = id };
	u64 ret = 0, n = 0;

	while (!atomic_load_explicit(&mix.stop, memory_order_relaxed)) {
		struct op op = { 0, 1 };

		seed = seed * 1664525 + 1013904223;
		op.key = (seed >> 8) % KEYS;
		if ((seed >> 20) % 100 >= mix.writes)
			ret += lookup(mix.kind, &self, op.key);
		else if (mix.timed)
			timed_update(id, &self, &op, &ret);
		else
			update(mix.kind, &self, &op, &ret);
		n++;
	}
	*(volatile u64 *)&ret = ret;
	atomic_fetch_add(&mix.done, n);
	return NULL;
}

static double run(int kind, u32 threads, u32 writes, u32 ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
	pthread_t thread[THREADS_MAX];
	u64 start = used();

	mix.kind = kind;
	mix.writes = writes;
	atomic_store(&mix.stop, false);
	atomic_store(&mix.done, 0);
	for (size_t i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, worker, (void *)i);
	nanosleep(&t, NULL);
	atomic_store(&mix.stop, true);
	for (u32 i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return (double)mix.done * 1000.0 / (double)(used() - start);
}

static void cost_mix(void)
{
	static const u32 threads[] = { 1, 2, 4, 8 }, writes[] = { 0, 10, 50, 100 };

	printf("threads writes   mutex  rwlock      nr  (Mops/CPU-s)   nr/best\n");
	for (size_t t = 0; t < 4; t++) {
		for (size_t w = 0; w < 4; w++) {
			double v[KINDS][5], m[KINDS];

			for (int i = 0; i < 5; i++)
				for (int k = 0; k < KINDS; k++)
					v[k][i] = run(k, threads[t], writes[w], 60);
			for (int k = 0; k < KINDS; k++)
				m[k] = median(v[k], 5);
			printf("%7u %5u%% %7.1f %7.1f %7.1f %18.2f\n", threads[t], writes[w], m[MUTEX], m[RWLOCK], m[NR],
			       m[NR] / (m[MUTEX] > m[RWLOCK] ? m[MUTEX] : m[RWLOCK]));
		}
	}
}

static int by_u32(const void *a, const void *b)
{
	return (*(const u32 *)a > *(const u32 *)b) - (*(const u32 *)a < *(const u32 *)b);
}

static void tail_of(int kind)
{
	u32 *all = malloc((size_t)THREADS_MAX * LATENCIES * sizeof(*all));
	size_t n = 0;

	memset(latencies, 0, sizeof(latencies));
	for (int i = 0; i < 4; i++)
		run(kind, THREADS_MAX, 100, 500);
	for (u32 t = 0; t < THREADS_MAX; t++) {
		memcpy(all + n, latency[t], latencies[t] * sizeof(*all));
		n += latencies[t];
	}
	qsort(all, n, sizeof(*all), by_u32);
	printf("%-6s %9zu updates: p50 %8.2f  p99 %8.2f  p99.9 %9.2f  p99.99 %9.2f  max %9.1f us\n", name[kind], n,
	       all[n / 2] / 1e3, all[n * 99 / 100] / 1e3, all[n * 999 / 1000] / 1e3, all[n * 9999 / 10000] / 1e3,
	       all[n - 1] / 1e3);
	free(all);
}

static void cost_tail(void)
{
	for (u32 t = 0; t < THREADS_MAX; t++)
		latency[t] = malloc(LATENCIES * sizeof(**latency));
	mix.timed = true;
	for (int i = 0; i < 3; i++)
		for (int kind = 0; kind < KINDS; kind++)
			tail_of(kind);
}

int main(int argc, char **argv)
{
	struct nr_config cfg = { .threads = THREADS_MAX };
	struct nr_self self = { .id = 0 };
	const char *what = argc > 1 ? argv[1] : "solo";

	nr = nr_create(&type, &cfg, NULL);
	nr_widen(nr, &self);
	if (!strcmp(what, "mix"))
		cost_mix();
	else if (!strcmp(what, "tail"))
		cost_tail();
	else
		cost_solo();
	nr_destroy(nr);
	return 0;
}
