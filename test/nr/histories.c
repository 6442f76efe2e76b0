/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Recorded histories of five kinds of objects (register, counter, queue, stack, map), judged by lin.h.
 *
 * Rounds of a few operations per thread; between two rounds nothing runs, so each is a history of its own that starts in
 * the state in which the one before ended, as the replica itself shows it. Results are compared with the model, not
 * with what nr says about the order: a wrong order, a lost or doubled operation, a stale read are all found by search.
 * Replicas join, leave and are evicted under their combiners meanwhile; some instances start with indices about to pass 2^32, or
 * 2^47, where the words of the log begin again.
 *
 * The judge is tried first on histories that are right and on ones that are not.
 */
#include "base/errno.h"
#include "nr/internal.h"
#include "nr/port_host.h"
#include "test/nr/ledger.h"
#include "test/nr/lin.h"
#include "test/nr/tap.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, EACH = 10, CHURNER = THREADS };

struct plan {
	u32 model, replicas, rounds, reads; /* reads in percent */
	bool churn, wide, evict;
	u32 wrap; /* indices soon pass this power of 2 */
};

static const struct plan *plan;
static struct nr *nr;
static struct lin_op op[THREADS * EACH];
static pthread_barrier_t start, end;
static _Atomic bool over;
static _Atomic u64 lost;
static _Atomic u64 now; /* relaxed: it must not order what nr should */

static u64 stamp_now(void)
{
	return 1 + atomic_fetch_add_explicit(&now, 1, memory_order_relaxed);
}

static void do_op(struct lin_op *o, struct nr_self *self, u32 *seed)
{
	const struct lin_model *m = lin_models[plan->model];
	struct lin_bytes bytes;
	size_t len = 8 + rnd(seed) % 8 * 16;

	o->kind = rnd(seed) % 100 < plan->reads ? LIN_READ : 1 + rnd(seed) % (m->kinds - 1);
	o->arg = rnd(seed) % m->args;
	lin_make(&bytes, plan->model, o->kind, o->arg, len);
	o->call = stamp_now();
	if (o->kind == LIN_READ) {
		const struct lin_state *s = nr_read_begin(nr, self, 0);

		o->result = m->step((struct lin_state *)s, LIN_READ, o->arg);
		nr_read_end(nr, self, 0);
	} else if (nr_update(nr, self, 0, &bytes, len, &o->result, NULL) == -EOWNERDEAD) {
		o->result = LIN_LOST;
		atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
	}
	o->end = stamp_now();
}

static void *caller(void *arg)
{
	u32 id = (u32)(size_t)arg, seed = 99 + 71 * id + plan->model;
	struct nr_self self = { .id = id, .node = id % plan->replicas };

	watch_start("a history");
	for (u32 r = 0; r < plan->rounds; r++) {
		pthread_barrier_wait(&start);
		for (u32 i = 0; i < EACH; i++) {
			watch_reset();
			do_op(&op[id * EACH + i], &self, &seed);
			if (rnd(&seed) % 4 == 0)
				sched_yield();
		}
		pthread_barrier_wait(&end);
	}
	return NULL;
}

static void *churner(void *arg)
{
	struct nr_self self = { .id = CHURNER };
	u32 seed = 7;

	(void)arg;
	while (!atomic_load(&over)) {
		u32 node = rnd(&seed) % plan->replicas;

		if (plan->evict && rnd(&seed) % 4 == 0)
			nr_evict(nr, &self, 1ull << node);
		else if (rnd(&seed) % 2)
			nr_replica_add(nr, &self, node);
		else
			nr_replica_drop(nr, &self, node);
		sched_yield();
	}
	return NULL;
}

static void look(struct lin_state *s)
{
	struct nr_self self = { .id = CHURNER + 1 };
	const struct lin_state *now_there = nr_read_begin(nr, &self, 0);

	*s = *now_there;
	nr_read_end(nr, &self, 0);
}

/* The judge of one round; `s`: before it and then after. */
static bool judge(struct lin_state *s)
{
	struct lin_state after = *s;

	lin_order(op, THREADS * EACH);
	if (!lin_check(lin_models[plan->model], &after, op, THREADS * EACH))
		return false;
	look(s);
	return true;
}

