/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * procs: who is running: processes, their threads, groups and sessions, and what a parent may still learn.
 *
 *   session 1---* group 1---* process 1---* thread        process (parent) 1---* process (child)
 *
 * Numbers come from one space: a number is free only if no process, thread, group or session bears it.
 * They are handed out in increasing order from 1; after pid_max the search goes on at 300, as in Linux.
 * As in Linux, pid 1 starts in session 0 and group 0, which nobody leads.
 *
 *            STOP                      EXIT                  WAIT (or autoreap)
 *   RUNNING <----> STOPPED   any of them ----> ZOMBIE  ----> gone, the number is free
 *           CONTINUE
 *
 * Each change of state leaves one event (exited, stopped, continued; a later one replaces it) that the parent
 * collects by WAIT, lowest pid first. Signals are not here: the result of an operation names who must be
 * signalled and the caller does it. A process that dies leaves its children to pid 1.
 *
 * Cost: every operation is O(log n), except: WAIT that finds no matching event looks for a matching child,
 * usually the first; EXIT gives away at most PROCS_STEP children per operation (`more`: apply it again); a group
 * with stopped members is walked when a link to it breaks; TTY_ATTACH looks at the sessions that have a
 * terminal; a run of numbers in use is skipped one by one.
 *
 * Sequential and deterministic; memory only from the pool. `handle` values are the caller's, opaque, not zero.
 * Sources: POSIX.1-2017 XBD 3.264 (orphaned group), 11.1; Linux setpgid(2), wait(2), tty_ioctl(4).
 */
#ifndef SEQ_PROCS_H
#define SEQ_PROCS_H

#include "base/pool.h"
#include "base/types.h"

#define PROCS_PID_MAX 4194304u
#define PROCS_PID_RESTART 300u
#define PROCS_STEP 8 /* children given away by one EXIT */

enum procs_state { PROCS_RUNNING = 1, PROCS_STOPPED, PROCS_ZOMBIE };

/* ---- operations -------------------------------------------------------------------------------------- */

enum procs_kind {
	PROCS_FORK = 1,    /* pid: parent (0: makes pid 1, once) -> ret.pid, with its first thread, tid == pid, handle `thread` */
	PROCS_CLONE_THREAD,/* pid: process -> ret.pid = tid */
	PROCS_THREAD_EXIT, /* pid: tid -> ret.pid = its process, ret.count = threads that remain */
	PROCS_SET_HANDLE,  /* pid: process, handle; or with PROCS_F_THREAD pid: tid */
	PROCS_EXEC,        /* pid: process, target: calling tid; -EBUSY while others live; the caller becomes tid == pid */
	PROCS_EXIT,        /* pid, status: wait word; target: the parent that AUTOREAP speaks of (-EAGAIN if it is another
	                    * by now; 0: not checked). -EBUSY while other threads live; -EPERM for pid 1. See procs_ret */
	PROCS_WAIT,        /* pid: parent, target: selector, flags: PROCS_W* */
	PROCS_STOP,        /* pid, status: the signal -> parent to notify; ret.count = 1 if it changed anything */
	PROCS_CONTINUE,    /* pid -> parent to notify; ret.count = 1 if it was stopped */
	PROCS_SETPGID,     /* pid: caller, target: pid (0: caller), arg: pgid (0: target's pid) */
	PROCS_SETSID,      /* pid -> ret.pid = the new session */
	PROCS_CREDS,       /* pid, ruid, euid, suid: for kill permission and si_uid; inherited by fork */
	PROCS_TTY_ATTACH,  /* pid: caller, a session leader without a terminal; tty; PROCS_F_STEAL takes it from another
	                    * session (the caller has CAP_SYS_ADMIN) */
	PROCS_TTY_DETACH,  /* pid (TIOCNOTTY); of a leader: the whole session, ret.hup_pgid to get SIGHUP and SIGCONT */
	PROCS_TTY_HANGUP,  /* tty: the terminal is gone: its session loses it, ret.pid = sid, ret.hup_pgid as above */
	PROCS_TCSETPGRP,   /* pid: caller, tty, arg: pgid */
};

enum procs_op_flags {
	PROCS_F_PARENT = 1,    /* FORK: CLONE_PARENT, the child gets the caller's parent and exit signal */
	PROCS_F_AUTOREAP = 2,  /* EXIT: the parent ignores SIGCHLD or has SA_NOCLDWAIT: leave no zombie */
	PROCS_F_THREAD = 4,    /* SET_HANDLE: of a thread */
	PROCS_F_STEAL = 8,     /* TTY_ATTACH */
	PROCS_F_INIT_AUTOREAP = 16, /* EXIT: pid 1 has no use for the zombies it would inherit */
};

/* PROCS_WAIT: the bits of wait4(2) and waitid(2). Without WEXITED zombies are neither reported nor counted. */
#define PROCS_WSTOPPED 0x00000002u
#define PROCS_WEXITED 0x00000004u
#define PROCS_WCONTINUED 0x00000008u
#define PROCS_WNOWAIT 0x01000000u
#define PROCS_WALL 0x40000000u
#define PROCS_WCLONE 0x80000000u

struct procs_op {
	u32 kind;    /* enum procs_kind */
	u32 flags;   /* enum procs_op_flags, or PROCS_W* */
	s32 pid;     /* whom it is about, or who calls */
	s32 target;  /* WAIT: >0 that child, 0 children of the caller's group, -1 any, < -1 children of group -target */
	union {
		struct { u64 handle, thread; u32 exit_signal, max_threads; } fork; /* max_threads in all: -EAGAIN above; 0: none */
		struct { u64 handle; u32 max_threads; } handle;                     /* CLONE_THREAD, SET_HANDLE */
		struct { u32 ruid, euid, suid; } creds;
		struct { u64 tty; s32 arg; } tty;
		s32 status;  /* EXIT: wait word; STOP: signal */
		s32 pgid;    /* SETPGID */
	};
};

