/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Random programs against base/pool.c: no overlap, alignment, exact accounts, the refill bound, nothing lost. */
#include "base/pool.h"
#include "base/types.h"
#include "test/nr/tap.h"

#include <stdlib.h>
#include <string.h>

static size_t pages_out, refills, refuse_after = SIZE_MAX;

static void *refill(struct pool *p)
{
	(void)p;
	if (refills >= refuse_after)
		return NULL;
	refills++;
	pages_out++;
	return aligned_alloc(PAGE_SIZE, PAGE_SIZE);
}

static void release(struct pool *p, void *page)
{
	(void)p;
	pages_out--;
	free(page);
}

struct obj {
	u8 *at;
	size_t size;
	u8 fill;
};

static bool intact(const struct obj *o)
{
	for (size_t i = 0; i < o->size; i++)
		if (o->at[i] != o->fill)
			return false;
	return true;
}

static void random_program(unsigned seed)
{
	enum { N = 400 };
	static struct obj o[N];
	struct pool p;
	size_t used = 0;
	bool good = true, aligned = true;

	srand(seed);
	memset(o, 0, sizeof(o));
	pool_init(&p, refill, release, NULL);
	for (int step = 0; step < 20000; step++) {
		struct obj *x = &o[rand() % N];

		if (x->at) {
			good = good && intact(x);
			pool_free(&p, x->at, x->size);
			used -= pool_rounded(x->size);
			x->at = NULL;
		} else {
			x->size = 1 + (size_t)rand() % (rand() % 8 ? 200 : POOL_MAX);
			x->fill = (u8)rand();
			x->at = pool_alloc(&p, x->size);
			aligned = aligned && x->at && (uintptr_t)x->at % 16 == 0;
			memset(x->at, x->fill, x->size);
			used += pool_rounded(x->size);
		}
		good = good && p.used == used;
	}
	ok(good && aligned, "pool: seed %u: objects intact, aligned, accounts exact", seed);
	ok(p.npages == pages_out, "pool: seed %u: %zu pages owned", seed, p.npages);
	pool_drop(&p);
	ok(pages_out == 0, "pool: seed %u: drop gives every page back", seed);
}

/* From any state, B bytes cost at most ceil(B / POOL_PAGE_WORTH) refills. */
static void refill_bound(void)
{
	struct pool p;
	bool good = true;

	srand(7);
	pool_init(&p, refill, release, NULL);
	for (int round = 0; round < 3000; round++) {
		size_t before = refills, bytes = 0;
		int n = 1 + rand() % 12;

		for (int i = 0; i < n; i++) {
			size_t size = rand() % 3 ? POOL_MAX - (size_t)(rand() % 64) : 1 + (size_t)(rand() % POOL_MAX);

			bytes += pool_rounded(size);
			good = good && pool_alloc(&p, size);
		}
		good = good && refills - before <= (bytes + POOL_PAGE_WORTH - 1) / POOL_PAGE_WORTH;
	}
	ok(good, "pool: refills stay within the bound");
	pool_drop(&p);
}

static void refusal(void)
{
	struct pool p;
	void *a, *b;
	size_t left;

	refills = 0;
	refuse_after = 1;
	pool_init(&p, refill, release, NULL);
	a = pool_alloc(&p, 100);
	left = pool_left(&p);
	while (pool_left(&p) >= pool_rounded(100) && pool_alloc(&p, 100))
		;
	ok(left == PAGE_SIZE - 16 - pool_rounded(100), "pool: the rest of the page is known");
	ok(a && !pool_alloc(&p, 100), "pool: without a page the answer is NULL");
	pool_free(&p, a, 100);
	b = pool_zalloc(&p, 97);
	ok(b == a && *(u8 *)b == 0, "pool: a freed object is reused, and zeroed if asked");
	ok(!pool_alloc(&p, POOL_MAX + 1), "pool: larger than POOL_MAX is refused");
	pool_drop(&p);
	ok(pages_out == 0, "pool: nothing lost");
	refuse_after = SIZE_MAX;
}

int main(void)
{
	for (unsigned seed = 1; seed <= 4; seed++)
		random_program(seed);
	refill_bound();
	refusal();
	return tap_end();
}
