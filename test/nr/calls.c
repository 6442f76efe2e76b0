/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The rest of the interface, call by call: tried, timed and stale; the caller's memory; handles; the typed layer. */
#define _GNU_SOURCE
#include "base/errno.h"
#include "nr/port_host.h"
#include "nr/port.h"
#include "nr/typed.h"
#include "test/nr/ledger.h"
#include "test/nr/tap.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static struct nr *nr;
static _Atomic u32 inside, leave;

static struct nr *make(u32 log_slots, u32 replicas)
{
	struct nr_config cfg = { .threads = 4, .log_slots = log_slots, .wide = true };
	struct nr_self self = { .id = 0 };
	struct nr *made = nr_create(&ledger_type, &cfg, NULL);

	for (u32 n = 1; n < replicas; n++)
		nr_replica_add(made, &self, n);
	return made;
}

static u64 version(struct nr_self *self, bool stale)
{
	const struct ledger *l = stale ? nr_read_begin_stale(nr, self, 0) : nr_read_begin(nr, self, 0);
	u64 v = l->version;

	nr_read_end(nr, self, 0);
	return v;
}

/* Somebody combines for as long as we like. */

static void slow_apply(const struct ledger_op *op, bool own)
{
	if (!own || op->key != 9)
		return;
	atomic_store(&inside, 1);
	while (!atomic_load(&leave))
		sched_yield();
}

static void *slow(void *arg)
{
	struct nr_self self = { .id = 3 };

	do_update(nr, &self, NULL, LEDGER_PUT, 9, 9, 0);
	return arg;
}

static void slow_start(pthread_t *t)
{
	inside = leave = 0;
	ledger_in_apply = slow_apply;
	pthread_create(t, NULL, slow, NULL);
	while (!atomic_load(&inside))
		sched_yield();
}

static void slow_end(pthread_t t)
{
	atomic_store(&leave, 1);
	pthread_join(t, NULL);
	ledger_in_apply = NULL;
}

static void try_and_timeout(u32 replicas)
{
	struct nr_self self = { .id = 1 };
	struct ledger_ret ret = { 0 };
	struct ledger_op op;
	size_t len = ledger_make(&op, LEDGER_PUT, 1, 7, 10);
	pthread_t t;
	u64 index = 0;

	nr = make(0, replicas);
	ok(nr_try_update(nr, &self, 0, &op, len, &ret, &index) == 0 && ret.version == 1 && index == 1, "try: done (%u replicas)",
	   replicas);
	ok(nr_update_timeout(nr, &self, 0, &op, len, &ret, &index, 0) == 0 && ret.version == 2, "timeout: done");
	slow_start(&t);
	ok(nr_try_update(nr, &self, 0, &op, len, &ret, NULL) == -EAGAIN, "try: somebody combines");
	ok(nr_update_timeout(nr, &self, 0, &op, len, &ret, NULL, 1000) == -ETIMEDOUT, "timeout: somebody combines for long");
	ok(nr_update_timeout(nr, &self, 0, &op, len, &ret, NULL, 0) == -ETIMEDOUT, "and again: the slot is free again");
	slow_end(t);
	ok(version(&self, false) == 3, "what was given up did not happen");
	ok(nr_update_timeout(nr, &self, 0, &op, len, &ret, NULL, 1000) == 0 && ret.version == 4, "the next one does");
	nr_destroy(nr);
}

static void try_full_log(void)
{
	struct nr_self self = { .id = 1 }, far = { .id = 2, .node = 1 };
	struct ledger_op op;
	size_t len = ledger_make(&op, LEDGER_PUT, 1, 7, 10);
	const struct ledger *l;
	u32 n = 0;

	nr = make(32, 2);
	l = nr_read_begin(nr, &far, 0); /* replica 1 cannot apply */
	(void)l;
	ok(nr_try_update(nr, &self, 0, &op, len, NULL, NULL) == 0, "try: beside a guard elsewhere");
	nr_read_end(nr, &far, 0);
	while (nr_try_update(nr, &self, 0, &op, len, NULL, NULL) == 0 && n < 1000)
		n++;
	ok(n == 1000 && nr_check(nr, &self) == 0, "try: makes room by helping");
	nr_destroy(nr);
}

