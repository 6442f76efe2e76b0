/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Random programs: more threads than cores, 1 to 8 replicas, judged exactly (ledger.h) and compared afterwards.
 * Variants: replicas join and leave meanwhile; a log of 32 slots that wraps all the time; allocations that fail;
 * threads that are stopped by a signal, at any instruction, until the set of replicas has changed.
 */
#include "base/errno.h"
#include "nr/port.h"
#include "nr/port_host.h"
#include "test/nr/ledger.h"
#include "test/nr/tap.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

enum { THREADS = 6, CHURNER = THREADS };

struct plan {
	const char *name;
	u32 replicas, log_slots, steps, writes; /* writes in percent */
	bool churn, widen;
	s64 fail_every;
	bool jolt, sleepy; /* sleepy: who waits goes to sleep at once */
	bool batch;        /* ledger_batch_type */
};

static const struct plan *plan;
static struct nr *nr;
static struct history hist[THREADS];
static _Atomic u32 running;
static _Atomic u64 refused, strange;
static pthread_barrier_t go;
static pthread_t thread[THREADS + 1];
static _Atomic bool working[THREADS];
static _Atomic u32 changes; /* of the set of replicas */

/* Gives the processor away in the middle of things now and then: on two cores little overlaps otherwise. */
static void stumble(void)
{
	static _Thread_local u32 n;

	if (++n % 23 == 0)
		sched_yield();
}

static void stumble_in_apply(const struct ledger_op *op, bool own)
{
	(void)op;
	(void)own;
	stumble();
}

/* The signal's handler: stopped here, wherever that is, until something changed (or long enough). */
static void stopped(int sig)
{
	u32 seen = atomic_load(&changes);

	(void)sig;
	for (int i = 0; i < 300 && atomic_load(&changes) == seen; i++)
		sched_yield();
}

static void *program(void *arg)
{
	u32 id = (u32)(size_t)arg, seed = 77 + id * 1001, count = 0, large = plan->writes == 100 ? 1 : 8;
	struct nr_self self = { .id = id, .node = id % plan->replicas };

	watch_start(plan->name);
	pthread_barrier_wait(&go);
	atomic_store(&working[id], true);
	for (u32 i = 0; i < plan->steps; i++) {
		u32 key = rnd(&seed) % LEDGER_KEYS, blob = rnd(&seed) % large ? rnd(&seed) % 64 : rnd(&seed) % LEDGER_BLOB;
		u32 kind = rnd(&seed) % 4;
		int err;

		if (rnd(&seed) % 100 >= plan->writes) {
			do_read(nr, &self, &hist[id], key);
			continue;
		}
		kind = kind < 2 ? LEDGER_PUT : kind == 2 ? LEDGER_DEL : LEDGER_BUMP;
		err = do_update(nr, &self, &hist[id], kind, key, id << 20 | ++count, kind == LEDGER_PUT ? blob : 0);
		if (err == -ENOMEM && plan->fail_every)
			atomic_fetch_add(&refused, 1);
		else if (err)
			atomic_fetch_add(&strange, 1);
	}
	atomic_store(&working[id], false);
	atomic_fetch_sub(&running, 1);
	return NULL;
}

static void jolt(u32 id)
{
	if (atomic_load(&working[id])) /* joined only after the churner has ended */
		pthread_kill(thread[id], SIGUSR1);
}

/* Everything else one can do to an instance, while the programs run. */
static void *churner(void *arg)
{
	struct nr_self self = { .id = CHURNER };
	u32 seed = 4242;

	(void)arg;
	watch_start("churn");
	while (atomic_load(&running)) {
		u32 node = rnd(&seed) % 8, what = rnd(&seed) % 16;

		watch_reset();
		self.node = rnd(&seed) % 8;
		if (plan->jolt) {
			node %= plan->replicas;
			what %= 12;
			jolt(rnd(&seed) % THREADS);
			jolt(rnd(&seed) % THREADS);
		}
		if (what < 6)
			nr_replica_add(nr, &self, node);
		else if (what < 12)
			nr_replica_drop(nr, &self, node);
		else if (what < 14)
			nr_poll(nr, &self);
		else if (nr_check(nr, &self))
			atomic_fetch_add(&strange, 1);
		atomic_fetch_add(&changes, 1);
		for (int i = 0; i < (plan->jolt ? 20 : 200); i++)
			nr_port_relax();
	}
	return NULL;
}

static bool same_as_model(struct nr_self *self, const u64 *model)
{
	const struct ledger *l = nr_read_begin(nr, self, 0);
	bool same = true;

	for (u32 k = 0; k < LEDGER_KEYS; k++)
		same = same && ledger_get(l, k) == model[k];
	nr_read_end(nr, self, 0);
	return same;
}

/* Do the sizes of batches, as far as the buckets tell them, add up to the operations? */
static bool sizes_fit(const struct nr_replica_stat *s)
{
	u64 least = s->batch[0], most = s->batch[0], all = s->batch[0];

	for (u32 i = 1; i < NR_BATCH_BUCKETS; i++) {
		least += s->batch[i] * ((1u << (i - 1)) + 1);
		most += s->batch[i] << i;
		all += s->batch[i];
	}
	return all == s->batches && least <= s->ops && s->ops <= most;
}

