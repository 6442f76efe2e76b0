/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Dispatch, and the beginning of a life: fork, threads, exec, credentials. The end is in procs_exit.c, groups,
 * sessions and terminals in procs_job.c, the questions in procs_query.c.
 */
#include "base/errno.h"
#include "base/string.h"
#include "seq/procs_internal.h"

static bool too_many(const struct procs *p, u32 max_threads)
{
	return max_threads && p->nthreads >= max_threads;
}

/* pid 1: no parent; session 0 and group 0, as Linux' first process. */
static void fork_first(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_proc *c;

	if (p->last || p->nprocs) {
		r->err = -EEXIST;
		return;
	}
	p->last = 1;
	c = procs_proc_create(p, 1, NULL, procs_group_create(p, 0, procs_session_create(p, 0)));
	c->handle = op->fork.handle;
	c->exit_signal = PROCS_SIGCHLD;
	procs_thread_create(p, 1, c, op->fork.thread);
	p->forks++;
	r->pid = 1;
}

void procs_do_fork(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_proc *caller = procs_proc_alive(p, op->pid), *parent = caller, *c;
	bool sibling = op->flags & PROCS_F_PARENT;

	if (op->pid == 0) {
		fork_first(p, op, r);
		return;
	}
	if (caller && sibling)
		parent = caller->parent;
	if (!caller || !parent)
		r->err = caller ? -EINVAL : -ESRCH;
	else if (too_many(p, op->fork.max_threads))
		r->err = -EAGAIN;
	else if ((r->pid = procs_number_take(p)) < 0)
		r->err = r->pid;
	if (r->err)
		return;
	c = procs_proc_create(p, r->pid, parent, caller->group);
	c->handle = op->fork.handle;
	c->exit_signal = sibling ? caller->exit_signal : op->fork.exit_signal;
	c->flags = caller->flags & PROCS_I_NOTTY;
	c->ruid = caller->ruid;
	c->euid = caller->euid;
	c->suid = caller->suid;
	procs_thread_create(p, r->pid, c, op->fork.thread);
	p->forks++;
	r->handle = parent->handle;
}

void procs_do_clone_thread(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_proc *c = procs_proc_alive(p, op->pid);

	if (!c)
		r->err = -ESRCH;
	else if (too_many(p, op->handle.max_threads))
		r->err = -EAGAIN;
	else if ((r->pid = procs_number_take(p)) < 0)
		r->err = r->pid;
	if (r->err)
		return;
	procs_thread_create(p, r->pid, c, op->handle.handle);
	p->forks++;
	r->handle = c->handle;
}

void procs_do_thread_exit(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_thread *t = procs_thread_at(p, op->pid);
	struct procs_proc *c;

	if (!t) {
		r->err = -ESRCH;
		return;
	}
	c = t->proc;
	procs_thread_remove(p, t);
	r->pid = c->all.nr;
	r->count = c->nthreads;
	r->handle = c->handle;
}

void procs_do_set_handle(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_thread *t = op->flags & PROCS_F_THREAD ? procs_thread_at(p, op->pid) : NULL;
	struct procs_proc *c = op->flags & PROCS_F_THREAD ? NULL : procs_proc_at(p, op->pid);
	u64 *at = t ? &t->handle : c ? &c->handle : NULL;

	if (!at) {
		r->err = -ESRCH;
		return;
	}
	r->handle = *at;
	*at = op->handle.handle;
}

/* The thread that calls exec becomes the leader: it takes over the number of the process. */
void procs_do_exec(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_proc *c = procs_proc_alive(p, op->pid);
	struct procs_thread *t = procs_thread_at(p, op->target);

	if (!c || !t || t->proc != c)
		r->err = -ESRCH;
	else if (c->nthreads > 1)
		r->err = -EBUSY;
	if (r->err)
		return;
	if (op->target != op->pid) {
		u64 handle = t->handle;

		procs_thread_remove(p, t);
		t = procs_thread_create(p, op->pid, c, handle);
	}
	c->flags |= PROCS_I_EXECED;
	c->exit_signal = PROCS_SIGCHLD;
	r->pid = op->pid;
	r->handle = t->handle;
}

void procs_do_creds(struct procs *p, const struct procs_op *op, struct procs_ret *r)
{
	struct procs_proc *c = procs_proc_alive(p, op->pid);

	if (!c) {
		r->err = -ESRCH;
		return;
	}
	c->ruid = op->creds.ruid;
	c->euid = op->creds.euid;
	c->suid = op->creds.suid;
}

void procs_apply(struct procs *p, const void *op_bytes, size_t len, void *ret)
{
	static procs_do *const table[] = {
		[PROCS_FORK] = procs_do_fork,
		[PROCS_CLONE_THREAD] = procs_do_clone_thread,
		[PROCS_THREAD_EXIT] = procs_do_thread_exit,
		[PROCS_SET_HANDLE] = procs_do_set_handle,
		[PROCS_EXEC] = procs_do_exec,
		[PROCS_EXIT] = procs_do_exit,
		[PROCS_WAIT] = procs_do_wait,
		[PROCS_STOP] = procs_do_stop,
		[PROCS_CONTINUE] = procs_do_continue,
		[PROCS_SETPGID] = procs_do_setpgid,
		[PROCS_SETSID] = procs_do_setsid,
		[PROCS_CREDS] = procs_do_creds,
		[PROCS_TTY_ATTACH] = procs_do_tty_attach,
		[PROCS_TTY_DETACH] = procs_do_tty_detach,
		[PROCS_TTY_HANGUP] = procs_do_tty_hangup,
		[PROCS_TCSETPGRP] = procs_do_tcsetpgrp,
	};
	struct procs_ret r;
	struct procs_op op;

	memset(&r, 0, sizeof(r));
	memset(&op, 0, sizeof(op));
	if (len >= sizeof(op))
		memcpy(&op, op_bytes, sizeof(op));
	if (op.kind < ARRAY_SIZE(table) && table[op.kind])
		table[op.kind](p, &op, &r);
	else
		r.err = -EINVAL;
	if (ret)
		memcpy(ret, &r, sizeof(r));
}

size_t procs_op_mem(const void *op_bytes, size_t len)
{
	const struct procs_op *op = op_bytes;
	size_t proc = pool_rounded(sizeof(struct procs_proc)), thread = pool_rounded(sizeof(struct procs_thread));
	size_t group = pool_rounded(sizeof(struct procs_group)), session = pool_rounded(sizeof(struct procs_session));

	if (len < sizeof(*op))
		return 0;
	switch (op->kind) {
	case PROCS_FORK:
		return proc + thread + (op->pid ? 0 : group + session);
	case PROCS_CLONE_THREAD:
		return thread;
	case PROCS_EXEC: /* the leader keeps its number */
		return op->target == op->pid ? 0 : thread;
	case PROCS_SETPGID:
		return group;
	case PROCS_SETSID:
		return group + session;
	default:
		return 0;
	}
}

size_t procs_op_mem_max(void)
{
	return pool_rounded(sizeof(struct procs_proc)) + pool_rounded(sizeof(struct procs_thread)) +
	       pool_rounded(sizeof(struct procs_group)) + pool_rounded(sizeof(struct procs_session));
}
