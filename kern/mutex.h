/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * mutex: exclusion for sections that may fault on user memory, hence sleep. For the few channel objects whose
 * semantics demand it (two writes to one file do not interleave). One word; waiters sleep on a queue, one of them is woken.
 *
 *   free --mutex_try--> held --mutex_unlock--> free
 *
 * Most such sections are shorter than going to sleep and being woken on another core, so who comes to a held one looks
 * at it for about that long first. Only MUTEX_LOOKERS do at a time, as each one that looks takes the word's line from its
 * holder; all others sleep at once, and are left asleep while somebody looks. So in a crowd the section goes round among few
 * cores that are awake, and the queue is touched once in MUTEX_TURNS releases, which wake a sleeper in any case: nobody waits
 * for ever.
 *
 * No wake-up is lost. Who unlocks frees the word, then asks for sleepers, then for lookers; who stops looking says so, then
 * tries once more; a full fence lies between the two steps of each. So one that is seen looking, and for whose sake nobody is woken, gets
 * the mutex or finds it taken by somebody else, who will unlock it.
 */
#ifndef KERN_MUTEX_H
#define KERN_MUTEX_H

#include <stdatomic.h>
#include "kern/wait.h"

struct mutex {
	_Atomic u32 held;
	_Atomic u32 looking; /* how many look at `held` */
	_Atomic u32 turn;    /* releases that met both sleepers and lookers */
	struct waitq waiters;
};

#define MUTEX_LOOKS 64
#define MUTEX_LOOKERS 3
#define MUTEX_TURNS 16

static inline void mutex_init(struct mutex *m)
{
	atomic_store_explicit(&m->held, 0, memory_order_relaxed);
	atomic_store_explicit(&m->looking, 0, memory_order_relaxed);
	waitq_init(&m->waiters);
}

static inline bool mutex_try(struct mutex *m)
{
	return !atomic_load_explicit(&m->held, memory_order_relaxed) &&
	       !atomic_exchange_explicit(&m->held, 1, memory_order_acquire);
}

void mutex_wait(struct mutex *m); /* until it is ours */
void mutex_pass(struct mutex *m); /* it was freed, and somebody is on the queue */

static inline void mutex_lock(struct mutex *m)
{
	if (!mutex_try(m))
		mutex_wait(m);
}

static inline void mutex_unlock(struct mutex *m)
{
	atomic_store_explicit(&m->held, 0, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	if (!waitq_empty(&m->waiters))
		mutex_pass(m);
}

#endif
