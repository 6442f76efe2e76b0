/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * scalebench: what a kernel gives to many cores at once, on NrOS and, unchanged, on Linux.
 *
 *	scalebench [-c MEGACYCLES] POINT...	POINT is NAME[/PARAM...]@WORKERS[:MEGACYCLES]
 *	scalebench -l				names the benchmarks
 *
 * prints a line per point,
 *	point NAME@WORKERS operations=N rate=R least=N most=N [p50=N p90=N p99=N longest=N]
 *	point NAME@WORKERS failed WHAT ERRNO
 *
 * MEGACYCLES are counted (10 if nothing is said), after a quarter as many to warm up.
 * rate is operations per million cycles, of all workers together; least and most are the operations of one worker (fairness);
 * the percentiles, in cycles, belong to benchmarks that note latencies. Before the first point comes "clock KILOHERTZ",
 * the speed of the counter the cycles are of.
 *
 * Under the machine model (bench/model) the counter is the modelled processor's clock, and the trigger instructions
 * around the operations say which part of the run is to be modelled. Anywhere else they are nops, and the figures are those of
 * the processor's own counter.
 */
#define _GNU_SOURCE
#include "scale/scale.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* nopl with a displacement that says "MSN" and a command: bench/model/decode.h. */
#define TRIGGER(command) __asm__ volatile(".byte 0x0f, 0x1f, 0x80, " #command ", 0x4d, 0x53, 0x4e" ::: "memory")
#define TRIGGER_BEGIN() TRIGGER(1)
#define TRIGGER_END() TRIGGER(2)
#define TRIGGER_MEASURE() TRIGGER(3)
#define TRIGGER_MEASURED() TRIGGER(4)

enum { LATENCIES = 65536, LEAD_TIME = 4000 };

/* What the workers of a point share. */
struct point {
	_Atomic int ready __attribute__((aligned(64)));
	volatile uint64_t begin __attribute__((aligned(64)));
	_Atomic int done __attribute__((aligned(64)));
	_Atomic int counting, counted;	/* somebody has reached the counted part, and its end */
	volatile int over;
	int error;
	char failed[64];
	uint32_t latencies;
	uint32_t latency[LATENCIES];
};

static const struct bench *const groups[] = { micro_benches, memory_benches, file_benches, process_benches };
static uint64_t warm_cycles, count_cycles;
static double megacycles = 10;
static const struct bench *bench;
static struct point *point;
static struct worker *workers;

/* --- what benchmarks call --- */

void *scale_shared(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		scale_fail("shared memory");
	return at;
}

void scale_fail(const char *what)
{
	point->error = errno;
	snprintf(point->failed, sizeof(point->failed), "%s", what);
	_exit(1);
}

long scale_check(long result, const char *what)
{
	if (result < 0)
		scale_fail(what);
	return result;
}

void scale_latency(uint64_t cycles)
{
	if (point->latencies < LATENCIES)
		point->latency[point->latencies++] = cycles > UINT32_MAX ? UINT32_MAX : (uint32_t)cycles;
}

