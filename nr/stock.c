/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The memory promise (G4): what an admitted operation may allocate is there, on every replica, before it is logged.
 *
 * Each replica has a stock of pages that its pool takes from, and a credit:
 *
 *   credit = POOL_PAGE_WORTH * (pages in the stock) - (bytes promised to operations not yet applied here)
 *
 * A combiner that admits an operation subtracts its bytes on every replica and, where the credit falls below
 * zero, donates pages until it does not. Applying gives the promise back and pays for the pages taken. By the bound in
 * base/pool.c B bytes take at most ceil(B / POOL_PAGE_WORTH) pages from any state; so at the moment an operation
 * is admitted the stock suffices for all that are in flight, and each later admission makes sure again. Between
 * admissions the credit may dip below zero when pages are paid for: the rest of those pages is in the pool.
 *
 * Without a log nothing is in flight between rounds; then the rest of the current page counts too, and a
 * small instance needs no spare page.
 *
 * Who writes: donors (the combiners of all nodes) push; only the holder of the replica's gate pops: so the
 * pop's compare-exchange cannot be fooled by a page that left and came back.
 * Pairs: P1 push release <-> P2 pop acquire. K1: all changes of credit are acq_rel, so who sees a donation counted
 * also sees the page pushed.
 */
#include "nr/internal.h"

static void stock_push(struct nr_replica *r, struct nr_page *page)
{
	struct nr_page *top = atomic_load_explicit(&r->stock, memory_order_relaxed);

	do {
		page->next = top;
	} while (!atomic_compare_exchange_weak_explicit(&r->stock, &top, page, memory_order_release, /* P1 */
							memory_order_relaxed));
	atomic_fetch_add_explicit(&r->stocked, 1, memory_order_relaxed);
}

static struct nr_page *stock_pop(struct nr_replica *r)
{
	struct nr_page *top = atomic_load_explicit(&r->stock, memory_order_acquire); /* P2 */

	while (top && !atomic_compare_exchange_weak_explicit(&r->stock, &top, top->next, memory_order_acquire,
							     memory_order_acquire))
		;
	if (top)
		atomic_fetch_sub_explicit(&r->stocked, 1, memory_order_relaxed);
	return top;
}

static void *refill(struct pool *p)
{
	struct nr_replica *r = p->ctx;
	struct nr_page *page;

	if (r->filling)
		return nr_port_pages(1, r->node);
	page = stock_pop(r);
	if (!page)
		nr_port_panic("nr: apply allocated more than op_mem promised");
	r->refills++;
	return page;
}

static void release(struct pool *p, void *page)
{
	(void)p;
	nr_port_pages_free(page, 1);
}

void nr_stock_init(struct nr_replica *r)
{
	pool_init(&r->pool, refill, release, r);
	atomic_init(&r->credit, 0);
	atomic_init(&r->stock, NULL);
	atomic_init(&r->stocked, 0);
	r->refills = 0;
}

static s64 credit_add(struct nr_replica *r, s64 bytes)
{
	return atomic_fetch_add_explicit(&r->credit, bytes, memory_order_acq_rel) + bytes; /* K1 */
}

/* Nobody may be using the replica. What a combiner who was evicted has promised here, he will take back (or not, if the
 * replica is evicted too: then the next one in this struct has a page too many). */
void nr_stock_drop(struct nr_replica *r)
{
	struct nr_page *page;

	pool_drop(&r->pool);
	while ((page = stock_pop(r))) {
		nr_port_pages_free(page, 1);
		credit_add(r, -POOL_PAGE_WORTH);
	}
}

/* Donates until the credit is at least `floor`. */
static bool stock_raise(struct nr_replica *r, s64 credit, s64 floor)
{
	while (credit < floor) {
		struct nr_page *page = nr_port_pages(1, r->node);

		if (page) {
			stock_push(r, page);
			credit = credit_add(r, POOL_PAGE_WORTH);
		} else {
			credit = credit_add(r, 0); /* somebody else may have donated */
			return credit >= floor;
		}
	}
	return true;
}

/* Without a log: makes sure that `bytes` in all can be applied here now. The caller is the combiner. */
bool nr_stock_reserve_here(struct nr_replica *r, s64 bytes)
{
	if ((s64)pool_left(&r->pool) >= bytes)
		return true;
	return stock_raise(r, atomic_load_explicit(&r->credit, memory_order_relaxed), bytes);
}

/* Does the struct there date from before the batch? Else its combiner is evicted without knowing it: he promises nothing
 * there, and so has nothing to take back. */
static bool is_known(const struct nr_replica *r, const struct nr_batch *b)
{
	return likely(r->made <= b->made);
}

/* Takes promises back. */
static void unpromise(struct nr *nr, const struct nr_batch *b, u64 nodes, s64 bytes)
{
	u32 n;

	nr_for_each(n, nodes) {
		struct nr_replica *r = nr_rep(nr, n);

		if (is_known(r, b))
			credit_add(r, bytes);
	}
}

/* The batch is not published, nor will be. */
void nr_stock_unpromise(struct nr *nr, const struct nr_batch *b)
{
	s64 sum = 0;

	for (u32 i = 0; i < b->n; i++)
		sum += b->req[i]->mem;
	if (sum)
		unpromise(nr, b, b->members, sum);
}

/* With a log: promises `bytes` on every member, or nothing. The caller is some member's combiner. */
bool nr_stock_reserve_all(struct nr *nr, const struct nr_batch *b, u32 bytes)
{
	u64 promised = 0;
	bool good = true;
	u32 n;

	nr_for_each(n, b->members) {
		struct nr_replica *r = nr_rep(nr, n);

		good = !is_known(r, b) || stock_raise(r, credit_add(r, -(s64)bytes), 0);
		promised |= 1ull << n;
		if (!good)
			break;
	}
	if (!good)
		unpromise(nr, b, promised, bytes);
	return good;
}

/* After applying operations that `bytes` were promised to: gives the promise back, pays for the pages taken. */
void nr_stock_settle(struct nr_replica *r, s64 bytes)
{
	s64 change = bytes - (s64)POOL_PAGE_WORTH * r->refills;

	r->refills = 0;
	if (change)
		credit_add(r, change);
}
