/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Frames, one core at a time: layouts of memory, exhaustion, blocks, distance, the reserve, references. */
#include "test/mem/mem.h"

#include <stdlib.h>
#include <string.h>

static u64 boot_bytes(void)
{
	u64 n = 0;

	for (u32 i = 0; i < boot_info.nranges; i++)
		n += boot_info.range[i].end - boot_info.range[i].start;
	return n;
}

static const struct boot_range *range_of(paddr_t p)
{
	for (u32 i = 0; i < boot_info.nranges; i++)
		if (p >= boot_info.range[i].start && p + PAGE_SIZE <= boot_info.range[i].end)
			return &boot_info.range[i];
	return NULL;
}

/* Takes every frame there is, looks at each, gives all back. */
static bool exhaust(void)
{
	u64 before = frame_free_count(), n = 0;
	paddr_t *all = calloc(before + 1, sizeof *all), p;
	bool good = true;

	while (n <= before && (p = frame_alloc((u32)n % nodes_count()))) {
		const struct boot_range *r = range_of(p);
		u64 *word = phys_to_virt(p);

		good &= r && r->node == frame_node(p) && frame_refs(p) == 1;
		*word = p;
		word[PAGE_SIZE / 8 - 1] = p;
		all[n++] = p;
	}
	good &= n == before && frame_free_count() == 0;
	for (u64 i = 0; i < n; i++) {
		u64 *word = phys_to_virt(all[i]);

		good &= *word == all[i] && word[PAGE_SIZE / 8 - 1] == all[i]; /* nobody else had it */
	}
	for (u64 i = 0; i < n; i++) { /* in random order */
		u64 j = i + (u64)rand() % (n - i);

		p = all[j];
		all[j] = all[i];
		frame_put(p);
	}
	good &= frame_free_count() == before;
	drain_all();
	good &= frame_free_count() == before && pools_sound();
	free(all);
	return good;
}

static void layout(const char *name, u32 nodes, const struct boot_range *r, u32 n, u64 max_overhead)
{
	machine(2 * nodes, nodes, r, n, true);
	ok(pools_sound(), "%s: sound after boot", name);
	ok(boot_bytes() - frame_total() * PAGE_SIZE <= max_overhead, "%s: describing it takes %lu KiB", name,
	   (boot_bytes() - frame_total() * PAGE_SIZE) >> 10);
	ok(exhaust(), "%s: every frame once, in its node, and back", name);
}

static void layouts(void)
{
	static const struct boot_range small[] = { { 0x1000, 0x9f000, 0 }, { 2 * MIB, 16 * MIB, 0 } };
	static const struct boot_range holes[] = {
		{ 0x1000, 0x9f000, 0 }, { 3 * MIB + 0x5000, 40 * MIB, 0 }, { 41 * MIB, 41 * MIB + 0x3000, 0 },
		{ 100 * MIB + 0x1000, 180 * MIB, 1 }, { 200 * MIB, 200 * MIB + 0x2000, 1 },
	};
	static const struct boot_range odd[] = { /* nodes that meet inside a section */
		{ 1 * MIB, 50 * MIB + 0x3000, 0 }, { 50 * MIB + 0x3000, 81 * MIB, 1 }, { 81 * MIB, 83 * MIB, 2 },
		{ 83 * MIB, 150 * MIB, 0 },
	};

	layout("16 MiB", 1, small, ARRAY_SIZE(small), 200 << 10);
	layout("holes", 2, holes, ARRAY_SIZE(holes), 700 << 10);
	layout("three nodes in one section", 3, odd, ARRAY_SIZE(odd), 700 << 10);
}

static void large(void)
{
	static const struct boot_range r[] = {
		{ 0x1000, 0x9f000, 0 }, { 4 * MIB, 3 * GIB, 0 }, { 4 * GIB, 13 * GIB, 0 }, { 13 * GIB, 25 * GIB, 1 },
	};
	u64 touched;

	machine(4, 2, r, ARRAY_SIZE(r), false);
	touched = host_resident();
	ok(touched < MIB, "24 GiB: booting touches %lu KiB", touched >> 10);
	ok(frame_free_count() * PAGE_SIZE > boot_bytes() - 64 * MIB && pools_sound(), "24 GiB: all there");
	ok(frame_node(frame_alloc(1)) == 1 && frame_node(frame_alloc(0)) == 0, "24 GiB: both nodes serve");
}

static void blocks(void)
{
	static const struct boot_range r[] = { { 1 * MIB, 130 * MIB, 0 }, { 130 * MIB, 200 * MIB, 1 } };
	enum { N = 400 };
	static struct { paddr_t p; unsigned order; } held[N];
	u64 free;
	bool good = true;

	machine(2, 2, r, 2, true);
	free = frame_free_count();
	for (int round = 0; round < 20000; round++) {
		int i = rand() % N;

		if (held[i].p) {
			u64 *first = phys_to_virt(held[i].p), *last = first + (PAGE_SIZE << held[i].order) / 8 - 1;

			good &= *first == held[i].p && *last == held[i].p;
			frame_free_order(held[i].p, held[i].order);
			held[i].p = 0;
			continue;
		}
		held[i].order = (unsigned)rand() % (rand() % 8 ? 4 : FRAME_ORDER_MAX + 1);
		held[i].p = frame_alloc_order((u32)rand() % 2, held[i].order);
		if (held[i].p) {
			u64 *first = phys_to_virt(held[i].p);

			good &= !(held[i].p & ((PAGE_SIZE << held[i].order) - 1)) && !frame_tryget(held[i].p);
			first[0] = first[(PAGE_SIZE << held[i].order) / 8 - 1] = held[i].p;
		}
	}
	ok(good && pools_sound(), "blocks are aligned, do not overlap, and are not counted");
	for (int i = 0; i < N; i++)
		if (held[i].p)
			frame_free_order(held[i].p, held[i].order);
	drain_all();
	ok(frame_free_count() == free && pools_sound(), "blocks: all back");
	ok(frame_alloc_order(0, FRAME_ORDER_MAX + 1) == 0, "an absurd order is refused");
}

