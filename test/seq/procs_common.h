/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the tests of procs, files and regions share: a seeded generator, and a pool whose pages come from malloc and
 * which can be given a history.
 */
#ifndef TEST_SEQ_PROCS_COMMON_H
#define TEST_SEQ_PROCS_COMMON_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/errno.h"
#include "base/pool.h"
#include "base/types.h"
#include "test/tap.h"

/* A check inside a random program: silent if good, ends the program if not (the seed was printed before). */
#define must(cond, ...) do { if (!(cond)) { printf("# %s:%d: %s: ", __FILE__, __LINE__, #cond); printf(__VA_ARGS__); printf("\n"); return false; } } while (0)

static u64 rng_state;
static u64 rng(void) /* xorshift64* */
{
	rng_state ^= rng_state >> 12;
	rng_state ^= rng_state << 25;
	rng_state ^= rng_state >> 27;
	return rng_state * 0x2545f4914f6cdd1du;
}
static u64 below(u64 n) { return rng() % n; }

static u64 test_seed(int argc, char **argv)
{
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20250101;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# seed %llu (argument 1 changes it)\n", (unsigned long long)seed);
	return seed;
}

/* ---- pools ---- */
static void *test_refill(struct pool *p)
{
	(void)p;
	return aligned_alloc(16, PAGE_SIZE);
}
static void test_release(struct pool *p, void *page)
{
	(void)p;
	free(page);
}
static void test_pool(struct pool *p)
{
	pool_init(p, test_refill, test_release, NULL);
}

/* Gives a pool a past, so that addresses and free lists differ from those of another one. */
static __attribute__((unused)) void test_pool_history(struct pool *p, unsigned n)
{
	static const u16 sizes[] = { 16, 48, 100, 144, 200, 256, 300, 536, 1000 };
	void *obj[64];
	u16 size[64];
	unsigned i, k;

	for (k = 0; k < n; k++) {
		for (i = 0; i < 64; i++)
			obj[i] = pool_alloc(p, size[i] = sizes[(i * 7 + k) % ARRAY_SIZE(sizes)]);
		for (i = 64; i-- > 0;)
			pool_free(p, obj[(i * 37) % 64], size[(i * 37) % 64]);
	}
}

#endif
