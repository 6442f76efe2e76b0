/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The objects of seq/procs and the sets that relate them. Nothing here decides; it keeps the invariants of
 * seq/procs_internal.h. All O(log n), except procs_number_take (skips a run of numbers in use) and procs_group_is_orphaned (walks
 * the group).
 */
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"
#include "seq/procs_internal.h"

/* ---- sets -------------------------------------------------------------------------------------------- */

static int node_cmp(const struct procs_node *a, const struct procs_node *b)
{
	return a->nr < b->nr ? -1 : a->nr > b->nr;
}

RB_GENERATE_INTERNAL(procs_set, procs_node, link, node_cmp, static __attribute__((unused)))

struct procs_node *procs_set_after(const struct procs_set *s, s32 nr)
{
	struct procs_node *n = s->rbh_root, *best = NULL;

	while (n) {
		if (n->nr > nr) {
			best = n;
			n = RB_LEFT(n, link);
		} else {
			n = RB_RIGHT(n, link);
		}
	}
	return best;
}

struct procs_node *procs_set_at(const struct procs_set *s, s32 nr)
{
	struct procs_node *n = s->rbh_root;

	while (n && n->nr != nr)
		n = nr < n->nr ? RB_LEFT(n, link) : RB_RIGHT(n, link);
	return n;
}

struct procs_node *procs_node_after(struct procs_node *n)
{
	return procs_set_RB_NEXT(n);
}

void procs_set_insert(struct procs_set *s, struct procs_node *n, s32 nr)
{
	n->nr = nr;
	kassert(!procs_set_RB_INSERT(s, n));
}

void procs_set_remove(struct procs_set *s, struct procs_node *n)
{
	procs_set_RB_REMOVE(s, n);
}

/* ---- lookup ------------------------------------------------------------------------------------------ */

#define OBJECT_AT(set, nr, type) \
	({ struct procs_node *n_ = procs_set_at(set, nr); n_ ? container_of(n_, struct type, all) : NULL; })

struct procs_proc *procs_proc_at(const struct procs *p, s32 pid)
{
	return OBJECT_AT(&p->all, pid, procs_proc);
}

struct procs_proc *procs_proc_alive(const struct procs *p, s32 pid)
{
	struct procs_proc *c = procs_proc_at(p, pid);

	return c && c->state != PROCS_ZOMBIE ? c : NULL;
}

struct procs_thread *procs_thread_at(const struct procs *p, s32 tid)
{
	return OBJECT_AT(&p->tids, tid, procs_thread);
}

struct procs_group *procs_group_at(const struct procs *p, s32 pgid)
{
	return OBJECT_AT(&p->groups, pgid, procs_group);
}

struct procs_session *procs_session_at(const struct procs *p, s32 sid)
{
	return OBJECT_AT(&p->sessions, sid, procs_session);
}

bool procs_number_used(const struct procs *p, s32 nr)
{
	return procs_set_at(&p->all, nr) || procs_set_at(&p->tids, nr) || procs_set_at(&p->groups, nr) || procs_set_at(&p->sessions, nr);
}

s32 procs_number_take(struct procs *p)
{
	u32 tries, nr = p->last;

	for (tries = 0; tries < p->pid_max; tries++) {
		if (++nr >= p->pid_max)
			nr = p->pid_max > PROCS_PID_RESTART ? PROCS_PID_RESTART : 1;
		if (!procs_number_used(p, (s32)nr)) {
			p->last = nr;
			return (s32)nr;
		}
	}
	return -EAGAIN;
}

/* ---- sessions and groups ----------------------------------------------------------------------------- */

static void *make(struct procs *p, size_t size)
{
	void *obj = pool_zalloc(p->pool, size);

	kassert(obj); /* op_mem reserved it */
	return obj;
}

struct procs_session *procs_session_create(struct procs *p, s32 sid)
{
	struct procs_session *s = make(p, sizeof(*s));

	procs_set_insert(&p->sessions, &s->all, sid);
	p->nsessions++;
	return s;
}

void procs_session_set_tty(struct procs *p, struct procs_session *s, u64 tty, s32 pgid)
{
	struct procs_session **at = &p->with_tty;

	while (*at && *at != s)
		at = &(*at)->next_tty;
	if (tty && !*at) {
		s->next_tty = p->with_tty;
		p->with_tty = s;
	} else if (!tty && *at) {
		*at = s->next_tty;
	}
	s->tty = tty;
	s->tty_pgid = tty ? pgid : 0;
}

struct procs_session *procs_session_of_tty(const struct procs *p, u64 tty)
{
	struct procs_session *s = p->with_tty;

	while (s && s->tty != tty)
		s = s->next_tty;
	return s;
}