/* What a core has too much of waits for another core in batches, until somebody wants a block. */
static void batches(void)
{
	static const struct boot_range r[] = { { 1 * MIB, 200 * MIB, 0 } };
	static paddr_t held[1000];
	u64 free, n = 0;

	machine(1, 1, r, 1, true);
	free = frame_free_count();
	for (u32 i = 0; i < ARRAY_SIZE(held); i++)
		held[i] = frame_alloc(0);
	for (u32 i = 0; i < ARRAY_SIZE(held); i++)
		frame_put(held[i]);
	ok(node_pools[0]->nbatches && frame_free_count() == free && pools_sound(), "frames in batches are free");
	while (frame_alloc_order(0, 5))
		n++;
	ok(!node_pools[0]->nbatches && frame_free_count() == free - 32 * n && pools_sound(), "blocks are made of batches, too");
}

static void nearest(void)
{
	static const struct boot_range r[] = { { 1 * MIB, 40 * MIB, 0 }, { 64 * MIB, 100 * MIB, 1 }, { 128 * MIB, 150 * MIB, 3 } };
	bool good = true;
	u32 last = 3;
	paddr_t p;

	machine(4, 4, r, 3, false);
	host_core_enter(3);
	while ((p = frame_alloc(3))) {
		good &= frame_node(p) <= last;
		last = frame_node(p);
	}
	ok(good && last == 0, "a node that is out takes from the nearest, then the next");
	host_core_enter(0);
}

static u64 take_user(void)
{
	u64 n = 0;

	while (frame_alloc_user((u32)n % nodes_count()))
		n++;
	return n;
}

static void reserve(void)
{
	static const struct boot_range r[] = { { 1 * MIB, 90 * MIB, 0 }, { 90 * MIB, 130 * MIB, 1 } };
	u64 left, kernel = 0;
	struct frame_stat s;
	paddr_t last = 0, p;

	machine(2, 2, r, 2, false);
	take_user();
	left = frame_free_count();
	ok(left >= frame_total() / 64 - 2 && left <= frame_total() / 64 + 2 * FRAME_CACHE_MAX,
	   "programs leave the reserve (%lu frames of %lu)", left, frame_total());
	frame_stats(1, &s);
	ok(s.free > 0, "on every node");
	while ((p = frame_alloc(0))) {
		last = p;
		kernel++;
	}
	ok(kernel == left && frame_free_count() == 0, "the kernel can use it all");
	frame_put(last);
	ok(!frame_alloc_user(0) && frame_alloc(0), "what comes back is the kernel's until the reserve is full");
}

static void put_twice(void)
{
	paddr_t p = frame_alloc(0);

	frame_put(p);
	frame_put(p);
}

static void wrong_order(void) { frame_free_order(frame_alloc_order(0, 3), 2); }

static void free_twice(void)
{
	paddr_t p = frame_alloc_order(0, 3);

	frame_free_order(p, 3);
	frame_free_order(p, 3);
}

static void references(void)
{
	static const struct boot_range r[] = { { 1 * MIB, 40 * MIB, 0 } };
	u64 free;
	paddr_t p;

	machine(1, 1, r, 1, true);
	free = frame_free_count();
	p = frame_alloc_zero(0);
	const u64 *w = phys_to_virt(p);
	bool zero = true;

	for (size_t i = 0; i < PAGE_SIZE / 8; i++)
		zero &= !w[i];
	ok(zero, "a zeroed frame is zero");
	ok(frame_get_shared(p) && !frame_get_shared(p) && frame_refs(p) == 3, "get_shared tells the first sharer");
	frame_put(p);
	frame_put(p);
	ok(frame_refs(p) == 1 && frame_free_count() == free - 1, "put keeps it until the last");
	ok(frame_tryget(p) && frame_refs(p) == 2, "tryget of a living frame");
	frame_put(p);
	frame_put(p);
	ok(!frame_tryget(p) && frame_free_count() == free, "tryget of a free frame fails");
	ok(!frame_find(0) && !frame_find(50 * MIB) && !frame_find(1ul << 50) && frame_find(20 * MIB), "frame_find");
	ok(dies(put_twice, "more puts than gets"), "put of a free frame is caught");
	ok(dies(wrong_order, "no block of order 2"), "a block freed with another order is caught");
	ok(dies(free_twice, "no block of order 3"), "a block freed twice is caught");
}

static void donate(void)
{
	static const struct boot_range r[] = { { 1 * MIB, 70 * MIB, 0 } };
	static const struct boot_range described[] = { { 1 * MIB, 40 * MIB, 0 }, { 50 * MIB, 70 * MIB, 0 } };
	u64 free;

	host_machine(1, 1, r, 1, true);
	memcpy(boot_info.range, described, sizeof described); /* 40..50 is the initrd */
	boot_info.nranges = 2;
	for (u32 i = 0; i < CORES_MAX; i++)
		atomic_store(&mem_cores[i], NULL);
	frame_init();
	free = frame_free_count();
	frame_donate(40 * MIB + 1, 50 * MIB - 1, 0);
	ok(frame_free_count() == free + (10 * MIB / PAGE_SIZE) - 2 && pools_sound(), "donated memory is there");
	boot_info.range[0].end = 70 * MIB;
	ok(exhaust(), "and can be used");
}

int main(void)
{
	srand(1);
	layouts();
	large();
	blocks();
	batches();
	nearest();
	reserve();
	references();
	donate();
	return tap_end();
}
