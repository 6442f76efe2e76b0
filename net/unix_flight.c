/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Open files on their way: in messages that lie in queues of AF_UNIX sockets, or are about to.
 *
 * How many a user has on their way is counted, and bounded by RLIMIT_NOFILE of who sends, as the sum of all that he may
 * have open would be otherwise without bound. (unix(7), ETOOMANYREFS; as there, root is not bound.)
 *
 * A socket whose file is on its way holds what lies in its own queue. Sockets that hold each other so, and that nothing
 * else holds, would stay for ever; unix_collect finds them, whenever an AF_UNIX socket ends while any is on its way:
 *
 *   1. candidates: all references to the socket's file are those of messages (its `flights`): no program can receive from it
 *   2. each candidate's messages are taken off: `held` becomes the references from other places than candidates' queues
 *   3. who has one left is alive, and so is everybody in his queue, and so on
 *   4. from the others, the messages that carry files are taken away and freed, and with them the last references
 *
 * O(sockets on their way and what they hold). `flying` is held from 1 to 4, and whenever files begin or end their way, or are
 * handed out while they stay on it (MSG_PEEK). So no candidate is received meanwhile, by anybody: a file that was taken out of a queue and not counted off yet is counted
 * in 1 and not found in 2, which makes its socket one that is alive. Nor is one sent into a candidate's queue: it would have
 * been on its way before. (Linux, net/unix/garbage.c, before it followed components of the graph.)
 */
#include "mem/slab.h"
#include "net/unix.h"

#define ETOOMANYREFS 109
#define MANY 256u /* sockets on their way: more are not looked through at each end of a socket */

struct unix_user { LIST_ENTRY(unix_user) link; u32 uid, files; };

static struct mutex flying = { .waiters = WAITQ_INIT(flying.waiters) };

/* All below: under `flying`. */
static LIST_HEAD(, unix_user) users;
TAILQ_HEAD(flight_list, unix_sock);
static struct flight_list flights = TAILQ_HEAD_INITIALIZER(flights);
static volatile u32 flying_count; /* of `flights`; read without it, as a hint */
static u32 ends;                  /* of sockets since the last look */

/* ---- counting */

static struct unix_user *user_find(u32 uid)
{
	struct unix_user *u;

	LIST_FOREACH(u, &users, link)
		if (u->uid == uid)
			break;
	return u;
}

static void count_one(struct file *f, int by)
{
	struct unix_sock *s = unix_of_file(f);

	if (!s)
		return;
	s->file = f;
	if (by > 0 && !s->flights) {
		TAILQ_INSERT_TAIL(&flights, s, flight);
		flying_count++;
	}
	s->flights += by;
	if (!s->flights) {
		TAILQ_REMOVE(&flights, s, flight);
		flying_count--;
	}
}

int unix_flight_begin(struct unix_files *files)
{
	struct process *p = process_current();
	struct unix_user *fresh = kzalloc(sizeof(*fresh)), *u;
	bool many;

	if (!fresh)
		return -ENOMEM;
	fresh->uid = p->cred.uid;
	mutex_lock(&flying);
	u = user_find(p->cred.uid);
	many = u && u->files > p->limit[RLIMIT_NOFILE].cur && !cred_capable(&p->cred);
	if (!u) {
		u = fresh;
		fresh = NULL;
		LIST_INSERT_HEAD(&users, u, link);
	}
	for (u32 i = 0; !many && i < files->n; i++)
		count_one(files->file[i], 1);
	u->files += many ? 0 : files->n;
	mutex_unlock(&flying);
	kfree(fresh);
	files->user = many ? NULL : u;
	return many ? -ETOOMANYREFS : 0;
}

void unix_flight_end(struct unix_files *files)
{
	struct unix_user *u = files->user;

	if (!u)
		return;
	files->user = NULL;
	mutex_lock(&flying);
	for (u32 i = 0; i < files->n; i++)
		count_one(files->file[i], -1);
	u->files -= files->n;
	if (!u->files)
		LIST_REMOVE(u, link);
	else
		u = NULL;
	mutex_unlock(&flying);
	kfree(u);
}

