/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Scheduling: a run queue per core that only the core touches, and the switch from one thread to the next.
 *
 * Who runs next is runq.h's business, where place.c's; how a thread comes to be in a queue is told in wake.c. A sleeper
 * is parked by whoever runs after it (sched_after_switch): from then on any core may take it.
 *
 * The tick runs only while threads share the core. Its end is not taken back when they no longer do: the timer then
 * fires once in vain, which costs less than setting it at each switch.
 */
#include "arch/clock.h"
#include "arch/core.h"
#include "base/abi.h"
#include "base/print.h"
#include "base/string.h"
#include "kern/account.h"
#include "kern/errand.h"
#include "kern/runq.h"
#include "kern/sched_internal.h"
#include "kern/space.h"

/* ---- switching */

/* What others have left here. */
static inline void sched_look(struct percore *pc)
{
	if (unlikely(atomic_load_explicit(&pc->mail, memory_order_relaxed) | atomic_load_explicit(&pc->thief, memory_order_relaxed)))
		sched_receive_all(pc);
}

static struct thread *sched_next(struct percore *pc)
{
	sched_look(pc);
	return runq_take(pc);
}

/* Runs on the new thread's stack: what the old one could not do for itself. */
static void sched_after_switch(void)
{
	struct percore *pc = percore();
	struct thread *dead = pc->reap, *asleep = pc->parking;

	pc->reap = pc->parking = NULL;
	if (asleep)
		atomic_store_explicit(&asleep->home, pc->nr.id | THREAD_PARKED, memory_order_release);
	if (dead)
		thread_put(dead);
}

static void sched_load_user(struct thread *t)
{
	core_set_kstack(t->kstack);
	t->rseq_event = t->rseq != NULL;
	fpu_restore(t->fpu);
	user_fs_set(t->fs_base);
	user_gs_set(t->gs_base);
	if (t->proc->space)
		space_switch(t->proc->space);
	else
		space_switch_kernel(); /* it is ending and slept once more */
}

static void sched_save_user(struct thread *t)
{
	fpu_save(t->fpu);
	t->fs_base = user_fs_get();
	t->gs_base = user_gs_get();
}

static void sched_slice_begin(struct percore *pc, u64 now)
{
	u64 length = pc->giving_way ? GIVE_WAY_NS : pc->current->policy == SCHED_RR ? RR_SLICE_NS : SLICE_NS;

	pc->slice_end = now + length;
	timer_program(pc->slice_end);
}

/* SCHED_FIFO has slices, too: at the end of one, those who wait may be pushed to another core. */
static inline void sched_slice(struct percore *pc, u64 now)
{
	pc->want_slice = 0;
	sched_tell(pc);
	if (pc->runq.count)
		sched_slice_begin(pc, now);
	else
		pc->slice_end = 0;
}

/* Current goes: how long after its last synchronous wake-up? */
static void sched_learn(struct percore *pc, struct thread *t)
{
	if (!t->hinted)
		return;
	sched_average(&t->lingers, pc->turn_began - t->hinted);
	t->hinted = 0;
}

/* Current is charged, this moment. */
static void sched_switch(struct percore *pc, struct thread *next)
{
	struct thread *prev = pc->current;

	next->state = THREAD_RUNNING;
	pc->resched = pc->giving_way = 0;
	if (next == prev) {
		sched_slice(pc, pc->turn_began);
		return;
	}
	if (prev->proc && prev->state != THREAD_DEAD)
		sched_save_user(prev);
	account_until(pc, pc->turn_began);
	pc->switches++;
	*(prev->state == THREAD_SLEEPING ? &prev->nvcsw : &prev->nivcsw) += 1;
	sched_learn(pc, prev);
	pc->parking = prev->state == THREAD_SLEEPING ? prev : NULL;
	pc->current = next;
	if (next->proc)
		sched_load_user(next);
	sched_slice(pc, pc->turn_began);
	context_switch(&prev->ctx, &next->ctx);
	sched_after_switch();
}

bool sched_sleep(u64 deadline)
{
	struct percore *pc = percore();
	struct thread *t = pc->current, *next;

	sched_look(pc);
	if (t->wake_pending) {
		t->wake_pending = false;
		return deadline != FOREVER && clock_ns() >= deadline;
	}
	runq_charge(pc);
	t->sleep_expired = false;
	t->state = THREAD_SLEEPING;
	t->sleep_timed = deadline != FOREVER;
	if (t->sleep_timed)
		timer_arm(&t->sleep_timer, deadline);
	next = sched_next(pc);
	sched_switch(pc, next ? next : pc->idle);
	t->wake_pending = false;
	return t->sleep_expired || (deadline != FOREVER && clock_ns() >= deadline);
}

