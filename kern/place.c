/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Placement: which core a thread should run on, and how it gets there.
 *
 * A core with nothing to do asks one busy core for a thread (`thief`), of its own node first; the victim hands
 * over the last in its queue when it next schedules. A core whose slice ends with threads waiting looks at a few
 * others and pushes one to a core that has less to do; with one thread too many for all cores the place of the pair that
 * shares a core moves on. A thread woken from elsewhere, or by its timer, goes to an idle core nearby if its own
 * is busy; one woken by a neighbour stays.
 *
 * What a core reads of others (idling, queued) are hints: a wrong one costs time only.
 */
#include "kern/runq.h"
#include "kern/sched_internal.h"

#define NEAR 8                     /* cores that a wake or a slice's end looks at */

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
u32 sched_wake_core(struct percore *pc, const struct thread *t)
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
void sched_hand_over(struct percore *pc, struct thread *t, u32 core)
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

void sched_serve_thief(struct percore *pc)
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
void sched_balance(struct percore *pc)
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
void sched_ask_for_work(struct percore *pc)
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
