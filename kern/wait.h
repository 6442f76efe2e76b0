/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Wait queues: the only way to block.
 *
 *   struct waiter w;                    WAIT_UNTIL(q, deadline, cond) does all of this:
 *   waitq_add(q, &w);                   1. be on the queue
 *   while (!cond) sched_sleep(...);     2. look, linearizably if the condition is replicated state; 3. sleep
 *   waitq_remove(q, &w);
 *
 * A wake between 2 and 3 is not lost: it is a message to this thread's home core, which is the core that runs
 * it until it sleeps. A waiter lives on its thread's stack; one thread may wait on many queues (poll).
 * waitq_wake may be called from interrupts and under locks; it takes the queue's short lock.
 *
 * A waiter may also be a function (kern/poll.h, kern/epoll.c), which is called under the queue's lock, in whatever context
 * the wake is: it takes short locks and wakes other queues, never this one. What happened comes along as POLL* bits, so that
 * who waits for input is not told of room; a plain waiter is woken by anything.
 */
#ifndef KERN_WAIT_H
#define KERN_WAIT_H

#include "base/errno.h"
#include "base/queue.h"
#include "base/types.h"
#include "nr/sync/lock.h"

struct thread;
struct waiter;

/* events: POLL* bits, none: anything may have happened; perhaps with WAKE_SYNC, to be handed on. False: it was no use to this one; wake another exclusive one. */
typedef bool (*waiter_fn)(struct waiter *w, u32 events);

struct waiter {
	TAILQ_ENTRY(waiter) link;
	struct thread *thread;
	waiter_fn wake;    /* NULL: wake the thread */
	bool exclusive;    /* one of these is enough, unless everybody is woken */
	bool told;         /* an exclusive thread was woken, and has not looked since: it is of no use to the next wake */
	bool queued;
};

struct waitq {
	struct lock lock;
	TAILQ_HEAD(waiter_list, waiter) list;
};

#define WAITQ_INIT(q) { LOCK_INIT, TAILQ_HEAD_INITIALIZER((q).list) }
void waitq_init(struct waitq *q);
void waitq_add(struct waitq *q, struct waiter *w);
void waitq_add_function(struct waitq *q, struct waiter *w, waiter_fn wake, bool exclusive);
void waitq_rearm(struct waitq *q, struct waiter *w); /* an exclusive one is about to look */
void waitq_remove(struct waitq *q, struct waiter *w);
void waitq_wake(struct waitq *q);      /* everybody */
void waitq_wake_one(struct waitq *q);  /* all shared waiters and the first exclusive one */
#define WAKE_SYNC (1u << 27)           /* beside POLL* bits: the caller is likely to sleep soon (thread_wake_sync) */
bool waitq_wake_for(struct waitq *q, u32 events); /* the same, for these events; true if somebody was of use */
void thread_wake_for(struct thread *t, u32 events); /* for waiters that are functions: wakes it, synchronously or not */
static inline bool waitq_empty(struct waitq *q) { return !*(struct waiter *volatile *)&q->list.tqh_first; }

#define FOREVER (~0ul)

bool signal_pending_current(void);
bool wait_sleep(u64 deadline);         /* sched_sleep */

/* 0 once cond holds; -ERESTARTSYS if a signal is pending; -ETIMEDOUT. */
#define WAIT_UNTIL(q, deadline, cond) WAIT_IMPL(q, deadline, cond, true, false)
/* The same for those of whom one is enough: a wake reaches one of them, and a second wake another. Whoever is woken must
 * look before he gives up, and take what he finds; this does. */
#define WAIT_EXCLUSIVE(q, deadline, cond) WAIT_IMPL(q, deadline, cond, true, true)
/* The same two without heed to signals. */
#define WAIT_KILLABLE_NOT(q, deadline, cond) WAIT_IMPL(q, deadline, cond, false, false)
#define WAIT_EXCLUSIVE_NOT(q, deadline, cond) WAIT_IMPL(q, deadline, cond, false, true)

/* The deadline is taken once: a wake that was for others does not put it off. */
#define WAIT_IMPL(q, until, cond, interruptible, alone) ({      \
	const u64 wait_end = (until);                           \
	struct waiter wait_w;                                   \
	int wait_r = 0;                                         \
	bool wait_late = false;                                 \
	waitq_add_function((q), &wait_w, NULL, (alone));        \
	for (;;) {                                              \
		if (alone)                                      \
			waitq_rearm((q), &wait_w);              \
		if (cond)                                       \
			break;                                  \
		if (wait_late) {                                \
			wait_r = -ETIMEDOUT;                    \
			break;                                  \
		}                                               \
		if ((interruptible) && signal_pending_current()) { \
			wait_r = -ERESTARTSYS;                  \
			break;                                  \
		}                                               \
		wait_late = wait_sleep(wait_end);               \
	}                                                       \
	waitq_remove((q), &wait_w);                             \
	wait_r;                                                 \
})

#endif
