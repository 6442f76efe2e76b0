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

static struct tty serial[UART_LINES];
static struct waitq ttyd_wait;

void tty_init(struct tty *tty, u64 id, const struct tty_driver *driver, void *line)
{
	tty->id = id;
	tty->driver = driver;
	tty->line = line;
	lock_init(&tty->lock);
	lock_init(&tty->raw_lock);
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

static unsigned serial_unit(const struct tty *tty)
{
	return tty - serial;
}

static void serial_start(struct tty *tty)
{
	while (!tty->stopped && tty_out_count(tty)) {
		u32 at = tty->out_tail % TTY_OUT;
		size_t n = uart_write(serial_unit(tty), tty->out + at, MIN(tty_out_count(tty), TTY_OUT - at));

		if (!n)
			return;
		tty->out_tail += n;
	}
}

static const struct tty_driver serial_driver = { .start = serial_start };

/* Interrupts. */
static void serial_space(void *ctx)
{
	tty_push(ctx);
}

static void serial_received(void *ctx, const u8 *bytes, size_t n)
{
	struct tty *tty = ctx;
	size_t i;

	lock_acquire(&tty->raw_lock);
	for (i = 0; i < n && tty->raw_head - tty->raw_tail < TTY_RAW; i++)
		tty->raw[tty->raw_head++ % TTY_RAW] = bytes[i];
	lock_release(&tty->raw_lock);
	waitq_wake(&ttyd_wait);
}

/* ---- ttyd */

static size_t raw_take(struct tty *tty, u8 *buf, size_t max)
{
	size_t n = 0;

	lock_acquire(&tty->raw_lock);
	while (n < max && tty->raw_tail != tty->raw_head)
		buf[n++] = tty->raw[tty->raw_tail++ % TTY_RAW];
	lock_release(&tty->raw_lock);
	return n;
}

static bool raw_waits(void)
{
	bool waits = false;
	unsigned i;

	for (i = 0; i < UART_LINES; i++) {
		lock_acquire(&serial[i].raw_lock);
		waits |= serial[i].raw_tail != serial[i].raw_head;
		lock_release(&serial[i].raw_lock);
	}
	return waits;
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
				tty_receive(&serial[i], buf, n);
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
		tty_init(&serial[i], RDEV(4, 64 + i), &serial_driver, NULL);
		if (uart_present(i))
			uart_listen(i, serial_received, serial_space, &serial[i]);
	}
	for (i = 0; i < cores_count(); i++)
		cpuset_add(&t->affinity, i);
	thread_prepare(t, ttyd, NULL);
	thread_start(t);
}

/* ---- opening */

static struct tty *tty_of_id(u64 id)
{
	u64 minor = id - RDEV(4, 64);

	return minor < UART_LINES ? &serial[minor] : NULL;
}

static struct tty *tty_of_caller(void)
{
	struct procs_info info;

	return procs_info(process_current()->pid, &info) || !info.tty ? NULL : tty_of_id(info.tty);
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

struct file *tty_file_open(struct tty *tty, u32 flags, bool console, bool noctty, int *err)
{
	struct tty_file *tf = kzalloc(sizeof(*tf));
	struct file *f;

	*err = tf ? tty_enter(tty) : -ENOMEM;
	if (*err) {
		kfree(tf);
		return NULL;
	}
	*tf = (struct tty_file){ tty, atomic_load(&tty->hangups), console };
	f = file_new(&tty_ops, flags);
	if (!f) {
		lock_acquire(&tty->lock);
		tty->opens--;
		lock_release(&tty->lock);
		kfree(tf);
		*err = -ENOMEM;
		return NULL;
	}
	f->data = tf;
	if (!noctty)
		tty_adopt(tty, flags);
	return f;
}

struct file *tty_open(u32 rdev, u32 flags, int *err)
{
	bool console = rdev == RDEV(5, 1), noctty = console || rdev == RDEV(5, 0) || (flags & O_NOCTTY);
	struct tty *tty = NULL;

	if (rdev == RDEV(5, 0))
		tty = tty_of_caller();
	else if (console)
		tty = &serial[0];
	else
		tty = tty_of_id(rdev);
	*err = -ENXIO;
	if (!tty || (tty_of_id(tty->id) == tty && tty->driver == &serial_driver && !uart_present(serial_unit(tty))))
		return NULL;
	return tty_file_open(tty, flags, console, noctty, err);
}

/* ---- for the process table */

void tty_session_ended(u64 id)
{
	struct tty *tty = tty_of_id(id);

	if (tty)
		tty_hangup(tty);
}

u32 tty_rdev(u64 id)
{
	return id;
}
