/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls on scheduling: which core, and nice values. (policy.c: before whom.) */
#include "base/string.h"
#include "kern/process.h"
#include "linux/call.h"
#include "linux/sched.h"

/* ---- processors */

CALL(sched_yield)
{
	(void)a;
	sched_yield_now();
	return 0;
}

struct thread *sched_target(s32 tid)
{
	if (!tid) {
		thread_get(thread_current());
		return thread_current();
	}
	return tid < 0 ? NULL : thread_of_tid(tid);
}

CALL(sched_getaffinity)
{
	u32 bytes = ALIGN_UP(cores_count(), 64u) / 8;
	struct thread *t;
	struct cpuset set;

	if (a[1] < bytes || (a[1] & 7))
		return -EINVAL;
	t = sched_target(a[0]);
	if (!t)
		return -ESRCH;
	set = t->affinity;
	thread_put(t);
	return user_copy_out(UPTR(2), &set, bytes) ? -EFAULT : (long)bytes;
}

static bool affinity_allowed(const struct thread *t)
{
	const struct cred *me = &process_current()->cred, *its = &t->proc->cred;

	return cred_capable(me) || me->euid == its->uid || me->euid == its->euid;
}

CALL(sched_setaffinity)
{
	struct cpuset set = { { 0 } }, real = { { 0 } };
	struct thread *t;
	u32 i, n = 0;
	int err;

	if (user_copy_in(&set, UPTR(2), MIN(a[1] & 0xffffffff, sizeof(set))))
		return -EFAULT;
	t = sched_target(a[0]);
	if (!t)
		return -ESRCH;
	for (i = 0; i < cores_count(); i++)
		if (cpuset_has(&set, i)) {
			cpuset_add(&real, i);
			n++;
		}
	err = !n ? -EINVAL : affinity_allowed(t) ? 0 : -EPERM;
	if (!err)
		thread_set_affinity(t, &real);
	thread_put(t);
	return err;
}

CALL(getcpu)
{
	u32 core = core_id(), node = core_node();

	if (a[0] && user_copy_out(UPTR(0), &core, 4))
		return -EFAULT;
	return a[1] && user_copy_out(UPTR(1), &node, 4) ? -EFAULT : 0;
}

/* ---- priorities (getpriority(2)): of a thread, of the processes of a group or of a user */

struct priority_walk {
	u32 which, who;
	void (*visit)(struct thread *t, void *walk);
	int value, best, err;           /* the new value; the highest found; -ESRCH until one was found */
	bool set;
};

bool nice_allowed(const struct thread *t, s32 nice)
{
	return nice >= t->nice || cred_capable(&process_current()->cred) || 20 - nice <= (s64)t->proc->limit[RLIMIT_NICE].cur;
}

static void priority_one(struct thread *t, void *arg)
{
	struct priority_walk *w = arg;
	const struct cred *me = &process_current()->cred, *its = &t->proc->cred;

	if (w->err == -ESRCH)
		w->err = 0;
	w->best = MAX(w->best, 20 - t->nice);
	if (!w->set)
		return;
	if (!cred_capable(me) && me->euid != its->uid && me->euid != its->euid)
		w->err = -EPERM;
	else if (!nice_allowed(t, w->value))
		w->err = -EACCES;
	else
		t->nice = w->value;
}

static void priority_process(struct process *p, void *arg)
{
	struct priority_walk *w = arg;

	if (w->which != PRIO_USER || p->cred.uid == w->who)
		process_each_thread(p, w->visit, w);
}

static int priority_walk(struct priority_walk *w)
{
	struct procs_info me;
	struct thread *t;

	w->err = -ESRCH;
	switch (w->which) {
	case PRIO_PROCESS:
		t = sched_target(w->who);
		if (t) {
			w->visit(t, w);
			thread_put(t);
		}
		return w->err;
	case PRIO_PGRP:
		if (!w->who && !procs_info(process_current()->pid, &me))
			w->who = me.pgid;
		procs_each(PROCS_OF_GROUP, w->who, priority_process, w);
		return w->err;
	case PRIO_USER:
		w->who = w->who ? w->who : process_current()->cred.uid;
		procs_each(PROCS_ALL, 0, priority_process, w);
		return w->err;
	default:
		return -EINVAL;
	}
}

CALL(getpriority)
{
	struct priority_walk w = { .which = a[0], .who = a[1], .visit = priority_one };
	int err = priority_walk(&w);

	return err ? err : w.best;
}

CALL(setpriority)
{
	struct priority_walk w = { .which = a[0], .who = a[1], .visit = priority_one, .value = MAX(-20, MIN(19, (s32)a[2])),
				   .set = true };

	return priority_walk(&w);
}

/* ---- priorities of input and output (ioprio_set(2)): remembered and inherited; there is no disk to wait for */

enum { IOPRIO_NONE, IOPRIO_RT, IOPRIO_BE, IOPRIO_IDLE };
#define IOPRIO_CLASS(value) ((u32)(value) >> 13 & 7)
#define IOPRIO(class, level) ((u32)(class) << 13 | (level))

/* What it has if none was set: by its nice value. */
static u32 ioprio_of(const struct thread *t)
{
	return IOPRIO_CLASS(t->ioprio) ? t->ioprio : IOPRIO(IOPRIO_BE, (t->nice + 20) / 5);
}

static void ioprio_one(struct thread *t, void *arg)
{
	struct priority_walk *w = arg;
	const struct cred *me = &process_current()->cred, *its = &t->proc->cred;
	int value = w->which == PRIO_PROCESS ? t->ioprio : ioprio_of(t);

	if (w->err == -ESRCH) {
		w->err = 0;
		w->best = value;
	}
	w->best = MIN(w->best, value); /* the lower number comes first */
	if (!w->set)
		return;
	if (!cred_capable(me) && its->uid != me->euid && its->uid != me->uid)
		w->err = -EPERM;
	else
		t->ioprio = w->value;
}

static int ioprio_check(u32 value)
{
	switch (IOPRIO_CLASS(value)) {
	case IOPRIO_RT:
		return cred_capable(&process_current()->cred) ? 0 : -EPERM;
	case IOPRIO_BE: case IOPRIO_IDLE:
		return 0;
	case IOPRIO_NONE:
		return value & 7 ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

CALL(ioprio_set)
{
	struct priority_walk w = { .which = (u32)a[0] - 1, .who = a[1], .visit = ioprio_one, .value = (u16)a[2], .set = true };
	int err = ioprio_check(a[2]);

	return err ? err : priority_walk(&w);
}

CALL(ioprio_get)
{
	struct priority_walk w = { .which = (u32)a[0] - 1, .who = a[1], .visit = ioprio_one };
	int err = priority_walk(&w);

	return err ? err : w.best;
}
