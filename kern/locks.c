/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * File locks: see locks.h.
 *
 * A change never fails half way: the two records it may need (the new lock, and the far part of one that it cuts in
 * two) are taken before the list is. Waiters try again whenever a lock of the file changes.
 *
 * A process that waits names whom it waits for; a chain of these that leads back to the asker is a deadlock.
 */
#include "kern/locks.h"
#include "base/abi.h"
#include "base/queue.h"
#include "kern/body.h"
#include "kern/file.h"
#include "kern/process.h"
#include "mem/slab.h"

struct file_lock {
	TAILQ_ENTRY(file_lock) link;
	struct lock_request r;
	const void *owner;       /* descriptor table or open file; only compared */
};

TAILQ_HEAD(lock_list, file_lock);

struct body_locks {
	struct lock lock;
	struct waitq wait;
	struct lock_list list;   /* by start */
};

/* One call to locks_set. */
struct change {
	struct lock_request r;
	const void *owner;
	struct file_lock *spare[2];
	const void *blocker;     /* who is in the way */
};

KCACHE(lock_cache, "locks", struct file_lock);

static struct body_locks *locks_of(struct file *f)
{
	return f->body ? atomic_load_explicit(&f->body->locks, memory_order_acquire) : NULL;
}

/* The same, made if need be. */
static struct body_locks *locks_make(struct file *f)
{
	struct body_locks *l = locks_of(f), *none = NULL;

	if (l)
		return l;
	l = kmalloc(sizeof(*l));
	if (!l)
		return NULL;
	lock_init(&l->lock);
	waitq_init(&l->wait);
	TAILQ_INIT(&l->list);
	if (atomic_compare_exchange_strong(&f->body->locks, &none, l))
		return l;
	kfree(l);
	return none;
}

void locks_free(struct body_locks *l)
{
	kfree(l);
}

static const void *owner_of(struct file *f, enum locks_kind kind)
{
	return kind == LOCKS_PROCESS ? (const void *)process_current()->files : f;
}

/* ---- under the list's lock */

static bool overlap(const struct lock_request *a, const struct lock_request *b)
{
	return a->start <= b->end && b->start <= a->end;
}

static bool excludes(const struct file_lock *l, const struct lock_request *r, const void *owner)
{
	if ((l->r.kind == LOCKS_FLOCK) != (r->kind == LOCKS_FLOCK) || (l->owner == owner && l->r.kind == r->kind))
		return false;
	return overlap(&l->r, r) && (l->r.type == F_WRLCK || r->type == F_WRLCK);
}

static struct file_lock *first_excluding(struct body_locks *b, const struct lock_request *r, const void *owner)
{
	struct file_lock *l;

	TAILQ_FOREACH(l, &b->list, link)
		if (excludes(l, r, owner))
			return l;
	return NULL;
}

static void list_insert(struct body_locks *b, struct file_lock *l)
{
	struct file_lock *at;

	TAILQ_FOREACH(at, &b->list, link)
		if (at->r.start > l->r.start)
			break;
	if (at)
		TAILQ_INSERT_BEFORE(at, l, link);
	else
		TAILQ_INSERT_TAIL(&b->list, l, link);
}

static void list_remove(struct body_locks *b, struct file_lock *l)
{
	TAILQ_REMOVE(&b->list, l, link);
	kcache_free(&lock_cache, l);
}

static struct file_lock *take_spare(struct change *c)
{
	struct file_lock *l = c->spare[0] ? c->spare[0] : c->spare[1];

	c->spare[c->spare[0] ? 0 : 1] = NULL;
	return l;
}

/* Takes what c covers away from l, which has another type. */
static void cut(struct body_locks *b, struct file_lock *l, struct change *c)
{
	bool left = l->r.start < c->r.start, right = l->r.end > c->r.end;
	struct file_lock *far;

	if (right) {
		far = take_spare(c);
		*far = *l;
		far->r.start = c->r.end + 1;
		list_insert(b, far);
	}
	if (left)
		l->r.end = c->r.start - 1;
	else
		list_remove(b, l);
}

/* Makes way for the new lock among those of its owner: joins equal neighbours, cuts the others. */
static void make_way(struct body_locks *b, struct change *c)
{
	struct lock_request wide = c->r;
	struct file_lock *l, *next;

	wide.start -= wide.start > 0;
	wide.end += wide.end < LOCKS_END;
	TAILQ_FOREACH_SAFE(l, &b->list, link, next) {
		if (l->owner != c->owner || l->r.kind != c->r.kind)
			continue;
		if (l->r.type == c->r.type && overlap(&l->r, &wide)) {
			c->r.start = MIN(c->r.start, l->r.start);
			c->r.end = MAX(c->r.end, l->r.end);
			list_remove(b, l);
		} else if (overlap(&l->r, &c->r)) {
			cut(b, l, c);
		}
	}
}