struct procs_group *procs_group_create(struct procs *p, s32 pgid, struct procs_session *s)
{
	struct procs_group *g = make(p, sizeof(*g));

	procs_set_insert(&p->groups, &g->all, pgid);
	g->session = s;
	s->groups++;
	p->ngroups++;
	return g;
}

static void group_drop_if_empty(struct procs *p, struct procs_group *g)
{
	struct procs_session *s = g->session;

	if (g->count)
		return;
	procs_set_remove(&p->groups, &g->all);
	pool_free(p->pool, g, sizeof(*g));
	p->ngroups--;
	if (--s->groups)
		return;
	procs_session_set_tty(p, s, 0, 0);
	procs_set_remove(&p->sessions, &s->all);
	pool_free(p->pool, s, sizeof(*s));
	p->nsessions--;
}

bool procs_proc_is_tied(const struct procs_proc *c)
{
	const struct procs_proc *up = c->parent;

	return c->state != PROCS_ZOMBIE && up && up->all.nr != 1 && up->group != c->group && up->group->session == c->group->session;
}

bool procs_group_is_orphaned(const struct procs_group *g)
{
	struct procs_node *n;

	for (n = procs_set_after(&g->members, -1); n; n = procs_node_after(n)) {
		const struct procs_proc *c = container_of(n, struct procs_proc, member);

		if (procs_proc_is_tied(c))
			return false;
	}
	return true;
}

/* ---- processes and threads --------------------------------------------------------------------------- */

void procs_proc_set_state(struct procs_proc *c, u32 state)
{
	c->group->stopped -= c->state == PROCS_STOPPED;
	c->state = state;
	c->group->stopped += c->state == PROCS_STOPPED;
}

void procs_proc_set_event(struct procs_proc *c, u32 event)
{
	if (c->parent && !c->event && event)
		procs_set_insert(&c->parent->events, &c->event_node, c->all.nr);
	else if (c->parent && c->event && !event)
		procs_set_remove(&c->parent->events, &c->event_node);
	c->event = event;
}

void procs_proc_join(struct procs *p, struct procs_proc *c, struct procs_group *g)
{
	struct procs_group *old = c->group;

	if (old == g)
		return;
	if (old) {
		procs_set_remove(&old->members, &c->member);
		old->count--;
		old->stopped -= c->state == PROCS_STOPPED;
	}
	c->group = g;
	if (g) {
		procs_set_insert(&g->members, &c->member, c->all.nr);
		g->count++;
		g->stopped += c->state == PROCS_STOPPED;
	}
	if (old)
		group_drop_if_empty(p, old);
}

void procs_proc_adopt(struct procs_proc *c, struct procs_proc *parent)
{
	c->parent = parent;
	if (!parent)
		return;
	procs_set_insert(&parent->children, &c->child, c->all.nr);
	parent->nchildren++;
	if (c->event)
		procs_set_insert(&parent->events, &c->event_node, c->all.nr);
}

void procs_proc_disown(struct procs_proc *c)
{
	if (!c->parent)
		return;
	procs_set_remove(&c->parent->children, &c->child);
	c->parent->nchildren--;
	if (c->event)
		procs_set_remove(&c->parent->events, &c->event_node);
	c->parent = NULL;
}

struct procs_proc *procs_proc_create(struct procs *p, s32 pid, struct procs_proc *parent, struct procs_group *g)
{
	struct procs_proc *c = make(p, sizeof(*c));

	procs_set_insert(&p->all, &c->all, pid);
	c->state = PROCS_RUNNING;
	procs_proc_adopt(c, parent);
	procs_proc_join(p, c, g);
	p->nprocs++;
	return c;
}

void procs_proc_reap(struct procs *p, struct procs_proc *c)
{
	kassert(!c->nthreads && !c->nchildren);
	procs_proc_disown(c);
	procs_proc_join(p, c, NULL);
	procs_set_remove(&p->all, &c->all);
	pool_free(p->pool, c, sizeof(*c));
	p->nprocs--;
}

struct procs_thread *procs_thread_create(struct procs *p, s32 tid, struct procs_proc *c, u64 handle)
{
	struct procs_thread *t = make(p, sizeof(*t));

	procs_set_insert(&p->tids, &t->all, tid);
	procs_set_insert(&c->threads, &t->own, tid);
	t->proc = c;
	t->handle = handle;
	c->nthreads++;
	p->nthreads++;
	return t;
}

void procs_thread_remove(struct procs *p, struct procs_thread *t)
{
	procs_set_remove(&p->tids, &t->all);
	procs_set_remove(&t->proc->threads, &t->own);
	t->proc->nthreads--;
	p->nthreads--;
	pool_free(p->pool, t, sizeof(*t));
}
