/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A terminal, inside. In files:
 *
 *   tty.c         the terminals there are, opening and closing, serial lines, the thread ttyd
 *   tty_ldisc.c   the line discipline: input editing, echo, output processing; a state machine under `lock`
 *   tty_io.c      read, write, poll
 *   tty_ioctl.c   termios, sizes, flushing; job control: foreground group, sessions
 *   pty.c         pseudo terminals
 *
 *              interrupt          ttyd            reader
 *   line ------> raw ring ------> tty_input ----> in ring ----> program
 *                                    | echo
 *   line <------ driver ------- out ring <-------------------- program (writer)
 *
 * The in ring, free-running indices:   tail .... canon .... head      tail..canon: complete lines
 *                                                                     canon..head: being edited
 * Signals need the process table, hence a thread: what the line discipline decides under the lock is sent after it.
 */
#ifndef KERN_TTY_INTERNAL_H
#define KERN_TTY_INTERNAL_H

#include "base/abi.h"
#include "kern/file.h"
#include "kern/mutex.h"
#include "kern/wait.h"
#include "nr/sync/lock.h"

#define TTY_IN 4096u
#define TTY_OUT 8192u
#define TTY_ECHO_ROOM 64u /* of the out ring, that writers leave to echo */

/* Marks on characters of the in ring. */
#define IN_CHAR 0x00ffu
#define IN_LINE 0x0100u   /* ends a line */
#define IN_EOF 0x0200u    /* ends a line and is itself not data */

/* termios bits: include/uapi/asm-generic/termbits.h */
enum { T_IGNBRK = 1, T_BRKINT = 2, T_IGNPAR = 4, T_PARMRK = 8, T_INPCK = 16, T_ISTRIP = 32, T_INLCR = 64, T_IGNCR = 128,
       T_ICRNL = 256, T_IUCLC = 512, T_IXON = 1024, T_IXANY = 2048, T_IXOFF = 4096, T_IMAXBEL = 8192, T_IUTF8 = 16384 };
enum { T_OPOST = 1, T_OLCUC = 2, T_ONLCR = 4, T_OCRNL = 8, T_ONOCR = 16, T_ONLRET = 32, T_TABDLY = 0x1800 };
enum { T_ISIG = 1, T_ICANON = 2, T_ECHO = 8, T_ECHOE = 16, T_ECHOK = 32, T_ECHONL = 64, T_NOFLSH = 128, T_TOSTOP = 256,
       T_ECHOCTL = 512, T_ECHOPRT = 1024, T_ECHOKE = 2048, T_IEXTEN = 32768, T_EXTPROC = 65536 };
enum { V_INTR, V_QUIT, V_ERASE, V_KILL, V_EOF, V_TIME, V_MIN, V_SWTC, V_START, V_STOP, V_SUSP, V_EOL, V_REPRINT, V_DISCARD,
       V_WERASE, V_LNEXT, V_EOL2 };

struct tty;
struct tty_driver {
	/* Takes what it can from the out ring; `lock` held, also from interrupts. */
	void (*start)(struct tty *tty);
	/* References on the terminal: one per open file. NULL: it is there for ever. */
	void (*put)(struct tty *tty);
};

struct tty {
	u64 id;                      /* its device number; what the process table knows it by */
	const struct tty_driver *driver;

	struct lock lock;            /* all below, up to the queues */
	struct abi_termios t;
	struct abi_winsize size;
	u16 in[TTY_IN];
	u32 tail, canon, head;
	bool partial;                /* a reader took part of a line: an EOF mark next is not an end of file */
	bool lnext;                  /* ^V: the next character is data */
	bool throttled;              /* IXOFF: we sent STOP */
	bool stopped;                /* ^S or TCOOFF */
	u32 column, canon_column;    /* of the cursor; where the line being edited begins */
	u8 out[TTY_OUT];
	u32 out_tail, out_head;
	u32 opens;
	bool exclusive;
	u32 signals;                 /* bit per signal that the line discipline wants sent */

	_Atomic u32 hangups;         /* files opened before the last one are dead */
	struct mutex reader, writer;
	struct waitq read_wait, write_wait;
};

/* What a file's `data` points to. */
struct tty_file {
	struct tty *tty;
	u32 hangups;                 /* of the terminal when this was opened */
	bool console;                /* opened as /dev/console: no job control on reading and writing */
};

static inline bool tty_hung(const struct tty_file *tf)
{
	return atomic_load(&tf->tty->hangups) != tf->hangups;
}

/* ---- tty_ldisc.c; `lock` held */
void tty_reset(struct tty *tty);                      /* termios as of a fresh terminal */
void tty_input(struct tty *tty, u8 c);                /* one character from the line */
bool tty_output(struct tty *tty, u8 c, u32 reserve);  /* with output processing; false: no room */
void tty_out_raw(struct tty *tty, u8 c);              /* dropped if there is no room */
void tty_flush_input(struct tty *tty);
void tty_flush_output(struct tty *tty);
void tty_mode_changed(struct tty *tty, u32 old_lflag);
u32 tty_in_count(const struct tty *tty);              /* FIONREAD */
static inline u32 tty_out_count(const struct tty *tty) { return tty->out_head - tty->out_tail; }
/* Characters for a reader; see tty_io.c. */
size_t tty_take_line(struct tty *tty, u8 *buf, size_t max, bool first, bool *end);
size_t tty_take_raw(struct tty *tty, u8 *buf, size_t max);
bool tty_has_input(const struct tty *tty, u32 min);
void tty_unthrottle(struct tty *tty);

/* ---- tty.c */
void tty_init(struct tty *tty, u64 id, const struct tty_driver *driver);
/* Runs bytes through the line discipline, then wakes and signals. Process or thread context, no lock. */
void tty_receive(struct tty *tty, const u8 *bytes, size_t n);
/* After the out ring changed: the driver takes it, writers go on. No lock held. */
void tty_push(struct tty *tty);
void tty_send_signals(struct tty *tty);               /* those the line discipline left in `signals` */
void tty_hangup(struct tty *tty);                     /* every open file on it dies */
/* A file on the terminal, with controlling terminal rules; NULL with *err. Takes over a reference, also if it fails. */
struct file *tty_file_open(struct tty *tty, u32 flags, bool console, bool noctty, int *err);

void tty_leave(struct tty *tty);                      /* a file on it was closed; drops its reference */

/* ---- pty.c: pseudo terminals */
#define PTYS_MAX 256u
#define PTS_MAJOR 136u
struct file *ptmx_open(u32 flags, int *err);
struct tty *pty_find(u32 number);                     /* with a reference; NULL: none */

/* ---- tty_io.c, tty_ioctl.c */
extern const struct file_ops tty_ops;
long tty_ioctl(struct file *f, u32 cmd, u64 arg);
/* 0; or -ERESTARTSYS after signo went to the caller's group, -EIO: the caller may not touch the terminal now. */
int tty_job_control(struct tty *tty, int signo);
int tty_attach(struct tty *tty, bool steal);          /* makes it the caller's controlling terminal */
int tty_drain(struct tty *tty);                       /* waits until the out ring is empty; -ERESTARTSYS */
long tty_termios_ioctl(struct tty *tty, u32 cmd, u64 arg); /* those that a pty's master has too; or NOT_AN_IOCTL */
#define NOT_AN_IOCTL (-515)

#endif
