/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * signalfd: a set of signals, as a file. The file holds nothing else: who reads it takes from his own pending signals, and
 * who polls it asks about his own, whoever made it. (signalfd(2); fs/signalfd.c is the same.)
 *
 * A signal that the program wants to read is blocked, so no thread is kicked for it: readers and pollers wait on a queue of
 * their process. An epoll may stay on that queue when the process is gone, so queues are never freed: there is a table of
 * them, in which processes share places; who is woken for another's signal looks and sleeps again. Sending a signal costs
 * one look at such a queue, which is empty where signalfd is not used.
 */
#include "kern/signalfd.h"
#include "base/string.h"
#include "kern/file.h"
#include "kern/process.h"
#include "kern/thread.h"
#include "mem/slab.h"

#define QUEUES 64u

/* struct signalfd_siginfo of linux/signalfd.h */
struct info {
	u32 signo; s32 err, code; u32 pid, uid; s32 fd; u32 tid, band, overrun, trapno; s32 status, number;
	u64 ptr, utime, stime, addr;
	u16 addr_lsb, pad;
	s32 syscall;
	u64 call_addr;
	u32 arch;
	u8 room[28];
};
_Static_assert(sizeof(struct info) == 128, "struct signalfd_siginfo");

static struct waitq queues[QUEUES];
static const struct file_ops signalfd_ops;

static struct waitq *queue_of(const struct process *p) { return &queues[p->pid % QUEUES]; }

void signalfd_start(void)
{
	for (u32 i = 0; i < QUEUES; i++)
		waitq_init(&queues[i]);
}

void signalfd_wake(struct process *p) { waitq_wake(queue_of(p)); }

static sigset_t set_of(const struct file *f) { return (sigset_t)f->data; }

static void info_fill(struct info *out, const struct siginfo *in)
{
	memset(out, 0, sizeof(*out));
	out->signo = in->signo;
	out->code = in->code;
	if (in->code == SI_TIMER) {
		out->tid = in->pid;
		out->overrun = in->uid;
	} else {
		out->pid = in->pid;
		out->uid = in->uid;
	}
	if (in->signo == SIGCHLD && in->code > 0) {
		out->status = in->value;
		out->utime = in->utime;
		out->stime = in->stime;
	} else if (in->code < 0) {
		out->number = in->value;
		out->ptr = in->value;
	} else if (in->code > 0 && in->code != SI_KERNEL) {
		out->addr = in->value;
	}
}

static long signalfd_read(struct file *f, struct io *io, u64 *pos)
{
	struct waitq *q = queue_of(process_current());
	struct siginfo si;
	struct info out;
	long done = 0;
	int signo, err;

	(void)pos;
	if (io->left < sizeof(out))
		return -EINVAL;
	while (io->left >= sizeof(out)) {
		signo = signal_take(set_of(f), &si);
		if (!signo && (done || file_nonblock(f)))
			return done ? done : -EAGAIN;
		err = signo ? 0 : WAIT_UNTIL(q, FOREVER, (signo = signal_take(set_of(f), &si)));
		if (err)
			return err;
		info_fill(&out, &si);
		if (io_out(io, &out, sizeof(out)) < sizeof(out))
			return done ? done : -EFAULT;
		done += sizeof(out);
	}
	return done;
}

static u32 signalfd_poll(struct file *f, struct poller *p)
{
	poller_wait(p, queue_of(process_current()));
	return signal_pending_all() & set_of(f) ? POLLIN : 0;
}

static void signalfd_release(struct file *f) { (void)f; }

static const struct file_ops signalfd_ops = {
	.kind = "signalfd", .read = signalfd_read, .poll = signalfd_poll, .stat = file_stat_nameless, .release = signalfd_release,
};

struct file *signalfd_new(sigset_t set, u32 flags)
{
	struct file *f = file_new(&signalfd_ops, O_RDWR | flags);

	if (f)
		f->data = (void *)(set & ~SIG_UNBLOCKABLE);
	return f;
}

bool file_is_signalfd(const struct file *f) { return f->ops == &signalfd_ops; }

/* Whoever waits looks again: what he waits for may be there. */
void signalfd_set(struct file *f, sigset_t set)
{
	f->data = (void *)(set & ~SIG_UNBLOCKABLE);
	signalfd_wake(process_current());
}
