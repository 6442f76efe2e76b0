/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pseudo terminals: a terminal whose line is another file, the master. Opening /dev/ptmx makes a pair; the
 * terminal is /dev/pts/N (the file system devpts, here at the end).
 *
 *   program <-- in ring <-- tty_input <-- write(master)          states of a pair:
 *   program --> out ring ---------------> read(master)           locked --TIOCSPTLCK 0--> usable
 *                                                                master closed: the terminal hangs up, its session
 *                                                                loses it; the number is free with the last file
 */
#include "base/print.h"
#include "base/string.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "kern/pseudo_table.h"
#include "kern/tty_internal.h"
#include "mem/slab.h"

#define TIOCPKT 0x5420
#define TIOCGPTN 0x80045430u
#define TIOCSPTLCK 0x40045431u
#define TIOCSIG 0x40045436u
#define TIOCGPTLCK 0x80045439u

struct pty {
	struct tty tty;
	struct refs refs;           /* the master, and every file on the terminal */
	u32 number;
	u32 uid;                    /* who opened the master */
	bool locked;                /* word */
	bool master_closed;         /* under tty.lock */
	bool was_open;              /* the terminal was opened once; under tty.lock */
	struct waitq master_wait;   /* something to read or room to write */
};

static struct lock ptys_lock = LOCK_INIT;
static struct pty *ptys[PTYS_MAX];

static struct pty *pty_of(struct tty *tty)
{
	return container_of(tty, struct pty, tty);
}

/* ---- life */

static void pty_put(struct tty *tty)
{
	struct pty *p = pty_of(tty);
	bool last;

	lock_acquire(&ptys_lock);
	last = refs_put(&p->refs);
	if (last)
		ptys[p->number] = NULL;
	lock_release(&ptys_lock);
	if (last)
		kfree(p);
}

static void pty_wake_master(struct tty *tty)
{
	waitq_wake(&pty_of(tty)->master_wait);
}

static const struct tty_driver pty_driver = { .start = pty_wake_master, .put = pty_put };

struct tty *pty_find(u32 number)
{
	struct pty *p;

	if (number >= PTYS_MAX)
		return NULL;
	lock_acquire(&ptys_lock);
	p = ptys[number];
	if (p)
		refs_get(&p->refs);
	lock_release(&ptys_lock);
	return p ? &p->tty : NULL;
}

static struct pty *pty_new(int *err)
{
	struct pty *p = kzalloc(sizeof(*p));
	u32 i;

	*err = -ENOMEM;
	if (!p)
		return NULL;
	refs_init(&p->refs, 1);
	p->locked = true;
	p->uid = process_current()->cred.fsuid;
	waitq_init(&p->master_wait);
	lock_acquire(&ptys_lock);
	for (i = 0; i < PTYS_MAX && ptys[i]; i++)
		;
	p->number = i;
	tty_init(&p->tty, RDEV(PTS_MAJOR, i), &pty_driver);
	p->tty.t.cflag = 0xf | 0x30 | 0x80; /* B38400 CS8 CREAD */
	if (i < PTYS_MAX)
		ptys[i] = p;
	lock_release(&ptys_lock);
	*err = 0;
	if (i < PTYS_MAX)
		return p;
	kfree(p);
	*err = -ENOSPC;
	return NULL;
}

/* ---- the master */

/* Bytes of the program's output; *gone: nobody has the terminal open any more. */
static size_t master_take(struct pty *p, u8 *buf, size_t max, bool *gone)
{
	struct tty *tty = &p->tty;
	size_t n = 0;

	lock_acquire(&tty->lock);
	while (n < max && !tty->stopped && tty_out_count(tty))
		buf[n++] = tty->out[tty->out_tail++ % TTY_OUT];
	*gone = p->was_open && !tty->opens;
	lock_release(&tty->lock);
	return n;
}

static bool master_readable(struct pty *p)
{
	bool yes;

	lock_acquire(&p->tty.lock);
	yes = (!p->tty.stopped && tty_out_count(&p->tty)) || (p->was_open && !p->tty.opens);
	lock_release(&p->tty.lock);
	return yes;
}

static long master_read(struct file *f, struct io *io, u64 *pos)
{
	struct pty *p = f->data;
	size_t n, done = 0;
	u8 buf[256];
	bool gone;
	int err;

	(void)pos;
	while (io->left) {
		n = master_take(p, buf, MIN(io->left, sizeof(buf)), &gone);
		if (n) {
			done += io_out(io, buf, n);
			continue;
		}
		if (done || gone)
			break;
		if (file_nonblock(f))
			return -EAGAIN;
		err = WAIT_UNTIL(&p->master_wait, FOREVER, master_readable(p));
		if (err)
			return err;
	}
	if (done)
		waitq_wake(&p->tty.write_wait);
	return done ? (long)done : io->left ? -EIO : 0;
}

