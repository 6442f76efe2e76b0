/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Address spaces: mapping, touching, protecting and unmapping, by the threads of one process and by processes, and what an
 * unmap takes when other cores have the page in their TLBs.
 */
#define _GNU_SOURCE
#include "scale.h"

#include <sys/mman.h>

enum { MANY = 64 };

static char *map(size_t pages, int sharing)
{
	char *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		scale_fail("mmap");
	return at;
}

static void unmap(char *at, size_t pages)
{
	scale_check(munmap(at, pages * PAGE), "munmap");
}

static void map_op(struct worker *w)
{
	(void)w;
	unmap(map(1, MAP_PRIVATE), 1);
}

static void touch_op(struct worker *w)
{
	char *at = map(1, MAP_PRIVATE);

	(void)w;
	*(volatile char *)at = 1;
	unmap(at, 1);
}

static void shared_op(struct worker *w)
{
	char *at = map(1, MAP_SHARED);

	(void)w;
	*(volatile char *)at = 1;
	unmap(at, 1);
}

static void many_op(struct worker *w)
{
	char *at = map(MANY, MAP_PRIVATE);

	(void)w;
	for (int i = 0; i < MANY; i++)
		*(volatile char *)(at + i * PAGE) = 1;
	unmap(at, MANY);
}

static void page_start(struct worker *w)
{
	w->memory = map(1, MAP_PRIVATE);
	*(volatile char *)w->memory = 1;
}

/* To read-only and back, and a write. */
static void protect_op(struct worker *w)
{
	scale_check(mprotect(w->memory, PAGE, PROT_READ), "mprotect");
	scale_check(mprotect(w->memory, PAGE, PROT_READ | PROT_WRITE), "mprotect");
	*(volatile char *)w->memory = 1;
}

/* --- unmap: worker 0 unmaps a page that every other one has just read --- */

static struct {
	char *volatile page;
	volatile uint64_t round __attribute__((aligned(64)));
	struct {
		volatile uint64_t seen;
	} __attribute__((aligned(64))) reader[MAX_WORKERS];
} *stage;

static void stage_prepare(const struct worker *w)
{
	(void)w;
	stage = scale_shared(sizeof(*stage));
}

static void wait_for_readers(const struct worker *w, uint64_t round)
{
	for (int i = 1; i < w->workers; i++) {
		while (stage->reader[i].seen != round)
			scale_pause();
	}
}

static void unmap_lead(struct worker *w)
{
	uint64_t round = stage->round + 1, before;
	char *at = map(1, MAP_PRIVATE);

	*(volatile char *)at = 1;
	stage->page = at;
	stage->round = round;
	wait_for_readers(w, round);
	before = scale_clock();
	unmap(at, 1);
	scale_latency(scale_clock() - before);
}

static void unmap_op(struct worker *w)
{
	if (w->id == 0) {
		unmap_lead(w);
		return;
	}
	if (stage->reader[w->id].seen != stage->round) {
		(void)*(volatile char *)stage->page;
		stage->reader[w->id].seen = stage->round;
	}
	scale_pause();
}

const struct bench memory_benches[] = {
	{ .name = "map-threads", .what = "mmap and munmap of a page, by threads of one process", .batch = 1, .op = map_op },
	{ .name = "map-procs", .what = "the same by processes", .processes = true, .batch = 1, .op = map_op },
	{ .name = "touch-threads", .what = "mmap, a write, munmap, by threads", .batch = 1, .op = touch_op },
	{ .name = "touch-procs", .what = "the same by processes", .processes = true, .batch = 1, .op = touch_op },
	{ .name = "touchmany-threads", .what = "mmap of 64 pages, a write to each, munmap, by threads", .batch = 1, .op = many_op },
	{ .name = "touchmany-procs", .what = "the same by processes", .processes = true, .batch = 1, .op = many_op },
	{ .name = "shared-threads", .what = "mmap of shared memory, a write, munmap, by threads", .batch = 1, .op = shared_op },
	{ .name = "shared-procs", .what = "the same by processes", .processes = true, .batch = 1, .op = shared_op },
	{ .name = "protect-threads", .what = "mprotect of a page of one's own to read-only and back, a write, by threads",
	  .batch = 1, .start = page_start, .op = protect_op },
	{ .name = "protect-procs", .what = "the same by processes", .processes = true, .batch = 1, .start = page_start,
	  .op = protect_op },
	{ .name = "unmap", .what = "munmap by worker 0 of a page all others have just read", .batch = 1, .lead = true,
	  .prepare = stage_prepare, .op = unmap_op },
	{ 0 },
};
