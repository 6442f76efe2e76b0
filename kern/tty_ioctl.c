/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Terminals: modes, sizes, flushing, and job control. See tty_internal.h; tty_ioctl(4), termios(3). */
#include "base/string.h"
#include "kern/process.h"
#include "kern/tty_internal.h"

#define TIOCEXCL 0x540c
#define TIOCNXCL 0x540d
#define TIOCSETD 0x5423
#define TIOCGETD 0x5424
#define TIOCGEXCL 0x80045440

/* ---- job control */

/* The caller's place in its session if this is its controlling terminal: 0 or -ENOTTY. */
static int controlling(const struct tty *tty, struct procs_info *info)
{
	if (procs_info(process_current()->pid, info) || !info->tty || info->tty != tty->id)
		return -ENOTTY;
	return 0;
}

int tty_job_control(struct tty *tty, int signo)
{
	struct process *p = process_current();
	struct siginfo si = { .signo = signo, .code = SI_KERNEL };
	struct procs_info info;

	if (controlling(tty, &info) || !info.tty_pgid || info.pgid == info.tty_pgid)
		return 0;
	if ((thread_current()->blocked & SIGBIT(signo)) || signal_is_ignored(p, signo))
		return signo == SIGTTIN ? -EIO : 0;
	if (process_group_orphaned(p))
		return -EIO;
	process_signal_group(info.pgid, &si);
	return -ERESTARTSYS;
}

int tty_attach(struct tty *tty, bool steal)
{
	struct procs_op op = { .kind = PROCS_TTY_ATTACH, .pid = process_current()->pid };
	struct procs_ret ret;

	op.tty.tty = tty->id;
	op.flags = steal ? PROCS_F_STEAL : 0;
	return procs_update(&op, &ret);
}

static void hangup_group(s32 pgid)
{
	struct siginfo si = { .signo = SIGHUP, .code = SI_KERNEL };

	if (!pgid)
		return;
	process_signal_group(pgid, &si);
	si.signo = SIGCONT;
	process_signal_group(pgid, &si);
}

static long detach(struct tty *tty)
{
	struct procs_op op = { .kind = PROCS_TTY_DETACH, .pid = process_current()->pid };
	struct procs_ret ret;
	struct procs_info info;
	int err = controlling(tty, &info);

	if (err)
		return err;
	op.tty.tty = tty->id;
	err = procs_update(&op, &ret);
	if (!err)
		hangup_group(ret.hup_pgid);
	return err;
}

static long set_controlling(struct tty *tty, u64 arg)
{
	struct procs_info info;

	if (!controlling(tty, &info) && (info.flags & PROCS_I_LEADER))
		return 0;
	return tty_attach(tty, arg == 1 && cred_capable(&process_current()->cred));
}

static long set_foreground(struct tty *tty, s32 __user *from)
{
	struct procs_op op = { .kind = PROCS_TCSETPGRP, .pid = process_current()->pid };
	struct procs_ret ret;
	struct procs_info info;
	s32 pgid;
	int err = controlling(tty, &info);

	if (err)
		return err;
	err = tty_job_control(tty, SIGTTOU);
	if (err)
		return err;
	if (user_copy_in(&pgid, from, sizeof(pgid)))
		return -EFAULT;
	if (pgid < 0)
		return -EINVAL;
	op.tty.tty = tty->id;
	op.tty.arg = pgid;
	return procs_update(&op, &ret);
}

static long job_ioctl(struct tty *tty, u32 cmd, u64 arg)
{
	struct procs_info info;
	int err;

	switch (cmd) {
	case TIOCSCTTY:
		return set_controlling(tty, arg);
	case TIOCNOTTY:
		return detach(tty);
	case TIOCSPGRP:
		return set_foreground(tty, (s32 __user *)arg);
	case TIOCGPGRP:
	case TIOCGSID:
		err = controlling(tty, &info);
		if (err)
			return err;
		return user_copy_out((s32 __user *)arg, cmd == TIOCGSID ? &info.sid : &info.tty_pgid, sizeof(s32));
	default:
		return NOT_AN_IOCTL;
	}
}

/* ---- modes */

static bool drained(struct tty *tty)
{
	bool empty;

	lock_acquire(&tty->lock);
	empty = !tty_out_count(tty);
	lock_release(&tty->lock);
	return empty;
}

int tty_drain(struct tty *tty)
{
	u32 hangups = atomic_load(&tty->hangups);

	return WAIT_UNTIL(&tty->write_wait, FOREVER, drained(tty) || atomic_load(&tty->hangups) != hangups);
}

