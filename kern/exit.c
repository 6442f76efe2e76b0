/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Death: of a thread, of a process, and what the family learns of it.
 *
 *   exit_group / fatal signal: status noted, every thread told (dying), each ends itself on its way to ring 3
 *   last thread: memory, files, directories given up --> PROCS_EXIT through nr --> signals to parent, orphans
 *   wait: PROCS_WAIT reaps; the table's reference is dropped by whoever reaped
 */
#include "base/print.h"
#include "base/string.h"
#include "kern/file.h"
#include "kern/futex.h"
#include "kern/process.h"
#include "kern/space.h"
#include "kern/tty.h"

void process_unlist_thread(struct process *p, struct thread *t)
{
	lock_acquire(&p->lock);
	lock_acquire(&p->signals.lock);
	TAILQ_REMOVE(&p->threads, t, sibling);
	p->nthreads--;
	lock_release(&p->signals.lock);
	lock_release(&p->lock);
}

void process_vfork_release(struct process *p)
{
	p->vfork_done = true;
	waitq_wake(&p->vfork_wait);
}

/* ---- telling others */

static void signal_group_one(struct process *p, void *arg)
{
	signal_process(p, arg);
}

int process_signal_group(s32 pgid, const struct siginfo *info)
{
	return procs_each(PROCS_OF_GROUP, pgid, signal_group_one, (void *)info) ? 0 : -ESRCH;
}

static void group_hangup(s32 pgid)
{
	struct siginfo info = { .signo = SIGHUP, .code = SI_KERNEL };

	if (!pgid)
		return;
	process_signal_group(pgid, &info);
	info.signo = SIGCONT;
	process_signal_group(pgid, &info);
}

static u32 parent_signal_flags(struct process *parent)
{
	u32 flags;

	lock_acquire(&parent->sighand->lock);
	flags = parent->sighand->action[SIGCHLD - 1].flags;
	lock_release(&parent->sighand->lock);
	return flags;
}

/* SIGCHLD (or the chosen signal) with what happened, and a wake-up for wait. */
static void parent_notify(u64 parent_pid, struct process *child, int signo, int code, int status)
{
	struct process *parent = process_of_pid(parent_pid);
	struct siginfo info = { .signo = signo, .code = code, .pid = child->pid, .uid = child->cred.uid, .value = status };

	if (!parent)
		return;
	process_times(child, &info.utime, &info.stime);
	info.utime /= 10000000;
	info.stime /= 10000000;
	if (signo && !((code == CLD_STOPPED || code == CLD_CONTINUED) && (parent_signal_flags(parent) & SA_NOCLDSTOP)))
		signal_process(parent, &info);
	waitq_wake(&parent->child_wait);
	process_put(parent);
}

void process_stopped(struct process *p, int signo)
{
	struct procs_op op = { .kind = PROCS_STOP, .pid = p->pid };
	struct procs_ret ret;

	op.status = signo;
	if (!procs_update(&op, &ret) && ret.count)
		parent_notify(ret.parent, p, SIGCHLD, CLD_STOPPED, signo);
}

void process_continued(struct process *p)
{
	struct procs_op op = { .kind = PROCS_CONTINUE, .pid = p->pid };
	struct procs_ret ret;

	if (!procs_update(&op, &ret) && ret.count)
		parent_notify(ret.parent, p, SIGCHLD, CLD_CONTINUED, SIGCONT);
}

bool process_group_orphaned(struct process *p)
{
	const struct procs *t = nr_read_begin(procs_nr, nr_me(), 0);
	struct procs_info info;
	bool orphaned = procs_get(t, p->pid, &info) || procs_group_orphaned(t, info.pgid);

	nr_read_end(procs_nr, nr_me(), 0);
	return orphaned;
}

void process_times(struct process *p, u64 *user, u64 *system)
{
	struct thread *t;

	*user = atomic_load(&p->dead_user_ns);
	*system = atomic_load(&p->dead_system_ns);
	lock_acquire(&p->lock);
	TAILQ_FOREACH(t, &p->threads, sibling) {
		*user += t->user_ns;
		*system += t->system_ns;
	}
	lock_release(&p->lock);
}

/* ---- the end of a process */

