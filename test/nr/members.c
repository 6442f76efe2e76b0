/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Life of an instance: replicas and their log, indices of any size, nr_sync and idle nodes, guards across changes, fork, checks,
 * sizes.
 */
#include "base/errno.h"
#include "nr/gate.h"
#include "nr/port_host.h"
#include "test/nr/ledger.h"
#include "test/nr/tap.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { READERS = 8 };

static struct nr *nr;
static struct nr_stat st;

static struct nr *make(u32 threads, u32 log_slots)
{
	struct nr_config cfg = { .threads = threads, .log_slots = log_slots };

	return nr_create(&ledger_type, &cfg, NULL);
}

static void put(struct nr *to, struct nr_self *self, u32 key, u32 value)
{
	do_update(to, self, NULL, LEDGER_PUT, key, value, 20);
}

static u64 get(struct nr *from, struct nr_self *self, u32 key)
{
	const struct ledger *l = nr_read_begin(from, self, 0);
	u64 value = ledger_get(l, key);

	nr_read_end(from, self, 0);
	return value;
}

static void test_come_and_go(void)
{
	struct nr_self self = { .id = 0 }, far = { .id = 1, .node = 5 };
	u64 version;
	s64 alone;

	nr = make(4, 0);
	put(nr, &self, 1, 10);
	alone = nr_host_bytes;
	nr_stats(nr, &self, &st, false);
	ok(st.replicas == 1 && st.log_slots == 0 && st.updates == 1, "one replica, no log");
	ok(alone <= 8192, "one replica takes %ld bytes with its first page", (long)alone);
	ok(get(nr, &far, 1) == 10, "a node without a replica reads another's");
	ok(nr_replica_drop(nr, &self, 0) == -EBUSY && nr_replica_drop(nr, &self, 3) == -ENOENT,
	   "the last replica stays; what is not there cannot go");
	ok(nr_replica_add(nr, &self, 5) == 0 && nr_replica_add(nr, &self, 5) == -EEXIST, "a second replica, once");
	nr_stats(nr, &self, &st, true);
	ok(st.replicas == 2 && st.log_slots == 256 && st.replica[5].live && st.replica[5].hash == st.replica[0].hash,
	   "now there is a log, and the clone is equal");
	put(nr, &self, 2, 20);
	ok(get(nr, &far, 2) == 20, "an update here is read there");
	version = nr_version(nr, &far);
	ok(nr_replica_drop(nr, &far, 0) == 0 && get(nr, &self, 2) == 20, "the first replica may go");
	ok(nr_version(nr, &self) == version && nr_version(nr, &far) == version, "and no version changes");
	put(nr, &self, 3, 30);
	ok(nr_version(nr, &self) > version, "but an update in place changes it");
	nr_stats(nr, &self, &st, false);
	ok(st.replicas == 1 && st.log_slots == 0 && get(nr, &far, 3) == 30, "one replica again: no log again");
	ok(nr_replica_add(nr, &self, 0) == 0 && get(nr, &self, 3) == 30 && nr_check(nr, &self) == 0, "and it may come back");
	nr_destroy(nr);
	ok(nr_host_bytes == 0, "all memory is back");
}

/* Indices go on for ever, the bits that the words of the log have for them do not: 47. One thread alone, who waits for nobody. */

static u64 relaxed_before;

static void waits_for_nobody(void)
{
	if (nr_host_relaxed - relaxed_before < 100000)
		return;
	ok(false, "indices: one thread alone waits for ever");
	tap_end();
	_Exit(1);
}

static void test_indices(u32 bits)
{
	struct nr_self self = { .id = 0 }, other = { .id = 1, .node = 1 };
	bool good = true;

	nr = make(2, 32);
	atomic_store(&nr->first.ltail, (1ull << bits) - 50);
	relaxed_before = nr_host_relaxed;
	nr_host_on_relax = waits_for_nobody;
	nr_replica_add(nr, &self, 1);
	for (u32 i = 1; i <= 200; i++) {
		struct nr_self *mine = i % 3 ? &self : &other;

		put(nr, mine, i % 5, i);
		good = good && get(nr, mine == &self ? &other : &self, i % 5) == i;
		if (i == 100)
			good = good && nr_evict(nr, &self, 2) == 0 && nr_replica_add(nr, &self, 1) == 0;
	}
	nr_host_on_relax = NULL;
	nr_stats(nr, &self, &st, true);
	ok(good && st.tail > 1ull << bits && nr_check(nr, &self) == 0, "indices past 2^%u: 200 updates on two replicas, and an eviction", bits);
	nr_destroy(nr);
}

