/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Run queues: see runq.h. */
#include "kern/runq.h"
#include "arch/clock.h"
#include "base/abi.h"
#include "kern/thread.h"

#define IDLE_WEIGHT 3

/* 1.25 to the power of -nice, in 1/1024 (Linux: sched_prio_to_weight). */
static const u32 nice_weight[40] = {
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991,
	1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
};

static int runq_compare(const struct thread *a, const struct thread *b)
{
	if (a->rt_priority != b->rt_priority)
		return a->rt_priority > b->rt_priority ? -1 : 1;
	if (a->vtime != b->vtime)
		return a->vtime < b->vtime ? -1 : 1;
	return a < b ? -1 : a > b;
}

RB_GENERATE_INTERNAL(thread_tree, thread, runq, runq_compare, static __attribute__((unused)))

void runq_put(struct percore *pc, struct thread *t)
{
	RB_INSERT(thread_tree, &pc->runq, t);
	pc->queued++;
}

static void runq_remove(struct percore *pc, struct thread *t)
{
	RB_REMOVE(thread_tree, &pc->runq, t);
	pc->queued--;
}

struct thread *runq_take(struct percore *pc)
{
	struct thread *t = RB_MIN(thread_tree, &pc->runq);

	if (!t)
		return NULL;
	runq_remove(pc, t);
	if (!t->rt_priority)
		pc->vfloor = MAX(pc->vfloor, t->vtime);
	return t;
}

struct thread *runq_take_for(struct percore *pc, u32 core)
{
	struct thread *t;

	for (t = RB_MAX(thread_tree, &pc->runq); t; t = RB_PREV(thread_tree, &pc->runq, t)) {
		/* Current is in the queue if it was woken while it went to sleep: its registers are not saved yet. */
		if (t == pc->current || !cpuset_has(&t->affinity, core))
			continue;
		runq_remove(pc, t);
		return t;
	}
	return NULL;
}

void runq_charge(struct percore *pc)
{
	struct thread *t = pc->current;
	u64 now = clock_ns(), ran = now - pc->turn_began;

	pc->turn_began = now;
	if (t != pc->idle && t->state != THREAD_RUNNABLE) /* in the queue, its place must stay right */
		t->vtime += (s64)(ran * 1024 / (t->policy == SCHED_IDLE ? IDLE_WEIGHT : nice_weight[t->nice + 20]));
}

void runq_woken(struct percore *pc, struct thread *t)
{
	t->vtime = MAX(t->vtime, pc->vfloor - RUNQ_BONUS);
}

void runq_leave(struct percore *pc, struct thread *t)
{
	t->vtime -= pc->vfloor;
}

void runq_arrive(struct percore *pc, struct thread *t)
{
	t->vtime += pc->vfloor;
}

/* The other core's floor may move meanwhile: it only grows, and runq_woken bounds what that gives away. */
void runq_pull(struct percore *pc, const struct percore *from, struct thread *t)
{
	t->vtime += pc->vfloor - *(const volatile s64 *)&from->vfloor;
}

bool runq_preempts(struct percore *pc, const struct thread *t)
{
	const struct thread *now = pc->current;

	if (now == pc->idle || t->rt_priority != now->rt_priority)
		return t->rt_priority > now->rt_priority;
	if (t->rt_priority)
		return false;
	runq_charge(pc);
	return t->vtime + RUNQ_GRAIN < now->vtime;
}

bool runq_due(struct percore *pc)
{
	const struct thread *head = RB_MIN(thread_tree, &pc->runq), *now = pc->current;

	runq_charge(pc);
	return head && runq_compare(head, now) < 0;
}
