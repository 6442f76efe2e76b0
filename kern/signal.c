/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals: queues, sending, dispositions. Delivery is in deliver.c, frames in sigframe.c. See signal.h. */
#include "kern/signal.h"
#include "base/string.h"
#include "kern/oom.h"
#include "kern/process.h"
#include "kern/signalfd.h"
#include "kern/thread.h"
#include "mem/slab.h"

KCACHE(sigentry_cache, "sigentries", struct sigentry);
KCACHE(sighand_cache, "sighands", struct sighand);

#define SIGQUEUE_MAX 1024

#define SIG_CORES (SIGBIT(SIGQUIT) | SIGBIT(SIGILL) | SIGBIT(SIGTRAP) | SIGBIT(SIGABRT) | SIGBIT(SIGBUS) | SIGBIT(SIGFPE) | \
		   SIGBIT(SIGSEGV) | SIGBIT(SIGXCPU) | SIGBIT(SIGXFSZ) | SIGBIT(SIGSYS))
#define SIG_DEFAULT_IGNORED (SIGBIT(SIGCHLD) | SIGBIT(SIGCONT) | SIGBIT(SIGURG) | SIGBIT(SIGWINCH))

void sigqueue_init(struct sigqueue *q)
{
	q->set = 0;
	q->count = 0;
	TAILQ_INIT(&q->list);
}

void signals_init(struct signals *s)
{
	lock_init(&s->lock);
	sigqueue_init(&s->pending);
	waitq_init(&s->stop_wait);
	s->stopped = false;
}

void sigqueue_flush(struct sigqueue *q, sigset_t which)
{
	struct sigentry *e, *next;

	for (e = TAILQ_FIRST(&q->list); e; e = next) {
		next = TAILQ_NEXT(e, link);
		if (!(which & SIGBIT(e->info.signo)))
			continue;
		TAILQ_REMOVE(&q->list, e, link);
		q->count--;
		kcache_free(&sigentry_cache, e);
	}
	q->set &= ~which;
}

struct sighand *sighand_new(void)
{
	struct sighand *h = kcache_alloc(&sighand_cache);

	if (h) {
		refs_init(&h->refs, 1);
		lock_init(&h->lock);
	}
	return h;
}

struct sighand *sighand_copy(struct sighand *from)
{
	struct sighand *h = sighand_new();

	if (h) {
		lock_acquire(&from->lock);
		memcpy(h->action, from->action, sizeof(h->action));
		lock_release(&from->lock);
	}
	return h;
}

void sighand_put(struct sighand *h)
{
	if (h && refs_put(&h->refs))
		kcache_free(&sighand_cache, h);
}

struct sighand *sighand_of(struct process *p)
{
	struct sighand *h;

	lock_acquire(&p->lock);
	h = p->sighand;
	if (h)
		refs_get(&h->refs);
	lock_release(&p->lock);
	return h;
}

void sighand_reset(struct sighand *h)
{
	int i;

	lock_acquire(&h->lock);
	for (i = 0; i < NSIG; i++) {
		u64 keep = h->action[i].handler == SIG_IGN ? SIG_IGN : SIG_DFL;

		memset(&h->action[i], 0, sizeof(h->action[i]));
		h->action[i].handler = keep;
	}
	lock_release(&h->lock);
}

/* Of the caller's process, or under p->lock: exec replaces the dispositions. */
static struct abi_sigaction action_of(struct process *p, int signo)
{
	struct sighand *h = p->sighand;
	struct abi_sigaction a = { 0 };

	if (h) {
		lock_acquire(&h->lock);
		a = h->action[signo - 1];
		lock_release(&h->lock);
	}
	return a;
}

bool signal_is_ignored(struct process *p, int signo)
{
	u64 handler = action_of(p, signo).handler;

	if (SIG_UNBLOCKABLE & SIGBIT(signo))
		return false;
	return handler == SIG_IGN || (handler == SIG_DFL && (SIG_DEFAULT_IGNORED & SIGBIT(signo)));
}

