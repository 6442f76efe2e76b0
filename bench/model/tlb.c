/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A TLB per vCPU, and the walks that fill it.
 *
 * Two levels, as in the processors of the profiles: a small first one of 4 KiB translations, and a second one that
 * holds translations of 4 KiB and 2 MiB. What neither has is walked: the model reads the guest's page tables from CR3 on,
 * and each entry it reads is a memory access of this vCPU, charged where the table lies. A cache of page directories
 * (by 2 MiB) leaves most walks one access.
 *
 * QEMU has a TLB of its own, which is larger and flushed at other times, so a translation here may differ from the tables
 * (the guest has changed an entry and not flushed yet). That is as it should be: only the cost is taken from here.
 *
 *	mov to cr3     drops what is not global           invlpg   drops one page, and the directory cache
 *	mov to cr4     drops everything
 *
 * QEMU's emulation has no PCID, so no guest uses one, and there is none here. Instruction fetches are not modelled.
 */
#include "decode.h"
#include "model.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 4
#define DIRECTORIES 32
#define PRESENT 1ull
#define LARGE (1ull << 7)
#define GLOBAL (1ull << 8)
#define ADDRESS 0x000ffffffffff000ull

enum { SMALL_PAGE = 12, LARGE_PAGE = 21 };

/* Valid while `era` is the TLB's present one of its kind. */
struct translation {
	uint64_t tag;	/* page number << 1 | large */
	uint32_t era;
	uint32_t global;
};

struct directory {
	uint64_t tag, table;	/* address >> 21, and the page table for it */
	uint32_t era;
};

struct tlb {
	struct translation *first, *second;
	struct directory directories[DIRECTORIES];
	uint64_t last;		/* the page number used last, + 1 */
	uint64_t root;		/* CR3, when it is known */
	bool root_known;
	uint32_t first_sets, second_sets;
	uint32_t era, global_era, first_era, directory_era, turn;
};

static uint32_t sets_of(uint64_t entries)
{
	uint64_t sets = entries / WAYS;

	return sets < 2 ? 1 : 1u << (63 - __builtin_clzll(sets));
}

int tlb_setup(struct vcpu *v)
{
	struct tlb *t = calloc(1, sizeof(*t));

	v->tlb = t;
	if (!t)
		return -1;
	t->first_sets = sets_of(profile.tlb_entries);
	t->second_sets = sets_of(profile.stlb_entries);
	t->first = calloc(t->first_sets * WAYS, sizeof(*t->first));
	t->second = calloc(t->second_sets * WAYS, sizeof(*t->second));
	return t->first && t->second ? 0 : -1;
}

static void drop(struct tlb *t, bool global)
{
	t->era++;
	t->first_era++;
	t->directory_era++;
	t->global_era += global;
	t->last = 0;
}

void tlb_begin(struct vcpu *v)
{
	drop(v->tlb, true);
	v->tlb->root_known = false;
}

/* --- look-up --- */

static bool valid(const struct tlb *t, const struct translation *e)
{
	return e->era == (e->global ? t->global_era : t->era);
}

static struct translation *look(struct translation *table, uint32_t sets, uint64_t tag)
{
	return table + ((tag >> 1) & (sets - 1)) * WAYS;
}

static bool in_second(const struct tlb *t, uint64_t tag)
{
	struct translation *e = look(t->second, t->second_sets, tag);

	for (int i = 0; i < WAYS; i++) {
		if (e[i].tag == tag && valid(t, &e[i]))
			return true;
	}
	return false;
}

static bool in_first(const struct tlb *t, uint64_t tag)
{
	struct translation *e = look(t->first, t->first_sets, tag);

	for (int i = 0; i < WAYS; i++) {
		if (e[i].tag == tag && e[i].era == t->first_era)
			return true;
	}
	return false;
}

static void put_first(struct tlb *t, uint64_t tag)
{
	struct translation *e = look(t->first, t->first_sets, tag) + t->turn++ % WAYS;

	*e = (struct translation){ .tag = tag, .era = t->first_era };
}

static void put_second(struct tlb *t, uint64_t tag, bool global)
{
	struct translation *set = look(t->second, t->second_sets, tag), *e = set + t->turn % WAYS;

	for (int i = 0; i < WAYS; i++) {
		if (!valid(t, &set[i]))
			e = &set[i];
	}
	*e = (struct translation){ .tag = tag, .era = global ? t->global_era : t->era, .global = global };
}

