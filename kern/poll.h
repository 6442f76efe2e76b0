/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Polling: a poller collects the wait queues of the files it looks at, once, then sleeps and looks again.
 * A file's poll function calls poller_wait for each queue that its answer depends on (a NULL poller: only look). The queues
 * live as long as the open file, and are always the same: an epoll stays on them between its looks.
 *
 * A poll function may sleep for a moment (an epoll's does). Such a sleep would swallow a wake that was meant for the poller's
 * own, so a wake also raises `fired`: the poller sleeps only if nothing was raised since it began to look.
 */
#ifndef KERN_POLL_H
#define KERN_POLL_H

#include <stdatomic.h>
#include "kern/wait.h"

#define POLL_QUEUES 2u /* that one file may name */

struct poll_entry {
	struct waiter w;
	struct waitq *q;
	void *owner;
};

struct poller {
	struct poll_entry *entry;  /* room for `max`; the caller keeps the files referenced meanwhile */
	u32 count, max;
	bool armed;                /* already on the queues: do not add again */
	bool exclusive;
	waiter_fn wake;            /* given the `w` of an entry; NULL: poller_fire */
	void *owner;               /* of the entries, for `wake` */
	_Atomic bool fired;
};

bool poller_fire(struct waiter *w, u32 events);

static inline void poller_wait(struct poller *p, struct waitq *q)
{
	struct poll_entry *e;

	if (!p || p->armed || p->count == p->max)
		return;
	e = &p->entry[p->count++];
	e->q = q;
	e->owner = p->wake ? p->owner : p;
	waitq_add_function(q, &e->w, p->wake ? p->wake : poller_fire, p->exclusive);
}

static inline void poller_done(struct poller *p)
{
	while (p->count) {
		p->count--;
		waitq_remove(p->entry[p->count].q, &p->entry[p->count].w);
	}
}

#endif