void unix_flight_hold(void) { mutex_lock(&flying); }

void unix_flight_release(void) { mutex_unlock(&flying); }

/* ---- what a candidate holds: files in its queue, and in those of sockets that wait to be accepted from it */

typedef void (*flight_fn)(struct unix_sock *s, void *arg);

static void each_in_queue(struct unix_sock *s, flight_fn fn, void *arg)
{
	struct unix_message *x;
	struct unix_sock *t;

	unix_lock(s);
	for (x = s->first; x; x = x->next)
		for (u32 i = 0; i < x->files.n; i++)
			if ((t = unix_of_file(x->files.file[i])) && t->candidate)
				fn(t, arg);
	unix_unlock(s);
}

/* Who waits to be accepted stays there: nobody can accept from a candidate. */
static struct unix_sock *waiting_after(struct unix_sock *l, struct unix_sock *s)
{
	unix_lock(l);
	s = s ? s->accept_next : l->accept_first;
	unix_unlock(l);
	return s;
}

static void each_held(struct unix_sock *s, flight_fn fn, void *arg)
{
	struct unix_sock *w = NULL;

	each_in_queue(s, fn, arg);
	while ((w = waiting_after(s, w)))
		each_in_queue(w, fn, arg);
}

/* ---- collecting */

static bool find_candidates(void)
{
	struct unix_sock *s;
	bool any = false;

	TAILQ_FOREACH(s, &flights, flight) {
		s->held = s->flights;
		s->candidate = refs_count(&s->file->refs) == s->flights;
		any |= s->candidate;
	}
	return any;
}

static void take_off(struct unix_sock *s, void *arg)
{
	(void)arg;
	s->held--;
}

/* Alive: no candidate any more, and in line to have its queue looked at. */
static void revive(struct unix_sock *s, void *line)
{
	s->candidate = false;
	TAILQ_REMOVE(&flights, s, flight);
	TAILQ_INSERT_TAIL((struct flight_list *)line, s, flight);
}

static void revive_all(void)
{
	struct flight_list alive = TAILQ_HEAD_INITIALIZER(alive);
	struct unix_sock *s, *next;

	for (s = TAILQ_FIRST(&flights); s; s = next) {
		next = TAILQ_NEXT(s, flight);
		if (s->candidate && s->held)
			revive(s, &alive);
	}
	TAILQ_FOREACH(s, &alive, flight)
		each_held(s, revive, &alive);
	TAILQ_CONCAT(&flights, &alive, flight);
}

/* The messages with files, out of the queue and before those that were taken already. */
static void take_messages(struct unix_sock *s, struct unix_message **taken)
{
	struct unix_message **at = &s->first, *x;

	unix_lock(s);
	s->last = at;
	while ((x = *at)) {
		if (!x->files.n) {
			at = &x->next;
			s->last = at;
			continue;
		}
		*at = x->next;
		s->count--;
		s->bytes -= x->len;
		s->cost -= x->cost;
		x->next = *taken;
		*taken = x;
	}
	unix_unlock(s);
}

static struct unix_message *find_garbage(void)
{
	struct unix_message *taken = NULL;
	struct unix_sock *s, *w;

	if (!find_candidates())
		return NULL;
	TAILQ_FOREACH(s, &flights, flight)
		if (s->candidate)
			each_held(s, take_off, NULL);
	revive_all();
	TAILQ_FOREACH(s, &flights, flight) {
		if (!s->candidate)
			continue;
		take_messages(s, &taken);
		for (w = waiting_after(s, NULL); w; w = waiting_after(s, w))
			take_messages(w, &taken);
	}
	return taken;
}

void unix_collect(void)
{
	struct unix_message *garbage = NULL;

	if (!flying_count)
		return;
	mutex_lock(&flying);
	ends++;
	if (flying_count < MANY || ends > flying_count / 16) {
		ends = 0;
		garbage = find_garbage();
	}
	mutex_unlock(&flying);
	unix_messages_free(garbage);
}

