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

static u32 weight_of(const struct thread *t)
{
	return unlikely(t->policy == SCHED_IDLE) ? IDLE_WEIGHT : nice_weight[t->nice + 20];
}

static struct thread *thread_of(struct fair_task *s)
{
	return s ? container_of(s, struct thread, share) : NULL;
}

static void put(struct percore *pc, struct thread *t, bool before)
{
	fair_rank(&pc->runq, &t->share, t->rt_priority);
	fair_put(&pc->runq, &t->share, before);
}

void runq_put(struct percore *pc, struct thread *t)
{
	put(pc, t, false);
}

void runq_put_back(struct percore *pc, struct thread *t)
{
	put(pc, t, true);
}

struct thread *runq_take(struct percore *pc)
{
	return thread_of(fair_take(&pc->runq));
}

struct thread *runq_take_for(struct percore *pc, u32 core)
{
	struct fair_task *s;

	for (s = fair_last(&pc->runq); s; s = fair_before(&pc->runq, s)) {
		struct thread *t = thread_of(s);

		/* Current is in the queue if it was woken while it went to sleep: its registers are not saved yet. */
		if (t == pc->current || !cpuset_has(&t->affinity, core))
			continue;
		fair_remove(&pc->runq, s);
		return t;
	}
	return NULL;
}

void runq_charge(struct percore *pc)
{
	struct thread *t = pc->current;
	u64 now = clock_ns(), ran = now - pc->turn_began;

	pc->turn_began = now;
	if (t == pc->idle || t->share.waits)
		return;
	fair_rank(&pc->runq, &t->share, t->rt_priority);
	fair_ran(&t->share, ran, weight_of(t));
	if (t->state == THREAD_RUNNING)
		fair_follow(&pc->runq, &t->share);
}

void runq_start(struct percore *pc, struct thread *t)
{
	if (pc->current != pc->idle)
		runq_charge(pc);
	fair_start(&pc->runq, &t->share, pc->current == pc->idle ? NULL : &pc->current->share);
}

void runq_leave(struct percore *pc, struct thread *t)
{
	fair_leave(&pc->runq, &t->share);
}

void runq_arrive(struct percore *pc, struct thread *t)
{
	fair_arrive(&pc->runq, &t->share);
}

/* The other core's floor may move meanwhile: it only grows, and fair_put bounds what that gives away. */
void runq_pull(struct percore *pc, const struct percore *from, struct thread *t)
{
	t->share.vtime += pc->runq.floor - *(const volatile s64 *)&from->runq.floor;
}

bool runq_moved(struct percore *pc, struct thread *t)
{
	if (!t->share.waits || t->share.rank == t->rt_priority)
		return false;
	fair_remove(&pc->runq, &t->share);
	runq_put(pc, t);
	return true;
}

bool runq_preempts(struct percore *pc, const struct thread *t)
{
	const struct thread *now = pc->current;

	if (now == pc->idle)
		return false; /* it looks at the queue anyway */
	if (!t->share.rank && now->policy != SCHED_IDLE && (t->policy == SCHED_BATCH || t->policy == SCHED_IDLE))
		return false;
	return fair_preempts(&t->share, weight_of(t), &now->share);
}

bool runq_due(struct percore *pc)
{
	runq_charge(pc);
	return fair_due(&pc->runq, &pc->current->share, pc->current->policy == SCHED_RR);
}

bool runq_outranks(struct percore *pc)
{
	const struct fair_task *first = pc->runq.first;

	return first && first->rank > pc->current->share.rank;
}

bool runq_yields(struct percore *pc)
{
	runq_charge(pc);
	return fair_yields(&pc->runq, &pc->current->share);
}
