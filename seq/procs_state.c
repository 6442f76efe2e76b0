/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The process table as a whole: made, copied, hashed, checked. A copy is built in order of numbers: sessions, groups,
 * processes, then parents (a child's number may be lower than its parent's once numbers have wrapped), threads.
 */
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"
#include "seq/procs_internal.h"

int procs_init(struct procs *p, struct pool *pool, const void *arg)
{
	const struct procs_config *cfg = arg;

	memset(p, 0, sizeof(*p));
	p->pool = pool;
	p->pid_max = cfg && cfg->pid_max ? cfg->pid_max : PROCS_PID_MAX;
	return p->pid_max < 2 || p->pid_max > PROCS_PID_MAX ? -EINVAL : 0;
}

/* ---- clone ------------------------------------------------------------------------------------------- */

static void *duplicate(struct pool *pool, const void *src, size_t size)
{
	void *obj = pool_alloc(pool, size);

	if (obj)
		memcpy(obj, src, size);
	return obj;
}

static int clone_groups(struct procs *dst, const struct procs *src)
{
	const struct procs_session *s;
	struct procs_node *n;

	for (n = procs_set_after(&src->sessions, -1); n; n = procs_node_after(n)) {
		struct procs_session *copy = duplicate(dst->pool, container_of(n, struct procs_session, all), sizeof(*copy));

		if (!copy)
			return -ENOMEM;
		procs_set_insert(&dst->sessions, &copy->all, n->nr);
	}
	for (n = procs_set_after(&src->groups, -1); n; n = procs_node_after(n)) {
		struct procs_group *copy = duplicate(dst->pool, container_of(n, struct procs_group, all), sizeof(*copy));

		if (!copy)
			return -ENOMEM;
		copy->session = procs_session_at(dst, copy->session->all.nr);
		copy->members.rbh_root = NULL;
		procs_set_insert(&dst->groups, &copy->all, n->nr);
	}
	/* The list's order is found again by pushing from the back: it is short, so walk it once per element. */
	for (s = src->with_tty; s; s = s->next_tty) {
		struct procs_session *copy = procs_session_at(dst, s->all.nr), **at = &dst->with_tty;

		while (*at)
			at = &(*at)->next_tty;
		copy->next_tty = NULL;
		*at = copy;
	}
	return 0;
}

static int clone_procs(struct procs *dst, const struct procs *src)
{
	struct procs_node *n;

	for (n = procs_set_after(&src->all, 0); n; n = procs_node_after(n)) {
		const struct procs_proc *from = container_of(n, struct procs_proc, all);
		struct procs_proc *c = duplicate(dst->pool, from, sizeof(*c));

		if (!c)
			return -ENOMEM;
		c->threads.rbh_root = c->children.rbh_root = c->events.rbh_root = NULL;
		c->group = procs_group_at(dst, from->group->all.nr);
		procs_set_insert(&dst->all, &c->all, n->nr);
		procs_set_insert(&c->group->members, &c->member, n->nr);
	}
	for (n = procs_set_after(&src->all, 0); n; n = procs_node_after(n)) {
		const struct procs_proc *from = container_of(n, struct procs_proc, all);
		struct procs_proc *c = procs_proc_at(dst, n->nr), *parent;

		parent = from->parent ? procs_proc_at(dst, from->parent->all.nr) : NULL;
		procs_proc_adopt(c, parent);
		if (parent)
			parent->nchildren--; /* was copied already */
	}
	return 0;
}

static int clone_threads(struct procs *dst, const struct procs *src)
{
	struct procs_node *n;

	for (n = procs_set_after(&src->tids, 0); n; n = procs_node_after(n)) {
		struct procs_thread *t = duplicate(dst->pool, container_of(n, struct procs_thread, all), sizeof(*t));

		if (!t)
			return -ENOMEM;
		t->proc = procs_proc_at(dst, t->proc->all.nr);
		procs_set_insert(&dst->tids, &t->all, n->nr);
		procs_set_insert(&t->proc->threads, &t->own, n->nr);
	}
	return 0;
}

int procs_clone(struct procs *dst, struct pool *pool, const struct procs *src)
{
	int err;

	*dst = *src;
	dst->pool = pool;
	dst->all.rbh_root = dst->tids.rbh_root = dst->groups.rbh_root = dst->sessions.rbh_root = NULL;
	dst->with_tty = NULL;
	err = clone_groups(dst, src);
	if (!err)
		err = clone_procs(dst, src);
	return err ? err : clone_threads(dst, src);
}

/* ---- hash -------------------------------------------------------------------------------------------- */