static bool parent_ignores(struct process *p)
{
	struct procs_info info;
	struct process *parent;
	bool ignores;

	if (p->exit_signal != SIGCHLD || procs_info(p->pid, &info) || !info.ppid)
		return false;
	parent = process_of_pid(info.ppid);
	if (!parent)
		return false;
	lock_acquire(&parent->sighand->lock);
	ignores = parent->sighand->action[SIGCHLD - 1].handler == 1 ||
		  (parent->sighand->action[SIGCHLD - 1].flags & SA_NOCLDWAIT);
	lock_release(&parent->sighand->lock);
	process_put(parent);
	return ignores;
}

/* Open files go first: closing may sleep and signal others. */
static void process_give_up(struct process *p)
{
	struct fdtable *files;
	struct fs *fs;
	struct space *s;

	timer_cancel(&p->alarm);
	lock_acquire(&p->lock);
	files = p->files;
	fs = p->fs;
	s = p->space;
	p->files = NULL;
	p->fs = NULL;
	p->space = NULL;
	lock_release(&p->lock);
	fdtable_put(files);
	fs_put(fs);
	space_switch_kernel();
	process_vfork_release(p);
	space_put(s);
}

static void process_told(struct process *p, const struct procs_ret *ret)
{
	u32 i;

	for (i = 0; i < ret->norphans; i++)
		group_hangup(ret->orphans[i]);
	for (i = 0; i < ret->ndropped; i++)
		process_put((struct process *)ret->dropped[i]);
	if (ret->hup_pgid)
		group_hangup(ret->hup_pgid);
	if (ret->tty)
		tty_session_ended(ret->tty);
	if (ret->wake_init)
		parent_notify(1, p, SIGCHLD, CLD_EXITED, 0);
}

static void process_end(struct process *p, int status)
{
	struct procs_op op = { .kind = PROCS_EXIT, .pid = p->pid };
	struct procs_ret ret;
	int code = !(status & 0x7f) ? CLD_EXITED : CLD_KILLED;

	if (p->pid == 1)
		panic("init ended with status %d", status);
	op.status = status;
	op.flags = parent_ignores(p) ? PROCS_F_AUTOREAP : 0;
	do {
		if (procs_update(&op, &ret))
			panic("process %u could not exit", p->pid);
		process_told(p, &ret);
	} while (ret.more);
	if (ret.parent)
		parent_notify(ret.parent, p, ret.exit_signal, code, code == CLD_EXITED ? status >> 8 & 255 : status & 0x7f);
	if (ret.reaped)
		process_put(p); /* the table's reference */
}

static void thread_clear_tid(struct thread *t, struct space *s)
{
	u32 zero = 0;

	if (!t->clear_tid || space_alone(s))
		return;
	user_copy_out(t->clear_tid, &zero, sizeof(zero));
	futex_wake_address(s, (u64)t->clear_tid, 1);
}

static _Noreturn void thread_end(void)
{
	struct thread *t = thread_current();
	struct process *p = t->proc;
	struct procs_op op = { .kind = PROCS_THREAD_EXIT, .pid = t->tid };
	struct procs_ret ret;
	bool last;

	thread_clear_tid(t, p->space);
	atomic_fetch_sub(&p->space->users, 1);
	sched_account(percore(), &t->user_ns);
	atomic_fetch_add(&p->dead_user_ns, t->user_ns);
	atomic_fetch_add(&p->dead_system_ns, t->system_ns);
	t->user_ns = t->system_ns = 0;
	process_unlist_thread(p, t);
	space_switch_kernel(); /* once the table has this thread's end, another may free the space */
	if (procs_update(&op, &ret))
		panic("thread %u could not exit", t->tid);
	last = ret.count == 0;
	if (last) {
		process_give_up(p);
		process_end(p, p->exit_code);
	} else {
		waitq_wake(&p->exec_wait);
	}
	thread_gone();
}

_Noreturn void thread_exit_now(void)
{
	thread_end();
}

_Noreturn void thread_exit(int status)
{
	struct process *p = process_current();

	lock_acquire(&p->lock);
	if (!p->group_exit)
		p->exit_code = status;
	lock_release(&p->lock);
	thread_end();
}

