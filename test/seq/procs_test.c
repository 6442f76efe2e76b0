/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * procs against the naive model (procs_model.h) in random programs with few numbers, so that they wrap and collide;
 * errno tables; job-control stories; two tables with different memory histories that must agree in every result and hash.
 */
#include "test/seq/procs_common.h"
#include "seq/procs.h"
#include "test/seq/procs_model.h"

static struct procs_ret apply(struct procs *p, struct procs_op op)
{
	size_t before = p->pool->used, mem = procs_op_mem(&op, sizeof(op));
	struct procs_ret r;

	procs_apply(p, &op, sizeof(op), &r);
	if (p->pool->used > before + mem || mem > procs_op_mem_max())
		ok(false, "op_mem of kind %u", op.kind);
	return r;
}

/* ---- random programs ---- */

static s32 pick(const struct model *m, bool used) /* a number, mostly of a process */
{
	s32 i, tries;

	for (tries = 0; tries < 400; tries++) {
		i = 1 + (s32)below((u64)m->pid_max - 1);
		if (!used || m->proc[i].used)
			return i;
	}
	return 1;
}

static s32 pick_child(const struct model *m, s32 pid)
{
	s32 tries, c;

	for (tries = 0; tries < 20; tries++) {
		c = pick(m, true);
		if (m->proc[c].parent == pid)
			return c;
	}
	return c;
}

static s32 m_favourite(const struct model *m) /* stays the same for a while */
{
	s32 i = MAX(m->last & ~31, 2);

	while (i < m->last && !m_alive(m, i))
		i++;
	return i;
}

static struct procs_op random_op(const struct model *m, u32 crowd)
{
	static const u32 mix[] = { PROCS_FORK, PROCS_FORK, PROCS_FORK, PROCS_FORK, PROCS_FORK, PROCS_CLONE_THREAD, PROCS_THREAD_EXIT,
				   PROCS_SET_HANDLE, PROCS_EXEC, PROCS_EXIT, PROCS_EXIT, PROCS_EXIT, PROCS_WAIT, PROCS_WAIT, PROCS_WAIT,
				   PROCS_STOP, PROCS_STOP, PROCS_CONTINUE, PROCS_SETPGID, PROCS_SETPGID, PROCS_SETPGID, PROCS_SETSID,
				   PROCS_CREDS, PROCS_TTY_ATTACH, PROCS_TTY_DETACH, PROCS_TTY_HANGUP, PROCS_TCSETPGRP };
	static const s32 selectors[] = { 0, -1, -1, -1, 1, -2 };
	static u64 next_handle = 1;
	struct procs_op op = { .kind = mix[below(ARRAY_SIZE(mix))] };

	op.pid = pick(m, below(20) != 0);
	switch (op.kind) {
	case PROCS_FORK:
		op.fork.handle = next_handle++;
		op.fork.thread = next_handle++;
		op.fork.exit_signal = below(8) ? 17 : (u32)below(2) * 10;
		op.fork.max_threads = crowd;
		op.flags = below(8) ? 0 : PROCS_F_PARENT;
		if (below(4) == 0)
			op.pid = m->last; /* deep */
		else if (below(3) == 0)
			op.pid = m_favourite(m); /* wide */
		break;
	case PROCS_CLONE_THREAD:
	case PROCS_SET_HANDLE:
		op.handle.handle = next_handle++;
		op.handle.max_threads = crowd;
		op.flags = op.kind == PROCS_SET_HANDLE && below(2) ? PROCS_F_THREAD : 0;
		break;
	case PROCS_THREAD_EXIT:
		op.pid = pick(m, false);
		break;
	case PROCS_EXEC:
		op.target = below(2) ? op.pid : pick(m, false);
		for (s32 i = 1; below(2) && i < m->pid_max; i++)
			if (m->thread[i].pid == op.pid)
				op.target = i;
		break;
	case PROCS_EXIT:
		op.status = (s32)below(256) << 8;
		op.flags = (below(3) ? 0 : PROCS_F_AUTOREAP) | (below(3) ? 0 : PROCS_F_INIT_AUTOREAP);
		op.target = below(3) ? 0 : m->proc[op.pid].parent;
		break;
	case PROCS_WAIT:
		if (below(2))
			op.pid = m->proc[op.pid].parent ? m->proc[op.pid].parent : 1;
		op.target = selectors[below(ARRAY_SIZE(selectors))];
		op.target = op.target == 1 ? pick_child(m, op.pid) : op.target == -2 ? -pick(m, true) : op.target;
		op.flags = PROCS_WEXITED * !!below(4) | PROCS_WSTOPPED * !!below(2) | PROCS_WCONTINUED * !!below(2) |
			   PROCS_WNOWAIT * !below(4) | PROCS_WALL * !below(2) | PROCS_WCLONE * !below(8);
		break;
	case PROCS_STOP:
		op.status = 19 + (s32)below(4);
		break;
	case PROCS_SETPGID:
		op.target = below(3) == 0 ? 0 : below(4) ? pick_child(m, op.pid) : pick(m, below(2));
		op.pgid = below(3) == 0 ? 0 : below(6) ? m->proc[pick(m, true)].pgid : (s32)below(400) - 20;
		if (below(3) == 0)
			op.pgid = m->proc[op.pid].pgid;
		break;
	case PROCS_CREDS:
		op.creds.ruid = (u32)below(3);
		op.creds.euid = (u32)below(3);
		op.creds.suid = (u32)below(3);
		break;
	case PROCS_TTY_ATTACH:
	case PROCS_TTY_DETACH:
	case PROCS_TTY_HANGUP:
	case PROCS_TCSETPGRP:
		op.tty.tty = below(5);
		op.tty.arg = below(3) ? m->proc[pick(m, true)].pgid : (s32)below(400) - 20;
		op.flags = below(2) ? 0 : PROCS_F_STEAL;
		for (s32 i = 1; below(2) && i < m->pid_max; i++)
			if (m->proc[i].used && m->proc[i].leader && below(3) == 0) {
				op.pid = i;
				op.tty.tty = below(2) && m_tty(m, i) ? m_tty(m, i) : op.tty.tty;
			}
		break;
	}
	return op;
}

