/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The naive model of procs: flat arrays indexed by number, linear searches, definitions taken literally: a number is
 * used if anybody bears it; a group exists if a process names it; orphaned groups are found before and after each exit.
 */
#ifndef TEST_SEQ_PROCS_MODEL_H
#define TEST_SEQ_PROCS_MODEL_H

#define M_MAX 1000

struct mproc {
	bool used, execed, leader, notty;
	s32 parent, pgid, sid;
	u32 state, event, exit_signal, ruid, euid, suid;
	s32 status;
	u64 handle;
};

struct mthread {
	s32 pid; /* 0: unused */
	u64 handle;
};

struct model {
	struct mproc proc[M_MAX];
	struct mthread thread[M_MAX];
	struct { u64 tty; s32 fg; } session[M_MAX];
	s32 last, pid_max;
};

#define EACH(i) for (s32 i = 1; i < m->pid_max; i++) if (m->proc[i].used)

static bool m_alive(const struct model *m, s32 pid)
{
	return pid > 0 && pid < m->pid_max && m->proc[pid].used && m->proc[pid].state != PROCS_ZOMBIE;
}

static bool m_group(const struct model *m, s32 pgid, s32 *sid)
{
	EACH(i)
		if (m->proc[i].pgid == pgid) {
			*sid = m->proc[i].sid;
			return true;
		}
	return false;
}

static bool m_used(const struct model *m, s32 nr)
{
	if (nr < 0 || nr >= m->pid_max)
		return false;
	if (m->proc[nr].used || m->thread[nr].pid)
		return true;
	EACH(i)
		if (m->proc[i].pgid == nr || m->proc[i].sid == nr)
			return true;
	return false;
}

static s32 m_take(struct model *m)
{
	s32 tries, nr = m->last;

	for (tries = 0; tries < m->pid_max; tries++) {
		nr = nr + 1 >= m->pid_max ? 300 : nr + 1;
		if (!m_used(m, nr))
			return m->last = nr;
	}
	return -EAGAIN;
}

static u32 m_threads(const struct model *m, s32 pid)
{
	u32 n = 0;

	for (s32 i = 1; i < m->pid_max; i++)
		n += pid ? m->thread[i].pid == pid : m->thread[i].pid != 0;
	return n;
}

static void m_sweep_sessions(struct model *m) /* sessions that nobody names lose their terminal */
{
	for (s32 s = 0; s < m->pid_max; s++) {
		bool found = false;

		EACH(i)
			found |= m->proc[i].sid == s;
		if (!found)
			m->session[s].tty = 0, m->session[s].fg = 0;
	}
}

static u64 m_tty(const struct model *m, s32 pid)
{
	return m->proc[pid].notty ? 0 : m->session[m->proc[pid].sid].tty;
}

static s32 m_holder(const struct model *m, u64 tty)
{
	for (s32 s = 0; s < m->pid_max; s++)
		if (m->session[s].tty == tty)
			return s;
	return -1;
}

static bool m_orphaned(const struct model *m, s32 pgid)
{
	EACH(i) {
		const struct mproc *c = &m->proc[i], *up = &m->proc[c->parent];

		if (c->pgid == pgid && c->state != PROCS_ZOMBIE && c->parent > 1 && up->pgid != pgid && up->sid == c->sid)
			return false;
	}
	return true;
}

static void m_fork(struct model *m, const struct procs_op *op, struct procs_ret *r)
{
	s32 parent = op->pid, pid;

	if (!m_alive(m, op->pid)) {
		r->err = -ESRCH;
	} else if (op->flags & PROCS_F_PARENT && !(parent = m->proc[op->pid].parent)) {
		r->err = -EINVAL;
	} else if (op->fork.max_threads && m_threads(m, 0) >= op->fork.max_threads) {
		r->err = -EAGAIN;
	} else if ((pid = m_take(m)) < 0) {
		r->err = pid;
	} else {
		struct mproc *c = &m->proc[pid];

		*c = m->proc[op->pid];
		c->parent = parent;
		c->handle = op->fork.handle;
		c->state = PROCS_RUNNING;
		c->event = 0;
		c->status = 0;
		c->execed = c->leader = false;
		if (!(op->flags & PROCS_F_PARENT))
			c->exit_signal = op->fork.exit_signal;
		m->thread[pid] = (struct mthread){ pid, op->fork.thread };
		r->pid = pid;
		r->handle = m->proc[parent].handle;
	}
}

