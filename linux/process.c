/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls on processes and threads: birth, exec, death, wait, families, scheduling. */
#include "base/string.h"
#include "kern/oom.h"
#include "kern/process.h"
#include "kern/rseq.h"
#include "kern/space.h"
#include "linux/call.h"
#include "mem/slab.h"

/* ---- clone */

static long clone_common(u64 flags, u64 stack, u64 parent, u64 child, u64 tls, u32 exit_signal)
{
	struct clone_request r = { .flags = flags, .stack = stack, .tls = tls, .exit_signal = exit_signal,
				   .parent_tid = (u32 __user *)parent, .child_tid = (u32 __user *)child };
	u64 given;
	long pid;

	do {
		given = oom_given();
		pid = process_clone(thread_frame(thread_current()), &r);
	} while (pid == -ENOMEM && oom_await(given));
	return pid;
}

CALL(clone) { return clone_common(a[0] & 0xffffff00, a[1], a[2], a[3], a[4], a[0] & 0xff); }
CALL(fork) { (void)a; return clone_common(0, 0, 0, 0, 0, SIGCHLD); }
CALL(vfork) { (void)a; return clone_common(CLONE_VM | CLONE_VFORK, 0, 0, 0, 0, SIGCHLD); }

CALL(clone3)
{
	struct abi_clone_args c = { 0 };
	u8 rest;
	u64 i;

	if (a[1] < 64)
		return -EINVAL;
	if (a[1] > PAGE_SIZE)
		return -E2BIG;
	if (user_copy_in(&c, UPTR(0), MIN(a[1], sizeof(c))))
		return -EFAULT;
	for (i = sizeof(c); i < a[1]; i++)
		if (user_copy_in(&rest, (u8 __user *)UPTR(0) + i, 1) || rest)
			return rest ? -E2BIG : -EFAULT;
	if ((c.flags & 0xff) || c.exit_signal > NSIG || !c.stack != !c.stack_size || c.set_tid_size || c.cgroup)
		return -EINVAL;
	if ((c.flags & (CLONE_THREAD | CLONE_PARENT)) && c.exit_signal)
		return -EINVAL;
	return clone_common(c.flags, c.stack ? c.stack + c.stack_size : 0, c.parent_tid, c.child_tid, c.tls, c.exit_signal);
}

CALL(set_tid_address)
{
	thread_current()->clear_tid = UPTR(0);
	return thread_current()->tid;
}

CALL(set_robust_list)
{
	if (a[1] != 24)
		return -EINVAL;
	thread_current()->robust_list = UPTR(0);
	return 0;
}

CALL(get_robust_list)
{
	u64 head, len = 24;
	struct thread *t = a[0] ? thread_of_tid(a[0]) : thread_current();

	if (!t)
		return -ESRCH;
	head = (u64)t->robust_list;
	if (a[0])
		thread_put(t);
	return user_copy_out(UPTR(1), &head, 8) || user_copy_out(UPTR(2), &len, 8) ? -EFAULT : 0;
}

CALL(rseq) { return rseq_register(UPTR(0), a[1], a[2], a[3]); }

/* ---- exec */

#define STRINGS_MAX (4ul << 20)
#define STRING_MAX (128ul << 10)  /* one string, with its NUL */

static int strings_add(struct strings *s, size_t *room, const char __user *p)
{
	long n;

	for (;;) {
		size_t left = *room - s->size;
		char *grown;

		n = left ? user_copy_string(s->text + s->size, p, left) : -ENAMETOOLONG;
		if (n != -ENAMETOOLONG)
			break;
		if (*room >= STRINGS_MAX)
			return -E2BIG;
		grown = kmalloc(*room * 2);
		if (!grown)
			return -ENOMEM;
		memcpy(grown, s->text, s->size);
		kfree(s->text);
		s->text = grown;
		*room *= 2;
	}
	if (n < 0)
		return n;
	if (n + 1 > (long)STRING_MAX)
		return -E2BIG;
	s->size += n + 1;
	s->count++;
	return 0;
}