static void sched_timer_fire(struct timer *timer)
{
	struct thread *t = container_of(timer, struct thread, sleep_timer);
	struct percore *pc = percore();

	if (!thread_own(pc, t))
		return; /* taken over this moment; who did that waits in timer_cancel */
	t->sleep_expired = true;
	sched_make_runnable(pc, t, true);
}

/* For the first in the queue. `before`: ahead of its equals, for it had not meant to. */
static void sched_step_back(struct percore *pc, bool before)
{
	struct thread *t = pc->current, *next = runq_take(pc);

	pc->resched = 0;
	if (!next)
		return;
	if (before)
		sched_enqueue_before(pc, t);
	else
		sched_enqueue(pc, t);
	sched_switch(pc, next);
}

void sched_yield_now(void)
{
	struct percore *pc = percore();

	sched_look(pc);
	if (runq_yields(pc))
		sched_step_back(pc, false);
}

static void sched_preempt(struct percore *pc)
{
	pc->resched = 0;
	if (runq_due(pc))
		sched_step_back(pc, runq_outranks(pc));
	else
		sched_slice(pc, pc->turn_began);
}

/* On the way to ring 3: a full slice is over, or threads joined the queue since it began. */
void sched_tick(struct percore *pc)
{
	if (pc->resched) {
		if (!pc->giving_way)
			sched_balance(pc);
		sched_preempt(pc);
	} else if (!pc->slice_end) {
		sched_slice(pc, clock_ns());
	} else {
		pc->want_slice = 0;
		sched_tell(pc);
	}
}

void thread_set_affinity(struct thread *t, const struct cpuset *set)
{
	lock_acquire(&t->proc->lock);
	t->affinity = *set;
	t->misplaced = 1;
	lock_release(&t->proc->lock);
	thread_kick(t);
}

void sched_apply_affinity(void)
{
	struct percore *pc = percore();
	struct thread *t = pc->current;
	bool stays;
	u32 core;

	lock_acquire(&t->proc->lock); /* who changes it meanwhile must be seen, or misplace it again */
	t->misplaced = 0;
	stays = cpuset_has(&t->affinity, pc->nr.id);
	lock_release(&t->proc->lock);
	if (stays)
		return;
	core = sched_pick_core(t);
	if (core == pc->nr.id)
		return;
	/* The new home may run it only once its registers are saved: idle pushes it over (pc->idle's stack). */
	runq_charge(pc);
	t->state = THREAD_NEW;
	pc->moving = t;
	pc->moving_to = core;
	sched_switch(pc, pc->idle);
}

_Noreturn void thread_gone(void)
{
	struct percore *pc = percore();
	struct thread *t = pc->current, *next;

	space_switch_kernel();
	runq_charge(pc);
	t->state = THREAD_DEAD;
	pc->reap = t;
	next = sched_next(pc);
	sched_switch(pc, next ? next : pc->idle);
	panic("a dead thread ran");
}

static void thread_first(void *arg)
{
	struct thread *t = arg;

	sched_after_switch();
	t->start(t->start_arg);
	panic("a thread's start function returned");
}

void thread_prepare(struct thread *t, void (*fn)(void *), void *arg)
{
	t->start = fn;
	t->start_arg = arg;
	t->sleep_timer.fire = sched_timer_fire;
	t->lingers = 2 * WAKE_NS; /* until it has shown otherwise */
	context_new(&t->ctx, kstack_frame(t->kstack), thread_first, t);
}

/* ---- cores */

void sched_init_core(struct core *c, bool boot)
{
	struct percore *pc = c->kern;

	(void)boot;
	pc->nr.id = c->id;
	pc->nr.node = c->node;
	fair_init(&pc->runq);
	mpsc_init(&pc->mailbox);
	timer_base_init(&pc->timers);
	pc->idle->state = THREAD_RUNNING;
	atomic_store(&pc->idle->home, c->id);
	pc->current = pc->idle;
	pc->sample_in = pc->sample_gap = 1;
}

_Noreturn void sched_idle_loop(void)
{
	struct percore *pc = percore();
	struct thread *next;

	pc->stamp = clock_ns();
	for (;;) {
		sched_after_switch();
		if (pc->moving) {
			struct thread *t = pc->moving;

			pc->moving = NULL;
			sched_hand_over(pc, t, pc->moving_to);
		}
		errands_run(pc);
		next = sched_next(pc);
		if (next) {
			runq_charge(pc);
			sched_switch(pc, next);
			continue;
		}
		sched_ask_for_work(pc);
		atomic_store(&pc->idling, 1);
		core_idle((const volatile u32 *)&pc->mail);
		atomic_store(&pc->idling, 0);
	}
}
