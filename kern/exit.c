/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Death: of a thread, of a process, and what the family learns of it.
 *
 *   exit_group / fatal signal: status noted, every thread told (dying), each ends itself on its way to ring 3
 *   last thread: memory, files, directories given up --> PROCS_EXIT through nr --> signals to parent, orphans
 *   wait: PROCS_WAIT reaps; the table's reference is dropped by whoever reaped
 *
 * The table says that a process has ended before its parent has the signal, so that a handler of SIGCHLD finds it there. But a
 * parent that looks in between must not be quicker than the signal: who reaps waits for `told`. (On Linux one lock covers both.)
 */
#include "base/print.h"
#include "base/string.h"
#include "kern/account.h"
#include "kern/file.h"
#include "kern/futex.h"
#include "kern/oom.h"
#include "kern/process.h"
#include "kern/resident.h"
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
	waitq_wake(&p->exec_wait);
}

void process_vfork_release(struct process *p)
{
	p->vfork_done = true;
	waitq_wake(&p->word_wait);
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

static struct abi_sigaction action_of_children(struct process *parent)
{
	struct sighand *h = sighand_of(parent);
	struct abi_sigaction a;

	lock_acquire(&h->lock);
	a = h->action[SIGCHLD - 1];
	lock_release(&h->lock);
	sighand_put(h);
	return a;
}

/* SIGCHLD (or the chosen signal) with what happened, and a wake-up for wait. */
static void parent_notify(u64 parent_pid, struct process *child, int signo, int code, int status)
{
	struct process *parent = process_of_pid(parent_pid);
	bool stop = code == CLD_STOPPED || code == CLD_CONTINUED;
	struct siginfo info = { .signo = signo, .code = code, .pid = child->pid, .uid = child->cred.uid, .value = status };

	if (!parent)
		return;
	process_times(child, &info.utime, &info.stime);
	info.utime /= 10000000;
	info.stime /= 10000000;
	if (signo && !(stop && (action_of_children(parent).flags & SA_NOCLDSTOP)))
		signal_process(parent, &info);
	waitq_wake_for(&parent->child_wait, WAKE_SYNC);
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

void process_usage(struct process *p, struct usage *out)
{
	struct thread *t;
	struct usage u;

	lock_acquire(&p->lock);
	*out = p->dead;
	if (p->space)
		out->max_rss = MAX(out->max_rss, resident_frames(p->space));
	TAILQ_FOREACH(t, &p->threads, sibling) {
		usage_of_thread(t, &u);
		usage_add(out, &u);
	}
	lock_release(&p->lock);
}

void process_usage_children(struct process *p, struct usage *out)
{
	lock_acquire(&p->lock);
	*out = p->children;
	lock_release(&p->lock);
}

void process_times(struct process *p, u64 *user, u64 *system)
{
	struct usage u;

	process_usage(p, &u);
	*user = u.user_ns;
	*system = u.system_ns;
}

/* ---- the end of a process */

enum death_wish { WISH_NO_ZOMBIE = 1, WISH_NO_SIGNAL = 2 };

/* What a parent wants of the deaths of its children. (POSIX.1-2017, 2.4.3: SIG_IGN; Linux: SA_NOCLDWAIT signals.) */
static u32 death_wishes(s32 pid)
{
	struct process *parent = pid ? process_of_pid(pid) : NULL;
	struct abi_sigaction a;

	if (!parent)
		return 0;
	a = action_of_children(parent);
	process_put(parent);
	if (a.handler == SIG_IGN)
		return WISH_NO_ZOMBIE | WISH_NO_SIGNAL;
	return a.flags & SA_NOCLDWAIT ? WISH_NO_ZOMBIE : 0;
}

static void tell_parent_died(struct process *child, void *arg)
{
	struct siginfo info = { .signo = (int)child->pdeathsig, .code = SI_USER, .pid = ((struct process *)arg)->pid };

	if (info.signo)
		signal_process(child, &info);
}

/* Open files go first: closing may sleep and signal others. */
static void process_give_up(struct process *p)
{
	struct fdtable *files;
	struct fs *fs;
	struct space *s;

	itimers_cancel(p);
	ptimers_delete(p);
	lock_acquire(&p->lock);
	files = p->files;
	fs = p->fs;
	s = p->space;
	p->dead.max_rss = MAX(p->dead.max_rss, resident_frames(s));
	p->files = NULL;
	p->fs = NULL;
	p->space = NULL;
	lock_release(&p->lock);
	fdtable_put(files);
	fs_put(fs);
	space_switch_kernel();
	process_vfork_release(p);
	space_put(s);
	oom_left(p);
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

/* One step of the end in the table; needs no memory, so it cannot fail. Returns the wishes of the parent of now. */
static u32 process_leave(struct process *p, int status, struct procs_ret *ret)
{
	struct procs_op op = { .kind = PROCS_EXIT, .pid = p->pid };
	struct procs_info info;
	u32 wishes;
	int err;

	op.status = status;
	do {
		procs_info(p->pid, &info);
		wishes = death_wishes(info.ppid);
		op.target = info.ppid;
		op.flags = (wishes & WISH_NO_ZOMBIE ? PROCS_F_AUTOREAP : 0) |
			   (death_wishes(1) & WISH_NO_ZOMBIE ? PROCS_F_INIT_AUTOREAP : 0);
		err = procs_update(&op, ret);
	} while (err == -EAGAIN);
	if (err)
		panic("process %u could not exit: %d", p->pid, err);
	return wishes;
}

static void process_end(struct process *p, int status)
{
	struct procs_ret ret;
	int code = !(status & 0x7f) ? CLD_EXITED : CLD_KILLED;
	u32 wishes;

	if (p->pid == 1)
		panic("init ended with status %d", status);
	procs_each(PROCS_CHILDREN, (s32)p->pid, tell_parent_died, p);
	do {
		wishes = process_leave(p, status, &ret);
		process_told(p, &ret);
	} while (ret.more);
	if (ret.exit_signal == SIGCHLD && (wishes & WISH_NO_SIGNAL))
		ret.exit_signal = 0;
	if (ret.parent)
		parent_notify(ret.parent, p, ret.exit_signal, code, code == CLD_EXITED ? status >> 8 & 255 : status & 0x7f);
	p->told = true;
	waitq_wake(&p->word_wait);
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

/* ---- robust futexes (set_robust_list(2)): the dead owner's locks are marked and one waiter each is woken */

#define ROBUST_MAX 2048
struct robust_head { u64 next; s64 offset; u64 pending; };

static void robust_die(struct thread *t, u64 address)
{
	u32 __user *word = (u32 __user *)address;
	u32 value, expected;

	if ((address & 3) || user_copy_in(&value, word, sizeof(value)))
		return;
	while ((value & FUTEX_TID_MASK) == t->tid) {
		expected = value;
		if (user_cas32(word, &expected, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
			return;
		if (expected != value) {
			value = expected;
			continue;
		}
		if (value & FUTEX_WAITERS)
			futex_wake_address(t->proc->space, address, 1);
		return;
	}
}

static void thread_robust_exit(struct thread *t)
{
	u64 head = (u64)t->robust_list, at, next;
	struct robust_head h;
	u32 i;

	if (!head || user_copy_in(&h, t->robust_list, sizeof(h)))
		return;
	for (i = 0, at = h.next; (at & ~1ul) != head && i < ROBUST_MAX; i++, at = next) {
		if (user_copy_in(&next, (u64 __user *)(at & ~1ul), sizeof(next)))
			break;
		if ((at & ~1ul) != (h.pending & ~1ul))
			robust_die(t, (at & ~1ul) + (u64)h.offset);
	}
	if (h.pending & ~1ul)
		robust_die(t, (h.pending & ~1ul) + (u64)h.offset);
}

void thread_leave_space(struct thread *t)
{
	thread_robust_exit(t);
	thread_clear_tid(t, t->proc->space);
}

/* Its times up to now are the process's. */
static void thread_bequeath(struct thread *t)
{
	struct process *p = t->proc;
	struct usage u;

	account_now();
	usage_of_thread(t, &u);
	lock_acquire(&p->lock);
	usage_add(&p->dead, &u);
	t->user_ns = t->system_ns = t->faults = t->nvcsw = t->nivcsw = t->rchar = t->wchar = t->reads = t->writes = 0;
	lock_release(&p->lock);
}

static _Noreturn void thread_end(void)
{
	struct thread *t = thread_current();
	struct process *p = t->proc;
	struct procs_op op = { .kind = PROCS_THREAD_EXIT, .pid = t->tid };
	struct procs_ret ret;
	bool last;

	thread_leave_space(t);
	signal_pass_on(t, ~t->blocked);
	atomic_fetch_sub(&p->space->users, 1);
	thread_bequeath(t);
	process_unlist_thread(p, t);
	space_switch_kernel(); /* once the table has this thread's end, another may free the space */
	space_shed(p->space);
	if (procs_update(&op, &ret))
		panic("thread %u could not exit", t->tid);
	last = ret.count == 0;
	if (last) {
		oom_leaving(p); /* alone: no lock is needed */
		process_give_up(p);
		thread_bequeath(t);
		t->lingers = 0; /* whoever hears of this may have the core */
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
		p->exit_code = status; /* the last thread's counts */
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
	lock_acquire(&p->signals.lock);
	if (p->signals.stopped) {
		p->signals.stopped = false;
		waitq_wake(&p->signals.stop_wait);
	}
	lock_release(&p->signals.lock);
}

_Noreturn void process_exit_group(int status)
{
	struct process *p = process_current();

	lock_acquire(&p->lock);
	if (!p->group_exit) {
		p->group_exit = true;
		oom_leaving(p);
		p->exit_code = status;
		process_doom_others(p);
	}
	lock_release(&p->lock);
	thread_end();
}

bool process_kill_others(struct process *p)
{
	bool first;

	lock_acquire(&p->lock);
	first = !atomic_load(&thread_current()->dying);
	if (first)
		process_doom_others(p);
	lock_release(&p->lock);
	return first;
}

int process_exec_threads(void)
{
	struct thread *t = thread_current();
	struct process *p = t->proc;
	struct procs_op op = { .kind = PROCS_EXEC, .pid = p->pid, .target = t->tid };
	struct procs_ret ret;
	int err;

	/* A thread leaves the list, then the table: only the table's word counts. */
	WAIT_KILLABLE_NOT(&p->exec_wait, FOREVER, p->nthreads == 1 && (err = procs_update(&op, &ret)) != -EBUSY);
	if (!err)
		t->tid = p->pid;
	return err;
}

/* ---- wait */

/* What a child and its own children used, to its parent's account. */
static void wait_reaped(struct process *child, struct usage *usage)
{
	struct process *me = process_current();
	struct usage its;

	WAIT_KILLABLE_NOT(&child->word_wait, FOREVER, child->told);
	process_usage(child, usage);
	process_usage_children(child, &its);
	usage_add(usage, &its);
	lock_acquire(&me->lock);
	usage_add(&me->children, usage);
	lock_release(&me->lock);
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

long process_wait(s32 which, u32 options, struct siginfo *info, int *status, struct usage *usage)
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
		wait_reaped((struct process *)ret.handle, usage);
		process_put((struct process *)ret.handle);
	}
	return r;
}
