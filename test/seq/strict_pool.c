/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * base/pool.h for finding mistakes: every object is a malloc of its own, so that AddressSanitizer sees overruns, use
 * after free and leaks, and pool_free checks that the size is the one given to pool_alloc. Pages are still asked
 * for by `refill` when the objects would not fit into those donated, so budgets of a test keep their meaning.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/pool.h"
#include "base/types.h"

struct object {
	struct object *next, *prev;
	size_t size;
	size_t unused; /* keeps what follows 16-byte aligned */
};

struct pool_page {
	struct pool_page *next;
};

/* The first free list is where the objects handed out hang. */
static struct object *objects(struct pool *p)
{
	return p->free[0];
}

void pool_init(struct pool *p, void *(*refill)(struct pool *), void (*release)(struct pool *, void *), void *ctx)
{
	*p = (struct pool){ .refill = refill, .release = release, .ctx = ctx };
}

size_t pool_rounded(size_t size)
{
	return ALIGN_UP(MAX(size, (size_t)1), (size_t)16);
}

void *pool_alloc(struct pool *p, size_t size)
{
	struct object *o;

	if (size > POOL_MAX)
		return NULL;
	if (p->used + pool_rounded(size) > p->npages * (PAGE_SIZE / 2)) {
		struct pool_page *page = p->refill(p);

		if (!page)
			return NULL;
		page->next = p->pages;
		p->pages = page;
		p->npages++;
	}
	o = malloc(sizeof(*o) + size);
	memset(o, 0xa5, sizeof(*o) + size);
	*o = (struct object){ .next = objects(p), .size = size };
	if (o->next)
		o->next->prev = o;
	p->free[0] = o;
	p->used += pool_rounded(size);
	return o + 1;
}

void *pool_zalloc(struct pool *p, size_t size)
{
	void *obj = pool_alloc(p, size);

	return obj ? memset(obj, 0, size) : NULL;
}

void pool_free(struct pool *p, void *obj, size_t size)
{
	struct object *o = (struct object *)obj - 1;

	if (!obj)
		return;
	if (o->size != size) {
		printf("# pool_free: object of %zu bytes given back as %zu\n", o->size, size);
		abort();
	}
	if (o->next)
		o->next->prev = o->prev;
	if (o->prev)
		o->prev->next = o->next;
	else
		p->free[0] = o->next;
	p->used -= pool_rounded(size);
	free(o);
}

void pool_drop(struct pool *p)
{
	struct pool_page *page, *next;

	while (objects(p))
		pool_free(p, objects(p) + 1, objects(p)->size);
	for (page = p->pages; page; page = next) {
		next = page->next;
		p->release(p, page);
	}
	pool_init(p, p->refill, p->release, p->ctx);
}

size_t pool_left(const struct pool *p)
{
	return p->npages * (PAGE_SIZE / 2) - p->used;
}
