/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls on scheduling policies: in two words (sched_setscheduler) or as a struct that grows (sched_setattr). */
#include "base/abi.h"
#include "base/string.h"
#include "kern/process.h"
#include "kern/runq.h"
#include "linux/call.h"
#include "linux/sched.h"

static bool policy_real_time(u32 policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static u32 policy_of(const struct thread *t)
{
	return t->policy | (t->resets ? SCHED_RESET_ON_FORK : 0);
}

static int policy_check(u32 policy, u32 priority, bool resets, const struct thread *t)
{
	const struct cred *me = &process_current()->cred;
	const struct process *p = t->proc;

	if (policy > SCHED_IDLE || policy == 4)
		return -EINVAL;
	if (policy_real_time(policy) ? priority < 1 || priority > 99 : priority != 0)
		return -EINVAL;
	if (cred_capable(me))
		return 0;
	if ((me->euid != p->cred.uid && me->euid != p->cred.euid) || (t->resets && !resets))
		return -EPERM;
	return policy_real_time(policy) && priority > p->limit[RLIMIT_RTPRIO].cur ? -EPERM : 0;
}

/* With SCHED_RESET_ON_FORK or without. */
static int policy_apply(struct thread *t, u32 policy, u32 priority)
{
	bool resets = policy & SCHED_RESET_ON_FORK;
	int err = policy_check(policy & ~SCHED_RESET_ON_FORK, priority, resets, t);

	if (err)
		return err;
	t->resets = resets;
	t->policy = policy & ~SCHED_RESET_ON_FORK;
	t->rt_priority = priority;
	thread_kick(t); /* its core puts it where it belongs */
	return 0;
}

/* policy -1: as it is. */
static long policy_set(s32 tid, s32 policy, const void __user *param)
{
	struct thread *t;
	u32 priority;
	int err;

	if (tid < 0 || !param)
		return -EINVAL;
	if (user_copy_in(&priority, param, sizeof(priority)))
		return -EFAULT;
	t = sched_target(tid);
	if (!t)
		return -ESRCH;
	err = policy_apply(t, policy < 0 ? policy_of(t) : (u32)policy, priority);
	thread_put(t);
	return err;
}

CALL(sched_setscheduler) { return (s32)a[1] < 0 ? -EINVAL : policy_set(a[0], a[1], UPTR(2)); }
CALL(sched_setparam) { return policy_set(a[0], -1, UPTR(1)); }

static long policy_get(s32 tid, u32 *policy, u32 *priority)
{
	struct thread *t;

	if (tid < 0)
		return -EINVAL;
	t = sched_target(tid);
	if (!t)
		return -ESRCH;
	*policy = policy_of(t);
	*priority = t->rt_priority;
	thread_put(t);
	return 0;
}

CALL(sched_getscheduler)
{
	u32 policy, priority;
	long err = policy_get(a[0], &policy, &priority);

	return err ? err : policy;
}

CALL(sched_getparam)
{
	u32 policy, priority;
	long err = a[1] ? policy_get(a[0], &policy, &priority) : -EINVAL;

	return err ? err : user_copy_out(UPTR(1), &priority, sizeof(priority));
}

CALL(sched_rr_get_interval)
{
	u32 policy, priority;
	long err = policy_get(a[0], &policy, &priority);
	struct abi_timespec t = { 0, 0 };

	if (err)
		return err;
	policy &= ~SCHED_RESET_ON_FORK;
	t.nsec = policy == SCHED_RR ? RR_SLICE_NS : policy == SCHED_FIFO ? 0 : FAIR_SLICE;
	return user_copy_out(UPTR(1), &t, sizeof(t));
}

CALL(sched_get_priority_max) { return policy_real_time(a[0]) ? 99 : a[0] <= 6 && a[0] != 4 ? 0 : -EINVAL; }
CALL(sched_get_priority_min) { return policy_real_time(a[0]) ? 1 : a[0] <= 6 && a[0] != 4 ? 0 : -EINVAL; }

/* ---- struct sched_attr: the first form has 48 bytes, later ones more */

struct sched_attr {
	u32 size, policy;
	u64 flags;
	s32 nice;
	u32 priority;
	u64 runtime, deadline, period;
	u32 util_min, util_max;
};
#define ATTR_FIRST_SIZE 48
#define ATTR_RESET_ON_FORK 1
#define ATTR_KEEP_POLICY 8
#define ATTR_KEEP_PARAMS 16
#define ATTR_UTIL (32 | 64)
#define ATTR_KNOWN 127

/* What lies behind what we know must be 0. */
static int attr_copy_in(struct sched_attr *attr, void __user *from)
{
	u32 size, i, known = sizeof(*attr);
	u8 rest;

	if (user_copy_in(&size, from, sizeof(size)))
		return -EFAULT;
	size = size ? size : ATTR_FIRST_SIZE;
	if (size < ATTR_FIRST_SIZE || size > PAGE_SIZE)
		goto wrong;
	memset(attr, 0, sizeof(*attr));
	if (user_copy_in(attr, from, MIN(size, known)))
		return -EFAULT;
	for (i = known; i < size; i++) {
		if (user_copy_in(&rest, (u8 __user *)from + i, 1))
			return -EFAULT;
		if (rest)
			goto wrong;
	}
	attr->size = size;
	return (attr->flags & ATTR_UTIL) && size < known ? -EINVAL : 0;
wrong:
	return user_copy_out(from, &known, sizeof(known)) ? -EFAULT : -E2BIG;
}

/* 0, or why not; what is to stay is filled in. */
static int attr_check(struct sched_attr *attr, const struct thread *t)
{
	if (attr->flags & ATTR_KEEP_POLICY) {
		attr->policy = t->policy;
		attr->flags |= t->resets ? ATTR_RESET_ON_FORK : 0;
	}
	if (attr->flags & ATTR_KEEP_PARAMS) {
		attr->priority = t->rt_priority;
		attr->nice = t->nice;
	}
	if (attr->flags & ~(u64)ATTR_KNOWN || attr->policy > SCHED_IDLE) /* SCHED_DEADLINE is above */
		return -EINVAL;
	if (attr->flags & ATTR_UTIL)
		return -EOPNOTSUPP;
	attr->nice = MAX(-20, MIN(19, attr->nice));
	return policy_real_time(attr->policy) || nice_allowed(t, attr->nice) ? 0 : -EPERM;
}

CALL(sched_setattr)
{
	struct sched_attr attr;
	struct thread *t;
	int err;

	if (!a[1] || (s32)a[0] < 0 || (u32)a[2])
		return -EINVAL;
	err = attr_copy_in(&attr, UPTR(1));
	if (err)
		return err;
	t = sched_target(a[0]);
	if (!t)
		return -ESRCH;
	err = attr_check(&attr, t);
	if (!err)
		err = policy_apply(t, attr.policy | (attr.flags & ATTR_RESET_ON_FORK ? SCHED_RESET_ON_FORK : 0), attr.priority);
	if (!err && !policy_real_time(attr.policy))
		t->nice = attr.nice;
	thread_put(t);
	return err;
}

CALL(sched_getattr)
{
	struct sched_attr attr = { .size = MIN((u32)a[2], (u32)sizeof(attr)) };
	struct thread *t;

	if (!a[1] || (s32)a[0] < 0 || (u32)a[2] < ATTR_FIRST_SIZE || (u32)a[2] > PAGE_SIZE || (u32)a[3])
		return -EINVAL;
	t = sched_target(a[0]);
	if (!t)
		return -ESRCH;
	attr.policy = t->policy;
	attr.flags = t->resets ? ATTR_RESET_ON_FORK : 0;
	attr.priority = t->rt_priority;
	attr.nice = t->rt_priority ? 0 : t->nice;
	attr.runtime = t->rt_priority ? 0 : FAIR_SLICE;
	thread_put(t);
	return user_copy_out(UPTR(1), &attr, attr.size);
}
