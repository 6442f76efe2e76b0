/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The hardware contract inside a process: see host.h. */
#include "arch/host/host.h"

#include "arch/clock.h"
#include "arch/mmu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

u64 host_direct_base;
struct boot_info boot_info;

static struct core cores[CORES_MAX];
static u32 ncores, nnodes;
static u64 arena_size;
static _Thread_local struct core *self;

static _Noreturn void fail(const char *what)
{
	perror(what);
	abort();
}

static void map_range(const struct boot_range *r, bool garbage)
{
	void *at = (void *)(host_direct_base + r->start);

	if (mprotect(at, r->end - r->start, PROT_READ | PROT_WRITE))
		fail("mprotect");
	if (garbage)
		memset(at, 0x5b, r->end - r->start);
}

void host_machine(u32 n, u32 nodes, const struct boot_range *ranges, u32 nranges, bool garbage)
{
	void *arena;

	if (host_direct_base)
		munmap((void *)host_direct_base, arena_size);
	memset(&boot_info, 0, sizeof boot_info);
	arena_size = 0;
	for (u32 i = 0; i < nranges; i++)
		arena_size = MAX(arena_size, ranges[i].end);
	arena = mmap(NULL, arena_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED)
		fail("mmap");
	host_direct_base = (u64)arena;
	for (u32 i = 0; i < nranges; i++) {
		boot_info.range[i] = ranges[i];
		map_range(&ranges[i], garbage);
	}
	boot_info.nranges = nranges;
	ncores = n;
	nnodes = nodes;
	for (u32 i = 0; i < n; i++)
		cores[i] = (struct core){ .self = &cores[i], .id = i, .node = i % nodes };
	host_core_enter(0);
}

void host_core_enter(u32 id) { self = &cores[id]; }
struct core *core_this(void) { return self; }
u32 cores_count(void) { return ncores; }
u32 nodes_count(void) { return nnodes; }
struct core *core_get(u32 id) { return &cores[id]; }
u32 node_distance(u32 from, u32 to) { return 10 + 10 * (from > to ? from - to : to - from); }

u64 clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

u64 host_resident(void)
{
	u64 pages = arena_size / PAGE_SIZE, resident = 0;
	unsigned char *map = malloc(pages);

	if (!map || mincore((void *)host_direct_base, arena_size, map))
		fail("mincore");
	for (u64 i = 0; i < pages; i++)
		resident += map[i] & 1;
	free(map);
	return resident * PAGE_SIZE;
}
