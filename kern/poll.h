/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Polling: a poller collects the wait queues of the files it looks at, once, then sleeps and looks again.
 * A file's poll function calls poller_wait for each queue that its answer depends on (a NULL poller: only look).
 */
#ifndef KERN_POLL_H
#define KERN_POLL_H

#include "kern/wait.h"

struct poll_entry {
	struct waiter w;
	struct waitq *q;
};

struct poller {
	struct poll_entry *entry;  /* room for `max`; the caller keeps the files referenced meanwhile */
	u32 count, max;
	bool armed;                /* already on the queues: do not add again */
};

static inline void poller_wait(struct poller *p, struct waitq *q)
{
	if (!p || p->armed || p->count == p->max)
		return;
	p->entry[p->count].q = q;
	waitq_add(q, &p->entry[p->count].w);
	p->count++;
}

static inline void poller_done(struct poller *p)
{
	while (p->count) {
		p->count--;
		waitq_remove(p->entry[p->count].q, &p->entry[p->count].w);
	}
}

#endif