static void stale(void)
{
	struct nr_self self = { .id = 0 }, far = { .id = 1, .node = 1 };

	nr = make(0, 2);
	do_update(nr, &self, NULL, LEDGER_PUT, 1, 1, 0);
	ok(version(&far, true) == 0, "stale: the other replica as it was");
	ok(version(&far, false) == 1 && version(&far, true) == 1, "fresh: caught up");
	nr_destroy(nr);
}

static void value_of(const void *state, const void *key, void *ret)
{
	*(u64 *)ret = ledger_get(state, *(const u32 *)key);
}

static void callers_memory(void)
{
	struct nr_config cfg = { .threads = 2 }, bad = { .threads = 2, .log_slots = 48 };
	struct nr_self self = { .id = 0 };
	u32 key = 3;
	u64 value = 0;
	s64 before = nr_host_bytes;

	nr = aligned_alloc(64, ALIGN_UP(nr_sizeof(&ledger_type), (size_t)64));
	ok(nr_init(nr, &ledger_type, &bad, NULL) == -EINVAL, "init: a log size that is no power of two");
	ok(nr_init(nr, &ledger_type, &cfg, NULL) == 0, "init: in the caller's memory");
	do_update(nr, &self, NULL, LEDGER_PUT, 3, 33, 5);
	nr_query(nr, &self, value_of, &key, &value);
	ok(value == 33, "query: answered");
	nr_fini(nr);
	free(nr);
	ok(nr_host_bytes == before, "fini: all memory is back");
}

/* Handles. */

enum { COMERS = 6, ROUNDS = 3000 };
static struct nr_ids ids = { .max = 4 };
static _Atomic u32 owner[4];
static _Atomic u64 clashes, entered;

static void *comer(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct nr_self self;

		if (nr_register(&ids, &self, 0)) {
			sched_yield();
			continue;
		}
		if (self.id >= 4 || atomic_fetch_add(&owner[self.id], 1))
			atomic_fetch_add(&clashes, 1);
		do_update(nr, &self, NULL, LEDGER_BUMP, 0, 0, 0);
		version(&self, false);
		atomic_fetch_add(&entered, 1);
		atomic_fetch_sub(&owner[self.id], 1);
		nr_unregister(&ids, &self);
	}
	return arg;
}

static void handles(void)
{
	struct nr_self self[5];
	pthread_t t[COMERS];
	int err = 0;

	for (u32 i = 0; i < 4; i++)
		err |= nr_register(&ids, &self[i], i);
	ok(!err && self[3].id == 3 && self[3].node == 3 && nr_register(&ids, &self[4], 0) == -EAGAIN, "ids: four, and no fifth");
	nr_unregister(&ids, &self[1]);
	ok(nr_register(&ids, &self[4], 0) == 0 && self[4].id == 1, "ids: the lowest free one");
	for (u32 i = 0; i < 4; i++)
		nr_unregister(&ids, &self[i]);
	nr = make(0, 1);
	for (int i = 0; i < COMERS; i++)
		pthread_create(&t[i], NULL, comer, NULL);
	for (int i = 0; i < COMERS; i++)
		pthread_join(t[i], NULL);
	ok(!clashes && entered && version(&self[0], false) == entered, "ids: %lu visits by threads that come and go, no clash",
	   (unsigned long)entered);
	nr_destroy(nr);
}

/* Types. */

struct counter {
	u64 sum;
};

struct counter_op {
	u64 add;
};

static u64 counter_apply(struct counter *c, const struct counter_op *op)
{
	return c->sum += op->add;
}

static u64 counter_above(const struct counter *c, const u64 *limit)
{
	return c->sum > *limit ? c->sum - *limit : 0;
}

NR_DEFINE(counter, struct counter, struct counter_op, u64, counter_apply);
NR_DEFINE_QUERY(counter, above, struct counter, u64, u64, counter_above);

