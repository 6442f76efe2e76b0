/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Scheduling: a run queue per core that only the core touches.
 *
 * Others talk to it through the mailbox: a thread with message bits (wake, migrate) is pushed once, a flag
 * says there is mail, and a core that idles is interrupted. A message that reaches a stale home is forwarded.
 * A core with nothing to do asks one busy core for a thread (`thief`), of its own node first; the victim hands
 * over the last in its queue when it next schedules. A core whose slice ends with threads waiting looks at a few
 * others and pushes one to a core that has less to do; with one thread too many for all cores the place of the pair that
 * shares a core moves on. A thread woken from elsewhere, or by its timer, goes to an idle core nearby if its own
 * is busy; one woken by a neighbour stays, for that neighbour is likely about to sleep.
 *
 * Who runs next is runq.h's business.
 *
 * The tick runs only while threads share the core.
 */
#include "arch/clock.h"
#include "arch/core.h"
#include "base/abi.h"
#include "base/print.h"
#include "base/string.h"
#include "kern/account.h"
#include "kern/runq.h"
#include "kern/space.h"
#include "kern/thread.h"

#define SLICE_NS 4000000ul
#define WAKE_NS 50000ul            /* what it may take a core to come out of its halt */
#define GIVE_WAY_NS 1000000ul      /* so long a thread waits for its waker to sleep, then it goes to an idle core */
#define NEAR 8                     /* cores that a wake or a slice's end looks at */

static void sched_serve_thief(struct percore *pc);

/* Of the last few samples; one that the host's doings made long must not count for ever. */
static void average(u64 *value, u64 sample)
{
	*value = *value - *value / 4 + MIN(sample, GIVE_WAY_NS) / 4;
}

/* ---- messages */

/* Whoever finds mail set already knows that an interrupt is on its way and will see his message too. */
static void sched_post(struct percore *to)
{
	struct percore *pc = percore();
	u64 began;

	if (atomic_exchange(&to->mail, 1) || to == pc)
		return;
	began = clock_ns();
	core_ipi(to->nr.id, IPI_WAKE);
	average(&pc->send_ns, clock_ns() - began);
}

/* Any core. The message bits are set before the thread is queued; whoever empties the queue clears `msg_queued`
 * before it reads the bits, so a bit is never left without a mail that will find it. */
static void thread_message(struct thread *t, u32 bits)
{
	struct percore *to;

	atomic_fetch_or(&t->msg, bits);
	if (atomic_exchange(&t->msg_queued, 1))
		return;
	thread_get(t);
	to = percore_of(thread_core(t));
	mpsc_push(&to->mailbox, &t->mail);
	sched_post(to);
}

/* Does its run state belong to this core? A sleeper that parks here is taken back. */
static bool thread_own(struct percore *pc, struct thread *t)
{
	u32 me = pc->nr.id, home = atomic_load(&t->home);

	if (home == (me | THREAD_PARKED))
		return atomic_compare_exchange_strong(&t->home, &home, me);
	return home == me;
}

static void sched_enqueue(struct percore *pc, struct thread *t)
{
	if (t == pc->current)
		runq_charge(pc);
	t->state = THREAD_RUNNABLE;
	runq_put(pc, t);
	pc->want_slice = !pc->slice_end;
}

static void sched_hand_over(struct percore *pc, struct thread *t, u32 core);
static u32 sched_wake_core(struct percore *pc, const struct thread *t);

/* A sleeper that is still on this core's stack (it is only about to switch) must stay here. */
static void sched_make_runnable(struct percore *pc, struct thread *t, bool from_elsewhere)
{
	u32 core = pc->nr.id;

	if (t->state == THREAD_RUNNING)
		t->wake_pending = true;
	if (t->state != THREAD_SLEEPING)
		return;
	if (t->sleep_timed)
		timer_cancel(&t->sleep_timer);
	if (t != pc->current && (from_elsewhere || unlikely(t->misplaced)))
		core = sched_wake_core(pc, t);
	runq_woken(pc, t);
	if (core != pc->nr.id) {
		sched_hand_over(pc, t, core);
		return;
	}
	sched_enqueue(pc, t);
	if (runq_preempts(pc, t))
		pc->resched = 1;
}