static void verdict(s64 bytes_before)
{
	struct nr_self self = { .id = 0 };
	u64 model[LEDGER_KEYS], stale, helped = 0, ops = 0, batches = 0;
	static struct nr_stat st;
	const char *wrong = history_judge(hist, THREADS, model);
	bool same = true, fit = true;

	nr_stats(nr, &self, &st, true);
	stale = st.reads_stale;
	for (u32 n = 0; n < NR_NODES_MAX; n++) {
		helped += st.replica[n].helped;
		ops += st.replica[n].ops;
		batches += st.replica[n].batches;
		fit = fit && sizes_fit(&st.replica[n]);
	}
	printf("# %lu updates in %lu batches, %lu stale reads, %lu entries applied by helpers, tail %lu\n",
	       (unsigned long)ops, (unsigned long)batches, (unsigned long)stale, (unsigned long)helped,
	       (unsigned long)st.tail);
	ok(!wrong, "%s: linearizable, nothing lost or doubled%s%s", plan->name, wrong ? ": " : "", wrong ? wrong : "");
	for (self.node = 0; self.node < 8; self.node++)
		same = same && same_as_model(&self, model);
	ok(same, "%s: every replica (%u) equals the model", plan->name, nr_replicas(nr));
	ok(nr_check(nr, &self) == 0 && !strange && !ledger_broken && fit, "%s: equal hashes, checks pass, no byte damaged%s", plan->name,
	   fit ? "" : " (sizes of batches do not add up)");
	if (plan->fail_every)
		ok(refused > 0, "%s: %lu operations were refused", plan->name, (unsigned long)refused);
	nr_destroy(nr);
	if (plan->batch)
		ok(ledger_released == ops && ledger_batches, "%s: %lu operations released, once each; %lu batches at once",
		   plan->name, (unsigned long)ledger_released, (unsigned long)ledger_batches);
	ok(nr_host_bytes == bytes_before, "%s: all memory is back", plan->name);
}

static void run(const struct plan *p)
{
	static u32 spins;
	struct nr_config cfg = { .threads = THREADS + 1, .log_slots = p->log_slots };
	struct nr_self self = { .id = 0 };
	s64 before = nr_host_bytes;

	plan = p;
	spins = spins ? spins : nr_port_spins;
	refused = strange = 0;
	ledger_released = 0;
	nr = nr_create(p->batch ? &ledger_batch_type : &ledger_type, &cfg, NULL);
	for (u32 n = 1; n < p->replicas; n++)
		nr_replica_add(nr, &self, n);
	if (p->widen)
		nr_widen(nr, &self);
	nr_host_fail_every = p->fail_every;
	nr_port_spins = p->sleepy ? 0 : spins;
	running = THREADS;
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, program, (void *)i);
	if (p->churn)
		pthread_create(&thread[CHURNER], NULL, churner, NULL);
	if (p->churn)
		pthread_join(thread[CHURNER], NULL);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	nr_host_fail_every = 0;
	verdict(before);
}

int main(int argc, char **argv)
{
	u32 scale = argc > 1 ? (u32)atoi(argv[1]) : 100;
	struct plan plans[] = {
		{ "1 replica, shared slot", 1, 0, 1500, 50, false, false, 0, false, false, false },
		{ "1 replica, wide", 1, 0, 1500, 50, false, true, 0, false, false, false },
		{ "2 replicas, tiny log", 2, 32, 1500, 50, false, true, 0, false, false, false },
		{ "3 replicas, mostly reads", 3, 64, 2000, 10, false, true, 0, false, false, false },
		{ "4 replicas, shared slot, only writes", 4, 32, 800, 100, false, false, 0, false, false, false },
		{ "8 replicas, default log", 8, 0, 800, 50, false, true, 0, false, false, false },
		{ "replicas come and go", 4, 32, 2500, 50, true, true, 0, false, false, false },
		{ "replicas come and go, mostly reads", 8, 32, 3000, 15, true, false, 0, false, false, false },
		{ "memory fails at random", 3, 32, 1500, 70, true, true, 7, false, false, false },
		{ "large operations, tiny log", 4, 32, 2500, 100, false, true, 0, false, false, false },
		{ "stopped anywhere", 3, 32, 4000, 30, true, true, 0, true, false, false },
		{ "waiters sleep, 1 replica", 1, 0, 4000, 90, false, true, 0, false, true, false },
		{ "waiters sleep, shared slot", 1, 0, 1500, 90, false, false, 0, false, true, false },
		{ "waiters sleep, replicas come and go", 2, 32, 3000, 80, true, true, 0, false, true, false },
		{ "batches at once, operations that own things", 3, 32, 2000, 80, true, true, 13, false, true, true },
	};

	ledger_in_apply = stumble_in_apply;
	ledger_half_way = stumble;
	ledger_in_read = stumble;
	signal(SIGUSR1, stopped);
	pthread_barrier_init(&go, NULL, THREADS);
	for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
		plans[i].steps = plans[i].steps * scale / 100;
		run(&plans[i]);
	}
	return tap_end();
}
