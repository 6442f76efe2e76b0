/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* epoll: see epoll.h. */
#include "kern/epoll.h"
#include "base/tree.h"
#include "kern/thread.h"
#include "mem/slab.h"

#define EPOLL_PRIVATE (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)
#define EPOLL_EXCLUSIVE_MAY (POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)
#define EPOLL_DEPTH 5 /* epolls above one another */

struct epoll_item {
	RB_ENTRY(epoll_item) in_set;       /* ep->mutex */
	LIST_ENTRY(epoll_item) of_file;    /* file->watch_lock */
	TAILQ_ENTRY(epoll_item) link;      /* on the ready list or a pass's batch, if `ready`: ep->lock */
	struct epoll *ep;
	struct file *file;
	int fd;
	bool ready;
	u32 events;                        /* written under both locks; no POLL* bits: disarmed (one shot) */
	u64 data;                          /* ep->mutex */
	u32 queues;
	struct poll_entry entry[POLL_QUEUES];
};

RB_HEAD(epoll_set, epoll_item);
TAILQ_HEAD(epoll_list, epoll_item);

struct epoll {
	struct refs refs;                  /* the file's, one per item, one per forgetter */
	struct mutex mutex;
	struct epoll_set set;
	struct lock lock;
	struct epoll_list ready;
	struct waitq wait;                 /* epoll_wait sleeps here, exclusively */
	struct waitq polled;               /* who polls the epoll itself */
	struct file *file;                 /* whose data this is, as long as that lives */
	u64 walked;                        /* nesting_walk when `depth` was told: under `nesting` */
	int depth;
};

KCACHE(epoll_cache, "epolls", struct epoll);
KCACHE(item_cache, "epoll_items", struct epoll_item);
static struct mutex nesting = { .waiters = WAITQ_INIT(nesting.waiters) }; /* one more epoll in an epoll at a time */
static u64 nesting_walk;

static int item_compare(const struct epoll_item *a, const struct epoll_item *b)
{
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->fd < b->fd ? -1 : a->fd > b->fd;
}

RB_GENERATE_INTERNAL(epoll_set, epoll_item, in_set, item_compare, static __attribute__((unused)))

static void epoll_put(struct epoll *ep)
{
	if (refs_put(&ep->refs))
		kcache_free(&epoll_cache, ep);
}

/* ---- the ready list */

static void ready_add(struct epoll *ep, struct epoll_item *i)
{
	if (!i->ready)
		TAILQ_INSERT_TAIL(&ep->ready, i, link);
	i->ready = true;
}

static bool epoll_tell(struct epoll *ep, u32 sync)
{
	bool woke = waitq_wake_for(&ep->wait, POLLIN | sync);

	waitq_wake_for(&ep->polled, POLLIN | POLLRDNORM | sync);
	return woke;
}

/* A file's wake. An exclusive item is of use if it woke somebody: else another epoll that watches the file is told. */
static bool epoll_fire(struct waiter *w, u32 events)
{
	struct epoll_item *i = container_of(w, struct poll_entry, w)->owner;
	struct epoll *ep = i->ep;
	u32 sync = events & WAKE_SYNC;
	bool wanted;

	events &= ~WAKE_SYNC;
	lock_acquire(&ep->lock);
	wanted = (i->events & ~EPOLL_PRIVATE) && (!events || (events & i->events));
	if (wanted)
		ready_add(ep, i);
	lock_release(&ep->lock);
	return wanted && epoll_tell(ep, sync);
}

static bool epoll_any(struct epoll *ep)
{
	bool any;

	lock_acquire(&ep->lock);
	any = !TAILQ_EMPTY(&ep->ready);
	lock_release(&ep->lock);
	return any;
}

static u32 item_look(struct epoll_item *i, struct poller *p)
{
	return file_poll(i->file, p) & i->events;
}

/* Found ready while its set was changed. */
static void item_announce(struct epoll *ep, struct epoll_item *i)
{
	lock_acquire(&ep->lock);
	ready_add(ep, i);
	lock_release(&ep->lock);
	epoll_tell(ep, 0);
}

/* ---- the set: ep->mutex is held */

static struct epoll_item *item_find(struct epoll *ep, struct file *file, int fd)
{
	struct epoll_item key = { .file = file, .fd = fd };

	return RB_FIND(epoll_set, &ep->set, &key);
}