/* How much the in ring takes without loss. While a line is being typed it takes everything: too long a line is cut. */
static size_t master_room(struct pty *p)
{
	struct tty *tty = &p->tty;
	size_t room;

	lock_acquire(&tty->lock);
	room = (tty->t.lflag & T_ICANON) && tty->canon == tty->tail ? TTY_IN : TTY_IN - 2 - MIN(tty->head - tty->tail, TTY_IN - 2);
	lock_release(&tty->lock);
	return room;
}

static long master_write(struct file *f, struct io *io, u64 *pos)
{
	struct pty *p = f->data;
	size_t done = 0, n;
	u8 buf[256];
	int err = 0;

	(void)pos;
	while (io->left && !err) {
		n = MIN(MIN(io->left, sizeof(buf)), master_room(p));
		if (!n) {
			err = file_nonblock(f) ? -EAGAIN : WAIT_UNTIL(&p->master_wait, FOREVER, master_room(p));
			continue;
		}
		if (io_in(io, buf, n) < n) {
			err = -EFAULT;
			break;
		}
		tty_receive(&p->tty, buf, n);
		done += n;
	}
	return done ? (long)done : err;
}

static u32 master_poll(struct file *f, struct poller *poller)
{
	struct pty *p = f->data;
	u32 mask = 0;

	poller_wait(poller, &p->master_wait);
	lock_acquire(&p->tty.lock);
	if (!p->tty.stopped && tty_out_count(&p->tty))
		mask |= POLLIN | POLLRDNORM;
	if (p->was_open && !p->tty.opens)
		mask |= POLLHUP;
	lock_release(&p->tty.lock);
	if (master_room(p))
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

static long master_int(struct pty *p, u32 cmd, s32 __user *at)
{
	s32 v = cmd == TIOCGPTN ? (s32)p->number : p->locked;

	return user_copy_out(at, &v, sizeof(v));
}

static long master_lock(struct pty *p, const s32 __user *at)
{
	s32 v;

	if (user_copy_in(&v, at, sizeof(v)))
		return -EFAULT;
	p->locked = v != 0;
	return 0;
}

/* The foreground group or the session of the terminal: the master may ask without belonging to it. */
static long master_session(struct pty *p, u32 cmd, s32 __user *at)
{
	const struct procs *t = nr_read_begin(procs_nr, nr_me(), 0);
	s32 sid, pgid;
	int err = procs_tty(t, p->tty.id, &sid, &pgid);

	nr_read_end(procs_nr, nr_me(), 0);
	if (err)
		return cmd == TIOCGSID ? err : (sid = pgid = 0, user_copy_out(at, &pgid, sizeof(pgid)));
	return user_copy_out(at, cmd == TIOCGSID ? &sid : &pgid, sizeof(s32));
}

static long master_signal(struct pty *p, u64 signo)
{
	if (signo != SIGINT && signo != SIGQUIT && signo != SIGTSTP)
		return -EINVAL;
	lock_acquire(&p->tty.lock);
	p->tty.signals |= 1u << signo;
	lock_release(&p->tty.lock);
	tty_send_signals(&p->tty);
	return 0;
}

static long master_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct pty *p = f->data;
	s32 __user *at = (s32 __user *)arg;
	long r;

	switch (cmd) {
	case TIOCGPTN:
	case TIOCGPTLCK: return master_int(p, cmd, at);
	case TIOCSPTLCK: return master_lock(p, at);
	case TIOCGPGRP:
	case TIOCGSID: return master_session(p, cmd, at);
	case TIOCSIG: return master_signal(p, arg);
	case FIONREAD: cmd = TIOCOUTQ; break; /* the program's output is what the master reads */
	case TIOCOUTQ: cmd = FIONREAD; break;
	case TIOCSCTTY:
	case TIOCNOTTY:
	case TIOCSPGRP: return -ENOTTY;
	}
	r = tty_termios_ioctl(&p->tty, cmd, arg);
	return r == NOT_AN_IOCTL ? -ENOTTY : r;
}

static void hangup_signal(s32 pid, s32 pgid)
{
	struct siginfo si = { .signo = SIGHUP, .code = SI_KERNEL };
	struct process *leader = process_of_pid(pid);

	if (leader) {
		signal_process(leader, &si);
		si.signo = SIGCONT;
		signal_process(leader, &si);
		process_put(leader);
	}
	if (!pgid)
		return;
	si.signo = SIGHUP;
	process_signal_group(pgid, &si);
	si.signo = SIGCONT;
	process_signal_group(pgid, &si);
}