/* p->lock held. */
static void process_doom_others(struct process *p)
{
	struct thread *t, *me = thread_current();

	TAILQ_FOREACH(t, &p->threads, sibling) {
		if (t == me)
			continue;
		atomic_store(&t->dying, true);
		atomic_store(&t->sigpending, 1);
		thread_kick(t);
	}
	if (p->signals.stopped) {
		p->signals.stopped = false;
		waitq_wake(&p->signals.stop_wait);
	}
}

_Noreturn void process_exit_group(int status)
{
	struct process *p = process_current();

	lock_acquire(&p->lock);
	if (!p->group_exit) {
		p->group_exit = true;
		p->exit_code = status;
		process_doom_others(p);
	}
	lock_release(&p->lock);
	thread_end();
}

void process_kill_others(struct process *p)
{
	lock_acquire(&p->lock);
	process_doom_others(p);
	lock_release(&p->lock);
	WAIT_IMPL(&p->exec_wait, FOREVER, p->nthreads == 1, false);
}

int process_exec_threads(void)
{
	struct thread *t = thread_current();
	struct procs_op op = { .kind = PROCS_EXEC, .pid = t->proc->pid, .target = t->tid };
	struct procs_ret ret;
	int err = procs_update(&op, &ret);

	if (!err)
		t->tid = t->proc->pid;
	return err;
}

void process_out_of_memory(void)
{
	struct process *p = process_current();

	kwarn("out of memory: process %u (%s) killed", p->pid, p->comm);
	signal_kernel(p, SIGKILL);
}

/* ---- wait */

static void wait_times(struct process *child, struct abi_rusage *usage)
{
	struct process *me = process_current();
	u64 user, system;

	process_times(child, &user, &system);
	user += atomic_load(&child->child_user_ns);
	system += atomic_load(&child->child_system_ns);
	atomic_fetch_add(&me->child_user_ns, user);
	atomic_fetch_add(&me->child_system_ns, system);
	memset(usage, 0, sizeof(*usage));
	usage->utime = (struct abi_timeval){ user / 1000000000, user % 1000000000 / 1000 };
	usage->stime = (struct abi_timeval){ system / 1000000000, system % 1000000000 / 1000 };
}

static void wait_info(struct siginfo *info, const struct procs_ret *ret)
{
	int status = ret->status;

	memset(info, 0, sizeof(*info));
	info->signo = SIGCHLD;
	info->pid = ret->pid;
	info->uid = ret->uid;
	if (ret->event == PROCS_DID_STOP) {
		info->code = CLD_STOPPED;
		info->value = status >> 8 & 255;
	} else if (ret->event == PROCS_DID_CONTINUE) {
		info->code = CLD_CONTINUED;
		info->value = SIGCONT;
	} else {
		info->code = status & 0x7f ? CLD_KILLED : CLD_EXITED;
		info->value = status & 0x7f ? status & 0x7f : status >> 8 & 255;
	}
}

/* >0 something collected, 0 nothing yet, <0 an error */
static long wait_try(s32 which, u32 options, struct procs_ret *ret)
{
	struct procs_op op = { .kind = PROCS_WAIT, .pid = process_current()->pid, .target = which };
	int err;

	op.flags = options & (PROCS_WSTOPPED | PROCS_WEXITED | PROCS_WCONTINUED | PROCS_WNOWAIT | PROCS_WALL | PROCS_WCLONE);
	err = procs_update(&op, ret);
	return err ? err : ret->pid;
}

long process_wait(s32 which, u32 options, struct siginfo *info, int *status, struct abi_rusage *usage)
{
	struct process *me = process_current();
	struct procs_ret ret;
	long r = 0;
	int err;

	err = WAIT_UNTIL(&me->child_wait, FOREVER, (r = wait_try(which, options, &ret)) != 0 || (options & WNOHANG));
	if (err)
		return err;
	memset(usage, 0, sizeof(*usage));
	memset(info, 0, sizeof(*info));
	*status = 0;
	if (r <= 0)
		return r;
	wait_info(info, &ret);
	*status = ret.status;
	if (ret.reaped) {
		wait_times((struct process *)ret.handle, usage);
		process_put((struct process *)ret.handle);
	}
	return r;
}
