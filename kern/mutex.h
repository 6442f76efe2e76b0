/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * mutex: exclusion for sections that may fault on user memory, hence sleep. For the few channel objects whose
 * semantics demand it (two writes to one file do not interleave). One word; waiters sleep on a queue.
 */
#ifndef KERN_MUTEX_H
#define KERN_MUTEX_H

#include <stdatomic.h>
#include "kern/wait.h"

struct mutex {
	_Atomic u32 held;
	struct waitq waiters;
};

static inline void mutex_init(struct mutex *m)
{
	atomic_store_explicit(&m->held, 0, memory_order_relaxed);
	waitq_init(&m->waiters);
}

static inline bool mutex_try(struct mutex *m)
{
	return !atomic_exchange_explicit(&m->held, 1, memory_order_acquire);
}

static inline void mutex_lock(struct mutex *m)
{
	if (!mutex_try(m))
		WAIT_KILLABLE_NOT(&m->waiters, FOREVER, mutex_try(m));
}

static inline void mutex_unlock(struct mutex *m)
{
	atomic_store_explicit(&m->held, 0, memory_order_release);
	waitq_wake_one(&m->waiters);
}

#endif
