/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Misses by cache line and by the instruction that missed: the answer to "what is this curve bound by?".
 *
 * A hash table of fixed size, filled from the beginning of the measured part of a region. When it is full, further pairs are
 * counted together, and the report says how many.
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#define PAIRS (1u << 17)
#define FULL (PAIRS / 4 * 3)

struct pair {
	uint64_t line, virtual, pc; /* line: physical address; virtual: of the access seen first */
	uint64_t count, remote, cycles;
};

static struct pair pairs[PAIRS];
static uint32_t used;
static struct pair rest;

void lines_begin(void)
{
	memset(pairs, 0, sizeof(pairs));
	memset(&rest, 0, sizeof(rest));
	used = 0;
}

static struct pair *find(uint64_t line, uint64_t pc)
{
	uint32_t at = (uint32_t)(((line >> LINE_SHIFT) * 0x9e3779b97f4a7c15ull ^ pc * 0xc2b2ae3d27d4eb4full) >> 47);

	while (pairs[at].count && (pairs[at].line != line || pairs[at].pc != pc))
		at = (at + 1) % PAIRS;
	return &pairs[at];
}

void lines_add(const struct access *a, uint64_t cycles, bool remote)
{
	uint64_t line = a->physical >> LINE_SHIFT << LINE_SHIFT;
	struct pair *p = find(line, a->pc);

	if (!p->count) {
		if (used == FULL)
			p = &rest;
		else
			used++;
		p->line = line;
		p->virtual = a->virtual;
		p->pc = a->pc;
	}
	p->count++;
	p->remote += remote;
	p->cycles += cycles;
}

static int by_cycles(const void *a, const void *b)
{
	uint64_t x = (*(struct pair *const *)a)->cycles, y = (*(struct pair *const *)b)->cycles;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* The pairs that cost most, one a line: "line PHYSICAL VIRTUAL PC COUNT REMOTE CYCLES". */
void lines_report(FILE *out, uint64_t top)
{
	struct pair **sorted = malloc(PAIRS * sizeof(*sorted));
	uint32_t n = 0;

	if (!sorted)
		return;
	for (uint32_t i = 0; i < PAIRS; i++) {
		if (pairs[i].count)
			sorted[n++] = &pairs[i];
	}
	qsort(sorted, n, sizeof(*sorted), by_cycles);
	for (uint32_t i = 0; i < n && i < top; i++)
		fprintf(out, "line %lx %lx %lx %lu %lu %lu\n", sorted[i]->line, sorted[i]->virtual, sorted[i]->pc, sorted[i]->count,
			sorted[i]->remote, sorted[i]->cycles);
	if (rest.count)
		fprintf(out, "line_rest %lu %lu\n", rest.count, rest.cycles);
	free(sorted);
}
