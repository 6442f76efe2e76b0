/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pool: size classes over donated pages. See base/pool.h.
 *
 *   page:  [ header 16 | object | object | ... | cut -> rest -> cut_end ]
 *
 * One page is being cut; freed objects go to the list of their class. When an object does not fit in the rest
 * of the page, the rest is split into the classes it holds and the next page is asked for.
 *
 * The bound nr relies on: a page has 4080 bytes, an object at most 2048, so a page is given up only after at
 * least POOL_PAGE_WORTH bytes were handed out of it. B bytes of objects (rounded) thus cost at most
 * ceil(B / POOL_PAGE_WORTH) refills, whatever the pool looked like before.
 */
#include "base/pool.h"
#include "base/types.h"

struct pool_page {
	struct pool_page *next;
	u64 unused; /* keeps objects 16-byte aligned */
};

static const u16 class_size[POOL_CLASSES] = { 16,  32,  48,  64,  80,  96,   128,  160,
					      192, 256, 384, 512, 768, 1024, 1536, POOL_MAX };

#define LINEAR 6 /* the first classes are 16 bytes apart */

_Static_assert(sizeof(struct pool_page) == 16, "objects start 16-byte aligned");
_Static_assert(PAGE_SIZE - sizeof(struct pool_page) - (POOL_MAX - 16) >= POOL_PAGE_WORTH, "the bound above");

/* The smallest class that holds size; size is 1..POOL_MAX. */
static unsigned class_of(size_t size)
{
	unsigned c = LINEAR;

	if (size <= class_size[LINEAR - 1])
		return size ? (unsigned)((size - 1) / 16) : 0;
	while (class_size[c] < size)
		c++;
	return c;
}

static void list_push(struct pool *p, unsigned c, void *obj)
{
	*(void **)obj = p->free[c];
	p->free[c] = obj;
}

/* The rest of a page that is too small for the object at hand still serves smaller ones. */
static void split_rest(struct pool *p)
{
	unsigned c = POOL_CLASSES;

	while (c-- > 0) {
		while ((size_t)(p->cut_end - p->cut) >= class_size[c]) {
			list_push(p, c, p->cut);
			p->cut += class_size[c];
		}
	}
}

static bool next_page(struct pool *p)
{
	struct pool_page *page = p->refill(p);

	if (!page)
		return false;
	split_rest(p);
	page->next = p->pages;
	p->pages = page;
	p->npages++;
	p->cut = (u8 *)(page + 1);
	p->cut_end = (u8 *)page + PAGE_SIZE;
	return true;
}

void pool_init(struct pool *p, void *(*refill)(struct pool *), void (*release)(struct pool *, void *), void *ctx)
{
	*p = (struct pool){ .refill = refill, .release = release, .ctx = ctx };
}

void *pool_alloc(struct pool *p, size_t size)
{
	unsigned c;
	void *obj;

	if (size > POOL_MAX)
		return NULL;
	c = class_of(size);
	obj = p->free[c];
	if (obj) {
		p->free[c] = *(void **)obj;
	} else {
		if ((size_t)(p->cut_end - p->cut) < class_size[c] && !next_page(p))
			return NULL;
		obj = p->cut;
		p->cut += class_size[c];
	}
	p->used += class_size[c];
	return obj;
}

void *pool_zalloc(struct pool *p, size_t size)
{
	void *obj = pool_alloc(p, size);

	if (obj)
		__builtin_memset(obj, 0, size);
	return obj;
}

void pool_free(struct pool *p, void *obj, size_t size)
{
	unsigned c;

	if (!obj)
		return;
	c = class_of(size);
	p->used -= class_size[c];
	list_push(p, c, obj);
}

void pool_drop(struct pool *p)
{
	struct pool_page *page = p->pages;

	while (page) {
		struct pool_page *next = page->next;

		p->release(p, page);
		page = next;
	}
	pool_init(p, p->refill, p->release, p->ctx);
}

size_t pool_rounded(size_t size)
{
	return size > POOL_MAX ? size : class_size[class_of(size)];
}

size_t pool_left(const struct pool *p)
{
	return (size_t)(p->cut_end - p->cut);
}
