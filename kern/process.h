/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Processes: birth (fork, clone), change (exec), death (exit, wait), families (groups, sessions).
 *
 * The tables are replicated (seq/procs through kern/procs.c): pid -> parent, group, session, state, and a handle, the
 * address of the struct process. The table holds one reference on each handle until the process is reaped;
 * whoever finds a handle under the guard takes a reference there.
 */
#ifndef KERN_PROCESS_H
#define KERN_PROCESS_H

#include "kern/pseudo.h"
#include "kern/thread.h"
#include "nr/nr.h"
#include "nr/sync/seq.h"
#include "seq/procs.h"

/*
 * Working directory, root, umask: shared by CLONE_FS. Each path walk begins with the place, so it is read without a store;
 * changes take turns under a short lock. Directories are counted through their bodies, under that lock.
 */
struct fs_place {
	u64 cwd, root;               /* inode numbers; a directory may be gone by the time it is looked for */
	struct pseudo_node cwd_node; /* fs != 0: the working directory is this; `cwd` is then the directory under the mount */
};
struct fs {
	struct refs refs;
	struct lock lock;
	struct body *cwd_body, *root_body;
	u32 umask;
	struct seq place_seq;
	_Atomic u64 place[SEQ_WORDS(struct fs_place)];
};
struct fs *fs_copy(struct fs *from);
void fs_put(struct fs *fs);
static inline struct fs_place fs_place(const struct fs *fs)
{
	struct fs_place p;

	seq_read(&fs->place_seq, fs->place, &p, ARRAY_SIZE(fs->place));
	return p;
}
/* The same without the rest of cwd_node if its fs is 0: three words. */
static inline struct fs_place fs_place_start(const struct fs *fs)
{
	struct fs_place p;

	seq_read(&fs->place_seq, fs->place, &p, offsetof(struct fs_place, cwd_node) / sizeof(u64) + 1);
	return unlikely(p.cwd_node.fs) ? fs_place(fs) : p;
}
/* Under fs->lock, or before anybody else has fs. */
static inline void fs_place_set(struct fs *fs, const struct fs_place *p)
{
	seq_write(&fs->place_seq, fs->place, p, ARRAY_SIZE(fs->place));
}

extern struct nr *procs_nr;         /* struct procs */
void procs_start(void);             /* at boot */
/* One update of the process table. 0, or the result's error. */
int procs_update(const struct procs_op *op, struct procs_ret *ret);
int procs_info(s32 pid, struct procs_info *out);                /* 0 or -ESRCH */
s32 procs_parent_here(void);                                    /* of the calling thread's process; 0: none */
/* With a reference; NULL: no such process (or a zombie without one). */
struct process *process_of_pid(s32 pid);
struct thread *thread_of_tid(s32 tid);
size_t procs_some(enum procs_which which, s32 key, s32 after, struct procs_brief *out, size_t max);
/* Calls fn for every process of the selection, each with a reference held. Returns how many. */
u32 procs_each(enum procs_which which, s32 key, void (*fn)(struct process *p, void *arg), void *arg);

/* ---- birth */
struct clone_request {
	u64 flags;                  /* CLONE_* without the exit signal */
	u32 exit_signal;
	u64 stack, tls;             /* 0: inherit */
	u32 __user *parent_tid, *child_tid;
};
long process_clone(struct trapframe *f, const struct clone_request *r); /* pid or tid, -errno */
struct process *process_first(void);                            /* pid 1, from kmain; its thread is returned NEW */

/* ---- exec (kern/exec.c): argv and envp are read from the caller's space. 0 or -errno; does not return to the old
 * program on success. */
struct strings { char *text; u32 count; size_t size; };          /* NUL-separated */
int process_exec(struct trapframe *f, int dirfd, const char *path, u32 at_flags, struct strings *argv, struct strings *envp);
int process_exec_kernel(const char *path, char *const argv[], char *const envp[]); /* for pid 1 */

/* ---- death */
_Noreturn void process_exit_group(int status);                  /* wait status word */
_Noreturn void thread_exit(int status);                         /* exit(2): this thread; the last one ends the process */
/* Calls fn, which takes no lock, for each of its threads. */
void process_each_thread(struct process *p, void (*fn)(struct thread *t, void *arg), void *arg);
_Noreturn void thread_exit_now(void);                           /* asked by others */
void process_unlist_thread(struct process *p, struct thread *t);
/* exec: tells the other threads to end; false: somebody else told this one first. Then: waits until they are gone and makes
 * the caller the leader; 0 or -ENOMEM. */
bool process_kill_others(struct process *p);
int process_exec_threads(void);
long process_wait(s32 which, u32 options, struct siginfo *info, int *status, struct usage *usage);
void process_vfork_release(struct process *p);
/* The current thread ends or execs: what it promised those it shares memory with (set_robust_list, set_tid_address). */
void thread_leave_space(struct thread *t);

/* ---- events */
void process_stopped(struct process *p, int signo);
void process_continued(struct process *p);
bool process_group_orphaned(struct process *p);
int process_signal_group(s32 pgid, const struct siginfo *info); /* 0 or -ESRCH; no permission check */
void process_usage(struct process *p, struct usage *out);       /* of all its threads, dead ones too */
void process_usage_children(struct process *p, struct usage *out);
void process_times(struct process *p, u64 *user, u64 *system);
void process_publish_creds(struct process *p);                  /* its user ids, to the table */
struct space *space_of(struct process *p);                     /* with a reference; NULL: it has none any more */
void process_set_comm(struct process *p, const char *name);

/* trap.c */
void call_dispatch(struct trapframe *f);                        /* linux/table.c */
bool call_is_long(const struct trapframe *f);                   /* it may take some time: account_enter() it */

static inline bool cred_capable(const struct cred *c) { return c->euid == 0; }

#endif