/* A NULL-terminated vector of strings, into one block. A NULL vector is empty, as on Linux. */
static int strings_get(struct strings *s, const u64 __user *vec)
{
	size_t room = PAGE_SIZE;
	u64 p, i;
	int err = 0;

	*s = (struct strings){ .text = kmalloc(room) };
	if (!s->text)
		return -ENOMEM;
	for (i = 0; vec && !err; i++) {
		if (user_copy_in(&p, vec + i, 8))
			return -EFAULT;
		if (!p)
			break;
		err = strings_add(s, &room, (const char __user *)p);
	}
	return err;
}

static long exec_common(int dirfd, const void __user *name, const u64 *vec, u32 flags)
{
	struct strings argv = { 0 }, envp = { 0 };
	int err;
	char *path;

	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	path = name_get(name, &err);
	if (!path)
		return err;
	err = strings_get(&argv, (const u64 __user *)vec[0]);
	if (!err && !argv.count) { /* Linux adds an empty argv[0] */
		argv.text[0] = 0;
		argv.size = argv.count = 1;
	}
	if (!err)
		err = strings_get(&envp, (const u64 __user *)vec[1]);
	if (!err)
		err = process_exec(thread_frame(thread_current()), dirfd, path, flags, &argv, &envp);
	kfree(argv.text);
	kfree(envp.text);
	name_put(path);
	return err;
}

CALL(execve) { return exec_common(AT_FDCWD, UPTR(0), a + 1, 0); }
CALL(execveat) { return exec_common(a[0], UPTR(1), a + 2, a[4]); }

/* ---- exit and wait */

CALL(exit) { thread_exit((a[0] & 255) << 8); }
CALL(exit_group) { process_exit_group((a[0] & 255) << 8); }

static u32 wait_bits(u32 options)
{
	return options & (WNOHANG | WSTOPPED | WEXITED | WCONTINUED | WNOWAIT | WALL | WCLONE);
}

CALL(wait4)
{
	struct abi_rusage out_usage;
	struct usage usage;
	struct siginfo info;
	int status;
	long r;

	if ((u32)a[2] & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WCLONE | WALL))
		return -EINVAL;
	if ((s32)a[0] == (s32)0x80000000)
		return -ESRCH;
	r = process_wait((s32)a[0], wait_bits(a[2]) | WEXITED, &info, &status, &usage);
	if (r > 0 && a[1] && user_copy_out(UPTR(1), &status, sizeof(status)))
		return -EFAULT;
	rusage_to_user(&out_usage, &usage);
	if (r > 0 && a[3] && user_copy_out(UPTR(3), &out_usage, sizeof(out_usage)))
		return -EFAULT;
	return r;
}

CALL(waitid)
{
	struct abi_siginfo out;
	struct abi_rusage out_usage;
	struct usage usage;
	struct siginfo info;
	s32 which = a[1];
	int status;
	long r;

	if (((u32)a[3] & ~(WNOHANG | WSTOPPED | WEXITED | WCONTINUED | WNOWAIT | WNOTHREAD | WCLONE | WALL)) ||
	    !(a[3] & (WSTOPPED | WEXITED | WCONTINUED)))
		return -EINVAL;
	switch ((u32)a[0]) {
	case P_ALL: which = -1; break;
	case P_PID: if (which <= 0) return -EINVAL; break;
	case P_PGID: if (which < 0) return -EINVAL; which = -which; break;
	default: return -EINVAL;
	}
	r = process_wait(which, wait_bits(a[3]), &info, &status, &usage);
	if (r < 0)
		return r;
	siginfo_to_user(&out, &info);
	if (!r)
		memset(&out, 0, sizeof(out));
	rusage_to_user(&out_usage, &usage);
	if (a[4] && r > 0 && user_copy_out(UPTR(4), &out_usage, sizeof(out_usage)))
		return -EFAULT;
	return a[2] && user_copy_out(UPTR(2), &out, sizeof(out)) ? -EFAULT : 0;
}

