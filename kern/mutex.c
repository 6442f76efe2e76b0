/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Waiting for a mutex, and whom it goes to: see mutex.h. */
#include "kern/mutex.h"
#include "arch/core.h"
#include "nr/port.h"

/* For about as long as a short section takes; false: it did not come free, or enough others look. */
static bool mutex_look(struct mutex *m)
{
	u32 looks = MUTEX_LOOKS;
	bool got = false;

	if (cores_count() == 1 || atomic_load_explicit(&m->looking, memory_order_relaxed) >= MUTEX_LOOKERS)
		return false;
	atomic_fetch_add(&m->looking, 1);
	while (!(got = mutex_try(m)) && looks--)
		nr_port_relax();
	atomic_fetch_sub(&m->looking, 1);
	atomic_thread_fence(memory_order_seq_cst);
	return got || mutex_try(m);
}

/* Of one on the queue. Who was woken looks as well: while he was on his way, somebody awake may have come before him. */
static bool mutex_get(struct mutex *m, bool *woken)
{
	bool look = *woken;

	*woken = true;
	return mutex_try(m) || (look && mutex_look(m));
}

void mutex_wait(struct mutex *m)
{
	bool woken = false;

	if (!mutex_look(m))
		WAIT_EXCLUSIVE_NOT(&m->waiters, FOREVER, mutex_get(m, &woken));
}

void mutex_pass(struct mutex *m)
{
	if (atomic_load(&m->looking) && atomic_fetch_add_explicit(&m->turn, 1, memory_order_relaxed) % MUTEX_TURNS)
		return;
	waitq_wake_one(&m->waiters);
}