static void make(void)
{
	struct nr_config cfg = { .threads = THREADS + 2, .log_slots = 64 };
	struct nr_self self = { .id = 0 };

	nr = nr_create(&lin_type, &cfg, NULL);
	if (plan->wrap)
		atomic_store(&nr->first.ltail, (1ull << plan->wrap) - 20);
	for (u32 n = 1; n < plan->replicas; n++)
		nr_replica_add(nr, &self, n);
	if (plan->wide)
		nr_widen(nr, &self);
}

static void run(const struct plan *p)
{
	pthread_t thread[THREADS + 1];
	struct lin_state s = { 0 };
	struct nr_self self = { .id = 0 };
	char passing[40] = "";
	u32 bad = 0;

	plan = p;
	make();
	atomic_store(&over, false);
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, caller, (void *)i);
	if (p->churn)
		pthread_create(&thread[CHURNER], NULL, churner, NULL);
	for (u32 r = 0; r < p->rounds; r++) {
		pthread_barrier_wait(&start);
		pthread_barrier_wait(&end);
		bad += !judge(&s);
	}
	atomic_store(&over, true);
	for (size_t i = 0; i < THREADS + (size_t)p->churn; i++)
		pthread_join(thread[i], NULL);
	if (p->wrap)
		snprintf(passing, sizeof(passing), ", indices past 2^%u", p->wrap);
	ok(bad == 0 && nr_check(nr, &self) == 0, "%s: %u histories, %u replicas%s%s%s: %u not linearizable",
	   lin_models[p->model]->name, p->rounds, p->replicas, p->evict ? " that come and are evicted" : p->churn ? " that come and go" : "",
	   p->wide ? "" : ", shared slots", passing, bad);
	nr_destroy(nr);
}

/* The judge itself. Times: thread 0 has ended before thread 1 begins, unless they overlap. */
static bool judged(const struct lin_model *m, const struct lin_op *h, u32 n)
{
	struct lin_op copy[8];
	struct lin_state s = { 0 };

	memcpy(copy, h, n * sizeof(*h));
	lin_order(copy, n);
	return lin_check(m, &s, copy, n);
}

static void try_judge(void)
{
	struct lin_op stale[] = { { 1, 5, 0, 0, 1, 2, 0 }, { 0, 0, 1, 0, 3, 4, 0 } };
	struct lin_op twice[] = { { 1, 0, 0, 0, 1, 4, 0 }, { 1, 0, 1, 0, 2, 5, 0 } };
	struct lin_op fifo[] = { { 1, 7, 0, 1, 1, 2, 0 }, { 1, 8, 0, 2, 3, 4, 0 }, { 2, 0, 1, 8, 5, 6, 0 } };
	struct lin_op lifo[] = { { 1, 7, 0, LIN_NONE, 1, 2, 0 }, { 1, 8, 0, 7, 3, 4, 0 }, { 2, 0, 1, 8, 5, 6, 0 } };
	struct lin_op swap[] = { { 1, 4, 0, 0, 1, 9, 0 }, { 0, 0, 1, 2, 2, 3, 0 }, { 0, 0, 1, 0, 4, 5, 0 } };

	ok(!judged(&lin_register, stale, 2), "judge: a read after a write returned sees it");
	stale[1].call = 1;
	ok(judged(&lin_register, stale, 2), "judge: beside it, it may not");
	ok(!judged(&lin_counter, twice, 2), "judge: two adds do not return the same");
	ok(!judged(&lin_queue, fifo, 3), "judge: a queue gives the first");
	ok(judged(&lin_stack, lifo, 3), "judge: a stack gives the last");
	ok(!judged(&lin_map, swap, 3), "judge: what was seen is not unseen");
}

int main(int argc, char **argv)
{
	u32 scale = argc > 1 ? (u32)atoi(argv[1]) : 100;

	pthread_barrier_init(&start, NULL, THREADS + 1);
	pthread_barrier_init(&end, NULL, THREADS + 1);
	try_judge();
	for (u32 m = 0; m < ARRAY_SIZE(lin_models); m++) {
		struct plan plans[] = {
			{ m, 1, 60, 20, false, m % 2, false, 0 }, { m, 2, 60, 30, false, true, false, m % 2 ? 47 : 32 },
			{ m, 4, 60, 30, true, true, false, 0 },   { m, 8, 40, 40, true, m % 2, false, m > 2 ? 47 : 0 },
			{ m, 4, 60, 20, true, m % 2, true, 0 },
		};

		for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
			plans[i].rounds = plans[i].rounds * scale / 100 + 1;
			run(&plans[i]);
		}
	}
	printf("# %lu results were lost to evictions\n", (unsigned long)lost);
	return tap_end();
}