static void m_exit(struct model *m, const struct procs_op *op, struct procs_ret *r)
{
	static bool before[M_MAX];
	struct mproc *c = &m->proc[op->pid];
	s32 sid;

	if (!m_alive(m, op->pid))
		r->err = -ESRCH;
	else if (op->pid == 1)
		r->err = -EPERM;
	else if (m_threads(m, op->pid) > 1)
		r->err = -EBUSY;
	else if (op->target && op->target != c->parent)
		r->err = -EAGAIN;
	if (r->err)
		return;
	for (s32 g = 0; g < m->pid_max; g++)
		before[g] = m_orphaned(m, g);
	r->init_handle = m->proc[1].handle;
	EACH(i) {
		if (m->proc[i].parent != op->pid || r->inherited == PROCS_STEP)
			continue;
		m->proc[i].parent = 1;
		m->proc[i].exit_signal = 17;
		r->inherited++;
		if (m->proc[i].state != PROCS_ZOMBIE)
			continue;
		if (op->flags & PROCS_F_INIT_AUTOREAP) {
			r->dropped[r->ndropped++] = m->proc[i].handle;
			m->proc[i].used = false;
		} else {
			r->wake_init = true;
		}
	}
	EACH(i)
		r->more |= m->proc[i].parent == op->pid;
	if (!r->more) {
		c->state = PROCS_ZOMBIE;
		c->status = op->status;
		c->event = PROCS_EXITED;
		if (c->leader && m->session[c->sid].tty) {
			r->tty = m->session[c->sid].tty;
			r->hup_pgid = m->session[c->sid].fg;
			m->session[c->sid].tty = 0;
			m->session[c->sid].fg = 0;
		}
		r->pid = op->pid;
		r->handle = c->handle;
		r->parent = c->parent;
		r->parent_handle = m->proc[c->parent].handle;
		r->exit_signal = (u8)c->exit_signal;
		for (s32 i = 1; i < m->pid_max; i++)
			if (m->thread[i].pid == op->pid)
				m->thread[i].pid = 0;
	}
	for (s32 g = 0; g < m->pid_max; g++) {
		bool stopped = false;

		EACH(i)
			stopped |= m->proc[i].pgid == g && m->proc[i].state == PROCS_STOPPED;
		if (stopped && m_group(m, g, &sid) && !before[g] && m_orphaned(m, g))
			r->orphans[r->norphans++] = g;
	}
	if (!r->more && op->flags & PROCS_F_AUTOREAP && c->exit_signal == 17) {
		r->reaped = true;
		c->used = false;
	}
	m_sweep_sessions(m);
}

static bool m_selected(const struct model *m, const struct procs_op *op, s32 i)
{
	const struct mproc *c = &m->proc[i];

	if (c->parent != op->pid)
		return false;
	if (!(op->flags & PROCS_WALL) && (c->exit_signal != 17) != !!(op->flags & PROCS_WCLONE))
		return false;
	if (op->target > 0)
		return i == op->target;
	return op->target == -1 || c->pgid == (op->target == 0 ? m->proc[op->pid].pgid : -op->target);
}

static void m_wait(struct model *m, const struct procs_op *op, struct procs_ret *r)
{
	bool exists = false;

	if (!m_alive(m, op->pid))
		r->err = -ESRCH;
	else if (!(op->flags & (PROCS_WEXITED | PROCS_WSTOPPED | PROCS_WCONTINUED)))
		r->err = -EINVAL;
	if (r->err)
		return;
	EACH(i) {
		struct mproc *c = &m->proc[i];

		if (!m_selected(m, op, i))
			continue;
		exists |= c->state != PROCS_ZOMBIE || op->flags & PROCS_WEXITED;
		if (!(c->event == PROCS_EXITED && op->flags & PROCS_WEXITED) && !(c->event == PROCS_DID_STOP && op->flags & PROCS_WSTOPPED) &&
		    !(c->event == PROCS_DID_CONTINUE && op->flags & PROCS_WCONTINUED))
			continue;
		r->pid = i;
		r->event = c->event;
		r->handle = c->handle;
		r->uid = c->ruid;
		r->status = c->event == PROCS_EXITED ? c->status : c->event == PROCS_DID_STOP ? (c->status << 8 | 0x7f) : 0xffff;
		if (!(op->flags & PROCS_WNOWAIT)) {
			r->reaped = c->event == PROCS_EXITED;
			c->event = 0;
			c->used = !r->reaped;
			m_sweep_sessions(m);
		}
		return;
	}
	r->err = exists ? 0 : -ECHILD;
}