static int item_add(struct epoll *ep, struct file *file, int fd, const struct abi_epoll_event *e)
{
	struct epoll_item *i = kcache_alloc(&item_cache);
	struct poller p = { .max = POLL_QUEUES, .exclusive = e->events & EPOLLEXCLUSIVE, .wake = epoll_fire, .owner = i };

	if (!i)
		return -ENOMEM;
	i->ep = ep;
	i->file = file;
	i->fd = fd;
	i->events = e->events | POLLERR | POLLHUP;
	i->data = e->data;
	refs_get(&ep->refs);
	RB_INSERT(epoll_set, &ep->set, i);
	lock_acquire(&file->watch_lock);
	LIST_INSERT_HEAD(&file->watchers, i, of_file);
	lock_release(&file->watch_lock);
	p.entry = i->entry;
	if (item_look(i, &p))
		item_announce(ep, i);
	i->queues = p.count;
	return 0;
}

static int item_modify(struct epoll *ep, struct epoll_item *i, const struct abi_epoll_event *e)
{
	if (i->events & EPOLLEXCLUSIVE)
		return -EINVAL;
	lock_acquire(&ep->lock);
	i->events = e->events | POLLERR | POLLHUP;
	lock_release(&ep->lock);
	i->data = e->data;
	if (item_look(i, NULL))
		item_announce(ep, i);
	return 0;
}

/* Off the queues first: then no wake finds it. Off the file's list last: until then the file stays (epoll_forget). */
static void item_remove(struct epoll *ep, struct epoll_item *i)
{
	struct file *file = i->file;

	while (i->queues) {
		i->queues--;
		waitq_remove(i->entry[i->queues].q, &i->entry[i->queues].w);
	}
	RB_REMOVE(epoll_set, &ep->set, i);
	lock_acquire(&ep->lock);
	if (i->ready)
		TAILQ_REMOVE(&ep->ready, i, link);
	lock_release(&ep->lock);
	lock_acquire(&file->watch_lock);
	LIST_REMOVE(i, of_file);
	lock_release(&file->watch_lock);
	kcache_free(&item_cache, i);
	epoll_put(ep); /* the caller has another reference */
}

/* ---- a pass over the ready list: ep->mutex is held */

static void pass_begin(struct epoll *ep, struct epoll_list *batch)
{
	TAILQ_INIT(batch);
	lock_acquire(&ep->lock);
	TAILQ_CONCAT(batch, &ep->ready, link);
	lock_release(&ep->lock);
}

/* The next item, on no list. A wake from now on makes it ready anew; one before is seen by the look that follows. */
static struct epoll_item *pass_next(struct epoll *ep, struct epoll_list *batch)
{
	struct epoll_item *i;

	lock_acquire(&ep->lock);
	i = TAILQ_FIRST(batch);
	if (i) {
		TAILQ_REMOVE(batch, i, link);
		i->ready = false;
	}
	lock_release(&ep->lock);
	return i;
}

/* What was reported goes to the end if it is level-triggered: the others have their turn before it. */
static void pass_report(struct epoll *ep, struct epoll_item *i)
{
	lock_acquire(&ep->lock);
	if (i->events & EPOLLONESHOT)
		i->events &= EPOLL_PRIVATE;
	else if (!(i->events & EPOLLET))
		ready_add(ep, i);
	lock_release(&ep->lock);
}

static void pass_put_back(struct epoll *ep, struct epoll_list *batch, struct epoll_item *i)
{
	lock_acquire(&ep->lock);
	if (!i->ready)
		TAILQ_INSERT_HEAD(batch, i, link);
	i->ready = true;
	lock_release(&ep->lock);
}

/* What the pass did not come to stays in front; whoever sleeps is told if anything is left. */
static void pass_end(struct epoll *ep, struct epoll_list *batch)
{
	bool more;

	lock_acquire(&ep->lock);
	TAILQ_CONCAT(batch, &ep->ready, link);
	TAILQ_CONCAT(&ep->ready, batch, link);
	more = !TAILQ_EMPTY(&ep->ready);
	lock_release(&ep->lock);
	if (more)
		waitq_wake_for(&ep->wait, POLLIN);
}

static long epoll_collect(struct epoll *ep, struct abi_epoll_event __user *out, u32 max)
{
	struct epoll_list batch;
	struct epoll_item *i;
	long n = 0;

	mutex_lock(&ep->mutex);
	pass_begin(ep, &batch);
	while (n < max && (i = pass_next(ep, &batch))) {
		struct abi_epoll_event e = { .events = item_look(i, NULL), .data = i->data };

		if (!e.events)
			continue;
		if (user_copy_out(&out[n], &e, sizeof(e))) {
			pass_put_back(ep, &batch, i);
			n = n ? n : -EFAULT;
			break;
		}
		pass_report(ep, i);
		n++;
	}
	pass_end(ep, &batch);
	mutex_unlock(&ep->mutex);
	return n;
}

