/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * frame_init: from the firmware's ranges to node pools.
 *
 * Everything that describes memory is carved from the start of the described ranges, largest range first, so
 * that it lies on the range's own node: the section table (once), the records of each range's sections (16-odd
 * MiB of them for 8 GiB, untouched until a section is opened), the node pools. A range too small to hold the
 * records of sections that no other range has described is left unused.
 */
#include "arch/boot.h"
#include "base/print.h"
#include "base/string.h"
#include "mem/buddy.h"
#include "mem/depot.h"

#define RECORDS_SIZE ALIGN_UP(SECTION_FRAMES * sizeof(struct frame), PAGE_SIZE)

static struct boot_range ram[BOOT_RANGES_MAX]; /* what is left to hand out, largest first */
static u32 nram;

static u64 length(const struct boot_range *r) { return r->end - r->start; }
static u64 first_section(const struct boot_range *r) { return r->start >> SECTION_SHIFT; }
static u64 last_section(const struct boot_range *r) { return (r->end - 1) >> SECTION_SHIFT; }

/* Page-rounded memory from the start of a range; NULL if that would use it up. */
static void *carve(struct boot_range *r, u64 bytes)
{
	void *at = phys_to_virt(r->start);

	bytes = ALIGN_UP(bytes, PAGE_SIZE);
	if (bytes >= length(r))
		return NULL;
	r->start += bytes;
	return at;
}

static void copy_ranges(void)
{
	for (u32 i = 0; i < boot_info.nranges; i++) {
		struct boot_range r = boot_info.range[i];
		u32 at = nram;

		r.start = MAX(ALIGN_UP(r.start, PAGE_SIZE), PAGE_SIZE); /* 0 means "no frame" */
		r.end = ALIGN_DOWN(r.end, PAGE_SIZE);
		if (r.start >= r.end)
			continue;
		r.node = MIN(r.node, nodes_count() - 1);
		for (; at && length(&ram[at - 1]) < length(&r); at--)
			ram[at] = ram[at - 1];
		ram[at] = r;
		nram++;
	}
}

static void make_table(void)
{
	u64 end = 0;

	if (!nram)
		panic("no memory");
	for (u32 i = 0; i < nram; i++)
		end = MAX(end, last_section(&ram[i]) + 1);
	nsections = end;
	sections = carve(&ram[0], end * sizeof *sections);
	if (!sections)
		panic("no memory for the section table");
	memset(sections, 0, end * sizeof *sections);
}

/* False: the range is too small to describe itself. */
static bool make_records(struct boot_range *r)
{
	u64 missing = 0, first = first_section(r), last = last_section(r);
	struct frame *records;

	for (u64 i = first; i <= last; i++)
		missing += !sections[i].frames;
	if (!missing)
		return true;
	records = carve(r, missing * RECORDS_SIZE);
	for (u64 i = first; records && i <= last; i++) {
		if (sections[i].frames)
			continue;
		sections[i].frames = records;
		records = (struct frame *)((u8 *)records + RECORDS_SIZE);
	}
	return records != NULL;
}

static void sort_by_distance(struct node_pool *n, u32 node)
{
	for (u32 i = 0; i < nodes_count(); i++) {
		u32 at = i, d = i == node ? 0 : node_distance(node, i);

		for (; at; at--) {
			u32 before = n->nearest[at - 1];

			if (before == node || node_distance(node, before) <= d)
				break;
			n->nearest[at] = (u8)before;
		}
		n->nearest[at] = (u8)i;
	}
}

static void make_pool(u32 node)
{
	struct boot_range *home = NULL;
	struct node_pool *n = NULL;

	for (u32 i = 0; i < nram && !home; i++)
		if (ram[i].node == node)
			home = &ram[i];
	if (home)
		n = carve(home, sizeof *n);
	if (!n)
		n = carve(&ram[0], sizeof *n);
	if (!n)
		panic("no memory for the pool of node %u", node);
	memset(n, 0, sizeof *n);
	lock_init(&n->lock);
	n->node = (u16)node;
	sort_by_distance(n, node);
	node_pools[node] = n;
}

static bool whole(const struct boot_range *r, u64 index)
{
	return r->start <= index << SECTION_SHIFT && (index + 1) << SECTION_SHIFT <= r->end;
}

/* Downwards, so that low sections are opened first. */
static void hand_out(const struct boot_range *r)
{
	struct node_pool *n = node_pools[r->node];

	for (u64 i = last_section(r) + 1; i-- > first_section(r);) {
		if (whole(r, i)) {
			buddy_add_virgin(n, i);
			continue;
		}
		if (!sections[i].open)
			section_open(i);
		buddy_add(n, MAX(r->start, i << SECTION_SHIFT), MIN(r->end, (i + 1) << SECTION_SHIFT));
	}
}

static void set_reserves(void)
{
	u64 total = 0, reserve;

	for (u32 i = 0; i < nodes_count(); i++)
		total += node_pools[i]->total;
	reserve = MIN(MAX(total / 64, (256ul << 10) / PAGE_SIZE), (4ul << 20) / PAGE_SIZE);
	for (u32 i = 0; i < nodes_count(); i++)
		node_pools[i]->reserve = total ? reserve * node_pools[i]->total / total : 0;
}

void frame_init(void)
{
	nram = 0;
	copy_ranges();
	make_table();
	for (u32 i = 0; i < nram; i++)
		if (!make_records(&ram[i])) {
			kwarn("memory %lx-%lx is too small to be used", (unsigned long)ram[i].start,
			      (unsigned long)ram[i].end);
			ram[i].end = ram[i].start;
		}
	for (u32 i = 0; i < nodes_count(); i++)
		make_pool(i);
	for (u32 i = 0; i < nram; i++)
		if (length(&ram[i]))
			hand_out(&ram[i]);
	set_reserves();
	depot_init();
}

void frame_donate(u64 start, u64 end, u32 node)
{
	struct node_pool *n = node_pools[MIN(node, nodes_count() - 1)];

	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	while (start < end) {
		u64 index = start >> SECTION_SHIFT, stop = MIN(end, (index + 1) << SECTION_SHIFT);

		if (index < nsections && sections[index].frames) {
			lock_acquire(&n->lock);
			if (!sections[index].open)
				section_open(index);
			buddy_add(n, start, stop);
			lock_release(&n->lock);
		}
		start = stop;
	}
}