/* Nobody runs on node 1, ever. */
static void test_idle_node(void)
{
	struct nr_self self = { .id = 0 }, other = { .id = 1, .node = 1 };
	struct ledger_op op;
	size_t len = ledger_make(&op, LEDGER_PUT, 1, 1, 0);
	u64 index;

	watch_start("an idle node");
	nr = make(2, 32);
	nr_replica_add(nr, &self, 1);
	nr_update(nr, &self, 0, &op, len, NULL, &index);
	nr_stats(nr, &self, &st, false);
	ok(st.replica[0].applied == index && st.replica[1].applied < index, "an idle replica lags");
	nr_sync(nr, &self, index);
	nr_stats(nr, &self, &st, false);
	ok(st.replica[1].applied >= index && st.replica[1].helped == 1, "nr_sync brings it up, by helping");
	nr_update(nr, &self, 0, &op, len, NULL, &index);
	index = nr_version(nr, &self);
	ok(nr_poll(nr, &other) == 1 && nr_poll(nr, &other) == 0, "nr_poll applies what is new");
	ok(nr_version(nr, &self) == index && nr_version(nr, &other) == index, "that changes no version");
	for (u32 i = 0; i < 20000; i++)
		put(nr, &self, i % LEDGER_KEYS, i + 1);
	nr_stats(nr, &self, &st, false);
	ok(st.tail > 600 * st.log_slots && nr_check(nr, &self) == 0, "a log of %lu slots wrapped %lu times past it",
	   (unsigned long)st.log_slots, (unsigned long)(st.tail / st.log_slots));
	nr_destroy(nr);
}

/* Who catches up lets readers in between: after each NR_BATCH operations his replica is at another index. */

static u64 chunk_at;
static u32 chunk, longest;

static void measure_chunk(const struct ledger_op *op, bool own)
{
	u64 at = atomic_load(&nr_rep(nr, 1)->ltail);

	(void)op;
	if (own)
		return;
	chunk = at == chunk_at ? chunk + 1 : 1;
	chunk_at = at;
	longest = MAX(longest, chunk);
}

static void test_chunks(void)
{
	struct nr_self self = { .id = 0 }, other = { .id = 1, .node = 1 };
	u64 applied;

	nr = make(2, 256);
	nr_replica_add(nr, &self, 1);
	for (u32 i = 0; i < 200; i++)
		put(nr, &self, i % LEDGER_KEYS, i + 1);
	longest = chunk = 0;
	chunk_at = UINT64_MAX;
	ledger_in_apply = measure_chunk;
	applied = nr_poll(nr, &other);
	ledger_in_apply = NULL;
	ok(applied == 200 && longest == NR_BATCH, "200 operations are caught up with in steps of %u", longest);
	nr_destroy(nr);
}

/* G6: nr_sync does not return while a reader holds a guard that began before the operation. */

static _Atomic u32 in_guard, synced;
static _Atomic u64 mishaps;

static void *late_reader(void *arg)
{
	struct nr_self self = { .id = 1, .node = (u32)(size_t)arg };
	const struct ledger *l = nr_read_begin(nr, &self, 0);
	u64 version = l->version;
	bool good = true;

	atomic_store(&in_guard, 1);
	for (int i = 0; i < 500; i++) {
		sched_yield();
		good = good && !atomic_load(&synced) && l->version == version;
	}
	nr_read_end(nr, &self, 0);
	return good ? (void *)1 : NULL;
}

static void test_sync_waits_for_readers(u32 node)
{
	struct nr_self self = { .id = 0 };
	struct ledger_op op;
	size_t len = ledger_make(&op, LEDGER_PUT, 1, 1, 0);
	pthread_t t;
	void *good;
	u64 index;

	nr = make(2, 0);
	nr_replica_add(nr, &self, 1);
	in_guard = synced = 0;
	pthread_create(&t, NULL, late_reader, (void *)(size_t)node);
	while (!atomic_load(&in_guard))
		sched_yield();
	nr_update(nr, &self, 0, &op, len, NULL, &index);
	nr_sync(nr, &self, index);
	atomic_store(&synced, 1);
	pthread_join(t, &good);
	ok(good != NULL, "nr_sync waits for a guard on replica %u that began before", node);
	nr_destroy(nr);
}