static long set_termios(struct tty *tty, u32 cmd, u64 arg)
{
	struct abi_termios t;
	u32 old;
	int err;

	if (user_copy_in(&t, (void __user *)arg, sizeof(t)))
		return -EFAULT;
	if (cmd != TCSETS) {
		err = tty_drain(tty);
		if (err)
			return err;
	}
	lock_acquire(&tty->lock);
	if (cmd == TCSETSF)
		tty_flush_input(tty);
	old = tty->t.lflag;
	tty->t = t;
	tty_mode_changed(tty, old);
	if (!(t.iflag & T_IXON))
		tty->stopped = false;
	lock_release(&tty->lock);
	tty_push(tty);
	waitq_wake(&tty->read_wait); /* readers look at the new mode */
	return 0;
}

static long get_termios(struct tty *tty, u64 arg)
{
	struct abi_termios t;

	lock_acquire(&tty->lock);
	t = tty->t;
	lock_release(&tty->lock);
	return user_copy_out((void __user *)arg, &t, sizeof(t));
}

static long set_size(struct tty *tty, u64 arg)
{
	struct abi_winsize size;
	bool changed;

	if (user_copy_in(&size, (void __user *)arg, sizeof(size)))
		return -EFAULT;
	lock_acquire(&tty->lock);
	changed = memcmp(&size, &tty->size, sizeof(size)) != 0;
	tty->size = size;
	if (changed)
		tty->signals |= 1u << SIGWINCH;
	lock_release(&tty->lock);
	tty_send_signals(tty);
	return 0;
}

static long get_size(struct tty *tty, u64 arg)
{
	struct abi_winsize size;

	lock_acquire(&tty->lock);
	size = tty->size;
	lock_release(&tty->lock);
	return user_copy_out((void __user *)arg, &size, sizeof(size));
}

static long flush(struct tty *tty, u64 which)
{
	if (which > 2)
		return -EINVAL;
	lock_acquire(&tty->lock);
	if (which != 1)
		tty_flush_input(tty);
	if (which != 0)
		tty_flush_output(tty);
	lock_release(&tty->lock);
	tty_push(tty);
	return 0;
}

static long flow(struct tty *tty, u64 what)
{
	if (what > 3)
		return -EINVAL;
	lock_acquire(&tty->lock);
	if (what < 2)
		tty->stopped = what == 0;
	else if (tty->t.cc[what == 2 ? V_STOP : V_START])
		tty_out_raw(tty, tty->t.cc[what == 2 ? V_STOP : V_START]);
	lock_release(&tty->lock);
	tty_push(tty);
	return 0;
}

static long put_int(u64 arg, s32 v)
{
	return user_copy_out((s32 __user *)arg, &v, sizeof(v));
}

static long counts(struct tty *tty, u32 cmd, u64 arg)
{
	u32 n;

	lock_acquire(&tty->lock);
	n = cmd == FIONREAD ? tty_in_count(tty) : tty_out_count(tty);
	lock_release(&tty->lock);
	return put_int(arg, n);
}

static bool changes_terminal(u32 cmd)
{
	return (cmd >= TCSETS && cmd <= TCSETSF) || cmd == TCFLSH || cmd == TCXONC || cmd == TCSBRK || cmd == TCSBRKP ||
	       cmd == TIOCSETD;
}

long tty_termios_ioctl(struct tty *tty, u32 cmd, u64 arg)
{
	int err = changes_terminal(cmd) ? tty_job_control(tty, SIGTTOU) : 0;

	if (err)
		return err;
	switch (cmd) {
	case TCGETS: return get_termios(tty, arg);
	case TCSETS:
	case TCSETSW:
	case TCSETSF: return set_termios(tty, cmd, arg);
	case TIOCGWINSZ: return get_size(tty, arg);
	case TIOCSWINSZ: return set_size(tty, arg);
	case TCFLSH: return flush(tty, arg);
	case TCXONC: return flow(tty, arg);
	case TCSBRK:
	case TCSBRKP: return tty_drain(tty);
	case FIONREAD:
	case TIOCOUTQ: return counts(tty, cmd, arg);
	case TIOCGETD: return put_int(arg, 0);
	case TIOCSETD: return 0;
	default: return NOT_AN_IOCTL;
	}
}

static long exclusive(struct tty *tty, u32 cmd, u64 arg)
{
	if (cmd == TIOCGEXCL)
		return put_int(arg, tty->exclusive);
	lock_acquire(&tty->lock);
	tty->exclusive = cmd == TIOCEXCL;
	lock_release(&tty->lock);
	return 0;
}

long tty_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct tty_file *tf = f->data;
	long r;

	if (tty_hung(tf))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	if (cmd == TIOCEXCL || cmd == TIOCNXCL || cmd == TIOCGEXCL)
		return exclusive(tf->tty, cmd, arg);
	r = job_ioctl(tf->tty, cmd, arg);
	if (r == NOT_AN_IOCTL)
		r = tty_termios_ioctl(tf->tty, cmd, arg);
	return r == NOT_AN_IOCTL ? -ENOTTY : r;
}
