/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The terminals there are: serial lines, and the names that stand for another one (/dev/console, /dev/tty).
 *
 * A serial line's input arrives in an interrupt, which only stores it and wakes ttyd, a kernel thread. ttyd runs the
 * line discipline, so ^C acts also when nobody reads. See tty_internal.h.
 */
#include "kern/tty.h"
#include "base/print.h"
#include "base/string.h"
#include "dev/uart.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "kern/tty_internal.h"
#include "mem/slab.h"

#define RAW 4096u

struct serial {
	struct tty tty;
	struct lock lock;            /* the raw ring: what interrupts brought, until ttyd comes */
	u8 raw[RAW];
	u32 tail, head;
};

static struct serial serial[UART_LINES];
static struct waitq ttyd_wait;

void tty_init(struct tty *tty, u64 id, const struct tty_driver *driver)
{
	tty->id = id;
	tty->driver = driver;
	lock_init(&tty->lock);
	mutex_init(&tty->reader);
	mutex_init(&tty->writer);
	waitq_init(&tty->read_wait);
	waitq_init(&tty->write_wait);
	tty_reset(tty);
}

/* ---- moving characters */

static void signal_foreground(struct tty *tty, int signo)
{
	const struct procs *p = nr_read_begin(procs_nr, nr_me(), 0);
	struct siginfo info = { .signo = signo, .code = SI_KERNEL };
	s32 sid, pgid;
	int err = procs_tty(p, tty->id, &sid, &pgid);

	nr_read_end(procs_nr, nr_me(), 0);
	if (!err && pgid)
		process_signal_group(pgid, &info);
}

void tty_send_signals(struct tty *tty)
{
	u32 set;

	lock_acquire(&tty->lock);
	set = tty->signals;
	tty->signals = 0;
	lock_release(&tty->lock);
	for (; set; set &= set - 1)
		signal_foreground(tty, __builtin_ctz(set));
}

void tty_receive(struct tty *tty, const u8 *bytes, size_t n)
{
	size_t i;

	lock_acquire(&tty->lock);
	for (i = 0; i < n; i++)
		tty_input(tty, bytes[i]);
	lock_release(&tty->lock);
	tty_push(tty);
	waitq_wake(&tty->read_wait);
	tty_send_signals(tty);
}

void tty_push(struct tty *tty)
{
	lock_acquire(&tty->lock);
	tty->driver->start(tty);
	lock_release(&tty->lock);
	waitq_wake(&tty->write_wait);
}

void tty_hangup(struct tty *tty)
{
	atomic_fetch_add(&tty->hangups, 1);
	lock_acquire(&tty->lock);
	tty_flush_input(tty);
	tty->stopped = false;
	tty_reset(tty);
	lock_release(&tty->lock);
	tty_push(tty);
	waitq_wake(&tty->read_wait);
}

/* ---- serial lines */

static void serial_start(struct tty *tty)
{
	unsigned unit = container_of(tty, struct serial, tty) - serial;

	while (!tty->stopped && tty_out_count(tty)) {
		u32 at = tty->out_tail % TTY_OUT;
		size_t n = uart_write(unit, tty->out + at, MIN(tty_out_count(tty), TTY_OUT - at));

		if (!n)
			return;
		tty->out_tail += n;
	}
}

static const struct tty_driver serial_driver = { .start = serial_start };

/* Interrupts. */
static void serial_space(void *ctx)
{
	struct serial *s = ctx;

	tty_push(&s->tty);
}

static void serial_received(void *ctx, const u8 *bytes, size_t n)
{
	struct serial *s = ctx;
	size_t i;

	lock_acquire(&s->lock);
	for (i = 0; i < n && s->head - s->tail < RAW; i++)
		s->raw[s->head++ % RAW] = bytes[i];
	lock_release(&s->lock);
	waitq_wake(&ttyd_wait);
}

/* ---- ttyd */

static size_t raw_take(struct serial *s, u8 *buf, size_t max)
{
	size_t n = 0;

	lock_acquire(&s->lock);
	while (n < max && s->tail != s->head)
		buf[n++] = s->raw[s->tail++ % RAW];
	lock_release(&s->lock);
	return n;
}

/* Two words written by interrupts: a stale look is followed by another wake. */
static bool raw_waits(void)
{
	const volatile u32 *tail, *head;
	unsigned i;

	for (i = 0; i < UART_LINES; i++) {
		tail = &serial[i].tail;
		head = &serial[i].head;
		if (*tail != *head)
			return true;
	}
	return false;
}

