/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Terminals: read, write, poll. See tty_internal.h. */
#include "arch/clock.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "kern/tty_internal.h"
#include "mem/slab.h"

#define CHUNK 256
#define VTIME_NS 100000000ul

/* ---- read */

struct tty_read {
	struct file *f;
	struct tty_file *tf;
	struct tty *tty;
	struct io *io;
	size_t done;
	u64 deadline;
	bool end;           /* a line is complete, or enough came */
	u32 min, time;      /* of raw mode; min 0 and time 0: no waiting */
};

static size_t read_take(struct tty_read *r, u8 *buf)
{
	struct tty *tty = r->tty;
	size_t max = MIN(r->io->left, (size_t)CHUNK), n;

	lock_acquire(&tty->lock);
	if (tty->t.lflag & T_ICANON) {
		n = tty_take_line(tty, buf, max, !r->done, &r->end);
		r->min = 1;
		r->time = 0;
	} else {
		n = tty_take_raw(tty, buf, max);
		r->min = tty->t.cc[V_MIN];
		r->time = tty->t.cc[V_TIME];
	}
	lock_release(&tty->lock);
	return n;
}

static bool read_canonical(const struct tty_read *r)
{
	return r->tty->t.lflag & T_ICANON;
}

/* Copies what there is. 1: go on and wait; 0: the read is over; or -EFAULT. */
static int read_step(struct tty_read *r)
{
	u8 buf[CHUNK];
	size_t n = read_take(r, buf), moved = n ? io_out(r->io, buf, n) : 0;

	r->done += moved;
	if (moved < n)
		return r->done ? 0 : -EFAULT;
	if (r->end || !r->io->left)
		return 0;
	if (n)
		r->deadline = r->min && r->time ? clock_ns() + r->time * VTIME_NS : FOREVER;
	if (n == CHUNK)
		return 2; /* there may be more at once */
	if (!read_canonical(r) && r->done && r->done >= r->min)
		return 0;
	if (read_canonical(r) && r->done)
		return 0;
	return 1;
}

static bool read_ready(struct tty_read *r)
{
	bool ready;

	lock_acquire(&r->tty->lock);
	ready = tty_has_input(r->tty, 1);
	lock_release(&r->tty->lock);
	return ready || tty_hung(r->tf);
}

/* 0: look again; 1: over; or -errno. */
static int read_wait(struct tty_read *r)
{
	int err;

	if (tty_hung(r->tf))
		return 1;
	if (!r->min && !r->time)
		return 1;
	if (file_nonblock(r->f))
		return -EAGAIN;
	if (!r->min && r->deadline == FOREVER && !r->done)
		r->deadline = clock_ns() + r->time * VTIME_NS;
	err = WAIT_UNTIL(&r->tty->read_wait, r->deadline, read_ready(r));
	if (err == -ETIMEDOUT)
		return 1;
	return err;
}

static long read_run(struct tty_read *r)
{
	int s;

	for (;;) {
		s = read_step(r);
		if (s == 2)
			continue;
		if (s <= 0)
			break;
		s = read_wait(r);
		if (s)
			break;
	}
	if (r->done || s >= 0)
		return r->done;
	return s;
}

static int lock_interruptibly(struct mutex *m, bool nonblock)
{
	if (mutex_try(m))
		return 0;
	if (nonblock)
		return -EAGAIN;
	return WAIT_UNTIL(&m->waiters, FOREVER, mutex_try(m));
}

static long tty_read(struct file *f, struct io *io, u64 *pos)
{
	struct tty_file *tf = f->data;
	struct tty_read r = { .f = f, .tf = tf, .tty = tf->tty, .io = io, .deadline = FOREVER };
	long n;

	(void)pos;
	if (tty_hung(tf) || !io->left)
		return 0;
	n = tf->console ? 0 : tty_job_control(tf->tty, SIGTTIN);
	if (!n)
		n = lock_interruptibly(&tf->tty->reader, file_nonblock(f));
	if (n)
		return n;
	n = read_run(&r);
	mutex_unlock(&tf->tty->reader);
	tty_push(tf->tty); /* a START that flow control owes */
	return n;
}