/* ---- who am I */

CALL(getpid) { (void)a; return process_current()->pid; }
CALL(gettid) { (void)a; return thread_current()->tid; }

CALL(getppid)
{
	(void)a;
	return procs_parent_here();
}

static long family(s32 pid, bool session)
{
	struct procs_info info;

	if (pid < 0)
		return -ESRCH;
	if (procs_info(pid ? pid : (s32)process_current()->pid, &info))
		return -ESRCH;
	return session ? info.sid : info.pgid;
}

CALL(getpgrp) { (void)a; return family(0, false); }
CALL(getpgid) { return family(a[0], false); }
CALL(getsid) { return family(a[0], true); }

CALL(setpgid)
{
	struct procs_op op = { .kind = PROCS_SETPGID, .pid = process_current()->pid, .target = a[0] };
	struct procs_ret ret;

	if ((s32)a[1] < 0)
		return -EINVAL;
	op.pgid = a[1];
	return procs_update(&op, &ret);
}

CALL(setsid)
{
	struct procs_op op = { .kind = PROCS_SETSID, .pid = process_current()->pid };
	struct procs_ret ret;
	int err = procs_update(&op, &ret);

	(void)a;
	return err ? err : ret.pid;
}

/* ---- odds and ends of a process */

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

CALL(arch_prctl)
{
	u64 base;

	switch ((u32)a[0]) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (a[1] >= USER_END)
			return -EPERM;
		if (a[0] == ARCH_SET_FS)
			user_fs_set(a[1]);
		else
			user_gs_set(a[1]);
		return 0;
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		base = a[0] == ARCH_GET_FS ? user_fs_get() : user_gs_get();
		return user_copy_out(UPTR(1), &base, 8);
	default:
		return -EINVAL;
	}
}

enum { PR_SET_PDEATHSIG = 1, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_GET_KEEPCAPS = 7, PR_SET_KEEPCAPS,
       PR_SET_NAME = 15, PR_GET_NAME, PR_GET_SECCOMP = 21, PR_CAPBSET_READ = 23, PR_SET_TIMERSLACK = 29, PR_GET_TIMERSLACK,
       PR_SET_NO_NEW_PRIVS = 38, PR_GET_NO_NEW_PRIVS };

CALL(prctl)
{
	struct process *p = process_current();
	char name[16] = { 0 };

	switch ((u32)a[0]) {
	case PR_SET_PDEATHSIG:
		if (a[1] > NSIG)
			return -EINVAL;
		p->pdeathsig = a[1];
		return 0;
	case PR_GET_PDEATHSIG:
		return user_copy_out(UPTR(1), &p->pdeathsig, 4);
	case PR_GET_DUMPABLE:
		return p->dumpable;
	case PR_SET_DUMPABLE:
		if (a[1] > 1)
			return -EINVAL;
		p->dumpable = a[1];
		return 0;
	case PR_SET_NAME:
		if (user_copy_string(name, UPTR(1), sizeof(name)) == -EFAULT)
			return -EFAULT;
		name[15] = 0;
		memcpy(p->comm, name, sizeof(name));
		return 0;
	case PR_GET_NAME:
		return user_copy_out(UPTR(1), p->comm, sizeof(p->comm));
	case PR_GET_KEEPCAPS:
	case PR_GET_SECCOMP:
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return p->no_new_privs;
	case PR_SET_NO_NEW_PRIVS:
		if (a[1] != 1 || a[2] || a[3] || a[4])
			return -EINVAL;
		p->no_new_privs = true;
		return 0;
	case PR_CAPBSET_READ:
		return a[1] > 40 ? -EINVAL : 1;
	case PR_SET_TIMERSLACK:
		return 0;
	case PR_GET_TIMERSLACK:
		return 50000;
	default:
		return -EINVAL;
	}
}

CALL(personality)
{
	u32 old = process_current()->personality;

	if ((u32)a[0] != 0xffffffff)
		process_current()->personality = a[0];
	return old;
}