/* ---- results ----------------------------------------------------------------------------------------- */

/* One group that must get SIGHUP, then SIGCONT: it has stopped members and just became orphaned. */
enum procs_event { PROCS_NONE, PROCS_EXITED, PROCS_DID_STOP, PROCS_DID_CONTINUE };

struct procs_ret {
	s32 err;          /* 0 or -errno; the other fields count only if 0 */
	s32 pid;          /* FORK, CLONE_THREAD, WAIT (0: there are children, nothing to report), SETSID, ... */
	u32 count;
	s32 status;       /* WAIT: wait word */
	u32 event;        /* WAIT: enum procs_event */
	u32 uid;          /* WAIT: the child's real uid */
	u64 handle;       /* WAIT: the child's; FORK: the parent's; THREAD_EXIT: the process's; EXEC: the thread's; SET_HANDLE: the old one */
	bool more;        /* EXIT: only children were given away; act on this result, then apply EXIT again */
	bool reaped;      /* WAIT, EXIT: the process is gone from the table: the caller drops `handle` (EXIT: its own) */
	u8 exit_signal;   /* EXIT: to send to the parent (0: none) */
	bool wake_init;   /* EXIT: pid 1 inherited zombies (WAIT will find them): SIGCHLD to it, wake it */
	u32 inherited;    /* EXIT: children given to pid 1 in this step */
	s32 parent;       /* EXIT, STOP, CONTINUE: whom to notify and wake (0: nobody) */
	u64 parent_handle;
	u64 init_handle;  /* EXIT: of pid 1 */
	s32 hup_pgid;     /* foreground group of a session that lost its terminal: SIGHUP, SIGCONT (0: none) */
	u64 tty;          /* the terminal that session lost (0: none) */
	u32 norphans, ndropped;
	s32 orphans[PROCS_STEP + 1];   /* groups newly orphaned with stopped members: SIGHUP, SIGCONT each */
	u64 dropped[PROCS_STEP];       /* EXIT with INIT_AUTOREAP: handles of zombies reaped at once */
};

/* ---- the structure ----------------------------------------------------------------------------------- */

struct procs_node;
struct procs_set { struct procs_node *rbh_root; }; /* ordered by number */
struct procs_session;

struct procs_config {
	u32 pid_max;      /* 0: PROCS_PID_MAX; numbers are below it */
};

struct procs {
	struct pool *pool;
	struct procs_set all, tids, groups, sessions;
	struct procs_session *with_tty; /* list */
	u32 nprocs, nthreads, ngroups, nsessions;
	u32 last;         /* number handed out last */
	u32 pid_max;
	u64 forks;        /* ever, for /proc/stat */
};

int procs_init(struct procs *p, struct pool *pool, const void *arg); /* struct procs_config or NULL; 0, -ENOMEM */
int procs_clone(struct procs *dst, struct pool *pool, const struct procs *src);
void procs_apply(struct procs *p, const void *op, size_t len, void *ret); /* ret may be NULL */
size_t procs_op_mem(const void *op, size_t len);
size_t procs_op_mem_max(void);
u64 procs_hash(const struct procs *p);
int procs_check(const struct procs *p); /* 0 or -EINVAL */

/* ---- queries ----------------------------------------------------------------------------------------- */

enum procs_info_flags { PROCS_I_EXECED = 1, PROCS_I_LEADER = 2, PROCS_I_NOTTY = 4 };

struct procs_info {
	s32 pid, ppid, pgid, sid;
	u32 state;         /* enum procs_state */
	s32 status;        /* zombie: wait word; stopped: signal */
	u32 event;         /* not yet collected */
	u32 flags;         /* enum procs_info_flags; LEADER: of its session */
	u32 exit_signal, threads, children;
	u32 ruid, euid, suid;
	u64 handle;
	u64 tty;           /* controlling terminal, 0 none */
	s32 tty_pgid;      /* its foreground group */
};

struct procs_brief {
	s32 pid;           /* or tid */
	u32 state;
	u64 handle;
};

enum procs_which { PROCS_ALL, PROCS_OF_GROUP, PROCS_OF_SESSION, PROCS_CHILDREN, PROCS_THREADS };

/* 0 or -ESRCH. procs_by_tid fills the info of the thread's process and the thread's own handle. */
int procs_get(const struct procs *p, s32 pid, struct procs_info *out);
s32 procs_parent(const struct procs *p, s32 pid);                   /* 0: none, or no such process */
int procs_by_tid(const struct procs *p, s32 tid, struct procs_info *out, u64 *thread);
/* Up to `max` entries with number > after, increasing; returns how many. Call again with the last number: an entry
 * present all the time is seen exactly once. `key`: pgid, sid, parent or pid; ignored for PROCS_ALL. */
size_t procs_list(const struct procs *p, enum procs_which which, s32 key, s32 after, struct procs_brief *out, size_t max);
bool procs_group_exists(const struct procs *p, s32 pgid, s32 sid);  /* in that session */
bool procs_group_orphaned(const struct procs *p, s32 pgid);         /* also true if there is no such group */
/* The terminal's session and foreground group: 0 or -ENOTTY if it is nobody's. */
int procs_tty(const struct procs *p, u64 tty, s32 *sid, s32 *pgid);
/* 0, -EPERM, -ESRCH: may `from` send `sig` to `to` by their uids (euid 0: everything; SIGCONT: same session)? */
int procs_may_kill(const struct procs *p, s32 from, s32 to, int sig);

#endif