/* Is anything ready indeed? What is not leaves the list. */
static u32 epoll_poll(struct file *f, struct poller *p)
{
	struct epoll *ep = f->data;
	struct epoll_list batch;
	struct epoll_item *i;
	u32 mask = 0;

	poller_wait(p, &ep->polled);
	if (!epoll_any(ep))
		return 0;
	mutex_lock(&ep->mutex);
	pass_begin(ep, &batch);
	while (!mask && (i = pass_next(ep, &batch)))
		if (item_look(i, NULL)) {
			pass_put_back(ep, &batch, i);
			mask = POLLIN | POLLRDNORM;
		}
	pass_end(ep, &batch);
	mutex_unlock(&ep->mutex);
	return mask;
}

/* ---- waiting */

struct sleeper {
	struct waiter w;
	bool woken;        /* under the queue's lock */
};

/* Who is awake already takes what he was woken for; the next event is for the next sleeper. */
static bool sleeper_wake(struct waiter *w, u32 events)
{
	struct sleeper *s = container_of(w, struct sleeper, w);
	bool useful = !s->woken;

	s->woken = true;
	if (useful)
		thread_wake_for(w->thread, events);
	return useful;
}

static bool epoll_sleep(struct epoll *ep, u64 deadline)
{
	struct sleeper s = { .woken = false };
	bool late = false;

	waitq_add_function(&ep->wait, &s.w, sleeper_wake, true);
	if (!epoll_any(ep) && !signal_pending_current())
		late = sched_sleep(deadline);
	waitq_remove(&ep->wait, &s.w);
	return late;
}

/* Who was woken looks at the list before it leaves, for whatever reason: the wake was for one. */
long epoll_await(struct file *f, struct abi_epoll_event __user *out, u32 max, u64 deadline)
{
	struct epoll *ep = f->data;
	bool late = deadline == 0;
	long n;

	for (;;) {
		n = epoll_any(ep) ? epoll_collect(ep, out, max) : 0;
		if (n || late)
			return n;
		if (signal_pending_current())
			return -EINTR;
		late = epoll_sleep(ep, deadline);
	}
}

/* ---- epolls in epolls: `nesting` is held. Each walk marks what it came to, so that it comes there once. */

/* How many epolls are above one another from ep down. -ELOOP: more than `most`, or `forbidden` is among them. */
static int depth_below(struct epoll *ep, struct epoll *forbidden, int most)
{
	struct epoll_item *i;
	int deepest = 0;

	if (ep == forbidden || !most)
		return -ELOOP;
	if (ep->walked == nesting_walk)
		return ep->depth > most ? -ELOOP : ep->depth;
	mutex_lock(&ep->mutex);
	RB_FOREACH(i, epoll_set, &ep->set) {
		int d = file_is_epoll(i->file) ? depth_below(i->file->data, forbidden, most - 1) : 0;

		deepest = d < 0 ? d : MAX(deepest, d);
		if (d < 0)
			break;
	}
	mutex_unlock(&ep->mutex);
	if (deepest < 0)
		return deepest;
	ep->walked = nesting_walk;
	ep->depth = deepest + 1;
	return ep->depth;
}

/* How many are above one another from ep up, at least; what is more than EPOLL_DEPTH is cut. While an item is on the list
 * of ep's file, under its lock, the epoll that watches has not been released. */
static int depth_above(struct epoll *ep, int most)
{
	struct epoll_item *i;
	int highest = 0;

	if (!most || ep->walked == nesting_walk)
		return most ? ep->depth : 0;
	lock_acquire(&ep->file->watch_lock);
	LIST_FOREACH(i, &ep->file->watchers, of_file) {
		int d = depth_above(i->ep, most - 1);

		highest = MAX(highest, d);
	}
	lock_release(&ep->file->watch_lock);
	ep->walked = nesting_walk;
	ep->depth = highest + 1;
	return ep->depth;
}

static int nesting_check(struct epoll *ep, struct epoll *inner)
{
	int above;

	nesting_walk++;
	above = depth_above(ep, EPOLL_DEPTH);
	nesting_walk++;
	return above >= EPOLL_DEPTH ? -ELOOP : MIN(depth_below(inner, ep, EPOLL_DEPTH - above), 0);
}

