/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signal calls. */
#include "base/string.h"
#include "kern/clock.h"
#include "kern/process.h"
#include "linux/call.h"

CALL(rt_sigaction)
{
	struct abi_sigaction new, old;
	int err;

	if (a[3] != 8)
		return -EINVAL;
	if (a[1] && user_copy_in(&new, UPTR(1), sizeof(new)))
		return -EFAULT;
	err = signal_action(a[0], a[1] ? &new : NULL, &old);
	if (err)
		return err;
	return a[2] && user_copy_out(UPTR(2), &old, sizeof(old)) ? -EFAULT : 0;
}

CALL(rt_sigprocmask)
{
	struct thread *t = thread_current();
	sigset_t set, old = t->blocked;

	if (a[3] != 8)
		return -EINVAL;
	if (a[1]) {
		if (user_copy_in(&set, UPTR(1), 8))
			return -EFAULT;
		switch ((u32)a[0]) {
		case SIG_BLOCK: set = old | set; break;
		case SIG_UNBLOCK: set = old & ~set; break;
		case SIG_SETMASK: break;
		default: return -EINVAL;
		}
		signal_set_blocked(set);
	}
	return a[2] && user_copy_out(UPTR(2), &old, 8) ? -EFAULT : 0;
}

CALL(rt_sigpending)
{
	sigset_t set = signal_pending_set();

	return a[1] > 8 ? -EINVAL : user_copy_out(UPTR(0), &set, a[1]);
}

CALL(rt_sigreturn) { (void)a; return sigframe_return(thread_frame(thread_current())); }

static void wait_for_signal(void)
{
	while (!signal_pending_current())
		sched_sleep(FOREVER);
}

/* Waits with another mask; the old one comes back after the handler's frame was made. */
static void mask_for_wait(sigset_t set)
{
	struct thread *t = thread_current();

	t->saved_blocked = t->blocked;
	t->restore_blocked = true;
	signal_set_blocked(set);
}

CALL(rt_sigsuspend)
{
	sigset_t set;

	if (a[1] != 8)
		return -EINVAL;
	if (user_copy_in(&set, UPTR(0), 8))
		return -EFAULT;
	mask_for_wait(set);
	wait_for_signal();
	return -ERESTARTNOHAND;
}

CALL(pause)
{
	(void)a;
	wait_for_signal();
	return -ERESTARTNOHAND;
}

CALL(rt_sigtimedwait)
{
	struct abi_timespec ts;
	struct abi_siginfo out;
	struct siginfo info;
	struct thread *t = thread_current();
	sigset_t set;
	u64 deadline = FOREVER;
	bool late = false;
	int signo;

	if (a[3] != 8)
		return -EINVAL;
	if (user_copy_in(&set, UPTR(0), 8) || (a[2] && user_copy_in(&ts, UPTR(2), sizeof(ts))))
		return -EFAULT;
	if (a[2]) {
		if (ts.sec < 0 || ts.nsec < 0 || ts.nsec > 999999999)
			return -EINVAL;
		deadline = clock_ns() + ts.sec * 1000000000ul + ts.nsec;
	}
	set &= ~SIG_UNBLOCKABLE;
	t->awaited = set; /* so that senders wake us for them, and discard none of them */
	while (!(signo = signal_take(set, &info)) && !late && !signal_pending_current())
		late = sched_sleep(deadline);
	t->awaited = 0;
	signal_pass_on(t, set & t->blocked);
	if (!signo)
		return late ? -EAGAIN : -EINTR;
	siginfo_to_user(&out, &info);
	if (a[1] && user_copy_out(UPTR(1), &out, sizeof(out)))
		return -EFAULT;
	return signo;
}

CALL(sigaltstack)
{
	struct thread *t = thread_current();
	u64 sp = thread_frame(t)->sp;
	struct abi_stack new, old = { t->altstack.sp, 0, 0, t->altstack.size };
	int err = 0;

	old.flags = (!t->altstack.size ? SS_DISABLE : sigframe_on_altstack(t, sp) ? SS_ONSTACK : 0) |
		    (s32)t->altstack.flags;
	if (a[0] && user_copy_in(&new, UPTR(0), sizeof(new)))
		return -EFAULT;
	if (a[0])
		err = sigframe_altstack(t, &new, sp);
	if (err)
		return err;
	return a[1] && user_copy_out(UPTR(1), &old, sizeof(old)) ? -EFAULT : 0;
}