/* A reader who counted himself in before the slots grew still holds off writers afterwards. */
static void test_widen_keeps_readers(void)
{
	struct nr_self self = { .id = 0 };
	pthread_t t;
	void *good;

	nr = make(2, 0);
	in_guard = synced = 0;
	pthread_create(&t, NULL, late_reader, NULL);
	while (!atomic_load(&in_guard))
		sched_yield();
	nr_widen(nr, &self);
	put(nr, &self, 1, 1);
	atomic_store(&synced, 1);
	pthread_join(t, &good);
	ok(good != NULL, "a guard from before the slots grew still holds off writers");
	nr_destroy(nr);
}

static u64 listed(void)
{
	return atomic_load(&atomic_load(&nr_rep(nr, 0)->slots)->map[0].listed);
}

/* Writers look at those who read lately, and at who comes back; not at who is gone. */
static void test_unlist(void)
{
	struct nr_self self[READERS];
	u64 all;

	nr = make(READERS, 0);
	nr_widen(nr, &(struct nr_self){ .id = 0 });
	for (u32 i = 0; i < READERS; i++) {
		self[i] = (struct nr_self){ .id = i };
		get(nr, &self[i], 1);
	}
	all = listed();
	for (u32 i = 0; i < NR_KEEP; i++)
		put(nr, &self[0], 1, 1);
	ok(all == (1u << READERS) - 1 && listed() == 0, "who has not read for long is off the list that writers look at");
	nr_read_begin(nr, &self[5], 0);
	ok(listed() == 1u << 5 && gate_readers(nr_rep(nr, 0)), "who reads again is on it");
	nr_read_end(nr, &self[5], 0);
	ok(!gate_readers(nr_rep(nr, 0)), "and keeps nobody out once he has read");
	nr_destroy(nr);
}

/* A guard ends where it began, whatever came in between. */
static void test_guards(void)
{
	struct nr_self self = { .id = 0, .node = 1 }, other = { .id = 1 };
	struct nr *second = make(2, 0);
	const struct ledger *a, *b;

	nr = make(2, 0);
	a = nr_read_begin(nr, &self, 0); /* node 1 has none yet */
	nr_replica_add(nr, &other, 1);
	nr_widen(nr, &other);
	b = nr_read_begin(second, &self, 0);
	ok(self.held == 2 && a != b, "guards of two instances at once");
	nr_read_end(nr, &self, 0); /* not in order */
	nr_read_end(second, &self, 0);
	put(nr, &other, 1, 1); /* would wait for ever if a count were left behind */
	put(second, &other, 1, 1);
	put(nr, &self, 1, 2);
	ok(self.held == 0 && get(nr, &self, 1) == 2, "guards end where they began, across add and widen");
	nr_destroy(nr);
	nr_destroy(second);
}

static void fix(void *state, void *arg)
{
	*(u64 *)arg = ((struct ledger *)state)->version;
}

static _Atomic u32 stop;

static void *bumper(void *arg)
{
	struct nr_self self = { .id = 1 + (u32)(size_t)arg, .node = (u32)(size_t)arg };
	u64 n = 0;

	watch_start("fork under load");
	while (!atomic_load(&stop)) {
		do_update(nr, &self, NULL, n % 2 ? LEDGER_BUMP : LEDGER_PUT, (u32)(n % 50), (u32)n, (u32)(n % 99));
		n++;
	}
	return NULL;
}

static void yield_half_way(void)
{
	sched_yield();
}

