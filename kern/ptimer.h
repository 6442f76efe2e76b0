/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * POSIX per-process timers (timer_create(2)) on the wall clock and on the monotonic one.
 *
 * A timer belongs to its process: not inherited, gone after exec. When it expires it sends a signal that carries its id;
 * while that one still waits in its queue further expirations are counted in it (overrun). The list is under
 * the process's lock; only the process itself changes it, and a timer, under `changing` of its interval timers.
 */
#ifndef KERN_PTIMER_H
#define KERN_PTIMER_H

#include "base/queue.h"
#include "kern/timer.h"

struct process;

struct ptimer {
	TAILQ_ENTRY(ptimer) link;
	struct timer timer;
	struct process *proc;
	u32 id, clock;
	u32 notify, signo, tid;     /* SIGEV_*; the thread of SIGEV_THREAD_ID */
	s64 value;
	u64 every;                  /* ns, 0: once */
	u32 overrun;                /* of the signal taken last */
};
TAILQ_HEAD(ptimer_list, ptimer);

/* Calls of the process itself; false: there is no such timer. */
struct ptimer_state { u64 left, every; u32 clock, overrun; };
int ptimer_create(struct process *p, const struct ptimer *what); /* `what`: clock to every. Its id, or -EAGAIN */
bool ptimer_get(struct process *p, u32 id, struct ptimer_state *out);
bool ptimer_set(struct process *p, u32 id, u64 at, u64 every);   /* clock_ns; at 0: off */
bool ptimer_delete(struct process *p, u32 id);
void ptimers_delete(struct process *p);                 /* exec, exit */
/* A signal of timer `id` left its queue. */
void ptimer_taken(struct process *p, u32 id, u32 overrun);

#endif
