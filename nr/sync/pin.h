/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pin: a core uses what it found in an object, and counts nothing: it says in a word of its own that it is looking. So
 * any number of cores use one thing at once and meet in no cache line; who takes it away looks at all of them.
 *
 *   user    pin_set(&mine, object)     look (load seq_cst), use what is found     pin_clear(&mine)
 *   taker   take it out (store seq_cst)     pin_wait(&each, object)     free it
 *
 * What is found may as well be a permission, to write to some part of the object: then the taker has the whole to himself until
 * he gives it again (store release; the look is an acquire).
 *
 * A use is short and waits for nobody but other users, so the taker may wait with a lock held. One who comes back at once cannot lead
 * him on: each use has another number in the low bits of the word, and only the one that was seen is waited for.
 *
 * Orderings. P1 pin_set: exchange seq_cst, before the look  <->  P2 pin_wait: load seq_cst, after the thing was taken
 * out. Either the look misses the thing, or the taker sees the pin. P3 pin_clear: store release  <->  P4 pin_wait's last
 * load: the user's accesses are over.
 *
 * Context: one use at a time per pin, not interrupted by another. Objects are aligned to PIN_TURNS.
 */
#ifndef NR_SYNC_PIN_H
#define NR_SYNC_PIN_H

#include "base/types.h"
#include "nr/port.h"

#include <stdatomic.h>

#define PIN_TURNS 16u

struct pin {
	_Atomic u64 word; /* the object and the number of the use; an object of 0: none */
	u64 turn;         /* of its owner */
};

static inline void pin_set(struct pin *p, const void *object)
{
	p->turn = (p->turn + 1) % PIN_TURNS;
	atomic_exchange_explicit(&p->word, (u64)(uintptr_t)object + p->turn, memory_order_seq_cst); /* P1 */
}

static inline void pin_clear(struct pin *p)
{
	atomic_store_explicit(&p->word, 0, memory_order_release); /* P3 */
}

static inline void pin_wait(const struct pin *p, const void *object)
{
	u64 seen = atomic_load_explicit(&p->word, memory_order_seq_cst); /* P2, P4 */

	if (seen - seen % PIN_TURNS != (u64)(uintptr_t)object)
		return;
	while (atomic_load_explicit(&p->word, memory_order_acquire) == seen) /* P4 */
		nr_port_relax();
}

#endif
