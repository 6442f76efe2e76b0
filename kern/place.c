/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Placement: which core a thread should run on, and how it gets there.
 *
 * A core where threads wait says so in its node's set `crowded`, once a turn has begun beside them: a queue that is empty
 * again by then is nobody's business, so cores whose threads wake each other write nothing that others read. A core with
 * nothing to do looks there, at its own node first, and asks one of them for a thread (`thief`); the victim hands over the
 * last in its queue when it next schedules. A core whose slice ends with threads waiting looks at a few
 * others and pushes one to a core that has less to do; with one thread too many for all cores the place of the pair that
 * shares a core moves on. A thread woken from elsewhere, or by its timer, goes to an idle core nearby if its own
 * is busy; one woken by a neighbour stays.
 *
 * What a core reads of others (idling, queued) are hints: a wrong one costs time only.
 */
#include "kern/runq.h"
#include "kern/sched_internal.h"

#define NEAR 8                     /* cores that a wake or a slice's end looks at */

static struct {
	_Alignas(64) _Atomic u64 word[CORES_MAX / 64];
} crowded[NODES_MAX];

static bool core_quiet(u32 core)
{
	struct percore *pc = percore_of(core);

	return atomic_load_explicit(&pc->idling, memory_order_relaxed) && !runq_length(pc);
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
		queue = runq_length(percore_of(c));
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
	if (pc->current == pc->idle && !pc->runq.count)
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

	runq_start(pc, t);
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

	if (!thief)
		return;
	sched_push(pc, thief - 1);
	sched_tell(pc);
}

static u32 core_load(u32 core)
{
	return core_quiet(core) ? 0 : 1 + runq_length(percore_of(core));
}

/* A slice is over and others wait: is there less to do elsewhere? */
void sched_balance(struct percore *pc)
{
	u32 n = cores_count(), i, mine = pc->runq.count + 1;

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

void sched_tell_crowded(struct percore *pc, bool now)
{
	_Atomic u64 *word = &crowded[pc->nr.node].word[pc->nr.id / 64];
	u64 bit = 1ul << pc->nr.id % 64;

	pc->crowded = now;
	if (now)
		atomic_fetch_or_explicit(word, bit, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(word, ~bit, memory_order_relaxed);
}

/* A crowded core of the node, the next after `from` if there are several; none: ~0. */
static u32 crowded_core(u32 node, u32 from)
{
	u32 words = (cores_count() + 63) / 64, first = from / 64, i;

	for (i = 0; i <= words; i++) {
		u32 w = (first + i) % words;
		u64 bits = atomic_load_explicit(&crowded[node].word[w], memory_order_relaxed);

		if (i == 0)
			bits &= ~0ul << from % 64;
		if (bits)
			return w * 64 + (u32)__builtin_ctzl(bits);
	}
	return ~0u;
}

/* Asks one core with waiting threads for one of them; of this node if there is such a core. */
void sched_ask_for_work(struct percore *pc)
{
	u32 nodes = nodes_count(), victim = ~0u, none = 0, i;
	struct percore *v;

	sched_tell(pc); /* or it might ask itself: it became idle beside one who waited, whom a thief took */
	for (i = 0; i < nodes && victim == ~0u; i++)
		victim = crowded_core((pc->nr.node + i) % nodes, pc->nr.id);
	if (victim == ~0u)
		return;
	v = percore_of(victim);
	if (atomic_compare_exchange_strong(&v->thief, &none, pc->nr.id + 1)) {
		atomic_store(&v->mail, 1);
		core_ipi(victim, IPI_WAKE);
	}
}