void scale_pin(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	scale_check(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

/* --- a worker --- */

static void meet(struct worker *w)
{
	__atomic_fetch_add(&point->ready, 1, __ATOMIC_SEQ_CST);
	if (w->id != 0) {
		while (!point->begin)
			scale_pause();
		return;
	}
	while (__atomic_load_n(&point->ready, __ATOMIC_SEQ_CST) < w->workers)
		scale_pause();
	TRIGGER_BEGIN();
	point->begin = scale_clock() + LEAD_TIME;
}

/*
 * Operations that end inside the counted part are counted. The part is the same for all workers, so that one which
 * was kept from working all the time counts as what it is.
 */
static void measure(struct worker *w)
{
	uint64_t from = point->begin + warm_cycles, end = from + count_cycles, now;
	bool counting = false;

	while (!point->over && !w->finished) {
		for (int i = 0; i < bench->batch; i++)
			bench->op(w);
		if (bench->lead && w->id != 0) /* worker 0 waits for the others, so it must be the one that ends */
			continue;
		now = scale_clock();
		if ((int64_t)(now - end) >= 0) {
			if (!__atomic_exchange_n(&point->counted, 1, __ATOMIC_SEQ_CST))
				TRIGGER_MEASURED();
			return;
		}
		if ((int64_t)(now - from) < 0)
			continue;
		if (!counting && !__atomic_exchange_n(&point->counting, 1, __ATOMIC_SEQ_CST)) {
			TRIGGER_MEASURE();
			point->latencies = 0;
		}
		counting = true;
		w->operations += bench->batch;
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;

	scale_pin(w->id);
	if (bench->start)
		bench->start(w);
	meet(w);
	measure(w);
	if (bench->lead && w->id == 0)
		point->over = 1;
	if (bench->stop)
		bench->stop(w);
	__atomic_fetch_add(&point->done, 1, __ATOMIC_SEQ_CST);
	if (w->id == 0 && !bench->lead) {
		while (__atomic_load_n(&point->done, __ATOMIC_SEQ_CST) < w->workers && !point->over)
			scale_pause();
	}
	if (w->id == 0)
		TRIGGER_END();
	return NULL;
}

static void run_threads(int count)
{
	pthread_t id[MAX_WORKERS];

	for (int i = 0; i < count; i++) {
		errno = pthread_create(&id[i], NULL, work, &workers[i]);
		if (errno)
			scale_fail("pthread_create");
	}
	for (int i = 0; i < count; i++)
		pthread_join(id[i], NULL);
}

static void run_processes(int count)
{
	for (int i = 0; i < count; i++) {
		if (scale_check(fork(), "fork") == 0) {
			work(&workers[i]);
			_exit(0);
		}
	}
	for (int i = 0; i < count; i++) {
		int status;

		if (wait(&status) < 0 || status != 0)
			_exit(1);
	}
}

/* --- a point --- */

static const struct bench *find_bench(const char *name, size_t length)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(*groups); g++) {
		for (const struct bench *b = groups[g]; b->name; b++) {
			if (strlen(b->name) == length && strncmp(b->name, name, length) == 0)
				return b;
		}
	}
	return NULL;
}

/* So many millions of cycles, or the usual number where there is no text. */
static int set_length(const char *text)
{
	char *end = "";
	double length = *text == ':' ? strtod(text + 1, &end) : megacycles;

	if (*end || !(length > 0 && length < 1e6) || (*text && *text != ':'))
		return -1;
	count_cycles = (uint64_t)(length * 1e6);
	warm_cycles = count_cycles / 4;
	return 0;
}

/* NAME[/PARAM...]@WORKERS[:MEGACYCLES] into bench, workers and lengths; the number of workers, or -1. */
static int parse_point(const char *text)
{
	size_t length = strcspn(text, "/@");
	const char *at = text + length;
	long param[MAX_PARAMS] = { 0 }, count;
	int params = 0;
	char *end;

	bench = find_bench(text, length);
	if (!bench)
		return -1;
	for (; *at == '/' && params < bench->params; at = end)
		param[params++] = strtol(at + 1, &end, 10);
	count = *at == '@' ? strtol(at + 1, &end, 10) : -1;
	if (count < bench->least || count < 1 || count > MAX_WORKERS || set_length(end) != 0 || params != bench->params)
		return -1;
	memset(workers, 0, MAX_WORKERS * sizeof(*workers));
	for (int i = 0; i < count; i++) {
		workers[i].id = i;
		workers[i].workers = (int)count;
		workers[i].random = 0x9e3779b97f4a7c15ull * (i + 1);
		memcpy(workers[i].param, param, sizeof(param));
	}
	return (int)count;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void print_latencies(void)
{
	uint32_t n = point->latencies, *l = point->latency;

	if (n == 0)
		return;
	qsort(l, n, sizeof(*l), by_value);
	printf(" p50=%u p90=%u p99=%u longest=%u", l[n / 2], l[(uint64_t)n * 9 / 10], l[(uint64_t)n * 99 / 100], l[n - 1]);
}

static void print_point(const char *text, int count)
{
	uint64_t operations = 0, least = UINT64_MAX, most = 0;

	for (int i = 0; i < (bench->lead ? 1 : count); i++) {
		const struct worker *w = &workers[i];

		operations += w->operations;
		least = w->operations < least ? w->operations : least;
		most = w->operations > most ? w->operations : most;
	}
	printf("point %s operations=%lu rate=%.3f least=%lu most=%lu", text, operations,
	       (double)operations * 1e6 / (double)count_cycles, least, most);
	print_latencies();
	printf("\n");
}

/* The point in a process of its own: what it leaves behind is gone, and what kills it is only its end. */
static void run_point(const char *text, int count)
{
	pid_t child;
	int status = 0;

	memset(point, 0, sizeof(*point));
	child = fork();
	if (child == 0) {
		if (bench->prepare)
			bench->prepare(&workers[0]);
		if (bench->processes)
			run_processes(count);
		else
			run_threads(count);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
		TRIGGER_END();
		printf("point %s failed %s %d\n", text, point->failed[0] ? point->failed : "worker", point->error);
	} else {
		print_point(text, count);
	}
	fflush(stdout);
}

/* --- the command --- */

static void print_clock(void)
{
	struct timespec from, now;
	uint64_t start = scale_clock(), end, ns;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		end = scale_clock();
		ns = (now.tv_sec - from.tv_sec) * 1000000000ull + now.tv_nsec - from.tv_nsec;
	} while (ns < 20000000);
	printf("clock %lu\n", (end - start) * 1000000 / ns);
}

static int list(void)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(*groups); g++) {
		for (const struct bench *b = groups[g]; b->name; b++)
			printf("%-16s %s\n", b->name, b->what);
	}
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: scalebench [-c MEGACYCLES] NAME[/PARAM...]@WORKERS[:MEGACYCLES]... | -l\n");
	return 2;
}

int main(int argc, char **argv)
{
	int option, count;

	while ((option = getopt(argc, argv, "c:l")) != -1) {
		if (option == 'c')
			megacycles = atof(optarg);
		else
			return option == 'l' ? list() : usage();
	}
	if (optind == argc || !(megacycles > 0))
		return usage();
	point = mmap(NULL, sizeof(*point), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	workers = mmap(NULL, MAX_WORKERS * sizeof(*workers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (point == MAP_FAILED || workers == MAP_FAILED)
		return 1;
	print_clock();
	for (; optind < argc; optind++) {
		count = parse_point(argv[optind]);
		if (count < 0) {
			fprintf(stderr, "scalebench: %s is not a point\n", argv[optind]);
			return 2;
		}
		run_point(argv[optind], count);
	}
	return 0;
}
