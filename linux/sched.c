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
	int nice, best, err;            /* the new value; the highest found; -ESRCH until one was found */
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
	else if (!nice_allowed(t, w->nice))
		w->err = -EACCES;
	else
		t->nice = w->nice;
}

static void priority_process(struct process *p, void *arg)
{
	struct priority_walk *w = arg;

	if (w->which != PRIO_USER || p->cred.uid == w->who)
		process_each_thread(p, priority_one, w);
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
			priority_one(t, w);
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
	struct priority_walk w = { .which = a[0], .who = a[1] };
	int err = priority_walk(&w);

	return err ? err : w.best;
}

CALL(setpriority)
{
	struct priority_walk w = { .which = a[0], .who = a[1], .nice = MAX(-20, MIN(19, (s32)a[2])), .set = true };

	return priority_walk(&w);
}