void thread_wake(struct thread *t)
{
	struct percore *pc = percore();

	if (thread_own(pc, t))
		sched_make_runnable(pc, t, false);
	else
		thread_message(t, MSG_WAKE);
}

/* Will current have left this core to the one it wakes sooner than the other core would have woken up for it? */
static bool sched_gives_way(const struct percore *pc)
{
	return pc->current != pc->idle && !pc->queued && pc->current->lingers <= WAKE_NS + pc->send_ns;
}

/* Takes over a thread that is parked on another core. */
static bool thread_pull(struct percore *pc, struct thread *t)
{
	u32 home = atomic_load(&t->home);

	if (!(home & THREAD_PARKED) || !cpuset_has(&t->affinity, pc->nr.id))
		return false;
	if (!atomic_compare_exchange_strong(&t->home, &home, pc->nr.id))
		return false;
	runq_pull(pc, percore_of(home & ~THREAD_PARKED), t);
	return true;
}

void thread_wake_sync(struct thread *t)
{
	struct percore *pc = percore();
	bool gives_way;

	if (!(atomic_load(&t->home) & THREAD_PARKED)) {
		thread_wake(t);
		return;
	}
	gives_way = sched_gives_way(pc);
	if (thread_own(pc, t) || (gives_way && thread_pull(pc, t))) {
		pc->giving_way = gives_way;
		sched_make_runnable(pc, t, !gives_way);
	} else {
		thread_message(t, MSG_WAKE);
	}
	if (!pc->current->hinted)
		pc->current->hinted = clock_ns();
}

void thread_kick(struct thread *t)
{
	struct percore *pc = percore();

	if (thread_own(pc, t))
		sched_make_runnable(pc, t, false);
	else
		thread_message(t, MSG_WAKE); /* the interrupt makes a running thread pass trap_return */
}

static void sched_receive(struct percore *pc, struct thread *t)
{
	u32 bits;

	atomic_store(&t->msg_queued, 0);
	bits = atomic_exchange(&t->msg, 0);
	if (bits && !thread_own(pc, t)) {
		thread_message(t, bits); /* forward */
		bits = 0;
	}
	if (bits & MSG_MIGRATE) {
		runq_arrive(pc, t);
		sched_enqueue(pc, t);
	}
	if (bits & MSG_WAKE)
		sched_make_runnable(pc, t, true);
	thread_put(t);
}

void sched_mailbox(struct percore *pc)
{
	struct mpsc_node *n, *next;

	if (!atomic_load_explicit(&pc->mail, memory_order_relaxed))
		return;
	atomic_exchange(&pc->mail, 0);
	for (n = mpsc_take_all(&pc->mailbox); n; n = next) {
		next = n->next;
		sched_receive(pc, container_of(n, struct thread, mail));
	}
}

/* On the way to ring 3: mail, and a thief's wish. */
void sched_receive_all(struct percore *pc)
{
	sched_mailbox(pc);
	if (atomic_load_explicit(&pc->thief, memory_order_relaxed))
		sched_serve_thief(pc);
}

/* ---- placement */

static bool core_quiet(u32 core)
{
	struct percore *pc = percore_of(core);

	return atomic_load_explicit(&pc->idling, memory_order_relaxed) && !pc->queued;
}