static int counter_init(void *state, struct pool *mem, const void *arg)
{
	(void)mem;
	((struct counter *)state)->sum = *(const u64 *)arg;
	return 0;
}

static int counter_clone(void *dst, struct pool *mem, const void *src)
{
	(void)mem;
	memcpy(dst, src, sizeof(struct counter));
	return 0;
}

static void typed(void)
{
	static const struct nr_type type = { NR_TYPED(counter), .init = counter_init, .clone = counter_clone };
	struct nr_config cfg = { .threads = 2 };
	struct nr_self self = { .id = 0 }, far = { .id = 1, .node = 1 };
	struct counter_op op = { 5 };
	u64 start = 100, limit = 90, ret = 0, seen;

	nr = nr_create(&type, &cfg, &start);
	nr_replica_add(nr, &self, 1);
	counter_update(nr, &self, &op, &ret);
	seen = counter_read(nr, &far)->sum;
	counter_done(nr, &far);
	ok(ret == 105 && seen == 105 && counter_above_now(nr, &far, &limit) == 15, "typed: update, read, query");
	nr_destroy(nr);
}

/* A clock that ticks once a look: a turn takes one tick. */
static u64 tick(void)
{
	static u64 ticks;

	return ++ticks;
}

static void clock_and_node(void)
{
	static struct nr_ids ids;
	static struct nr_stat st;
	struct nr_self self = { .id = 0 };
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here); /* or it may be on another node when it is asked again */
	sched_setaffinity(0, sizeof(here), &here);
	ok(nr_register(&ids, &self, NR_NODE_HERE) == 0 && self.node < NR_NODES_MAX && self.node == nr_port_node(),
	   "a thread is registered where it runs: node %u", self.node);
	self.node = 0;
	nr = make(0, 2);
	for (u32 i = 0; i < 3; i++)
		do_update(nr, &self, NULL, LEDGER_BUMP, 0, 0, 0);
	nr_port_clock = tick;
	for (u32 i = 0; i < 5; i++)
		do_update(nr, &self, NULL, LEDGER_BUMP, 0, 0, 0);
	nr_port_clock = NULL;
	nr_stats(nr, &self, &st, false);
	ok(st.replica[0].turns == 5 && st.replica[0].held == 5 && st.replica[0].held_max == 1,
	   "with a clock, turns are counted: %lu, %lu ticks", (unsigned long)st.replica[0].turns, (unsigned long)st.replica[0].held);
	nr_destroy(nr);
	nr_unregister(&ids, &self);
}

/* What nr_evict refuses, it refuses before anything happened. */
static void evict_refused(void)
{
	struct nr_self self = { .id = 0 };
	struct nr_look look = { 0 };

	nr = make(0, 2);
	ok(nr_evict(nr, &self, 0) == -ENOENT && nr_evict(nr, &self, 4) == -ENOENT && nr_evict(nr, &self, 5) == -ENOENT,
	   "evict: who is not there");
	ok(nr_evict(nr, &self, 3) == -EBUSY && nr_replicas(nr) == 2, "evict: never the last");
	nr_host_fail_from = 0;
	nr_host_fail_to = INT64_MAX;
	ok(nr_evict(nr, &self, 1) == -ENOMEM && nr_replicas(nr) == 2, "evict: needs memory");
	nr_host_fail_to = 0;
	ok(nr_evict(nr, &self, 1) == 0 && nr_replicas(nr) == 1 && !nr_has_replica(nr, 0), "evict: one who is well");
	ok(nr_replica_add(nr, &self, 0) == 0 && nr_check(nr, &self) == 0 && !nr_stuck(nr, &look) && !nr_stuck(nr, &look),
	   "and it may come back; nobody is stuck");
	nr_destroy(nr);
}

int main(void)
{
	watch_start("calls");
	try_and_timeout(1);
	try_and_timeout(2);
	try_full_log();
	stale();
	callers_memory();
	handles();
	typed();
	clock_and_node();
	evict_refused();
	return tap_end();
}