static void apply(struct body_locks *b, struct change *c)
{
	struct file_lock *l;

	make_way(b, c);
	if (c->r.type == F_UNLCK)
		return;
	l = take_spare(c);
	l->r = c->r;
	l->owner = c->owner;
	list_insert(b, l);
}

/* ---- waiting */

struct waiting {
	TAILQ_ENTRY(waiting) link;
	const void *owner, *blocker;
};

static struct lock waiting_lock = LOCK_INIT;
static TAILQ_HEAD(, waiting) waiting_list = TAILQ_HEAD_INITIALIZER(waiting_list);

#define CHAIN_MAX 10 /* as Linux: longer chains are not followed */

static const void *blocker_of(const void *owner)
{
	struct waiting *w;

	TAILQ_FOREACH(w, &waiting_list, link)
		if (w->owner == owner)
			return w->blocker;
	return NULL;
}

/* Notes whom we wait for; true if that would close a circle. */
static bool waits_in_circle(struct waiting *w, const void *blocker)
{
	const void *o = blocker;
	u32 i;

	lock_acquire(&waiting_lock);
	w->blocker = blocker;
	for (i = 0; o && o != w->owner && i < CHAIN_MAX; i++)
		o = blocker_of(o);
	lock_release(&waiting_lock);
	return o == w->owner;
}

/* 0, -EAGAIN with c->blocker. */
static int attempt(struct body_locks *b, struct change *c)
{
	struct file_lock *other;

	lock_acquire(&b->lock);
	if (c->r.kind == LOCKS_FLOCK && c->r.type != F_UNLCK)
		make_way(b, c); /* a change of type gives the old lock up first */
	other = c->r.type == F_UNLCK ? NULL : first_excluding(b, &c->r, c->owner);
	if (other)
		c->blocker = other->owner;
	else
		apply(b, c);
	lock_release(&b->lock);
	waitq_wake(&b->wait);
	return other ? -EAGAIN : 0;
}

static int attempt_waiting(struct body_locks *b, struct change *c, struct waiting *w)
{
	struct file_lock *other;
	int r = 0;

	lock_acquire(&b->lock);
	other = first_excluding(b, &c->r, c->owner);
	if (!other)
		apply(b, c);
	else
		r = c->r.kind == LOCKS_PROCESS && waits_in_circle(w, other->owner) ? -EDEADLK : -EAGAIN;
	lock_release(&b->lock);
	return r;
}

static int wait_turn(struct body_locks *b, struct change *c)
{
	struct waiting w = { .owner = c->owner };
	int err, r;

	lock_acquire(&waiting_lock);
	TAILQ_INSERT_TAIL(&waiting_list, &w, link);
	lock_release(&waiting_lock);
	err = WAIT_UNTIL(&b->wait, FOREVER, (r = attempt_waiting(b, c, &w)) != -EAGAIN);
	lock_acquire(&waiting_lock);
	TAILQ_REMOVE(&waiting_list, &w, link);
	lock_release(&waiting_lock);
	if (!err && !r)
		waitq_wake(&b->wait);
	return err ? err : r;
}

/* ---- what others call */

int locks_set(struct file *f, const struct lock_request *r, bool wait)
{
	struct change c = { .r = *r, .owner = owner_of(f, r->kind) };
	struct body_locks *b;
	int err;

	if (!f->body || (r->type == F_UNLCK && !locks_of(f)))
		return 0;
	b = locks_make(f);
	c.spare[0] = kcache_alloc(&lock_cache);
	c.spare[1] = kcache_alloc(&lock_cache);
	c.r.pid = r->kind == LOCKS_PROCESS ? (s32)process_current()->pid : -1;
	err = !b || !c.spare[0] || !c.spare[1] ? -ENOMEM : attempt(b, &c);
	if (err == -EAGAIN && wait)
		err = wait_turn(b, &c);
	if (c.spare[0])
		kcache_free(&lock_cache, c.spare[0]);
	if (c.spare[1])
		kcache_free(&lock_cache, c.spare[1]);
	return err;
}

bool locks_find(struct file *f, struct lock_request *r)
{
	struct body_locks *b = locks_of(f);
	struct file_lock *l = NULL;

	if (!b)
		return false;
	lock_acquire(&b->lock);
	l = first_excluding(b, r, owner_of(f, r->kind));
	if (l)
		*r = l->r;
	lock_release(&b->lock);
	return l;
}

static void drop_owner(struct body_locks *b, const void *owner)
{
	struct file_lock *l, *next;

	lock_acquire(&b->lock);
	TAILQ_FOREACH_SAFE(l, &b->list, link, next)
		if (l->owner == owner)
			list_remove(b, l);
	lock_release(&b->lock);
	waitq_wake(&b->wait);
}

void locks_close(struct file *f, struct fdtable *table)
{
	struct body_locks *b = locks_of(f);

	if (b && !(f->flags & O_PATH))
		drop_owner(b, table);
}

void locks_release(struct file *f)
{
	struct body_locks *b = locks_of(f);

	if (b)
		drop_owner(b, f);
}