/* The calling core if it has nothing else, an idle core of this node, any idle core, else the shortest queue. */
u32 sched_pick_core(const struct thread *t)
{
	u32 n = cores_count(), me = core_id(), best = ~0u, best_queue = ~0u, elsewhere = ~0u, i;

	for (i = 0; i < n; i++) {
		u32 c = (me + i) % n;
		u32 queue;

		if (!cpuset_has(&t->affinity, c))
			continue;
		if (core_quiet(c)) {
			if (core_get(c)->node == core_node())
				return c;
			if (elsewhere == ~0u)
				elsewhere = c;
		}
		queue = percore_of(c)->queued;
		if (queue < best_queue) {
			best_queue = queue;
			best = c;
		}
	}
	if (elsewhere != ~0u)
		return elsewhere;
	return best != ~0u ? best : me;
}

/* For a thread that wakes on this core: here if nothing else runs, else an idle core nearby. */
static u32 sched_wake_core(struct percore *pc, const struct thread *t)
{
	u32 n = cores_count(), me = pc->nr.id, i;

	if (!cpuset_has(&t->affinity, me))
		return sched_pick_core(t);
	if (pc->current == pc->idle && !pc->queued)
		return me;
	for (i = 1; i < n && i <= NEAR; i++) {
		u32 c = (me + i) % n;

		if (cpuset_has(&t->affinity, c) && core_quiet(c))
			return c;
	}
	return me;
}

/* Hands a thread that is in no queue to another core. */
static void sched_hand_over(struct percore *pc, struct thread *t, u32 core)
{
	runq_leave(pc, t);
	t->state = THREAD_RUNNABLE;
	atomic_store(&t->home, core);
	thread_message(t, MSG_MIGRATE);
}

void thread_start(struct thread *t)
{
	struct percore *pc = percore();
	u32 core = sched_pick_core(t);

	t->vtime = pc->vfloor;
	if (core == pc->nr.id) {
		atomic_store(&t->home, core);
		sched_enqueue(pc, t);
	} else {
		sched_hand_over(pc, t, core);
	}
}

/* One of ours goes there, if one may. */
static void sched_push(struct percore *pc, u32 core)
{
	struct thread *t = runq_take_for(pc, core);

	if (t)
		sched_hand_over(pc, t, core);
}

static void sched_serve_thief(struct percore *pc)
{
	u32 thief = atomic_exchange(&pc->thief, 0);

	if (thief)
		sched_push(pc, thief - 1);
}

static u32 core_load(u32 core)
{
	return core_quiet(core) ? 0 : 1 + *(volatile u32 *)&percore_of(core)->queued;
}

/* A slice is over and others wait: is there less to do elsewhere? */
static void sched_balance(struct percore *pc)
{
	u32 n = cores_count(), i, mine = pc->queued + 1;

	pc->looks++;
	for (i = 0; i < NEAR && i < n; i++) {
		u32 c = pc->look_at++ % n, load;

		if (c == pc->nr.id)
			continue;
		load = core_load(c);
		if (load + 1 < mine || (load + 1 == mine && pc->looks % 16 == 0)) {
			sched_push(pc, c);
			return;
		}
	}
}

/* Asks one core with waiting threads for one of them; of this node if there is such a core. */
static void sched_ask_for_work(struct percore *pc)
{
	u32 n = cores_count(), me = pc->nr.id, victim = ~0u, i, none = 0;
	struct percore *v;

	for (i = 1; i < n; i++) {
		u32 c = (me + i) % n;

		v = percore_of(c);
		if (!v || !*(volatile u32 *)&v->queued)
			continue;
		if (core_get(c)->node == pc->nr.node) {
			victim = c;
			break;
		}
		if (victim == ~0u)
			victim = c;
	}
	if (victim == ~0u)
		return;
	v = percore_of(victim);
	if (atomic_compare_exchange_strong(&v->thief, &none, me + 1)) {
		atomic_store(&v->mail, 1);
		core_ipi(victim, IPI_WAKE);
	}
}

/* ---- switching */