/* --- walks --- */

static uint64_t read_entry(struct vcpu *v, uint64_t physical, uint64_t pc)
{
	uint64_t entry = 0;
	struct access a = { .physical = physical, .virtual = 0, .pc = pc };

	if (!cache_covers(physical))
		return 0;
	cpu_physical_memory_rw(physical, &entry, sizeof(entry), false);
	charge(v, profile.walk_step);
	cache_access(v, &a);
	return entry;
}

static uint64_t root_of(struct tlb *t)
{
	if (!t->root_known) {
		t->root = guest_register(GUEST_CR3) & ADDRESS;
		t->root_known = true;
	}
	return t->root;
}

static void finish_walk(struct tlb *t, uint64_t vaddr, uint64_t entry, bool large)
{
	uint64_t page = vaddr >> (large ? LARGE_PAGE : SMALL_PAGE);

	put_second(t, page << 1 | large, entry & GLOBAL);
}

/* From the root down to the table of 4 KiB pages. 0 where a larger page, or nothing, lies above it. */
static uint64_t walk_down(struct vcpu *v, uint64_t vaddr, uint64_t pc)
{
	uint64_t table = root_of(v->tlb);

	for (int shift = 39; shift >= LARGE_PAGE; shift -= 9) {
		uint64_t entry = read_entry(v, table + (vaddr >> shift & 511) * 8, pc);

		if (!(entry & PRESENT))
			return 0;
		if (shift < 39 && entry & LARGE) {
			finish_walk(v->tlb, vaddr, entry, true);
			return 0;
		}
		table = entry & ADDRESS;
	}
	return table;
}

static void walk(struct vcpu *v, uint64_t vaddr, uint64_t pc)
{
	struct tlb *t = v->tlb;
	struct directory *d = &t->directories[(vaddr >> LARGE_PAGE) % DIRECTORIES];
	uint64_t entry;

	if (d->tag != vaddr >> LARGE_PAGE || d->era != t->directory_era) {
		uint64_t table = walk_down(v, vaddr, pc);

		if (!table)
			return;
		*d = (struct directory){ vaddr >> LARGE_PAGE, table, t->directory_era };
	}
	entry = read_entry(v, d->table + (vaddr >> SMALL_PAGE & 511) * 8, pc);
	if (entry & PRESENT)
		finish_walk(t, vaddr, entry, false);
}

void tlb_access(struct vcpu *v, uint64_t vaddr, uint64_t pc)
{
	struct tlb *t = v->tlb;
	uint64_t page = vaddr >> SMALL_PAGE, tag = page << 1, start;

	if (t->last == page + 1)
		return;
	t->last = page + 1;
	if (in_first(t, tag))
		return;
	if (in_second(t, tag) || in_second(t, vaddr >> LARGE_PAGE << 1 | 1)) {
		charge(v, profile.stlb_hit);
	} else {
		start = clock_of(v);
		walk(v, vaddr, pc);
		v->n.tlb_misses++;
		v->n.walk_cycles += clock_of(v) - start;
	}
	put_first(t, tag);
}

/* --- flushes --- */

void tlb_flush(unsigned int vcpu, void *all)
{
	struct vcpu *v = &vcpus[vcpu];

	if (!region_on)
		return;
	v->n.tlb_flushes++;
	v->tlb->root_known = false;
	drop(v->tlb, all != NULL);
}

static void forget(struct tlb *t, uint64_t tag)
{
	struct translation *e = look(t->second, t->second_sets, tag);

	for (int i = 0; i < WAYS; i++) {
		if (e[i].tag == tag)
			e[i].era = 0;
	}
}

void tlb_forget(unsigned int vcpu, void *data)
{
	const struct operand *operand = data;
	struct vcpu *v = &vcpus[vcpu];
	uint64_t vaddr;

	if (!region_on)
		return;
	v->n.invlpgs++;
	v->tlb->last = 0;
	v->tlb->first_era++;
	v->tlb->directory_era++;
	if (operand->base < 0) { /* an operand of a form that is not decoded: rather too much than too little */
		drop(v->tlb, true);
		return;
	}
	vaddr = guest_register(operand->base) + (int64_t)operand->displacement;
	forget(v->tlb, vaddr >> SMALL_PAGE << 1);
	forget(v->tlb, vaddr >> LARGE_PAGE << 1 | 1);
}