static void sort(s32 *v, u32 n)
{
	u32 i, j;

	for (i = 1; i < n; i++)
		for (j = i; j > 0 && v[j] < v[j - 1]; j--) {
			s32 x = v[j];

			v[j] = v[j - 1];
			v[j - 1] = x;
		}
}

static bool same_ret(struct procs_ret *a, struct procs_ret *b)
{
	if (a->err || b->err)
		return a->err == b->err;
	sort(a->orphans, a->norphans);
	sort(b->orphans, b->norphans);
	must(a->pid == b->pid && a->count == b->count && a->status == b->status && a->event == b->event && a->uid == b->uid, "pid %d, model %d",
	     a->pid, b->pid);
	must(a->handle == b->handle && a->more == b->more && a->reaped == b->reaped && a->exit_signal == b->exit_signal, "more %d %d", a->more, b->more);
	must(a->wake_init == b->wake_init && a->inherited == b->inherited && a->parent == b->parent && a->parent_handle == b->parent_handle &&
	     a->init_handle == b->init_handle, "inherited %u, model %u", a->inherited, b->inherited);
	must(a->hup_pgid == b->hup_pgid && a->tty == b->tty, "hup %d, model %d", a->hup_pgid, b->hup_pgid);
	must(a->norphans == b->norphans && !memcmp(a->orphans, b->orphans, a->norphans * sizeof(s32)), "%u orphans, model %u", a->norphans, b->norphans);
	must(a->ndropped == b->ndropped && !memcmp(a->dropped, b->dropped, a->ndropped * sizeof(u64)), "dropped");
	return true;
}

static bool same_proc(const struct procs *p, const struct model *m, s32 pid)
{
	const struct mproc *c = &m->proc[pid];
	struct procs_info i;
	u32 children = 0;

	must((procs_get(p, pid, &i) == 0) == c->used, "is there a process %d?", pid);
	must(procs_parent(p, pid) == (c->used ? c->parent : 0), "the parent of %d", pid);
	if (!c->used)
		return true;
	for (s32 k = 1; k < m->pid_max; k++)
		children += m->proc[k].used && m->proc[k].parent == pid;
	must(i.ppid == c->parent && i.pgid == c->pgid && i.sid == c->sid && i.state == c->state && i.event == c->event, "process %d", pid);
	must(i.status == c->status && i.exit_signal == c->exit_signal && i.ruid == c->ruid && i.euid == c->euid && i.suid == c->suid, "process %d", pid);
	must(!!(i.flags & PROCS_I_EXECED) == c->execed && !!(i.flags & PROCS_I_LEADER) == c->leader, "flags of %d", pid);
	must(i.handle == c->handle && i.threads == m_threads(m, pid) && i.children == children, "counts of %d", pid);
	must(i.tty == m_tty(m, pid) && (!i.tty || i.tty_pgid == m->session[c->sid].fg), "terminal of %d", pid);
	must(procs_group_orphaned(p, c->pgid) == m_orphaned(m, c->pgid) && procs_group_exists(p, c->pgid, c->sid), "group of %d", pid);
	return true;
}

static bool m_in(const struct model *m, s32 i, enum procs_which which, s32 key)
{
	const struct mproc *c = &m->proc[i];

	if (which == PROCS_THREADS)
		return key && m->thread[i].pid == key;
	return c->used && (which == PROCS_ALL || (which == PROCS_OF_GROUP && c->pgid == key) || (which == PROCS_OF_SESSION && c->sid == key) ||
			   (which == PROCS_CHILDREN && key && c->parent == key));
}