static struct thread *sched_next(struct percore *pc)
{
	sched_mailbox(pc);
	if (atomic_load_explicit(&pc->thief, memory_order_relaxed))
		sched_serve_thief(pc);
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

static void sched_slice(struct percore *pc)
{
	u64 length = pc->giving_way ? GIVE_WAY_NS : SLICE_NS;
	u64 end = pc->queued && pc->current->policy != SCHED_FIFO ? clock_ns() + length : 0;

	pc->want_slice = 0;
	if (!end && !pc->slice_end)
		return;
	pc->slice_end = end;
	timer_program(end);
}

static void sched_preempt(struct percore *pc)
{
	pc->resched = 0;
	if (runq_due(pc))
		sched_yield_now();
	else
		sched_slice(pc);
}

/* On the way to ring 3: a full slice is over, or threads joined the queue since it began. */
void sched_tick(struct percore *pc)
{
	if (pc->resched) {
		if (!pc->giving_way)
			sched_balance(pc);
		sched_preempt(pc);
	} else if (pc->want_slice) {
		sched_slice(pc);
	}
}

/* Current goes: how long after its last synchronous wake-up? */
static void sched_learn(struct percore *pc, struct thread *t)
{
	if (!t->hinted)
		return;
	average(&t->lingers, pc->turn_began - t->hinted);
	t->hinted = 0;
}

static void sched_switch(struct percore *pc, struct thread *next)
{
	struct thread *prev = pc->current;

	next->state = THREAD_RUNNING;
	pc->resched = pc->giving_way = 0;
	if (next == prev) {
		sched_slice(pc);
		return;
	}
	if (prev->proc && prev->state != THREAD_DEAD)
		sched_save_user(prev);
	runq_charge(pc);
	account_now();
	pc->switches++;
	*(prev->state == THREAD_SLEEPING ? &prev->nvcsw : &prev->nivcsw) += 1;
	sched_learn(pc, prev);
	pc->parking = prev->state == THREAD_SLEEPING ? prev : NULL;
	pc->current = next;
	if (next->proc)
		sched_load_user(next);
	sched_slice(pc);
	context_switch(&prev->ctx, &next->ctx);
	sched_after_switch();
}

bool sched_sleep(u64 deadline)
{
	struct percore *pc = percore();
	struct thread *t = pc->current, *next;

	sched_mailbox(pc);
	if (t->wake_pending) {
		t->wake_pending = false;
		return deadline != FOREVER && clock_ns() >= deadline;
	}
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

void sched_yield_now(void)
{
	struct percore *pc = percore();
	struct thread *t = pc->current, *next = sched_next(pc);

	if (!next) {
		pc->resched = 0;
		return;
	}
	sched_enqueue(pc, t);
	sched_switch(pc, next);
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
	struct thread *t = pc->current, *next;
	u32 core;

	t->misplaced = 0;
	if (cpuset_has(&t->affinity, pc->nr.id))
		return;
	core = sched_pick_core(t);
	if (core == pc->nr.id)
		return;
	/* The new home may run it only once its registers are saved: idle pushes it over (pc->idle's stack). */
	next = sched_next(pc);
	t->state = THREAD_NEW;
	pc->moving = t;
	pc->moving_to = core;
	if (next) {
		next->state = THREAD_RUNNABLE;
		runq_put(pc, next);
	}
	sched_switch(pc, pc->idle);
}

_Noreturn void thread_gone(void)
{
	struct percore *pc = percore();
	struct thread *t = pc->current, *next;

	space_switch_kernel();
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
	context_new(&t->ctx, kstack_frame(t->kstack), thread_first, t);
}

/* ---- cores */

void sched_init_core(struct core *c, bool boot)
{
	struct percore *pc = c->kern;

	(void)boot;
	pc->nr.id = c->id;
	pc->nr.node = c->node;
	RB_INIT(&pc->runq);
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
		next = sched_next(pc);
		if (next) {
			sched_switch(pc, next);
			continue;
		}
		sched_ask_for_work(pc);
		atomic_store(&pc->idling, 1);
		core_idle((const volatile u32 *)&pc->mail);
		atomic_store(&pc->idling, 0);
	}
}
