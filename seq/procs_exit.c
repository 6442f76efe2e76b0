/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The end of a life, and what a parent learns of it: exit, wait, stop, continue.
 *
 * Exit in order: children go to pid 1, PROCS_STEP per operation; the terminal of a session leader is lost; groups that
 * were tied to their session through the dying process only and have stopped members are reported; the
 * process becomes a zombie or is gone. (Linux: exit_notify, forget_original_parent, kill_orphaned_pgrp.)
 */
#include "base/errno.h"
#include "seq/procs_internal.h"

static void tell_parent(const struct procs_proc *c, struct procs_ret *r)
{
	r->parent = c->parent ? c->parent->all.nr : 0;
	r->parent_handle = c->parent ? c->parent->handle : 0;
}

/* c was tied and is no longer: reports its group if that was the last tie and it has stopped
 * members. */
static void report_orphaned(const struct procs_proc *c, struct procs_ret *r)
{
	const struct procs_group *g = c->group;

	if (g->stopped && procs_group_is_orphaned(g))
		r->orphans[r->norphans++] = g->all.nr;
}

/* One child goes to pid 1. */
static void give_away(struct procs *p, struct procs_proc *c, struct procs_proc *init, u32 flags, struct procs_ret *r)
{
	bool tied = procs_proc_is_tied(c);

	procs_proc_disown(c);
	procs_proc_adopt(c, init);
	c->exit_signal = PROCS_SIGCHLD;
	r->inherited++;
	if (tied)
		report_orphaned(c, r);
	if (c->state != PROCS_ZOMBIE)
		return;
	if (flags & PROCS_F_INIT_AUTOREAP) {
		r->dropped[r->ndropped++] = c->handle;
		procs_proc_reap(p, c);
	} else {
		r->wake_init = true;
	}
}

/* True when all children are gone. */
static bool give_children_away(struct procs *p, struct procs_proc *dying, u32 flags, struct procs_ret *r)
{
	struct procs_proc *init = procs_proc_at(p, 1);
	struct procs_node *n = NULL;

	r->init_handle = init->handle;
	while (r->inherited < PROCS_STEP && (n = procs_set_after(&dying->children, 0)))
		give_away(p, container_of(n, struct procs_proc, child), init, flags, r);
	return dying->nchildren == 0;
}

static void lose_terminal(struct procs *p, const struct procs_proc *leader, struct procs_ret *r)
{
	struct procs_session *s = leader->group->session;

	if (!(leader->flags & PROCS_I_LEADER) || !s->tty)
		return;
	r->tty = s->tty;
	r->hup_pgid = s->tty_pgid;
	procs_session_set_tty(p, s, 0, 0);
}

void procs_do_exit(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_proc *c = procs_proc_alive(p, op->pid);
	struct procs_node *t;
	bool tied;

	if (!c)
		r->err = -ESRCH;
	else if (op->pid == 1)
		r->err = -EPERM;
	else if (c->nthreads > 1)
		r->err = -EBUSY;
	else if (op->target && op->target != c->parent->all.nr)
		r->err = -EAGAIN;
	if (r->err)
		return;
	r->more = !give_children_away(p, c, op->flags, r);
	if (r->more)
		return;
	if ((t = procs_set_after(&c->threads, 0)))
		procs_thread_remove(p, container_of(t, struct procs_thread, own));
	lose_terminal(p, c, r);
	tied = procs_proc_is_tied(c);
	procs_proc_set_state(c, PROCS_ZOMBIE);
	if (tied)
		report_orphaned(c, r);
	tell_parent(c, r);
	r->pid = op->pid;
	r->handle = c->handle;
	r->exit_signal = (u8)c->exit_signal;
	c->status = op->status;
	r->reaped = (op->flags & PROCS_F_AUTOREAP) && c->exit_signal == PROCS_SIGCHLD;
	if (r->reaped)
		procs_proc_reap(p, c);
	else
		procs_proc_set_event(c, PROCS_EXITED);
}

