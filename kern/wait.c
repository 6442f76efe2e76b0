/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Wait queues: see wait.h. */
#include "kern/wait.h"
#include "kern/poll.h"
#include "kern/thread.h"

void waitq_init(struct waitq *q)
{
	lock_init(&q->lock);
	TAILQ_INIT(&q->list);
}

void waitq_add_function(struct waitq *q, struct waiter *w, waiter_fn wake, bool exclusive)
{
	w->thread = thread_current();
	w->wake = wake;
	w->exclusive = exclusive;
	w->queued = true;
	lock_acquire(&q->lock);
	TAILQ_INSERT_TAIL(&q->list, w, link);
	lock_release(&q->lock);
	atomic_thread_fence(memory_order_seq_cst);
}

void waitq_add(struct waitq *q, struct waiter *w)
{
	waitq_add_function(q, w, NULL, false);
}

void waitq_remove(struct waitq *q, struct waiter *w)
{
	lock_acquire(&q->lock);
	TAILQ_REMOVE(&q->list, w, link);
	w->queued = false;
	lock_release(&q->lock);
}

static bool waiter_wake(struct waiter *w, u32 events)
{
	if (w->wake)
		return w->wake(w, events & ~WAKE_SYNC);
	if (events & WAKE_SYNC)
		thread_wake_sync(w->thread);
	else
		thread_wake(w->thread);
	return true;
}

static bool waitq_wake_some(struct waitq *q, u32 events, bool all)
{
	struct waiter *w;
	bool any = false;

	lock_acquire(&q->lock);
	TAILQ_FOREACH(w, &q->list, link) {
		bool useful = waiter_wake(w, events);

		any |= useful;
		if (useful && w->exclusive && !all)
			break;
	}
	lock_release(&q->lock);
	return any;
}

/*
 * The unlocked look is safe: a waiter adds itself before it looks at its condition, a waker changes the condition before
 * it looks at the list, and each has a full fence between the two. So one of them sees the other. (Releasing the lock is
 * no such fence: the waiter's link may still be in its store buffer when it loads the condition.)
 */
static bool waitq_occupied(struct waitq *q)
{
	atomic_thread_fence(memory_order_seq_cst);
	return !waitq_empty(q);
}

void waitq_wake(struct waitq *q)
{
	if (waitq_occupied(q))
		waitq_wake_some(q, 0, true);
}

void waitq_wake_one(struct waitq *q)
{
	if (waitq_occupied(q))
		waitq_wake_some(q, 0, false);
}

bool waitq_wake_for(struct waitq *q, u32 events)
{
	return waitq_occupied(q) && waitq_wake_some(q, events, false);
}

bool poller_fire(struct waiter *w, u32 events)
{
	struct poller *p = container_of(w, struct poll_entry, w)->owner;

	(void)events;
	atomic_store_explicit(&p->fired, true, memory_order_relaxed); /* thread_wake's message orders it */
	thread_wake(w->thread);
	return true;
}

bool wait_sleep(u64 deadline)
{
	return sched_sleep(deadline);
}

bool signal_pending_current(void)
{
	return signal_pending(thread_current());
}