static void m_stop(struct model *m, const struct procs_op *op, struct procs_ret *r, bool stop)
{
	struct mproc *c = &m->proc[op->pid];

	if (!m_alive(m, op->pid)) {
		r->err = -ESRCH;
		return;
	}
	r->pid = op->pid;
	r->handle = c->handle;
	r->parent = c->parent;
	r->parent_handle = c->parent ? m->proc[c->parent].handle : 0;
	if ((c->state == PROCS_STOPPED) == stop)
		return;
	r->count = 1;
	c->state = stop ? PROCS_STOPPED : PROCS_RUNNING;
	c->event = stop ? PROCS_DID_STOP : PROCS_DID_CONTINUE;
	c->status = stop ? op->status : 0;
}

static s32 m_setpgid(struct model *m, const struct procs_op *op)
{
	s32 pid = op->target ? op->target : op->pid, pgid = op->pgid ? op->pgid : pid, sid;
	struct mproc *c = &m->proc[pid], *me = &m->proc[op->pid];

	if (!m_alive(m, op->pid))
		return -ESRCH;
	if (op->pgid < 0)
		return -EINVAL;
	if (pid < 0 || pid >= m->pid_max || !c->used)
		return pid > 0 && pid < m->pid_max && m->thread[pid].pid ? -EINVAL : -ESRCH;
	if (c->parent == op->pid) {
		if (c->sid != me->sid)
			return -EPERM;
		if (c->execed)
			return -EACCES;
	} else if (c != me) {
		return -ESRCH;
	}
	if (c->leader)
		return -EPERM;
	if (pgid != pid && (!m_group(m, pgid, &sid) || sid != me->sid))
		return -EPERM;
	c->pgid = pgid;
	return 0;
}

static s32 m_tcsetpgrp(struct model *m, const struct procs_op *op)
{
	s32 nr = op->tty.arg, sid = -1;

	if (!m_alive(m, op->pid))
		return -ESRCH;
	if (!op->tty.tty || m_tty(m, op->pid) != op->tty.tty)
		return -ENOTTY;
	if (nr < 0)
		return -EINVAL;
	if (!m_used(m, nr) && !(nr == 0 && m_group(m, 0, &sid)))
		return -ESRCH;
	if (!m_group(m, nr, &sid) && nr < m->pid_max) {
		if (m->proc[nr].used)
			sid = m->proc[nr].sid;
		else if (m->thread[nr].pid)
			sid = m->proc[m->thread[nr].pid].sid;
	}
	if (sid != m->proc[op->pid].sid)
		return -EPERM;
	m->session[sid].fg = nr;
	return 0;
}

static void m_detach(struct model *m, s32 sid, struct procs_ret *r)
{
	r->pid = sid;
	r->tty = m->session[sid].tty;
	r->hup_pgid = m->session[sid].fg;
	m->session[sid].tty = 0;
	m->session[sid].fg = 0;
}

static void m_terminal(struct model *m, const struct procs_op *op, struct procs_ret *r)
{
	struct mproc *c = &m->proc[op->pid];
	s32 holder = m_holder(m, op->tty.tty);

	if (op->kind == PROCS_TTY_HANGUP) {
		if (!op->tty.tty || holder < 0)
			r->err = -ENOTTY;
		else
			m_detach(m, holder, r);
	} else if (!m_alive(m, op->pid)) {
		r->err = -ESRCH;
	} else if (op->kind == PROCS_TTY_DETACH) {
		if (!m_tty(m, op->pid) || (op->tty.tty && op->tty.tty != m_tty(m, op->pid)))
			r->err = -ENOTTY;
		else if (c->leader)
			m_detach(m, c->sid, r);
		else
			c->notty = true;
	} else if (!op->tty.tty) {
		r->err = -EINVAL;
	} else if (c->leader && holder == c->sid) {
		;
	} else if (!c->leader || m->session[c->sid].tty || (holder >= 0 && !(op->flags & PROCS_F_STEAL))) {
		r->err = -EPERM;
	} else {
		if (holder >= 0)
			m->session[holder].tty = 0, m->session[holder].fg = 0;
		m->session[c->sid].tty = op->tty.tty;
		m->session[c->sid].fg = c->pgid;
		r->pid = c->sid;
	}
}

