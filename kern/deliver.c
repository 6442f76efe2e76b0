/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Delivery of signals on the way to ring 3: until none is left, or one handler's frame is pushed (trap.c then comes again).
 * Also here: what becomes of a system call that a signal interrupted (restart, or -EINTR).
 */
#include "arch/trap.h"
#include "base/string.h"
#include "kern/process.h"
#include "kern/rseq.h"
#include "kern/signal.h"
#include "kern/thread.h"

#define CALL_RESTART_SYSCALL 219
#define SIG_QUIET (SIGBIT(SIGCHLD) | SIGBIT(SIGCONT) | SIGBIT(SIGURG) | SIGBIT(SIGWINCH))

/* A call that returned a restart code: with a handler about to run, or without one. */
static void restart_fix(struct trapframe *f, bool handler, u64 flags)
{
	long r = f->ax;

	if ((s64)f->orig_ax < 0 || r > -ERESTARTSYS || r < -ERESTART_RESTARTBLOCK)
		return;
	if (handler && r != -ERESTARTNOINTR && (r != -ERESTARTSYS || !(flags & SA_RESTART))) {
		f->ax = -EINTR;
	} else {
		f->ax = r == -ERESTART_RESTARTBLOCK ? CALL_RESTART_SYSCALL : f->orig_ax;
		f->ip -= 2; /* the syscall instruction again */
	}
	f->orig_ax = -1;
}

static void signal_stop(int signo)
{
	struct process *p = process_current();
	struct signals *s = &p->signals;

	bool stop;

	if (signo != SIGSTOP && process_group_orphaned(p))
		return;
	lock_acquire(&s->lock);
	stop = s->stop_taken && !(s->pending.set & SIGBIT(SIGKILL));
	if (stop) {
		s->stopped = true;
		s->continued = false;
		s->stop_signal = signo;
	}
	lock_release(&s->lock);
	if (!stop)
		return;
	signal_stop_others(p);
	process_stopped(p, signo);
	if (!s->stopped) /* SIGCONT came before the table knew of the stop */
		process_continued(p);
}

static void signal_sleep_while_stopped(void)
{
	struct thread *t = thread_current();
	struct signals *s = &t->proc->signals;

	WAIT_KILLABLE_NOT(&s->stop_wait, FOREVER, !s->stopped || signal_fatal_pending(t));
}

/* A stop ended in an interrupt, which left it to us to say so. */
static void signal_tell_continued(struct process *p)
{
	struct signals *s = &p->signals;
	bool tell;

	lock_acquire(&s->lock);
	tell = s->continued;
	s->continued = false;
	lock_release(&s->lock);
	if (tell)
		process_continued(p);
}

static struct abi_sigaction action_take(struct process *p, int signo)
{
	struct sighand *h = p->sighand;
	struct abi_sigaction a;

	lock_acquire(&h->lock);
	a = h->action[signo - 1];
	if ((a.flags & SA_RESETHAND) && a.handler > SIG_IGN)
		h->action[signo - 1].handler = SIG_DFL;
	lock_release(&h->lock);
	return a;
}

static void signal_default(int signo)
{
	if (SIG_QUIET & SIGBIT(signo))
		return;
	if (SIG_STOPS & SIGBIT(signo))
		signal_stop(signo);
	else
		process_exit_group(signo);
}

/* The handler's frame did not fit: SIGSEGV, whose own handler may live on another stack. (Linux: force_sigsegv) */
static void signal_no_frame(int signo)
{
	struct sighand *h = process_current()->sighand;

	if (signo == SIGSEGV) {
		lock_acquire(&h->lock);
		h->action[SIGSEGV - 1].handler = SIG_DFL;
		lock_release(&h->lock);
	}
	signal_force(&(struct siginfo){ .signo = SIGSEGV, .code = SI_KERNEL });
}

/* True: the handler runs next. False: look for signals again. */
static bool signal_handle(struct trapframe *f, const struct siginfo *info, const struct abi_sigaction *a)
{
	struct thread *t = thread_current();
	sigset_t saved = t->restore_blocked ? t->saved_blocked : t->blocked;
	sigset_t mask = t->blocked | a->mask | (a->flags & SA_NODEFER ? 0 : SIGBIT(info->signo));

	rseq_signal(f);
	restart_fix(f, true, a->flags);
	if (sigframe_push(f, info, a, saved)) {
		signal_no_frame(info->signo);
		return false;
	}
	t->restart.fn = NULL;
	t->restore_blocked = false;
	signal_set_blocked(mask);
	return true;
}

void signal_deliver(struct trapframe *f)
{
	struct thread *t = thread_current();
	struct process *p = t->proc;
	struct siginfo info;
	int signo;

	for (;;) {
		if (atomic_load(&t->dying))
			thread_exit_now();
		if (p->signals.stopped && !signal_fatal_pending(t)) {
			signal_sleep_while_stopped();
			continue;
		}
		signo = signal_take(~t->blocked, &info);
		if (unlikely(p->signals.continued)) /* its lock orders this after the end of the stop that we saw */
			signal_tell_continued(p);
		if (!signo)
			break;
		struct abi_sigaction a = action_take(p, signo);

		if (a.handler == SIG_IGN)
			continue;
		if (a.handler == SIG_DFL) {
			if (p->pid == 1 && signo != SIGSEGV && signo != SIGBUS && signo != SIGILL && signo != SIGFPE)
				continue; /* init is immune to what it does not handle */
			signal_default(signo);
			continue;
		}
		if (signal_handle(f, &info, &a))
			return;
	}
	restart_fix(f, false, 0);
	if (t->restore_blocked) {
		t->restore_blocked = false;
		signal_set_blocked(t->saved_blocked);
	}
}
