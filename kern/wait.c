/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Wait queues: see wait.h. */
#include "kern/wait.h"
#include "kern/thread.h"

void waitq_init(struct waitq *q)
{
	lock_init(&q->lock);
	TAILQ_INIT(&q->list);
}

static void waitq_enter(struct waitq *q, struct waiter *w, bool exclusive)
{
	w->thread = thread_current();
	w->exclusive = exclusive;
	w->queued = true;
	lock_acquire(&q->lock);
	TAILQ_INSERT_TAIL(&q->list, w, link);
	lock_release(&q->lock);
	atomic_thread_fence(memory_order_seq_cst);
}

void waitq_add(struct waitq *q, struct waiter *w)
{
	waitq_enter(q, w, false);
}

void waitq_add_exclusive(struct waitq *q, struct waiter *w)
{
	waitq_enter(q, w, true);
}

void waitq_remove(struct waitq *q, struct waiter *w)
{
	lock_acquire(&q->lock);
	TAILQ_REMOVE(&q->list, w, link);
	w->queued = false;
	lock_release(&q->lock);
}

static void waitq_wake_some(struct waitq *q, bool all, void (*wake)(struct thread *t))
{
	struct waiter *w;

	lock_acquire(&q->lock);
	TAILQ_FOREACH(w, &q->list, link) {
		wake(w->thread);
		if (w->exclusive && !all)
			break;
	}
	lock_release(&q->lock);
}

/*
 * The unlocked look is safe: a waiter adds itself before it looks at its condition, a waker changes the condition before
 * it looks at the list, and each has a full fence between the two. So one of them sees the other. (Releasing the lock is
 * no such fence: the waiter's link may still be in its store buffer when it loads the condition.)
 */
void waitq_wake(struct waitq *q)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (!waitq_empty(q))
		waitq_wake_some(q, true, thread_wake);
}

void waitq_wake_sync(struct waitq *q)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (!waitq_empty(q))
		waitq_wake_some(q, true, thread_wake_sync);
}

void waitq_wake_one(struct waitq *q)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (!waitq_empty(q))
		waitq_wake_some(q, false, thread_wake);
}

bool wait_sleep(u64 deadline)
{
	return sched_sleep(deadline);
}

bool signal_pending_current(void)
{
	return signal_pending(thread_current());
}