static void master_release(struct file *f)
{
	struct pty *p = f->data;
	struct procs_op op = { .kind = PROCS_TTY_HANGUP };
	struct procs_ret ret;

	lock_acquire(&p->tty.lock);
	p->master_closed = true;
	lock_release(&p->tty.lock);
	tty_hangup(&p->tty);
	op.tty.tty = p->tty.id;
	if (!procs_update(&op, &ret))
		hangup_signal(ret.pid, ret.hup_pgid);
	pty_put(&p->tty);
}

static int master_stat(struct file *f, struct abi_stat *st)
{
	struct path at = { .body = f->body };
	int err = fs_attr(f->ino, &at.at);

	if (f->pseudo)
		return pseudo_stat(f->pseudo, st);
	return err ? err : path_stat(&at, st);
}

static const struct file_ops master_ops = {
	.kind = "ptmx", .tells = true, .read = master_read, .write = master_write, .poll = master_poll, .ioctl = master_ioctl,
	.stat = master_stat, .release = master_release,
};

struct file *ptmx_open(u32 flags, int *err)
{
	struct pty *p = pty_new(err);
	struct file *f;

	if (!p)
		return NULL;
	f = file_new(&master_ops, flags);
	if (!f) {
		pty_put(&p->tty);
		*err = -ENOMEM;
		return NULL;
	}
	f->data = p;
	return f;
}

/* ---- devpts */

static struct file *with_node(struct file *f, const struct pseudo_node *n, int *err)
{
	if (!f)
		return NULL;
	f->pseudo = kmalloc(sizeof(*n));
	if (!f->pseudo) {
		file_put(f);
		*err = -ENOMEM;
		return NULL;
	}
	*f->pseudo = *n;
	return f;
}

static struct file *pts_open(const struct pseudo_node *n, u32 flags, int *err)
{
	struct tty *tty = pty_find(n->arg);
	struct pty *p = tty ? pty_of(tty) : NULL;
	struct file *f;

	*err = -EIO;
	if (!p)
		return NULL;
	lock_acquire(&tty->lock);
	if (!p->locked && !p->master_closed)
		*err = 0;
	lock_release(&tty->lock);
	if (*err) {
		pty_put(tty);
		return NULL;
	}
	f = tty_file_open(tty, flags, false, flags & O_NOCTTY, err);
	if (f) {
		lock_acquire(&tty->lock);
		p->was_open = true;
		lock_release(&tty->lock);
	}
	return with_node(f, n, err);
}

static struct file *pts_ptmx_open(const struct pseudo_node *n, u32 flags, int *err)
{
	return with_node(ptmx_open(flags, err), n, err);
}

static u64 pts_next(const struct pseudo_node *dir, u64 from)
{
	(void)dir;
	lock_acquire(&ptys_lock);
	while (from < PTYS_MAX && (!ptys[from] || ptys[from]->master_closed))
		from++;
	lock_release(&ptys_lock);
	return from < PTYS_MAX ? from : PSEUDO_END;
}

/* Owner as Debian mounts it: who opened the master, group tty. */
static bool pts_make(struct pseudo_node *n)
{
	struct tty *tty = pty_find(n->arg);
	bool there = tty && !pty_of(tty)->master_closed;

	n->rdev = RDEV(PTS_MAJOR, n->arg);
	n->gid = 5;
	if (tty) {
		n->uid = pty_of(tty)->uid;
		pty_put(tty);
	}
	return there;
}

static const struct pseudo_entry pts_entry = {
	.name = "", .mode = S_IFCHR | 0620, .key = KEY_ARG, .next = pts_next, .make = pts_make, .open = pts_open,
};

static const struct pseudo_entry pts_children[] = {
	{ .name = "ptmx", .mode = S_IFCHR | 0666, .open = pts_ptmx_open, .rdev = RDEV(5, 2) },
	{ 0 },
};

static const struct pseudo_entry pts_root = {
	.name = "", .mode = S_IFDIR | 0755, .children = pts_children, .member = &pts_entry,
};

static void pts_root_node(struct pseudo_node *out)
{
	table_root(out, PSEUDO_PTS, &pts_root);
}

const struct pseudo_fs pts_fs = {
	.name = "devpts", .magic = 0x1cd1, .root = pts_root_node, .lookup = table_lookup, .parent = table_parent,
	.readdir = table_readdir, .show = table_show, .store = table_store, .readlink = table_readlink,
	.follow = table_follow, .path = table_path, .open = table_open,
};