/* The signal of this timer waits already: one more expiration is counted in it. */
static bool sigqueue_overrun(struct sigqueue *q, const struct siginfo *info)
{
	struct sigentry *e;

	TAILQ_FOREACH(e, &q->list, link)
		if (e->info.code == SI_TIMER && e->info.pid == info->pid) {
			e->info.uid += info->uid + 1;
			return true;
		}
	return false;
}

/* Under the lock. Standard signals queue once; real-time ones each time. */
static int sigqueue_add(struct sigqueue *q, const struct siginfo *info)
{
	struct sigentry *e;

	if (info->code == SI_TIMER && sigqueue_overrun(q, info))
		return 0;
	if (info->signo < SIGRTMIN && (q->set & SIGBIT(info->signo)))
		return 0;
	e = q->count < SIGQUEUE_MAX ? kcache_alloc(&sigentry_cache) : NULL;
	if (e) {
		e->info = *info;
		TAILQ_INSERT_TAIL(&q->list, e, link);
		q->count++;
	} else if (info->signo >= SIGRTMIN && info->code != SI_USER) {
		return -EAGAIN;
	}
	q->set |= SIGBIT(info->signo);
	return 0;
}

/* Under the lock: takes the first entry of the lowest signal in `set`; 0 if there is none. */
static int sigqueue_take(struct sigqueue *q, sigset_t set, struct siginfo *info)
{
	struct sigentry *e, *found = NULL;
	int signo;

	set &= q->set;
	if (!set)
		return 0;
	signo = __builtin_ctzl(set & (SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) | SIGBIT(SIGILL) | SIGBIT(SIGFPE) | SIGBIT(SIGTRAP) |
				      SIGBIT(SIGKILL) | SIGBIT(SIGSYS)) ? : set) + 1;
	q->set &= ~SIGBIT(signo);
	memset(info, 0, sizeof(*info));
	info->signo = signo;
	TAILQ_FOREACH(e, &q->list, link) {
		if (e->info.signo != signo)
			continue;
		if (found) {
			q->set |= SIGBIT(signo);
			break;
		}
		found = e;
	}
	if (found) {
		*info = found->info;
		TAILQ_REMOVE(&q->list, found, link);
		q->count--;
		kcache_free(&sigentry_cache, found);
	}
	return signo;
}

/* What reaches the thread now. */
static sigset_t signal_open(const struct thread *t)
{
	return ~t->blocked | t->awaited;
}

static void signal_tell(struct thread *t)
{
	atomic_store(&t->sigpending, 1);
	thread_kick(t);
}

/* Under the lock: a thread that takes it; all of them for what concerns all. */
static void signal_kick_one(struct process *p, int signo)
{
	bool all = signo == SIGKILL || signo == SIGCONT;
	struct thread *t;

	TAILQ_FOREACH(t, &p->threads, sibling) {
		if (!all && (!(signal_open(t) & SIGBIT(signo)) || atomic_load(&t->dying)))
			continue;
		signal_tell(t);
		if (!all)
			return;
	}
}

/* Under the lock. */
static void signal_pass_on_locked(struct thread *t, sigset_t set)
{
	struct process *p = t->proc;
	struct thread *other;

	set &= p->signals.pending.set;
	if (!set)
		return;
	TAILQ_FOREACH(other, &p->threads, sibling)
		if (other != t && (signal_open(other) & set))
			signal_tell(other);
}

void signal_pass_on(struct thread *t, sigset_t set)
{
	lock_acquire(&t->proc->signals.lock);
	signal_pass_on_locked(t, set);
	lock_release(&t->proc->signals.lock);
}

void signal_stop_others(struct process *p)
{
	struct thread *t, *me = thread_current();

	lock_acquire(&p->signals.lock);
	TAILQ_FOREACH(t, &p->threads, sibling)
		if (t != me)
			signal_tell(t);
	lock_release(&p->signals.lock);
}