static void ttyd(void *arg)
{
	u8 buf[256];
	unsigned i;
	size_t n;

	(void)arg;
	for (;;) {
		for (i = 0; i < UART_LINES; i++)
			while ((n = raw_take(&serial[i], buf, sizeof(buf))))
				tty_receive(&serial[i].tty, buf, n);
		WAIT_KILLABLE_NOT(&ttyd_wait, FOREVER, raw_waits());
	}
}

void tty_start(void)
{
	struct thread *t = thread_new(NULL);
	unsigned i;

	if (!t)
		panic("no memory for ttyd");
	waitq_init(&ttyd_wait);
	for (i = 0; i < UART_LINES; i++) {
		lock_init(&serial[i].lock);
		tty_init(&serial[i].tty, RDEV(4, 64 + i), &serial_driver);
		if (uart_present(i))
			uart_listen(i, serial_received, serial_space, &serial[i]);
	}
	for (i = 0; i < cores_count(); i++)
		cpuset_add(&t->affinity, i);
	thread_prepare(t, ttyd, NULL);
	thread_start(t);
}

/* ---- opening */

/* With a reference (tty_put); NULL: there is none. */
static struct tty *tty_find(u64 id)
{
	u64 line = id - RDEV(4, 64);

	if (id >> 8 == PTS_MAJOR)
		return pty_find(id & 255);
	return line < UART_LINES && uart_present(line) ? &serial[line].tty : NULL;
}

static void tty_put(struct tty *tty)
{
	if (tty->driver->put)
		tty->driver->put(tty);
}

static struct tty *tty_of_caller(void)
{
	struct procs_info info;

	return procs_info(process_current()->pid, &info) || !info.tty ? NULL : tty_find(info.tty);
}

/* As Linux: a session leader without a terminal gets the one it opens, if that is free and open for reading. */
static void tty_adopt(struct tty *tty, u32 flags)
{
	struct procs_info info;

	if ((flags & O_ACCMODE) != O_WRONLY && !procs_info(process_current()->pid, &info) && (info.flags & PROCS_I_LEADER) &&
	    !info.tty)
		tty_attach(tty, false); /* refused if another session has it: fine */
}

static int tty_enter(struct tty *tty)
{
	int err = 0;

	lock_acquire(&tty->lock);
	if (tty->exclusive && !cred_capable(&process_current()->cred))
		err = -EBUSY;
	else
		tty->opens++;
	lock_release(&tty->lock);
	return err;
}

/* A file on it is gone. */
void tty_leave(struct tty *tty)
{
	lock_acquire(&tty->lock);
	if (--tty->opens == 0)
		tty->exclusive = false;
	lock_release(&tty->lock);
	tty_push(tty);
	tty_put(tty);
}

static struct file *tty_file_new(struct tty *tty, u32 flags, bool console)
{
	struct tty_file *tf = kzalloc(sizeof(*tf));
	struct file *f = tf ? file_new(&tty_ops, flags) : NULL;

	if (!f) {
		kfree(tf);
		return NULL;
	}
	*tf = (struct tty_file){ tty, atomic_load(&tty->hangups), console };
	f->data = tf;
	return f;
}

struct file *tty_file_open(struct tty *tty, u32 flags, bool console, bool noctty, int *err)
{
	struct file *f = NULL;

	*err = tty_enter(tty);
	if (*err) {
		tty_put(tty);
		return NULL;
	}
	f = tty_file_new(tty, flags, console);
	if (!f) {
		tty_leave(tty);
		*err = -ENOMEM;
		return NULL;
	}
	if (!noctty)
		tty_adopt(tty, flags);
	return f;
}

struct file *tty_open(u32 rdev, u32 flags, int *err)
{
	bool console = rdev == RDEV(5, 1), noctty = console || rdev == RDEV(5, 0) || (flags & O_NOCTTY);
	struct tty *tty;

	if (rdev == RDEV(5, 2))
		return ptmx_open(flags, err);
	tty = rdev == RDEV(5, 0) ? tty_of_caller() : tty_find(console ? RDEV(4, 64) : rdev);
	*err = -ENXIO;
	return tty ? tty_file_open(tty, flags, console, noctty, err) : NULL;
}

/* ---- for the process table */

void tty_session_ended(u64 id)
{
	struct tty *tty = tty_find(id);

	if (!tty)
		return;
	if (tty->driver == &serial_driver)
		tty_hangup(tty); /* a pseudo terminal hangs up when its master goes, as in Linux */
	tty_put(tty);
}

u32 tty_rdev(u64 id)
{
	return id;
}