static u64 mix(u64 h, u64 v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static u64 hash_proc(u64 h, const struct procs_proc *c)
{
	h = mix(mix(h, (u32)c->all.nr), c->parent ? (u32)c->parent->all.nr : 0);
	h = mix(mix(h, (u32)c->group->all.nr), (u32)c->group->session->all.nr);
	h = mix(mix(h, (u64)c->state << 32 | c->event), (u64)c->flags << 32 | (u32)c->status);
	h = mix(mix(h, (u64)c->exit_signal << 32 | c->ruid), (u64)c->euid << 32 | c->suid);
	return mix(h, c->handle);
}

u64 procs_hash(const struct procs *p)
{
	u64 h = mix(mix(1, p->forks), (u64)p->last << 32 | p->nprocs);
	const struct procs_session *s;
	struct procs_node *n;

	for (n = procs_set_after(&p->all, 0); n; n = procs_node_after(n))
		h = hash_proc(h, container_of(n, struct procs_proc, all));
	for (n = procs_set_after(&p->tids, 0); n; n = procs_node_after(n)) {
		const struct procs_thread *t = container_of(n, struct procs_thread, all);

		h = mix(mix(h, (u64)(u32)n->nr << 32 | (u32)t->proc->all.nr), t->handle);
	}
	for (n = procs_set_after(&p->sessions, -1); n; n = procs_node_after(n)) {
		s = container_of(n, struct procs_session, all);
		h = mix(mix(mix(h, (u32)n->nr), s->tty), (u32)s->tty_pgid);
	}
	return h;
}

/* ---- check ------------------------------------------------------------------------------------------- */

static u32 set_count(const struct procs_set *s)
{
	struct procs_node *n;
	u32 count = 0;

	for (n = procs_set_after(s, -1); n; n = procs_node_after(n))
		count++;
	return count;
}

static bool has(const struct procs_set *s, const struct procs_node *n)
{
	return procs_set_at(s, n->nr) == n;
}

static const char *check_proc(const struct procs *p, const struct procs_proc *c)
{
	s32 nr = c->all.nr;

	if (c->state < PROCS_RUNNING || c->state > PROCS_ZOMBIE || c->event > PROCS_DID_CONTINUE)
		return "state";
	if (!has(&c->group->members, &c->member) || procs_group_at(p, c->group->all.nr) != c->group)
		return "group";
	if ((nr == 1) != !c->parent || (c->parent && procs_proc_at(p, c->parent->all.nr) != c->parent))
		return "parent";
	if (c->parent && (!has(&c->parent->children, &c->child) || (c->event != 0) != has(&c->parent->events, &c->event_node)))
		return "family";
	if (set_count(&c->children) != c->nchildren || set_count(&c->threads) != c->nthreads || set_count(&c->events) > c->nchildren)
		return "counts";
	if (c->state == PROCS_ZOMBIE && (c->nthreads || c->nchildren || (nr != 1 && c->event != PROCS_EXITED)))
		return "zombie";
	if ((c->flags & PROCS_I_LEADER) && (c->group->session->all.nr != nr || c->group->all.nr != nr))
		return "leader";
	return NULL;
}

static const char *check_group(const struct procs *p, const struct procs_group *g)
{
	struct procs_node *n;
	u32 count = 0, stopped = 0;

	for (n = procs_set_after(&g->members, -1); n; n = procs_node_after(n), count++)
		stopped += container_of(n, struct procs_proc, member)->state == PROCS_STOPPED;
	if (!count || count != g->count || stopped != g->stopped || procs_session_at(p, g->session->all.nr) != g->session)
		return "members";
	return NULL;
}

static int broken(const char *kind, s32 nr, const char *what)
{
	kprintf("procs: %s %d is broken: %s\n", kind, nr, what);
	return -EINVAL;
}

static int check_sums(const struct procs *p)
{
	const struct procs_session *s;
	struct procs_node *n;
	u32 groups = 0;

	for (n = procs_set_after(&p->sessions, -1); n; n = procs_node_after(n)) {
		s = container_of(n, struct procs_session, all);
		groups += s->groups;
		if (!s->groups || (s->tty && procs_session_of_tty(p, s->tty) != s))
			return broken("session", n->nr, "groups or terminal");
	}
	if (groups != p->ngroups || set_count(&p->groups) != p->ngroups || set_count(&p->sessions) != p->nsessions ||
	    set_count(&p->all) != p->nprocs || set_count(&p->tids) != p->nthreads)
		return broken("table", 0, "counters");
	return 0;
}

int procs_check(const struct procs *p)
{
	const char *what;
	struct procs_node *n;

	for (n = procs_set_after(&p->all, -1); n; n = procs_node_after(n))
		if ((what = check_proc(p, container_of(n, struct procs_proc, all))))
			return broken("process", n->nr, what);
	for (n = procs_set_after(&p->groups, -1); n; n = procs_node_after(n))
		if ((what = check_group(p, container_of(n, struct procs_group, all))))
			return broken("group", n->nr, what);
	for (n = procs_set_after(&p->tids, -1); n; n = procs_node_after(n)) {
		const struct procs_thread *t = container_of(n, struct procs_thread, all);

		if (procs_proc_at(p, t->proc->all.nr) != t->proc || !has(&t->proc->threads, &t->own))
			return broken("thread", n->nr, "process");
	}
	return check_sums(p);
}
