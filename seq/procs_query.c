/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The questions one may ask of seq/procs: nothing here changes or allocates anything. */
#include "base/errno.h"
#include "seq/procs_internal.h"

static void fill(const struct procs_proc *c, struct procs_info *out)
{
	const struct procs_session *s = c->group->session;
	u64 tty = c->flags & PROCS_I_NOTTY ? 0 : s->tty;

	*out = (struct procs_info){
		.pid = c->all.nr,
		.ppid = c->parent ? c->parent->all.nr : 0,
		.pgid = c->group->all.nr,
		.sid = s->all.nr,
		.state = c->state,
		.status = c->status,
		.event = c->event,
		.flags = c->flags,
		.exit_signal = c->exit_signal,
		.threads = c->nthreads,
		.children = c->nchildren,
		.ruid = c->ruid,
		.euid = c->euid,
		.suid = c->suid,
		.handle = c->handle,
		.tty = tty,
		.tty_pgid = tty ? s->tty_pgid : 0,
	};
}

int procs_get(const struct procs *p, s32 pid, struct procs_info *out)
{
	const struct procs_proc *c = procs_proc_at(p, pid);

	if (!c)
		return -ESRCH;
	fill(c, out);
	return 0;
}

s32 procs_parent(const struct procs *p, s32 pid)
{
	const struct procs_proc *c = procs_proc_at(p, pid);

	return c && c->parent ? c->parent->all.nr : 0;
}

int procs_by_tid(const struct procs *p, s32 tid, struct procs_info *out, u64 *thread)
{
	const struct procs_thread *t = procs_thread_at(p, tid);

	if (!t)
		return -ESRCH;
	fill(t->proc, out);
	*thread = t->handle;
	return 0;
}

/* ---- lists ------------------------------------------------------------------------------------------- */

static const struct procs_set *set_of(const struct procs *p, enum procs_which which, s32 key)
{
	const struct procs_group *g = which == PROCS_OF_GROUP ? procs_group_at(p, key) : NULL;
	const struct procs_proc *c = which == PROCS_CHILDREN || which == PROCS_THREADS ? procs_proc_at(p, key) : NULL;

	switch (which) {
	case PROCS_OF_GROUP:
		return g ? &g->members : NULL;
	case PROCS_CHILDREN:
		return c ? &c->children : NULL;
	case PROCS_THREADS:
		return c ? &c->threads : NULL;
	default:
		return &p->all;
	}
}

static struct procs_brief brief(const struct procs_node *n, enum procs_which which)
{
	const struct procs_thread *t = container_of(n, struct procs_thread, own);
	const struct procs_proc *c;

	switch (which) {
	case PROCS_THREADS:
		return (struct procs_brief){ n->nr, t->proc->state, t->handle };
	case PROCS_OF_GROUP:
		c = container_of(n, struct procs_proc, member);
		break;
	case PROCS_CHILDREN:
		c = container_of(n, struct procs_proc, child);
		break;
	default:
		c = container_of(n, struct procs_proc, all);
	}
	return (struct procs_brief){ n->nr, c->state, c->handle };
}

static bool in_session(const struct procs_node *n, s32 sid)
{
	return container_of(n, struct procs_proc, all)->group->session->all.nr == sid;
}

size_t procs_list(const struct procs *p, enum procs_which which, s32 key, s32 after, struct procs_brief *out, size_t max)
{
	const struct procs_set *s = set_of(p, which, key);
	struct procs_node *n = s ? procs_set_after(s, after) : NULL;
	size_t count = 0;

	for (; n && count < max; n = procs_node_after(n))
		if (which != PROCS_OF_SESSION || in_session(n, key))
			out[count++] = brief(n, which);
	return count;
}

/* ---- groups, terminals, permission ------------------------------------------------------------------- */

bool procs_group_exists(const struct procs *p, s32 pgid, s32 sid)
{
	const struct procs_group *g = procs_group_at(p, pgid);

	return g && g->session->all.nr == sid;
}

bool procs_group_orphaned(const struct procs *p, s32 pgid)
{
	const struct procs_group *g = procs_group_at(p, pgid);

	return !g || procs_group_is_orphaned(g);
}

int procs_tty(const struct procs *p, u64 tty, s32 *sid, s32 *pgid)
{
	const struct procs_session *s = tty ? procs_session_of_tty(p, tty) : NULL;

	if (!s)
		return -ENOTTY;
	*sid = s->all.nr;
	*pgid = s->tty_pgid;
	return 0;
}

int procs_may_kill(const struct procs *p, s32 from, s32 to, int sig)
{
	const struct procs_proc *a = procs_proc_at(p, from), *b = procs_proc_at(p, to);

	if (!a || !b)
		return -ESRCH;
	if (a == b || a->euid == 0 || a->euid == b->suid || a->euid == b->ruid || a->ruid == b->suid || a->ruid == b->ruid)
		return 0;
	return sig == PROCS_SIGCONT && a->group->session == b->group->session ? 0 : -EPERM;
}