/* ---- write */

static size_t write_put(struct tty *tty, const u8 *buf, size_t n)
{
	size_t i;

	lock_acquire(&tty->lock);
	for (i = 0; i < n && tty_output(tty, buf[i], TTY_ECHO_ROOM); i++)
		;
	tty->driver->start(tty);
	lock_release(&tty->lock);
	return i;
}

static bool write_room(struct tty_file *tf)
{
	struct tty *tty = tf->tty;
	bool room;

	lock_acquire(&tty->lock);
	room = TTY_OUT - tty_out_count(tty) >= TTY_OUT / 4;
	lock_release(&tty->lock);
	return room || tty_hung(tf);
}

/* All n bytes, waiting for room. Bytes taken; less with *err set. */
static size_t write_all(struct file *f, struct tty_file *tf, const u8 *buf, size_t n, int *err)
{
	size_t at = 0;

	for (;;) {
		at += write_put(tf->tty, buf + at, n - at);
		if (at == n)
			return at;
		if (tty_hung(tf))
			*err = -EIO;
		else if (file_nonblock(f))
			*err = -EAGAIN;
		else
			*err = WAIT_UNTIL(&tf->tty->write_wait, FOREVER, write_room(tf));
		if (*err)
			return at;
	}
}

static long write_run(struct file *f, struct tty_file *tf, struct io *io)
{
	u8 buf[CHUNK];
	size_t done = 0, n;
	int err = 0;

	while (io->left && !err) {
		n = MIN(io->left, sizeof(buf));
		if (io_in(io, buf, n) < n)
			err = -EFAULT;
		else
			done += write_all(f, tf, buf, n, &err);
	}
	return done ? (long)done : err;
}

static long tty_write(struct file *f, struct io *io, u64 *pos)
{
	struct tty_file *tf = f->data;
	long n = 0;

	(void)pos;
	if (tty_hung(tf))
		return -EIO;
	if ((tf->tty->t.lflag & T_TOSTOP) && !tf->console)
		n = tty_job_control(tf->tty, SIGTTOU);
	if (!n)
		n = lock_interruptibly(&tf->tty->writer, file_nonblock(f));
	if (n)
		return n;
	n = write_run(f, tf, io);
	mutex_unlock(&tf->tty->writer);
	return n;
}

/* ---- the rest */

static u32 tty_poll(struct file *f, struct poller *p)
{
	struct tty_file *tf = f->data;
	struct tty *tty = tf->tty;
	u32 mask = 0, min;

	poller_wait(p, &tty->read_wait);
	poller_wait(p, &tty->write_wait);
	if (tty_hung(tf))
		return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
	lock_acquire(&tty->lock);
	min = !tty->t.cc[V_TIME] && tty->t.cc[V_MIN] ? tty->t.cc[V_MIN] : 1;
	if (tty_has_input(tty, min))
		mask |= POLLIN | POLLRDNORM;
	if (TTY_OUT - tty_out_count(tty) >= TTY_OUT / 4)
		mask |= POLLOUT | POLLWRNORM;
	lock_release(&tty->lock);
	return mask;
}

static int tty_stat(struct file *f, struct abi_stat *st)
{
	struct path p = { .body = f->body };
	int err;

	if (f->pseudo)
		return pseudo_stat(f->pseudo, st);
	err = fs_attr(f->ino, &p.at);
	return err ? err : path_stat(&p, st);
}

static void tty_release(struct file *f)
{
	struct tty_file *tf = f->data;

	tty_leave(tf->tty);
	kfree(tf);
}

const struct file_ops tty_ops = {
	.kind = "tty", .tells = true, .read = tty_read, .write = tty_write, .poll = tty_poll, .ioctl = tty_ioctl, .stat = tty_stat,
	.release = tty_release,
};
