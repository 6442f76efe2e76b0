/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Waking: who owns a thread's run state, and how others ask the owner to change it.
 *
 * `home` says it in one word: a core, or THREAD_PARKED and the core where the thread slept in.
 *
 *            sched_after_switch: its registers are saved, nobody stands on its stack
 *   core c ------------------------------------------------------------------------> parked at c
 *     |  ^                                                                                |
 *     |  |  thread_own: c takes it back, for a message, a local wake-up or its timer      |
 *     |  +--------------------------------------------------------------------------------+
 *     |  thread_pull: core d takes it over, to run it there                               |
 *     v  sched_hand_over: c gives it away                                                 |
 *   core d <------------------------------------------------------------------------------+
 *
 * Only the owner changes the run state. Out of "parked" leads one compare-exchange, so of all who try, one wins; the
 * others leave a message with the winner, which costs its thread one more look at its condition. So a wake-up
 * always comes to one who owns the thread, and a parked one is always asleep. A sleep timer that fires meanwhile is waited
 * for (timer_cancel) before a thread that was taken over runs.
 *
 * Messages: a thread with bits (wake, migrate) is pushed once to its home's mailbox, a flag says that there is mail,
 * and the core is interrupted. A message that reaches a stale home is forwarded.
 *
 * Whether to pull. A wake-up that crosses cores costs an interrupt, and a halted core's time to come round: `send_ns`, which
 * each core measures (a hypervisor may make it long), and WAKE_NS. To wait until the waker sleeps costs what it lingers
 * after its synchronous wake-ups, which each thread measures. The smaller one decides, and only while nothing else waits
 * for this core. An idle core pulls whom it wakes, so what an errand (kern/errand.h) leads to stays on the core that was
 * interrupted. A thread that waits in vain goes to an idle core after GIVE_WAY_NS.
 */
#include "arch/clock.h"
#include "kern/runq.h"
#include "kern/sched_internal.h"

/* Whoever finds mail set already knows that an interrupt is on its way and will see his message too. So this core interrupts
 * itself as well: others may come upon the mail that it has left itself, while it is past its last look before ring 3. */
static void sched_post(struct percore *to)
{
	struct percore *pc = percore();
	u64 began;

	if (atomic_exchange(&to->mail, 1))
		return;
	began = clock_ns();
	core_ipi(to->nr.id, IPI_WAKE);
	sched_average(&pc->send_ns, clock_ns() - began);
}

/* Any core. The message bits are set before the thread is queued; whoever empties the queue clears `msg_queued`
 * before it reads the bits, so a bit is never left without a mail that will find it. */
void thread_message(struct thread *t, u32 bits)
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

bool thread_own(struct percore *pc, struct thread *t)
{
	u32 me = pc->nr.id, home = atomic_load(&t->home);

	if (home == (me | THREAD_PARKED))
		return atomic_compare_exchange_strong(&t->home, &home, me);
	return home == me;
}

/* Current is charged first: who comes is measured by it. If it is t, it was, before another took its place. */
static void sched_joins(struct percore *pc, struct thread *t)
{
	if (pc->current != pc->idle && pc->current != t)
		runq_charge(pc);
	t->state = THREAD_RUNNABLE;
	pc->want_slice = !pc->slice_end | !(pc->crowded | pc->giving_way);
}

void sched_enqueue(struct percore *pc, struct thread *t)
{
	sched_joins(pc, t);
	runq_put(pc, t);
}

void sched_enqueue_before(struct percore *pc, struct thread *t)
{
	sched_joins(pc, t);
	runq_put_back(pc, t);
}

/* A sleeper that is still on this core's stack (it is only about to switch) must stay here. */
void sched_make_runnable(struct percore *pc, struct thread *t, bool from_elsewhere)
{
	u32 core = pc->nr.id;

	if (t->state == THREAD_RUNNING)
		t->wake_pending = true;
	if (unlikely(runq_moved(pc, t)) && runq_preempts(pc, t))
		pc->resched = 1;
	if (t->state != THREAD_SLEEPING)
		return;
	if (t->sleep_timed)
		timer_cancel(&t->sleep_timer);
	if (t != pc->current && (from_elsewhere || unlikely(t->misplaced)))
		core = sched_wake_core(pc, t);
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

/* Will current have left this core to the one it wakes sooner than the other core would have woken up for it? Idle will; one
 * whom an errand interrupted has no such intent. */
static bool sched_gives_way(const struct percore *pc)
{
	if (pc->runq.count)
		return false;
	if (pc->current == pc->idle)
		return true;
	return !pc->on_errand && pc->current->lingers <= WAKE_NS + pc->send_ns;
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
	if (!pc->on_errand && !pc->current->hinted)
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
