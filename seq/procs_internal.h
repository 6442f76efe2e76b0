/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Between the files of seq/procs. Every relation is an ordered set of numbers, an intrusive red-black tree, so that
 * lookup, the lowest member and "the next after n" are O(log n).
 *
 * Invariants (procs_check): a process is in `all`, in its group's members, in its parent's children, and in its parent's
 * events exactly if it has one; group.stopped counts the STOPPED members; a group exists while it has members, a
 * session while it has groups; counters are true; only pid 1 has no parent; zombies have neither threads nor children.
 */
#ifndef SEQ_PROCS_INTERNAL_H
#define SEQ_PROCS_INTERNAL_H

#include "base/tree.h"
#include "seq/procs.h"

#define PROCS_SIGCHLD 17
#define PROCS_SIGCONT 18

struct procs_node {
	RB_ENTRY(procs_node) link;
	s32 nr;
};

struct procs_session {
	struct procs_node all;
	u32 groups;
	s32 tty_pgid;                   /* foreground group */
	u64 tty;                        /* 0: none */
	struct procs_session *next_tty; /* list of those that have one */
};

struct procs_group {
	struct procs_node all;
	struct procs_set members;
	struct procs_session *session;
	u32 count, stopped;
};

struct procs_proc {
	struct procs_node all, member, child, event_node;
	struct procs_set threads, children, events; /* events: children that have one */
	struct procs_proc *parent;
	struct procs_group *group;
	u64 handle;
	u32 nthreads, nchildren;
	u32 state, event;
	s32 status;
	u32 flags; /* enum procs_info_flags */
	u32 exit_signal;
	u32 ruid, euid, suid;
};

struct procs_thread {
	struct procs_node all, own;
	struct procs_proc *proc;
	u64 handle;
};

/* ---- procs_table.c: sets, and the life of each kind of object ---- */
struct procs_node *procs_set_at(const struct procs_set *s, s32 nr);        /* NULL if not there */
struct procs_node *procs_set_after(const struct procs_set *s, s32 nr);     /* the lowest above nr */
struct procs_node *procs_node_after(struct procs_node *n);
void procs_set_insert(struct procs_set *s, struct procs_node *n, s32 nr);
void procs_set_remove(struct procs_set *s, struct procs_node *n);

struct procs_proc *procs_proc_at(const struct procs *p, s32 pid);
struct procs_proc *procs_proc_alive(const struct procs *p, s32 pid);       /* not a zombie */
struct procs_thread *procs_thread_at(const struct procs *p, s32 tid);
struct procs_group *procs_group_at(const struct procs *p, s32 pgid);
struct procs_session *procs_session_at(const struct procs *p, s32 sid);
bool procs_number_used(const struct procs *p, s32 nr);
s32 procs_number_take(struct procs *p);                                    /* -EAGAIN if none is free */

struct procs_proc *procs_proc_create(struct procs *p, s32 pid, struct procs_proc *parent, struct procs_group *g);
void procs_proc_reap(struct procs *p, struct procs_proc *c);               /* no threads, no children left */
void procs_proc_adopt(struct procs_proc *c, struct procs_proc *parent);    /* into parent's children and events */
void procs_proc_disown(struct procs_proc *c);                              /* out of its parent's */
void procs_proc_set_state(struct procs_proc *c, u32 state);                /* keeps group.stopped */
void procs_proc_set_event(struct procs_proc *c, u32 event);                /* keeps the parent's events */
void procs_proc_join(struct procs *p, struct procs_proc *c, struct procs_group *g); /* leaves its group, if any */
struct procs_thread *procs_thread_create(struct procs *p, s32 tid, struct procs_proc *c, u64 handle);
void procs_thread_remove(struct procs *p, struct procs_thread *t);
struct procs_group *procs_group_create(struct procs *p, s32 pgid, struct procs_session *s);
struct procs_session *procs_session_create(struct procs *p, s32 sid);
void procs_session_set_tty(struct procs *p, struct procs_session *s, u64 tty, s32 pgid); /* tty 0: takes it away */
struct procs_session *procs_session_of_tty(const struct procs *p, u64 tty);

/* Tied: alive, with a parent other than pid 1 outside its group but inside its session. A group without tied members is
 * orphaned: nobody is left who would continue it. */
bool procs_proc_is_tied(const struct procs_proc *c);
bool procs_group_is_orphaned(const struct procs_group *g);

/* ---- operations ---- */
typedef void procs_do(struct procs *p, const struct procs_op *op, struct procs_ret *r);
procs_do procs_do_fork, procs_do_clone_thread, procs_do_thread_exit, procs_do_set_handle, procs_do_exec, procs_do_creds;
procs_do procs_do_exit, procs_do_wait, procs_do_stop, procs_do_continue;
procs_do procs_do_setpgid, procs_do_setsid, procs_do_tty_attach, procs_do_tty_detach, procs_do_tty_hangup, procs_do_tcsetpgrp;

#endif