static void test_fork(void)
{
	struct nr_self self = { .id = 0 };
	bool whole = true, fresh = true, apart = true;
	pthread_t t[3];
	s64 before;

	nr = make(4, 64);
	nr_replica_add(nr, &self, 1);
	nr_widen(nr, &self);
	stop = 0;
	ledger_half_way = yield_half_way;
	for (size_t i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, bumper, (void *)i);
	for (int i = 0; i < 200; i++) {
		const struct ledger *l = nr_read_begin(nr, &self, 0);
		u64 seen = l->version, at = 0;
		struct nr *child;

		nr_read_end(nr, &self, 0);
		self.node = (u32)i % 3;
		child = nr_fork(nr, &self, 3, fix, &at);
		fresh = fresh && at >= seen;
		whole = whole && nr_check(child, &self) == 0 && nr_has_replica(child, 3) && nr_replicas(child) == 1;
		put(child, &self, 60, 6);
		l = nr_read_begin(child, &self, 0);
		apart = apart && l->version == at + 1;
		nr_read_end(child, &self, 0);
		apart = apart && get(nr, &self, 60) == 0;
		nr_destroy(child);
		sched_yield();
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	ledger_half_way = NULL;
	ok(whole, "200 forks under load: each copy whole, with one replica");
	ok(fresh, "each copy has what was read before it");
	ok(apart, "parent and copy go their own ways");
	before = nr_host_bytes;
	for (int i = 0; i < 1000; i++)
		nr_destroy(nr_fork(nr, &self, 0, NULL, NULL));
	ok(nr_host_bytes == before, "1000 forks and destroys leave nothing");
	nr_destroy(nr);
}

/* While fix runs nothing is applied to the source. */

static _Atomic u32 in_fix;

static void slow_fix(void *state, void *arg)
{
	(void)state;
	(void)arg;
	atomic_store(&in_fix, 1);
	for (int i = 0; i < 200; i++)
		sched_yield();
	atomic_store(&in_fix, 0);
}

static void apply_in_fix(const struct ledger_op *op, bool own)
{
	(void)op;
	(void)own;
	if (atomic_load(&in_fix))
		atomic_fetch_add(&mishaps, 1);
}

static void test_fork_fix(void)
{
	struct nr_self self = { .id = 0 };
	pthread_t t[2];

	nr = make(4, 64);
	stop = 0;
	ledger_in_apply = apply_in_fix;
	for (size_t i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, bumper, (void *)i);
	for (int i = 0; i < 20; i++)
		nr_destroy(nr_fork(nr, &self, 3, slow_fix, NULL));
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	ledger_in_apply = NULL;
	ok(mishaps == 0, "fork's fix runs before the source changes");
	nr_destroy(nr);
}

/* Who claims the gate is next, whoever else tries: a fork stands in the middle of waiting for it, and it is let go of. */

static _Atomic u32 in_update, claimed, may_fork;

static void stand_in_wait(void)
{
	atomic_store(&claimed, 1);
	while (!atomic_load(&may_fork))
		sched_yield();
}

static void *forks(void *arg)
{
	struct nr_self self = { .id = 1 };

	while (!atomic_load(&in_update))
		sched_yield();
	nr_host_on_relax = stand_in_wait;
	nr_destroy(nr_fork(nr, &self, 0, NULL, NULL));
	return arg;
}

static void wait_for_claim(const struct ledger_op *op, bool own)
{
	(void)op;
	(void)own;
	atomic_store(&in_update, 1);
	while (!atomic_load(&claimed))
		sched_yield();
}

static void test_claim(void)
{
	struct nr_self self = { .id = 0 };
	struct ledger_op op;
	size_t len = ledger_make(&op, LEDGER_PUT, 1, 1, 0);
	pthread_t t;
	int err;

	nr = make(2, 0);
	in_update = claimed = may_fork = 0;
	ledger_in_apply = wait_for_claim;
	pthread_create(&t, NULL, forks, NULL);
	put(nr, &self, 1, 1); /* has the gate until the fork waits for it */
	ledger_in_apply = NULL;
	err = nr_try_update(nr, &self, 0, &op, len, NULL, NULL);
	atomic_store(&may_fork, 1);
	pthread_join(t, NULL);
	ok(err == -EAGAIN && nr_try_update(nr, &self, 0, &op, len, NULL, NULL) == 0, "a fork that waits for the gate is next");
	nr_destroy(nr);
}

/* And who forks serves whoever left a request meanwhile: the next fork might be first again. */

static _Thread_local bool forking;
static u32 served;

static void count_served(const struct ledger_op *op, bool own)
{
	(void)op;
	(void)own;
	served += forking;
}

static void *puts_one(void *arg)
{
	struct nr_self self = { .id = 1 };

	while (!atomic_load(&may_fork))
		sched_yield();
	put(nr, &self, 2, 2);
	return arg;
}

static void fix_waiting(void *state, void *arg)
{
	u64 asleep = nr_host_waits;

	(void)state;
	(void)arg;
	atomic_store(&may_fork, 1);
	while (nr_host_waits == asleep)
		sched_yield();
	forking = true;
}

static void test_fork_serves(void)
{
	struct nr_self self = { .id = 0 };
	pthread_t t;

	nr = make(2, 0);
	served = 0;
	may_fork = 0;
	ledger_in_apply = count_served;
	pthread_create(&t, NULL, puts_one, NULL);
	nr_destroy(nr_fork(nr, &self, 0, fix_waiting, NULL));
	forking = false;
	pthread_join(t, NULL);
	ledger_in_apply = NULL;
	ok(served == 1 && get(nr, &self, 2) == 2, "who forks serves who came meanwhile");
	nr_destroy(nr);
}

/*
 * A replica is dropped while callers are on their way to it: a signal stops them, at any instruction, until the drop
 * is over (or for a while, for they may be stopped inside).
 */

static _Atomic u32 drops;

static void stopped(int sig)
{
	u32 seen = atomic_load(&drops);

	(void)sig;
	for (int i = 0; i < 50 && atomic_load(&drops) == seen; i++)
		sched_yield();
}

static void *traveller(void *arg)
{
	struct nr_self self = { .id = 1 + (u32)(size_t)arg, .node = 1 };
	u64 last = 0;

	watch_start("on the way to a dropped replica");
	while (!atomic_load(&stop)) {
		const struct ledger *l;

		if (arg)
			put(nr, &self, 3, 3);
		watch_reset();
		l = nr_read_begin(nr, &self, 0);
		if (l->version < last)
			atomic_fetch_add(&mishaps, 1);
		last = l->version;
		nr_read_end(nr, &self, 0);
	}
	return NULL;
}

static void test_travellers(int times)
{
	struct nr_self self = { .id = 0 };
	pthread_t t[2];

	nr = make(3, 32);
	stop = 0;
	signal(SIGUSR1, stopped);
	for (size_t i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, traveller, (void *)i);
	for (int i = 0; i < times; i++) {
		nr_replica_add(nr, &self, 1);
		for (int k = 0; k < i % 40; k++)
			nr_port_relax();
		pthread_kill(t[0], SIGUSR1);
		if (i % 8 == 0)
			pthread_kill(t[1], SIGUSR1);
		nr_replica_drop(nr, &self, 1);
		atomic_fetch_add(&drops, 1);
		for (int k = 0; k < i * 7 % 200; k++) /* let them go on while it is gone */
			nr_port_relax();
		watch_reset();
	}
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	ok(!mishaps && nr_check(nr, &self) == 0, "a replica dropped %d times under callers on their way to it", times);
	nr_destroy(nr);
}

static void flip(void *state)
{
	struct ledger *l = state;

	for (int i = 0; i < LEDGER_EVEN; i++)
		l->even[i] ^= 4;
}

static void break_one(void *state)
{
	((struct ledger *)state)->even[3]++;
}

static void test_checks(void)
{
	struct nr_self self = { .id = 0 };

	nr = make(2, 0);
	for (u32 n = 1; n < 4; n++)
		nr_replica_add(nr, &self, n);
	for (u32 i = 0; i < 100; i++)
		put(nr, &self, i % 10, i + 1);
	ok(nr_check(nr, &self) == 0, "four equal replicas pass the check");
	ok(nr_corrupt(nr, &self, 9, flip) == -ENOENT && nr_corrupt(nr, &self, 2, flip) == 0, "flip one bit in replica 2");
	nr_stats(nr, &self, &st, true);
	ok(st.replica[2].hash != st.replica[0].hash && st.replica[1].hash == st.replica[0].hash, "the hashes tell which");
	ok(nr_check(nr, &self) == -EINVAL, "and the check fails");
	nr_corrupt(nr, &self, 2, flip);
	ok(nr_check(nr, &self) == 0, "flipped back: passes");
	nr_corrupt(nr, &self, 3, break_one);
	ok(nr_check(nr, &self) == -EINVAL, "a replica whose own check fails is found");
	ok(st.replica[1].consumed == 100 && st.replica[0].ops == 100 && st.updates == 100, "counters count");
	nr_destroy(nr);
	ok(nr_host_bytes == 0, "all memory is back");
}

int main(int argc, char **argv)
{
	test_come_and_go();
	test_indices(32);
	test_indices(46);
	test_indices(47);
	test_indices(63);
	test_idle_node();
	test_chunks();
	test_sync_waits_for_readers(0);
	test_sync_waits_for_readers(1);
	test_widen_keeps_readers();
	test_unlist();
	test_guards();
	test_fork();
	test_fork_fix();
	test_claim();
	test_fork_serves();
	test_travellers(argc > 1 ? atoi(argv[1]) : 400);
	test_checks();
	return tap_end();
}