/* ---- sending */

static int may_kill(s32 pid, int signo)
{
	const struct procs *t = nr_read_begin(procs_nr, nr_me(), 0);
	int err = procs_may_kill(t, process_current()->pid, pid, signo);

	nr_read_end(procs_nr, nr_me(), 0);
	return err;
}

struct kill_many {
	struct siginfo info;
	u32 sent, denied;
	bool all;       /* kill(-1): not to init and not to oneself */
};

static void kill_one(struct process *p, void *arg)
{
	struct kill_many *k = arg;

	if (k->all && (p->pid == 1 || p == process_current()))
		return;
	if (may_kill(p->pid, k->info.signo)) {
		k->denied++;
		return;
	}
	k->sent++;
	if (k->info.signo)
		signal_process(p, &k->info);
}

static long kill_group(enum procs_which which, s32 key, int signo, bool all)
{
	struct kill_many k = { .all = all };

	k.info = (struct siginfo){ .signo = signo, .code = SI_USER, .pid = process_current()->pid,
				   .uid = process_current()->cred.uid };
	procs_each(which, key, kill_one, &k);
	return k.sent ? 0 : k.denied ? -EPERM : -ESRCH;
}

static long kill_process(s32 pid, const struct siginfo *info)
{
	struct process *p;
	int err = may_kill(pid, info->signo);

	if (err)
		return err;
	p = process_of_pid(pid);
	if (!p)
		return -ESRCH;
	err = info->signo ? signal_process(p, info) : 0;
	process_put(p);
	return err;
}

CALL(kill)
{
	s32 pid = a[0];
	u32 signo = a[1];
	struct siginfo info = { .signo = signo, .code = SI_USER, .pid = process_current()->pid,
				.uid = process_current()->cred.uid };
	struct procs_info me;

	if (signo > NSIG)
		return -EINVAL;
	if (pid > 0)
		return kill_process(pid, &info);
	if (pid == -1)
		return kill_group(PROCS_ALL, 0, signo, true);
	if (pid == (s32)0x80000000)
		return -ESRCH;
	if (pid == 0) {
		procs_info(process_current()->pid, &me);
		pid = -me.pgid;
	}
	return kill_group(PROCS_OF_GROUP, -pid, signo, false);
}

static long kill_thread(s32 tgid, s32 tid, const struct siginfo *info)
{
	struct thread *t;
	int err;

	if (tid <= 0 || tgid == 0 || (u32)info->signo > NSIG)
		return -EINVAL;
	t = thread_of_tid(tid);
	if (!t)
		return -ESRCH;
	err = tgid > 0 && t->proc->pid != (u32)tgid ? -ESRCH : may_kill(t->proc->pid, info->signo);
	if (!err && info->signo)
		err = signal_thread(t, info);
	thread_put(t);
	return err;
}

static struct siginfo tkill_info(int signo)
{
	return (struct siginfo){ .signo = signo, .code = SI_TKILL, .pid = process_current()->pid,
				 .uid = process_current()->cred.uid };
}

CALL(tgkill)
{
	struct siginfo info = tkill_info(a[2]);

	return (s32)a[0] <= 0 ? -EINVAL : kill_thread(a[0], a[1], &info);
}

CALL(tkill)
{
	struct siginfo info = tkill_info(a[1]);

	return kill_thread(-1, a[0], &info);
}

static int queue_info(u64 user, int signo, s32 target, struct siginfo *info)
{
	struct abi_siginfo in;

	if (user_copy_in(&in, (void __user *)user, sizeof(in)))
		return -EFAULT;
	if ((in.code >= 0 || in.code == SI_TKILL) && target != (s32)process_current()->pid)
		return -EPERM;
	*info = (struct siginfo){ .signo = signo, .code = in.code, .pid = in.pid, .uid = in.uid, .value = in.value };
	return (u32)signo > NSIG ? -EINVAL : 0;
}

CALL(rt_sigqueueinfo)
{
	struct siginfo info;
	int err = queue_info(a[2], a[1], a[0], &info);

	return err ? err : kill_process(a[0], &info);
}

CALL(rt_tgsigqueueinfo)
{
	struct siginfo info;
	int err = queue_info(a[3], a[2], a[0], &info);

	return err ? err : (s32)a[0] <= 0 ? -EINVAL : kill_thread(a[0], a[1], &info);
}
