/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Threads and processes: their run-time half. Names, parents, groups and wait states are replicated (seq/procs,
 * kern/procs.h); here is what belongs to one owner.
 *
 * A thread's run state is changed by its home core only; everybody else sends that core a message:
 *
 *            thread_start            sched picks it
 *   NEW ------------------> RUNNABLE --------------> RUNNING
 *                              ^  ^                  |  |  |
 *                   wake msg   |  +---- yield -------+  |  | thread_exit
 *                              |                        |  v
 *                              +------- SLEEPING <------+  DEAD
 *
 * Who owns what: a thread by itself (ctx, fpu, tls, restart); `msg*` by anybody (atomic); signal words by the
 * process's signal lock. A process's counted pointers (space, files, fs, sighand) change only in its own exec/exit.
 */
#ifndef KERN_THREAD_H
#define KERN_THREAD_H

#include <stdatomic.h>
#include "arch/thread.h"
#include "arch/user.h"
#include "base/queue.h"
#include "kern/itimer.h"
#include "kern/percore.h"
#include "kern/ptimer.h"
#include "kern/signal.h"
#include "kern/wait.h"
#include "nr/sync/refs.h"

struct space;
struct fdtable;
struct fs;
struct process;

enum thread_state { THREAD_NEW, THREAD_RUNNABLE, THREAD_RUNNING, THREAD_SLEEPING, THREAD_DEAD };
enum { MSG_WAKE = 1, MSG_MIGRATE = 2 };
#define THREAD_PARKED (1u << 31)

struct cpuset { u64 bit[CORES_MAX / 64]; };
static inline bool cpuset_has(const struct cpuset *s, u32 c) { return s->bit[c / 64] >> (c % 64) & 1; }
static inline void cpuset_add(struct cpuset *s, u32 c) { s->bit[c / 64] |= 1ul << (c % 64); }

struct thread {
	struct context ctx;
	void (*start)(void *);           /* first function, on its own stack */
	void *start_arg;
	void *kstack;                    /* top of the kernel stack; NULL for idle threads */
	struct process *proc;            /* NULL for kernel threads */
	u32 tid;

	/* Whoever sends it a message touches this line, and no other. */
	_Alignas(64) _Atomic u32 home;   /* who owns its run state: a core, or THREAD_PARKED and where it ran last */
	_Atomic u32 msg, msg_queued;
	struct refs refs;
	struct mpsc_node mail;

	/* scheduling: home core only */
	_Alignas(64) enum thread_state state;
	struct fair_task share;          /* kern/runq.h */
	struct timer sleep_timer;
	bool wake_pending;               /* a wake arrived while it ran: the next sleep returns at once */
	bool sleep_timed;                /* sleep_timer may be armed */
	bool sleep_expired;
	u64 hinted;                      /* clock_ns of the first synchronous wake-up of this turn; 0 none */
	u64 lingers;                     /* ns that it went on running after such, on average */
	struct cpuset affinity;          /* written by itself or with the process's lock held */
	s32 nice;                        /* -20 to 19 */
	u16 ioprio;                      /* as ioprio_set(2) was told; 0: nothing */
	u32 policy, rt_priority;         /* SCHED_*; 1 to 99 for SCHED_FIFO and SCHED_RR, else 0 */
	bool resets;                     /* SCHED_RESET_ON_FORK: children begin as usual */
	volatile u32 misplaced;          /* affinity changed: it looks whether it may stay when it next can */
	u64 user_ns, system_ns, owed_ns; /* kern/account.h */
	u64 faults, nvcsw, nivcsw;       /* page faults; switches: it slept; it was made to */
	u64 rchar, wchar, reads, writes; /* bytes and calls of read(2), write(2) and their like */
	bool in_system;                  /* time is system time now */

	/* registers that the trap frame does not hold */
	void *fpu;
	u64 fs_base, gs_base;

	/* signals: under proc->signals lock unless noted */
	sigset_t blocked;                /* written by itself, under the lock */
	sigset_t saved_blocked;          /* sigsuspend, ppoll: restored after the handler's frame is made */
	bool restore_blocked;
	sigset_t awaited;                /* sigtimedwait takes these though they are blocked */
	struct sigqueue pending;
	_Atomic u32 sigpending;          /* hint: something deliverable may be queued; see signal_pending() */
	struct { u64 sp, size; u32 flags; } altstack;
	struct restart {                 /* for restart_syscall */
		long (*fn)(struct restart *);
		u64 deadline;
		void __user *user;
		u32 count, bits, flags;
	} restart;

