/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pool: the memory of one replica of one sequential structure.
 *
 * A structure in seq/ allocates its nodes here and nowhere else. A pool hands out small objects cut from
 * pages that were given to it beforehand, so that an operation which was admitted (its worst case reserved
 * on every replica before it entered the log) can never fail half-way or on one replica only.
 *
 * The pool itself is sequential: whoever applies operations to the replica owns it. Pages are donated from
 * outside through `refill`, called by pool_alloc when the current page is used up.
 *
 *   pool_alloc   O(1): free list of the size class, else cut from the current page, else refill
 *   pool_free    O(1): push on the free list of the class; memory returns to the system with the pool
 *   pool_drop    O(pages): gives every page back through `release`
 *
 * Objects are 16-byte aligned, at most POOL_MAX bytes (more: NULL); sizes are rounded up to a class.
 * B rounded bytes of objects cost at most ceil(B / POOL_PAGE_WORTH) refills, whatever was allocated before.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/ints.h"

#ifdef __cplusplus
extern "C" {
#endif

#define POOL_MAX 2048
#define POOL_CLASSES 16
#define POOL_PAGE_WORTH 2048

struct pool_page;

struct pool {
	void *(*refill)(struct pool *);              /* a fresh page (PAGE_SIZE, zeroing not needed) or NULL */
	void (*release)(struct pool *, void *page);  /* gives a page back */
	void *ctx;                                   /* for the two above */
	struct pool_page *pages;                     /* every page owned */
	void *free[POOL_CLASSES];
	u8 *cut, *cut_end;                           /* the rest of the current page */
	size_t npages;
	size_t used;                                 /* bytes handed out, rounded to classes */
};

void pool_init(struct pool *p, void *(*refill)(struct pool *), void (*release)(struct pool *, void *), void *ctx);
void *pool_alloc(struct pool *p, size_t size);   /* NULL only if refill said NULL; contents undefined */
void *pool_zalloc(struct pool *p, size_t size);
void pool_free(struct pool *p, void *obj, size_t size);
void pool_drop(struct pool *p);
size_t pool_rounded(size_t size);                /* what an object of this size really takes: for op_mem sums */
size_t pool_left(const struct pool *p);          /* bytes in the current page */

#ifdef __cplusplus
}
#endif

#endif