/* ---- stop, continue ---------------------------------------------------------------------------------- */

static void change_state(struct procs *p, const struct procs_op *op, u32 from, u32 to, u32 event, struct procs_ret *r)
{
	struct procs_proc *c = procs_proc_alive(p, op->pid);

	if (!c) {
		r->err = -ESRCH;
		return;
	}
	tell_parent(c, r);
	r->pid = op->pid;
	r->handle = c->handle;
	if (c->state != from)
		return;
	r->count = 1;
	procs_proc_set_state(c, to);
	procs_proc_set_event(c, event);
	c->status = to == PROCS_STOPPED ? op->status : 0;
}

void procs_do_stop(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	change_state(p, op, PROCS_RUNNING, PROCS_STOPPED, PROCS_DID_STOP, r);
}

void procs_do_continue(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	change_state(p, op, PROCS_STOPPED, PROCS_RUNNING, PROCS_DID_CONTINUE, r);
}

/* ---- wait -------------------------------------------------------------------------------------------- */

static bool selected(const struct procs_op *op, const struct procs_proc *parent, const struct procs_proc *c)
{
	bool plain = c->exit_signal == PROCS_SIGCHLD;

	if (op->target > 0 && c->all.nr != op->target)
		return false;
	if (op->target == 0 && c->group != parent->group)
		return false;
	if (op->target < -1 && (s64)c->group->all.nr != -(s64)op->target)
		return false;
	return (op->flags & PROCS_WALL) || plain == !(op->flags & PROCS_WCLONE);
}

static bool wanted(const struct procs_op *op, const struct procs_proc *c)
{
	static const u32 flag[] = { 0, PROCS_WEXITED, PROCS_WSTOPPED, PROCS_WCONTINUED };

	return op->flags & flag[c->event];
}

/* The lowest child, of those with an event or of all, that the call is about. */
static struct procs_proc *find_event(const struct procs_op *op, const struct procs_proc *parent)
{
	struct procs_node *n = op->target > 0 ? procs_set_at(&parent->events, op->target) : procs_set_after(&parent->events, 0);

	for (; n; n = op->target > 0 ? NULL : procs_node_after(n)) {
		struct procs_proc *c = container_of(n, struct procs_proc, event_node);

		if (selected(op, parent, c) && wanted(op, c))
			return c;
	}
	return NULL;
}

static bool any_child(const struct procs_op *op, const struct procs_proc *parent)
{
	struct procs_node *n = op->target > 0 ? procs_set_at(&parent->children, op->target) : procs_set_after(&parent->children, 0);

	for (; n; n = op->target > 0 ? NULL : procs_node_after(n)) {
		const struct procs_proc *c = container_of(n, struct procs_proc, child);

		if (selected(op, parent, c) && (c->state != PROCS_ZOMBIE || op->flags & PROCS_WEXITED))
			return true;
	}
	return false;
}

static s32 wait_word(const struct procs_proc *c)
{
	switch (c->event) {
	case PROCS_DID_STOP:
		return c->status << 8 | 0x7f;
	case PROCS_DID_CONTINUE:
		return 0xffff;
	default:
		return c->status;
	}
}

void procs_do_wait(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_proc *parent = procs_proc_alive(p, op->pid), *c;

	if (!parent)
		r->err = -ESRCH;
	else if (!(op->flags & (PROCS_WEXITED | PROCS_WSTOPPED | PROCS_WCONTINUED)))
		r->err = -EINVAL;
	if (r->err)
		return;
	c = find_event(op, parent);
	if (!c) {
		r->err = any_child(op, parent) ? 0 : -ECHILD;
		return;
	}
	r->pid = c->all.nr;
	r->event = c->event;
	r->status = wait_word(c);
	r->uid = c->ruid;
	r->handle = c->handle;
	if (op->flags & PROCS_WNOWAIT)
		return;
	r->reaped = c->event == PROCS_EXITED;
	if (r->reaped)
		procs_proc_reap(p, c);
	else
		procs_proc_set_event(c, PROCS_NONE);
}
