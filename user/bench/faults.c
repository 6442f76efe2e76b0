/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * faults: what a first touch of anonymous memory costs when threads on all cores of one process fault on disjoint
 * ranges at once.
 *
 *	faults [THREADS [PAGES [ROUNDS]]]       prints: threads T, F faults, N ns each per core, and the same for the
 *	                                        mmap and munmap around them
 *
 * Each thread, pinned to its core, maps PAGES pages, waits for the others, writes to every page, unmaps, ROUNDS times.
 * Under -icount a nanosecond is one instruction of one core.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int threads = 1, pages = 512, rounds = 20;
static pthread_barrier_t barrier;
static _Atomic unsigned long touch_ns, map_ns;

static unsigned long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ul + t.tv_nsec;
}

static unsigned long touch(char *at)
{
	unsigned long start = now();

	for (int i = 0; i < pages; i++)
		*(volatile char *)(at + i * 4096l) = 1;
	return now() - start;
}

static void *work(void *arg)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((long)arg, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (int i = -1; i < rounds; i++) { /* the first warms up */
		unsigned long start = now(), mapped, touched;
		char *at = mmap(NULL, pages * 4096l, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED)
			exit(1);
		mapped = now() - start;
		pthread_barrier_wait(&barrier);
		touched = touch(at);
		pthread_barrier_wait(&barrier);
		start = now();
		munmap(at, pages * 4096l);
		mapped += now() - start;
		if (i >= 0) {
			atomic_fetch_add(&touch_ns, touched);
			atomic_fetch_add(&map_ns, mapped);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t id[256];

	threads = argc > 1 ? atoi(argv[1]) : (int)sysconf(_SC_NPROCESSORS_ONLN);
	pages = argc > 2 ? atoi(argv[2]) : pages;
	rounds = argc > 3 ? atoi(argv[3]) : rounds;
	if (threads < 1 || threads > 256 || pages < 1 || rounds < 1)
		return 2;
	pthread_barrier_init(&barrier, NULL, threads);
	for (long i = 0; i < threads; i++)
		pthread_create(&id[i], NULL, work, (void *)i);
	for (int i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	printf("threads %d, %ld faults, %lu ns each per core, %lu ns per mmap and munmap\n", threads,
	       (long)threads * pages * rounds, touch_ns / ((unsigned long)threads * pages * rounds),
	       map_ns / ((unsigned long)threads * rounds));
	return 0;
}