	u32 __user *set_tid;             /* CLONE_CHILD_SETTID: written by its first act */
	u32 __user *clear_tid;
	void __user *robust_list;
	void __user *rseq;               /* kern/rseq.h */
	u32 rseq_mark, rseq_event;
	u64 parent_version;              /* of procs_nr, when it last read the process's parent; by itself */
	s32 parent;
	_Atomic bool dying;              /* exit was asked (group exit, exec) */
	TAILQ_ENTRY(thread) sibling;     /* proc->threads, under proc->lock */
};

struct cred {
	u32 uid, euid, suid, fsuid;
	u32 gid, egid, sgid, fsgid;
	u32 ngroups;
	u32 groups[32];
};

#define RLIMITS 16
struct rlimit { u64 cur, max; };

struct usage { u64 user_ns, system_ns, faults, nvcsw, nivcsw, rchar, wchar, reads, writes, max_rss; }; /* max_rss in pages */
void usage_add(struct usage *to, const struct usage *more);
void usage_of_thread(struct thread *t, struct usage *out);

struct process {
	u32 pid;
	struct refs refs;
	struct lock lock;                /* short: threads list, cred, limits, comm, exit state */
	TAILQ_HEAD(, thread) threads;
	u32 nthreads;
	struct space *space;
	struct fdtable *files;
	struct fs *fs;
	struct sighand *sighand;
	struct signals signals;          /* pending for the whole process; has its own lock */
	struct cred cred;
	struct rlimit limit[RLIMITS];
	char comm[16];
	u32 exit_signal;
	bool group_exit;
	bool leaving;                    /* on its way out, and counted so: kern/oom.c */
	int exit_code;                   /* wait status word */
	struct thread *execing;          /* the thread that asked the others to go */
	struct waitq exec_wait;          /* where it waits for that */
	struct waitq child_wait;         /* wait4 sleeps here */
	struct waitq word_wait;          /* for a word of this child: a vfork parent waits for the first, who reaps for the second */
	bool vfork_done;                 /* it has a program of its own, or ends */
	bool told;                       /* it has ended, and its parent has the signal */
	bool dumpable, no_new_privs;
	u32 personality;
	s32 oom_adj, oom_adj_min;        /* /proc/PID/oom_score_adj: as set; as somebody privileged last set it */
	u64 start_ns;
	struct usage dead, children;     /* of threads that ended; of children that were waited for. Under the lock */
	struct itimers itimers;
	struct ptimer_list ptimers;
	u32 pdeathsig;
};

/* ---- threads */
struct thread *thread_new(struct process *p);               /* one reference, NEW, not listed; NULL: no memory */
void thread_put(struct thread *t);
static inline void thread_get(struct thread *t) { refs_get(&t->refs); }
/* Kernel-mode start: runs fn(arg) on its own stack when first switched to. */
void thread_prepare(struct thread *t, void (*fn)(void *), void *arg);
void thread_start(struct thread *t);                        /* places it on a core and makes it RUNNABLE */
_Noreturn void thread_gone(void);                           /* end of the current thread; never returns */
static inline u32 thread_core(const struct thread *t) { return atomic_load(&t->home) & ~THREAD_PARKED; }
static inline struct process *process_current(void) { return thread_current()->proc; }
static inline struct trapframe *thread_frame(struct thread *t) { return kstack_frame(t->kstack); }

/* ---- scheduling (kern/sched.c) */
void sched_init_core(struct core *c, bool boot);
_Noreturn void sched_idle_loop(void);
/* Sleeps until woken, or until `deadline` (clock_ns, ~0 for ever). May return early; callers loop on their
 * condition. Returns true if the deadline passed. No lock or guard may be held. */
bool sched_sleep(u64 deadline);
void sched_yield_now(void);
void sched_tick(struct percore *pc);
/* Any core, also from interrupts and under a waitq lock. */
void thread_wake(struct thread *t);
/* The same by a thread that is likely to sleep soon: then the sleeper may come to this core. */
void thread_wake_sync(struct thread *t);
/* Makes it look at its signals soon: wakes it, or interrupts the core it runs on. */
void thread_kick(struct thread *t);
/* Who may run it from now on; it moves soon. */
void thread_set_affinity(struct thread *t, const struct cpuset *set);
/* Current thread: move to an allowed core if this one is not. */
void sched_apply_affinity(void);
void sched_mailbox(struct percore *pc);
void sched_receive_all(struct percore *pc);
u32 sched_pick_core(const struct thread *t);

static inline void process_get(struct process *p) { refs_get(&p->refs); }
void process_put(struct process *p);

#endif
