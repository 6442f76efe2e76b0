/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * No kernel at all: what the machine itself does with counters, locks and memory. They say whether the model is right.
 */
#define _GNU_SOURCE
#include "scale.h"

#include <sys/mman.h>

struct line {
	volatile uint64_t value;
} __attribute__((aligned(64)));

/* Lines of the point, in memory shared by all workers. */
static struct {
	struct line counter, read, protected, rw, next, serving, writing;
	struct line reader[MAX_WORKERS];
} *shared;

static void shared_prepare(const struct worker *w)
{
	(void)w;
	shared = scale_shared(sizeof(*shared));
}

static void private_op(struct worker *w)
{
	__atomic_fetch_add(&w->counter, 1, __ATOMIC_SEQ_CST);
}

static void shared_op(struct worker *w)
{
	(void)w;
	__atomic_fetch_add(&shared->counter.value, 1, __ATOMIC_SEQ_CST);
}

static void read_op(struct worker *w)
{
	(void)shared->read.value;
	w->counter++;
}

static void ticket_op(struct worker *w)
{
	uint64_t mine = __atomic_fetch_add(&shared->next.value, 1, __ATOMIC_SEQ_CST);

	(void)w;
	while (shared->serving.value != mine)
		scale_pause();
	shared->protected.value++;
	shared->serving.value = mine + 1;
}

/* One write in 1024. */
static bool writes(struct worker *w)
{
	return ++w->turn % 1024 == 1023 - w->id % 512;
}

/* A readers' count in one word, -1 for a writer. */
static bool rw_try(int64_t from, int64_t to)
{
	return __atomic_compare_exchange_n(&shared->rw.value, (uint64_t *)&from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

static void rwlock_op(struct worker *w)
{
	int64_t readers;

	if (writes(w)) {
		while (shared->rw.value != 0 || !rw_try(0, -1))
			scale_pause();
		shared->protected.value++;
		__atomic_store_n(&shared->rw.value, 0, __ATOMIC_RELEASE);
		return;
	}
	while (readers = (int64_t)shared->rw.value, readers < 0 || !rw_try(readers, readers + 1))
		scale_pause();
	(void)shared->protected.value;
	__atomic_fetch_sub(&shared->rw.value, 1, __ATOMIC_SEQ_CST);
}

/* A reader writes to its own line only; a writer visits all of them. */
static void brlock_write(struct worker *w)
{
	while (__atomic_exchange_n(&shared->writing.value, 1, __ATOMIC_SEQ_CST)) {
		while (shared->writing.value)
			scale_pause();
	}
	for (int i = 0; i < w->workers; i++) {
		while (shared->reader[i].value)
			scale_pause();
	}
	shared->protected.value++;
	__atomic_store_n(&shared->writing.value, 0, __ATOMIC_RELEASE);
}

static void brlock_op(struct worker *w)
{
	volatile uint64_t *mine = &shared->reader[w->id].value;

	if (writes(w)) {
		brlock_write(w);
		return;
	}
	for (;;) {
		__atomic_store_n(mine, 1, __ATOMIC_SEQ_CST);
		if (!shared->writing.value)
			break;
		*mine = 0;
		while (shared->writing.value)
			scale_pause();
	}
	(void)shared->protected.value;
	__atomic_store_n(mine, 0, __ATOMIC_RELEASE);
}

/*
 * Memory that processor 0 has touched first, read by the processor of the parameter, a line at a time, each found by the one
 * before. Lines of a page follow each other, so that translations cost next to nothing.
 */
enum { CHASE_BYTES = 16 << 20, LINE = 64, STEPS = 64 };

static char *chase_memory;

static void chase_prepare(const struct worker *w)
{
	(void)w;
	scale_pin(0);
	chase_memory = mmap(NULL, CHASE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chase_memory == MAP_FAILED)
		scale_fail("mmap");
	for (size_t at = 0; at < CHASE_BYTES; at += LINE) {
		size_t line = at / LINE % (PAGE / LINE), page = at / PAGE * PAGE;
		size_t next = line == PAGE / LINE - 1 ? (page + PAGE) % CHASE_BYTES : page + (line * 5 + 5) % 64 * LINE;

		*(char **)(chase_memory + page + line * 5 % 64 * LINE) = chase_memory + next;
	}
}

static void chase_start(struct worker *w)
{
	scale_pin((int)w->param[0]);
	w->memory = chase_memory;
}

static void chase_op(struct worker *w)
{
	char *at = w->memory;

#pragma GCC unroll 64
	for (int i = 0; i < STEPS; i++)
		at = *(char *volatile *)at;
	w->memory = at;
}

/*
 * One page in eight of a range that processor 0 has touched, once each: a TLB miss, a line of page table and a line of
 * memory, wherever the kernel has put them.
 */
enum { WALK_PAGES = 8192, WALK_STRIDE = 8 * PAGE, WALK_STEPS = 4 };

static void walk_prepare(const struct worker *w)
{
	(void)w;
	scale_pin(0);
	chase_memory = mmap(NULL, (size_t)WALK_PAGES * WALK_STRIDE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chase_memory == MAP_FAILED)
		scale_fail("mmap");
	madvise(chase_memory, (size_t)WALK_PAGES * WALK_STRIDE, MADV_NOHUGEPAGE); /* where there are none, well */
	for (long i = 0; i < WALK_PAGES; i++)
		*(volatile char *)(chase_memory + i * WALK_STRIDE) = 1;
}

static void walk_op(struct worker *w)
{
	for (int i = 0; i < WALK_STEPS; i++)
		(void)*(volatile char *)(w->memory + w->turn++ % WALK_PAGES * WALK_STRIDE);
}

const struct bench micro_benches[] = {
	{ .name = "private", .what = "a counter of one's own", .batch = 8, .op = private_op },
	{ .name = "shared", .what = "one atomic counter", .batch = 8, .prepare = shared_prepare, .op = shared_op },
	{ .name = "readshared", .what = "reading one line, and a counter of one's own", .batch = 8, .prepare = shared_prepare,
	  .op = read_op },
	{ .name = "ticket", .what = "a ticket lock", .batch = 8, .prepare = shared_prepare, .op = ticket_op },
	{ .name = "rwlock", .what = "a lock with one count of readers; 1 write in 1024", .batch = 8, .prepare = shared_prepare,
	  .op = rwlock_op },
	{ .name = "brlock", .what = "a lock with a line for each reader; 1 write in 1024", .batch = 8,
	  .prepare = shared_prepare, .op = brlock_op },
	{ .name = "chase", .what = "/CPU: 64 lines of processor 0's memory, one after the other", .batch = 4, .params = 1,
	  .prepare = chase_prepare, .start = chase_start, .op = chase_op },
	{ .name = "walk", .what = "/CPU: 4 pages of processor 0's memory, far apart", .batch = 1, .params = 1,
	  .prepare = walk_prepare, .start = chase_start, .op = walk_op },
	{ 0 },
};
