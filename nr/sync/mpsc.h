/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * mpsc: an intrusive list that many push to and one empties; the mailbox of a core.
 *
 *   mpsc_push      any context, any core; lock-free, one compare-exchange; true if the list was empty (then, and
 *                  only then, the consumer may need a kick)
 *   mpsc_take_all  the consumer: one exchange; returns the nodes oldest first, linked through `next`
 *   mpsc_empty     a hint
 *
 *   head -> newest -> ... -> oldest -> NULL
 *
 * The producer owns a node until it pushes it, the consumer after it took it. As only whole lists are taken,
 * a node that comes back to the same address (ABA) does no harm.
 *
 * Orderings. M1 push: compare-exchange release  <->  M2 take_all: exchange acquire (a node's contents). The
 * exchange reads the newest push; older pushes are in its release sequence.
 */
#ifndef NR_SYNC_MPSC_H
#define NR_SYNC_MPSC_H

#include "base/types.h"

#include <stdatomic.h>

struct mpsc_node {
	struct mpsc_node *next;
};

struct mpsc {
	_Atomic(struct mpsc_node *) head;
};

#define MPSC_INIT { NULL }

static inline void mpsc_init(struct mpsc *q)
{
	atomic_init(&q->head, NULL);
}

static inline bool mpsc_push(struct mpsc *q, struct mpsc_node *n)
{
	struct mpsc_node *old = atomic_load_explicit(&q->head, memory_order_relaxed);

	do {
		n->next = old;
	} while (!atomic_compare_exchange_weak_explicit(&q->head, &old, n, memory_order_release, /* M1 */
							memory_order_relaxed));
	return old == NULL;
}

static inline bool mpsc_empty(const struct mpsc *q)
{
	return atomic_load_explicit(&q->head, memory_order_relaxed) == NULL;
}

static inline struct mpsc_node *mpsc_take_all(struct mpsc *q)
{
	struct mpsc_node *n = NULL, *fifo = NULL;

	if (!mpsc_empty(q))
		n = atomic_exchange_explicit(&q->head, NULL, memory_order_acquire); /* M2 */
	while (n) {
		struct mpsc_node *older = n->next;

		n->next = fifo;
		fifo = n;
		n = older;
	}
	return fifo;
}

#endif
