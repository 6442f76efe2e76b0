/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Signals: dispositions (shared by CLONE_SIGHAND), pending sets (per process and per thread), delivery.
 *
 * Channel state: one short lock per process (`signals.lock`) covers its pending sets, every thread's mask and
 * the stop state; the dispositions of a sighand have a lock of their own, taken inside it.
 *
 *   send:     signal_process / signal_thread queue an entry, choose a thread that does not block it, kick it
 *   deliver:  on the way to ring 3 (signal_deliver): default action, or a frame on the user stack (sigframe.c)
 *
 * Stopping is a property of the process: its threads sleep in signal_deliver while `stopped` holds. SIGCONT (at
 * sending time) and SIGKILL end it.
 */
#ifndef KERN_SIGNAL_H
#define KERN_SIGNAL_H

#include <stdatomic.h>
#include "base/abi.h"
#include "base/queue.h"
#include "kern/wait.h"
#include "nr/sync/lock.h"
#include "nr/sync/refs.h"

typedef u64 sigset_t;
#define SIG_DFL 0ul
#define SIG_IGN 1ul
#define SIGBIT(n) (1ul << ((n)-1))
#define SIG_UNBLOCKABLE (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))
#define SIG_STOPS (SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU))

struct trapframe;
struct thread;
struct process;

struct siginfo {           /* the part of struct abi_siginfo that carries information */
	s32 signo, code;
	u32 pid, uid;      /* the sender */
	s64 value;         /* status, address or value */
	u64 utime, stime;  /* SIGCHLD */
};

struct sigentry {
	TAILQ_ENTRY(sigentry) link;
	struct siginfo info;
};

struct sigqueue {
	sigset_t set;
	TAILQ_HEAD(, sigentry) list; /* entries with information; a bit in `set` alone is SI_USER from nobody */
	u32 count;
};

struct signals {
	struct lock lock;
	struct sigqueue pending;
	bool stopped;
	bool stop_taken;             /* a stop signal left the queue and no SIGCONT came since: it may stop us */
	bool continued;              /* SIGCONT came in an interrupt: whoever wakes from the stop tells the table */
	int stop_signal;
	struct waitq stop_wait;
};

struct sighand {
	struct refs refs;
	struct lock lock;
	struct abi_sigaction action[NSIG];
};

void signals_init(struct signals *s);
void sigqueue_init(struct sigqueue *q);
void sigqueue_flush(struct sigqueue *q, sigset_t which);

struct sighand *sighand_new(void);
struct sighand *sighand_copy(struct sighand *from);
struct sighand *sighand_of(struct process *p);         /* with a reference; NULL: it was never complete. Takes p->lock */
void sighand_put(struct sighand *h);
void sighand_reset(struct sighand *h);                 /* exec: handlers to default, ignored stay */

/* Queues a signal. Any core; SIGCONT to a stopped process updates the process table. 0 or -EAGAIN (real-time queue full). */
int signal_process(struct process *p, const struct siginfo *info);
int signal_thread(struct thread *t, const struct siginfo *info);
/* The same from a timer's interrupt, which may neither update the table nor put a reference: that a stopped process went on
 * is told by its threads when they wake. tid 0: to the process; else to that thread if it is there. */
void signal_interrupt(struct process *p, u32 tid, const struct siginfo *info);
/* A fault of the current thread: unblocks and resets the disposition if it is blocked or ignored. */
void signal_force(const struct siginfo *info);
/* The process ends by this signal whatever it thinks of it; the caller, too, when it next looks at its signals. */
void signal_end(struct process *p, int signo);
/* From the kernel, no sender. */
void signal_kernel(struct process *p, int signo);
bool signal_pending(struct thread *t);                 /* something to deliver, or asked to die */
bool signal_fatal_pending(struct thread *t);           /* ... that will end the process: killable waits give up */

int signal_action(int signo, const struct abi_sigaction *new, struct abi_sigaction *old);
void signal_set_blocked(sigset_t set);                 /* current thread */
void signal_pass_on(struct thread *t, sigset_t set);   /* t will not take these any more: tell threads that may */
void signal_stop_others(struct process *p);            /* p->signals.stopped was set: every thread is to notice */
/* Takes one pending signal of `set` for sigtimedwait: signo or 0. */
int signal_take(sigset_t set, struct siginfo *info);
sigset_t signal_pending_set(void);                     /* of those that it blocks */
sigset_t signal_pending_all(void);

/* On the way to ring 3: delivers what is pending, applies restarts, stops, dies. */
void signal_deliver(struct trapframe *f);
bool signal_is_ignored(struct process *p, int signo);  /* p: the caller's own, or under p->lock */

/* sigframe.c: user stack frames. */
int sigframe_push(struct trapframe *f, const struct siginfo *info, const struct abi_sigaction *act, sigset_t saved);
long sigframe_return(struct trapframe *f);             /* rt_sigreturn */
bool sigframe_on_altstack(const struct thread *t, u64 sp);
int sigframe_altstack(struct thread *t, const struct abi_stack *new, u64 sp); /* sigaltstack(2): 0 or -errno */
void siginfo_to_user(struct abi_siginfo *out, const struct siginfo *in);

#endif