/* Under the lock: SIGCONT and the stop signals cancel each other when sent, whatever their dispositions. */
static bool signal_job_control(struct process *p, int signo)
{
	struct thread *t;
	sigset_t cancels = signo == SIGCONT || signo == SIGKILL ? SIG_STOPS :
			   SIG_STOPS & SIGBIT(signo) ? SIGBIT(SIGCONT) : 0;

	if (!cancels)
		return false;
	sigqueue_flush(&p->signals.pending, cancels);
	TAILQ_FOREACH(t, &p->threads, sibling)
		sigqueue_flush(&t->pending, cancels);
	if (cancels != SIG_STOPS)
		return false;
	p->signals.stop_taken = false;
	if (!p->signals.stopped)
		return false;
	p->signals.stopped = false;
	waitq_wake(&p->signals.stop_wait);
	return signo == SIGCONT;
}

/* Under the locks: does this signal end the process as soon as it is sent? (Linux: complete_signal. Those that would dump
 * core wait for delivery.) */
static bool signal_ends(struct process *p, struct thread *only, int signo)
{
	struct thread *t;

	if (p->pid == 1 || p->group_exit || (SIGBIT(signo) & (SIG_STOPS | SIG_DEFAULT_IGNORED | SIG_CORES)))
		return false;
	if (action_of(p, signo).handler != SIG_DFL || (p->signals.stopped && signo != SIGKILL))
		return false;
	TAILQ_FOREACH(t, &p->threads, sibling)
		if ((!only || t == only) && !(t->blocked & SIGBIT(signo)) && !(t->awaited & SIGBIT(signo)))
			return true;
	return false;
}

static void signal_end_process(struct process *p, int signo)
{
	struct thread *t;

	p->group_exit = true;
	oom_leaving(p);
	p->exit_code = signo;
	TAILQ_FOREACH(t, &p->threads, sibling) {
		atomic_store(&t->dying, true);
		signal_tell(t);
	}
}

/* Under the locks: some thread that it is for blocks it. */
static bool signal_is_blocked(struct process *p, struct thread *t, int signo)
{
	struct thread *each;

	if (t)
		return t->blocked & SIGBIT(signo);
	TAILQ_FOREACH(each, &p->threads, sibling)
		if (each->blocked & SIGBIT(signo))
			return true;
	return false;
}

/* Under the locks. */
static int signal_add(struct process *p, struct thread *t, const struct siginfo *info)
{
	int signo = info->signo, r;

	if (signal_ends(p, t, signo)) {
		signal_end_process(p, signo);
		return 0;
	}
	if (!signal_is_blocked(p, t, signo) && signal_is_ignored(p, signo))
		return 0;
	r = sigqueue_add(t ? &t->pending : &p->signals.pending, info);
	if (t) {
		atomic_store(&t->sigpending, 1);
		if (signal_open(t) & SIGBIT(signo))
			thread_kick(t);
	} else {
		signal_kick_one(p, signo);
	}
	signalfd_wake(p);
	return r;
}

/* p->lock protects the list of threads and nests outside signals.lock. */
static int signal_queue(struct process *p, struct thread *t, const struct siginfo *info)
{
	bool continued;
	int r;

	lock_acquire(&p->lock);
	lock_acquire(&p->signals.lock);
	continued = signal_job_control(p, info->signo);
	r = signal_add(p, t, info);
	lock_release(&p->signals.lock);
	lock_release(&p->lock);
	if (continued)
		process_continued(p);
	return r;
}

/* p->lock held. NULL: it is gone. */
static struct thread *signal_target(struct process *p, u32 tid)
{
	struct thread *t;

	TAILQ_FOREACH(t, &p->threads, sibling)
		if (t->tid == tid)
			return t;
	return NULL;
}

void signal_interrupt(struct process *p, u32 tid, const struct siginfo *info)
{
	struct thread *t;

	lock_acquire(&p->lock);
	lock_acquire(&p->signals.lock);
	t = tid ? signal_target(p, tid) : NULL;
	if (t || !tid) {
		if (signal_job_control(p, info->signo))
			p->signals.continued = true;
		signal_add(p, t, info);
	}
	lock_release(&p->signals.lock);
	lock_release(&p->lock);
}

void signal_end(struct process *p, int signo)
{
	lock_acquire(&p->lock);
	lock_acquire(&p->signals.lock);
	if (!p->group_exit)
		signal_end_process(p, signo);
	lock_release(&p->signals.lock);
	lock_release(&p->lock);
}

int signal_process(struct process *p, const struct siginfo *info)
{
	return signal_queue(p, NULL, info);
}