static void m_exec(struct model *m, const struct procs_op *op, struct procs_ret *r)
{
	if (!m_alive(m, op->pid) || op->target < 1 || op->target >= m->pid_max || m->thread[op->target].pid != op->pid) {
		r->err = -ESRCH;
	} else if (m_threads(m, op->pid) > 1) {
		r->err = -EBUSY;
	} else {
		struct mthread t = m->thread[op->target];

		m->thread[op->target].pid = 0;
		m->thread[op->pid] = t;
		m->proc[op->pid].execed = true;
		m->proc[op->pid].exit_signal = 17;
		r->pid = op->pid;
		r->handle = t.handle;
	}
}

static struct procs_ret m_apply(struct model *m, const struct procs_op *op)
{
	struct procs_ret r;
	struct mproc *c = op->pid > 0 && op->pid < m->pid_max ? &m->proc[op->pid] : &m->proc[0];
	struct mthread *t = op->pid > 0 && op->pid < m->pid_max ? &m->thread[op->pid] : &m->thread[0];
	s32 sid;

	memset(&r, 0, sizeof(r));
	switch (op->kind) {
	case PROCS_FORK:
		m_fork(m, op, &r);
		break;
	case PROCS_CLONE_THREAD:
		if (!m_alive(m, op->pid))
			r.err = -ESRCH;
		else if (op->handle.max_threads && m_threads(m, 0) >= op->handle.max_threads)
			r.err = -EAGAIN;
		else if ((r.pid = m_take(m)) < 0)
			r.err = r.pid;
		else {
			m->thread[r.pid] = (struct mthread){ op->pid, op->handle.handle };
			r.handle = c->handle;
		}
		break;
	case PROCS_THREAD_EXIT:
		if (!t->pid) {
			r.err = -ESRCH;
			break;
		}
		r.pid = t->pid;
		t->pid = 0;
		r.count = m_threads(m, r.pid);
		r.handle = m->proc[r.pid].handle;
		break;
	case PROCS_SET_HANDLE:
		if (op->flags & PROCS_F_THREAD ? !t->pid : !c->used) {
			r.err = -ESRCH;
			break;
		}
		r.handle = op->flags & PROCS_F_THREAD ? t->handle : c->handle;
		*(op->flags & PROCS_F_THREAD ? &t->handle : &c->handle) = op->handle.handle;
		break;
	case PROCS_EXEC:
		m_exec(m, op, &r);
		break;
	case PROCS_EXIT:
		m_exit(m, op, &r);
		break;
	case PROCS_WAIT:
		m_wait(m, op, &r);
		break;
	case PROCS_STOP:
	case PROCS_CONTINUE:
		m_stop(m, op, &r, op->kind == PROCS_STOP);
		break;
	case PROCS_SETPGID:
		r.err = m_setpgid(m, op);
		break;
	case PROCS_SETSID:
		if (!m_alive(m, op->pid)) {
			r.err = -ESRCH;
		} else if (c->leader || m_group(m, op->pid, &sid)) {
			r.err = -EPERM;
		} else {
			c->pgid = c->sid = r.pid = op->pid;
			c->leader = true;
			c->notty = false;
			m_sweep_sessions(m);
		}
		break;
	case PROCS_CREDS:
		if (!m_alive(m, op->pid)) {
			r.err = -ESRCH;
			break;
		}
		c->ruid = op->creds.ruid;
		c->euid = op->creds.euid;
		c->suid = op->creds.suid;
		break;
	case PROCS_TCSETPGRP:
		r.err = m_tcsetpgrp(m, op);
		break;
	default:
		m_terminal(m, op, &r);
	}
	return r;
}

#endif
