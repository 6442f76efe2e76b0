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

/* Exclusive ones stand behind all others, so that a wake meets everybody else before it ends with one of them. */
void waitq_add_function(struct waitq *q, struct waiter *w, waiter_fn wake, bool exclusive)
{
	struct waiter *last;

	w->thread = thread_current();
	w->wake = wake;
	w->exclusive = exclusive;
	w->told = false;
	w->queued = true;
	lock_acquire(&q->lock);
	last = TAILQ_LAST(&q->list, waiter_list);
	if (last && last->exclusive && !exclusive)
		TAILQ_INSERT_HEAD(&q->list, w, link);
	else
		TAILQ_INSERT_TAIL(&q->list, w, link);
	lock_release(&q->lock);
	atomic_thread_fence(memory_order_seq_cst);
}

void waitq_add(struct waitq *q, struct waiter *w)
{
	waitq_add_function(q, w, NULL, false);
}

void waitq_rearm(struct waitq *q, struct waiter *w)
{
	lock_acquire(&q->lock);
	w->told = false;
	lock_release(&q->lock);
	atomic_thread_fence(memory_order_seq_cst);
}

void waitq_remove(struct waitq *q, struct waiter *w)
{
	lock_acquire(&q->lock);
	TAILQ_REMOVE(&q->list, w, link);
	w->queued = false;
	lock_release(&q->lock);
}

void thread_wake_for(struct thread *t, u32 events)
{
	if (events & WAKE_SYNC)
		thread_wake_sync(t);
	else
		thread_wake(t);
}

static bool waiter_wake(struct waiter *w, u32 events)
{
	if (w->wake)
		return w->wake(w, events);
	if (w->exclusive && w->told)
		return false;
	w->told = true;
	thread_wake_for(w->thread, events);
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

	atomic_store_explicit(&p->fired, true, memory_order_relaxed); /* thread_wake's message orders it */
	thread_wake_for(w->thread, events);
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