static bool same_list(const struct procs *p, const struct model *m, enum procs_which which, s32 key)
{
	struct procs_brief b[3];
	s32 after = 0, i = 1;
	size_t n, k;

	do {
		n = procs_list(p, which, key, after, b, 3);
		for (k = 0; k < n; k++, i++) {
			while (i < m->pid_max && !m_in(m, i, which, key))
				i++;
			must(i < m->pid_max && b[k].pid == i, "list %d of %d: %d, model %d", which, key, b[k].pid, i);
			must(b[k].handle == (which == PROCS_THREADS ? m->thread[i].handle : m->proc[i].handle), "handle of %d", i);
			after = i;
		}
	} while (n == 3);
	for (; i < m->pid_max; i++)
		must(!m_in(m, i, which, key), "list %d of %d misses %d", which, key, i);
	return true;
}

static bool same_state(const struct procs *p, const struct model *m)
{
	struct procs_info info;
	u64 thread;
	s32 i;

	for (i = 1; i < m->pid_max; i++) {
		if (!same_proc(p, m, i))
			return false;
		must((procs_by_tid(p, i, &info, &thread) == 0) == (m->thread[i].pid != 0), "thread %d", i);
		must(!m->thread[i].pid || (info.pid == m->thread[i].pid && thread == m->thread[i].handle), "thread %d", i);
	}
	for (i = 0; i < 5; i++)
		if (!same_list(p, m, (enum procs_which)i, m->proc[pick(m, true)].pgid))
			return false;
	return same_list(p, m, PROCS_ALL, 0) && same_list(p, m, PROCS_CHILDREN, 1);
}

static u32 seen_more, seen_orphans, seen_hup, seen_again;

static bool random_program(u32 pid_max, u32 crowd, int steps)
{
	static struct model m;
	struct procs_config cfg = { .pid_max = pid_max };
	struct procs_op first = { .kind = PROCS_FORK, .fork = { .handle = 1000000, .thread = 1000001 } };
	struct pool pa, pb, pc;
	struct procs a, b, c;
	int i;

	memset(&m, 0, sizeof(m));
	m.pid_max = (s32)pid_max;
	m.last = 1;
	m.proc[1] = (struct mproc){ .used = true, .handle = 1000000, .state = PROCS_RUNNING, .exit_signal = 17 };
	m.thread[1] = (struct mthread){ 1, 1000001 };
	test_pool(&pa);
	test_pool(&pb);
	test_pool(&pc);
	test_pool_history(&pb, 4);
	must(!procs_init(&a, &pa, &cfg) && !procs_init(&b, &pb, &cfg), "init");
	must(apply(&a, first).pid == 1 && apply(&b, first).pid == 1, "pid 1");
	for (i = 0; i < steps; i++) {
		struct procs_op op = random_op(&m, crowd);
		struct procs_ret ra = apply(&a, op), rb = apply(&b, op), rm = m_apply(&m, &op);

		must(!memcmp(&ra, &rb, sizeof(ra)), "step %d: two tables differ", i);
		must(same_ret(&ra, &rm), "step %d kind %u pid %d target %d flags %x: err %d, model %d", i, op.kind, op.pid, op.target, op.flags, ra.err, rm.err);
		seen_more += ra.more;
		seen_orphans += ra.norphans;
		seen_hup += ra.hup_pgid != 0;
		seen_again += op.kind == PROCS_FORK && ra.err == -EAGAIN;
		if (i % 50 == 0)
			must(same_state(&a, &m) && !procs_check(&a) && procs_hash(&a) == procs_hash(&b), "step %d", i);
		if (i % 1000 == 999) {
			must(!procs_clone(&c, &pc, &a) && !procs_check(&c) && procs_hash(&c) == procs_hash(&a) && same_state(&c, &m), "clone");
			pool_drop(&pa);
			must(!procs_clone(&a, &pa, &c), "clone back");
			pool_drop(&pc);
		}
	}
	pool_drop(&pa);
	pool_drop(&pb);
	return true;
}

#include "test/seq/procs_stories.h"

int main(int argc, char **argv)
{
	u64 seed = test_seed(argc, argv);
	int i;

	test_numbers();
	test_setpgid();
	test_wait();
	test_exit();
	test_terminal();
	test_threads();
	test_kill();
	for (i = 0; i < 9; i++) {
		rng_state = seed + (u64)i * 7919 + 1;
		ok(random_program((u32[]){ 340, 500, 900 }[i % 3], (u32[]){ 0, 40, 150 }[i / 3], 5000), "random program %d agrees with the model", i);
	}
	ok(seen_more && seen_orphans && seen_hup && seen_again, "rare cases: %u steps of exit, %u orphaned groups, %u lost terminals, %u times no number",
	   seen_more, seen_orphans, seen_hup, seen_again);
	return tap_end();
}
