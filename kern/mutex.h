/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * mutex: exclusion for sections that may fault on user memory, hence sleep. For the few channel objects whose
 * semantics demand it (two writes to one file do not interleave). One word; waiters sleep on a queue, one of them is woken.
 *
 * Most such sections are shorter than going to sleep and being woken on another core, so who comes to a held one looks
 * at it for about that long first.
 */
#ifndef KERN_MUTEX_H
#define KERN_MUTEX_H

#include <stdatomic.h>
#include "arch/core.h"
#include "kern/wait.h"
#include "nr/port.h"

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
	return !atomic_load_explicit(&m->held, memory_order_relaxed) &&
	       !atomic_exchange_explicit(&m->held, 1, memory_order_acquire);
}

#define MUTEX_LOOKS 64

static inline void mutex_lock(struct mutex *m)
{
	u32 looks = cores_count() > 1 ? MUTEX_LOOKS : 0;

	for (; !mutex_try(m); looks--) {
		if (!looks) {
			WAIT_EXCLUSIVE_NOT(&m->waiters, FOREVER, mutex_try(m));
			return;
		}
		nr_port_relax();
	}
}

static inline void mutex_unlock(struct mutex *m)
{
	atomic_store_explicit(&m->held, 0, memory_order_release);
	waitq_wake_one(&m->waiters);
}

#endif