/* ---- control */

static int epoll_change(struct epoll *ep, int op, struct file *target, int fd, const struct abi_epoll_event *e)
{
	struct epoll_item *i;
	int r;

	mutex_lock(&ep->mutex);
	i = item_find(ep, target, fd);
	switch (op) {
	case EPOLL_CTL_ADD:
		r = i ? -EEXIST : item_add(ep, target, fd, e);
		break;
	case EPOLL_CTL_MOD:
		r = i ? item_modify(ep, i, e) : -ENOENT;
		break;
	case EPOLL_CTL_DEL:
		r = i ? 0 : -ENOENT;
		if (i)
			item_remove(ep, i);
		break;
	default:
		r = -EINVAL;
	}
	mutex_unlock(&ep->mutex);
	return r;
}

static int epoll_add_nested(struct epoll *ep, struct file *target, int fd, const struct abi_epoll_event *e)
{
	int r;

	mutex_lock(&nesting);
	r = nesting_check(ep, target->data);
	if (!r)
		r = epoll_change(ep, EPOLL_CTL_ADD, target, fd, e);
	mutex_unlock(&nesting);
	return r;
}

int epoll_control(struct file *f, int op, struct file *target, int fd, const struct abi_epoll_event *e)
{
	bool exclusive = op != EPOLL_CTL_DEL && (e->events & EPOLLEXCLUSIVE);

	if (!target->ops->poll)
		return -EPERM;
	if (f == target || !file_is_epoll(f))
		return -EINVAL;
	if (exclusive && op == EPOLL_CTL_MOD)
		return -EINVAL;
	if (exclusive && op == EPOLL_CTL_ADD && (file_is_epoll(target) || (e->events & ~EPOLL_EXCLUSIVE_MAY)))
		return -EINVAL;
	if (op == EPOLL_CTL_ADD && file_is_epoll(target))
		return epoll_add_nested(f->data, target, fd, e);
	return epoll_change(f->data, op, target, fd, e);
}

/* ---- beginnings and ends */

/* One of the epolls that watch f, with a reference. */
static struct epoll *watcher_of(struct file *f)
{
	struct epoll *ep = NULL;

	lock_acquire(&f->watch_lock);
	if (!LIST_EMPTY(&f->watchers)) {
		ep = LIST_FIRST(&f->watchers)->ep;
		refs_get(&ep->refs);
	}
	lock_release(&f->watch_lock);
	return ep;
}

/* An item of f in ep; ep->mutex keeps it. */
static struct epoll_item *item_of(struct epoll *ep, struct file *f)
{
	struct epoll_item *i;

	lock_acquire(&f->watch_lock);
	LIST_FOREACH(i, &f->watchers, of_file)
		if (i->ep == ep)
			break;
	lock_release(&f->watch_lock);
	return i;
}

void epoll_forget(struct file *f)
{
	struct epoll_item *i;
	struct epoll *ep;

	while ((ep = watcher_of(f))) {
		mutex_lock(&ep->mutex);
		while ((i = item_of(ep, f)))
			item_remove(ep, i);
		mutex_unlock(&ep->mutex);
		epoll_put(ep);
	}
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->data;
	struct epoll_item *i;

	if (!ep)
		return;
	mutex_lock(&ep->mutex);
	while ((i = RB_ROOT(&ep->set)))
		item_remove(ep, i);
	mutex_unlock(&ep->mutex);
	epoll_put(ep);
}

static const struct file_ops epoll_ops = {
	.kind = "eventpoll", .poll = epoll_poll, .stat = file_stat_nameless, .release = epoll_release,
};

bool file_is_epoll(const struct file *f)
{
	return f->ops == &epoll_ops;
}

struct file *epoll_new(void)
{
	struct file *f = file_new(&epoll_ops, O_RDWR);
	struct epoll *ep = f ? kcache_alloc(&epoll_cache) : NULL;

	if (!ep) {
		file_put(f);
		return NULL;
	}
	refs_init(&ep->refs, 1);
	mutex_init(&ep->mutex);
	RB_INIT(&ep->set);
	lock_init(&ep->lock);
	TAILQ_INIT(&ep->ready);
	waitq_init(&ep->wait);
	waitq_init(&ep->polled);
	ep->file = f;
	f->data = ep;
	return f;
}
