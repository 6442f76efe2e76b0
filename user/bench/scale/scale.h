/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What scalebench and its benchmarks know of each other.
 *
 * A benchmark is a row of functions around one operation. For a point, a name at a number of workers, scalebench forks
 * a process; that calls prepare, makes the workers (threads of it, or processes of their own), pins worker i to processor i,
 * and each calls start, then op again and again until the time is over, then stop. Only what op does is measured.
 *
 *	prepare (once) --> start (each) --barrier--> op op op ... (warm-up, then counted) --> stop
 */
#ifndef SCALE_H
#define SCALE_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

enum { MAX_WORKERS = 254, MAX_PARAMS = 2, PAGE = 4096 };

/* A worker's own page, shared with the parent. */
struct worker {
	int id, workers;
	long param[MAX_PARAMS];	/* NAME/PARAM/PARAM */
	uint64_t random;
	uint64_t operations;
	long fd, turn;
	bool finished;		/* an operation says that no further one makes sense */
	char *memory;
	volatile uint64_t counter;
} __attribute__((aligned(PAGE)));

struct bench {
	const char *name;
	const char *what;
	bool processes;		/* workers share nothing but what prepare made */
	int batch;		/* operations between two looks at the clock */
	int params, least;	/* numbers behind the name; the least number of workers */
	bool lead;		/* only worker 0's operations count, and it notes their latencies */
	void (*prepare)(const struct worker *);
	void (*start)(struct worker *);
	void (*op)(struct worker *);
	void (*stop)(struct worker *);
};

extern const struct bench micro_benches[], memory_benches[], file_benches[], process_benches[];

/* End this point; `what` failed with errno. */
void scale_fail(const char *what) __attribute__((noreturn));
/* A result below 0 ends the point. */
long scale_check(long result, const char *what);
/* An operation of a lead benchmark took so many cycles. */
void scale_latency(uint64_t cycles);
/* Memory that all workers share, processes too; all zero. */
void *scale_shared(size_t size);
void scale_pin(int processor);

static inline uint64_t scale_clock(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

static inline void scale_pause(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline uint64_t scale_random(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random;
}

#endif