int signal_thread(struct thread *t, const struct siginfo *info)
{
	return signal_queue(t->proc, t, info);
}

void signal_kernel(struct process *p, int signo)
{
	struct siginfo info = { .signo = signo, .code = SI_KERNEL };

	signal_process(p, &info);
}

void signal_force(const struct siginfo *info)
{
	struct thread *t = thread_current();
	struct process *p = t->proc;
	struct abi_sigaction *a = &p->sighand->action[info->signo - 1];

	lock_acquire(&p->signals.lock);
	lock_acquire(&p->sighand->lock);
	if (a->handler == SIG_IGN || (t->blocked & SIGBIT(info->signo)))
		a->handler = SIG_DFL;
	lock_release(&p->sighand->lock);
	t->blocked &= ~SIGBIT(info->signo);
	sigqueue_add(&t->pending, info);
	atomic_store(&t->sigpending, 1);
	lock_release(&p->signals.lock);
}

bool signal_pending(struct thread *t)
{
	struct process *p = t->proc;

	if (atomic_load(&t->dying))
		return true;
	if (!atomic_load(&t->sigpending))
		return false;
	return (t->pending.set | p->signals.pending.set) & signal_open(t) || p->signals.stopped;
}

bool signal_fatal_pending(struct thread *t)
{
	struct process *p = t->proc;

	return atomic_load(&t->dying) || ((t->pending.set | p->signals.pending.set) & SIGBIT(SIGKILL));
}

void signal_set_blocked(sigset_t set)
{
	struct thread *t = thread_current();
	struct process *p = t->proc;

	set &= ~SIG_UNBLOCKABLE;
	lock_acquire(&p->signals.lock);
	signal_pass_on_locked(t, set & ~t->blocked);
	t->blocked = set;
	if ((t->pending.set | p->signals.pending.set) & ~set) /* who sends others from now on tells */
		atomic_store(&t->sigpending, 1);
	lock_release(&p->signals.lock);
}

sigset_t signal_pending_set(void)
{
	struct thread *t = thread_current();

	return (t->pending.set | t->proc->signals.pending.set) & t->blocked;
}

sigset_t signal_pending_all(void)
{
	struct thread *t = thread_current();

	return *(volatile sigset_t *)&t->pending.set | *(volatile sigset_t *)&t->proc->signals.pending.set;
}

int signal_take(sigset_t set, struct siginfo *info)
{
	struct thread *t = thread_current();
	struct signals *s = &t->proc->signals;
	int signo;

	lock_acquire(&s->lock);
	signo = sigqueue_take(&t->pending, set, info);
	if (!signo)
		signo = sigqueue_take(&s->pending, set, info);
	if (signo && (SIG_STOPS & SIGBIT(signo)))
		s->stop_taken = true;
	if (!signo && !s->stopped)
		atomic_store(&t->sigpending, (t->pending.set | s->pending.set) & ~t->blocked ? 1 : 0);
	lock_release(&s->lock);
	if (signo && info->code == SI_TIMER)
		ptimer_taken(t->proc, info->pid, info->uid);
	return signo;
}

int signal_action(int signo, const struct abi_sigaction *new, struct abi_sigaction *old)
{
	struct process *p = process_current();
	struct sighand *h = p->sighand;
	struct thread *t;

	if (signo < 1 || signo > NSIG || (new && (SIG_UNBLOCKABLE & SIGBIT(signo))))
		return -EINVAL;
	lock_acquire(&h->lock);
	*old = h->action[signo - 1];
	if (new) {
		h->action[signo - 1] = *new;
		h->action[signo - 1].mask &= ~SIG_UNBLOCKABLE;
	}
	lock_release(&h->lock);
	if (new && signal_is_ignored(p, signo)) {
		lock_acquire(&p->lock);
		lock_acquire(&p->signals.lock);
		sigqueue_flush(&p->signals.pending, SIGBIT(signo));
		TAILQ_FOREACH(t, &p->threads, sibling)
			sigqueue_flush(&t->pending, SIGBIT(signo));
		lock_release(&p->signals.lock);
		lock_release(&p->lock);
	}
	return 0;
}
