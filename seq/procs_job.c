/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Job control: groups, sessions and their terminals. The checks and their order are those of Linux' sys_setpgid,
 * ksys_setsid and drivers/tty/tty_jobctrl.c. One simplification: a terminal belongs to the session, and a process may
 * give up its own view of it (TIOCNOTTY); Linux keeps a pointer per process, so that processes forked before the
 * leader acquired the terminal do not see it.
 */
#include "base/errno.h"
#include "seq/procs_internal.h"

static struct procs_session *session_of(const struct procs_proc *c)
{
	return c->group->session;
}

/* ---- setpgid, setsid --------------------------------------------------------------------------------- */

/* May caller move c at all? */
static s32 may_move(const struct procs_proc *caller, const struct procs_proc *c)
{
	if (c->parent == caller) {
		if (session_of(c) != session_of(caller))
			return -EPERM;
		if (c->flags & PROCS_I_EXECED)
			return -EACCES;
	} else if (c != caller) {
		return -ESRCH;
	}
	return c->flags & PROCS_I_LEADER ? -EPERM : 0;
}

void procs_do_setpgid(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_proc *caller = procs_proc_alive(p, op->pid), *c;
	s32 pid = op->target ? op->target : op->pid, pgid = op->pgid ? op->pgid : pid;
	struct procs_group *g;

	c = procs_proc_at(p, pid);
	if (!caller)
		r->err = -ESRCH;
	else if (op->pgid < 0)
		r->err = -EINVAL;
	else if (!c)
		r->err = procs_thread_at(p, pid) ? -EINVAL : -ESRCH;
	else
		r->err = may_move(caller, c);
	if (r->err)
		return;
	g = procs_group_at(p, pgid);
	if (pgid != pid && (!g || g->session != session_of(caller)))
		r->err = -EPERM;
	else
		procs_proc_join(p, c, g ? g : procs_group_create(p, pgid, session_of(c)));
}

void procs_do_setsid(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_proc *c = procs_proc_alive(p, op->pid);

	if (!c)
		r->err = -ESRCH;
	else if ((c->flags & PROCS_I_LEADER) || procs_group_at(p, op->pid))
		r->err = -EPERM;
	if (r->err)
		return;
	procs_proc_join(p, c, procs_group_create(p, op->pid, procs_session_create(p, op->pid)));
	c->flags = (c->flags | PROCS_I_LEADER) & ~(u32)PROCS_I_NOTTY;
	r->pid = op->pid;
}

/* ---- terminals --------------------------------------------------------------------------------------- */

static u64 tty_of(const struct procs_proc *c)
{
	return c->flags & PROCS_I_NOTTY ? 0 : session_of(c)->tty;
}

void procs_do_tty_attach(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_proc *c = procs_proc_alive(p, op->pid);
	struct procs_session *holder = procs_session_of_tty(p, op->tty.tty);

	if (!c || !op->tty.tty) {
		r->err = c ? -EINVAL : -ESRCH;
		return;
	}
	if ((c->flags & PROCS_I_LEADER) && holder == session_of(c))
		return;
	if (!(c->flags & PROCS_I_LEADER) || session_of(c)->tty || (holder && !(op->flags & PROCS_F_STEAL))) {
		r->err = -EPERM;
		return;
	}
	if (holder)
		procs_session_set_tty(p, holder, 0, 0);
	procs_session_set_tty(p, session_of(c), op->tty.tty, c->group->all.nr);
	r->pid = session_of(c)->all.nr;
}

static void take_away(struct procs *p, struct procs_session *s, struct procs_ret *r)
{
	r->pid = s->all.nr;
	r->tty = s->tty;
	r->hup_pgid = s->tty_pgid;
	procs_session_set_tty(p, s, 0, 0);
}

void procs_do_tty_detach(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_proc *c = procs_proc_alive(p, op->pid);

	if (!c || !tty_of(c) || (op->tty.tty && op->tty.tty != tty_of(c)))
		r->err = c ? -ENOTTY : -ESRCH;
	else if (c->flags & PROCS_I_LEADER)
		take_away(p, session_of(c), r);
	else
		c->flags |= PROCS_I_NOTTY;
}

void procs_do_tty_hangup(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_session *s = op->tty.tty ? procs_session_of_tty(p, op->tty.tty) : NULL;

	if (s)
		take_away(p, s, r);
	else
		r->err = -ENOTTY;
}

/* The session that a group number means to TIOCSPGRP: of the group, else of the thread or process of that number. */
static const struct procs_session *session_of_number(const struct procs *p, s32 nr)
{
	const struct procs_group *g = procs_group_at(p, nr);
	const struct procs_proc *c = procs_proc_at(p, nr);
	const struct procs_thread *t = procs_thread_at(p, nr);

	return g ? g->session : c ? session_of(c) : t ? session_of(t->proc) : NULL;
}

void procs_do_tcsetpgrp(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_proc *c = procs_proc_alive(p, op->pid);

	if (!c)
		r->err = -ESRCH;
	else if (!op->tty.tty || tty_of(c) != op->tty.tty)
		r->err = -ENOTTY;
	else if (op->tty.arg < 0)
		r->err = -EINVAL;
	else if (!procs_number_used(p, op->tty.arg))
		r->err = -ESRCH;
	else if (session_of_number(p, op->tty.arg) != session_of(c))
		r->err = -EPERM;
	else
		session_of(c)->tty_pgid = op->tty.arg;
}
