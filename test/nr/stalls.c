/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A thread stops at a step of an update, as a thread of a process may; who goes on, and who waits?
 *
 *   while it writes its operation into the ring    the operation's bytes lie on a page that cannot be read: the signal's
 *                                                  handler stops right in the middle of the copy
 *   while it applies its published batch           in apply
 *   while it applies the log to another replica    in apply, as a helper
 *   under a read guard
 *
 *   while it waits                                 in nr_port_relax: its request is left, and others must serve it
 *
 * The other replica must do PASS updates and reads meanwhile. And whoever waits on the same replica sleeps, and is woken.
 * Evicted, it holds up nobody, for any number of updates; its node gets a fresh copy; and when it goes on, it is told right.
 * And somebody who wants what must wait for it (a drop, another eviction) keeps nobody waiting.
 */
#include "base/errno.h"
#include "nr/port_host.h"
#include "nr/port.h"
#include "test/nr/ledger.h"
#include "test/nr/tap.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

enum { PASS = 200, STOP_KEY = 63, WAITERS = 3 }; /* PASS: less than the log has room for */

static struct nr *nr;
static _Atomic u32 stopped, go_on, met, said, waiting;
static u8 *pages; /* two: the second cannot be read until go_on */

static void stop_here(void)
{
	atomic_store(&stopped, 1);
	while (!atomic_load(&go_on))
		sched_yield();
}

static void await(const _Atomic u32 *flag)
{
	while (!atomic_load(flag))
		sched_yield();
}

/* Starts one of those who stop, and waits until he stands. */
static void stand(pthread_t *t, void *(*stopper)(void *))
{
	atomic_store(&stopped, 0);
	pthread_create(t, NULL, stopper, NULL);
	await(&stopped);
}

static void on_fault(int sig)
{
	(void)sig;
	stop_here();
	mprotect(pages + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static void in_apply(const struct ledger_op *op, bool own)
{
	if (own && op->key == STOP_KEY)
		stop_here();
}

static void in_remote_apply(const struct ledger_op *op, bool own)
{
	if (!own && op->key == STOP_KEY && atomic_fetch_add(&met, 1) == 1) /* replica 1 has it already */
		stop_here();
}

/* The four who stop: all on node 0. */

static void *stops_in_copy(void *arg)
{
	struct nr_self self = { .id = 0 };
	struct ledger_op *op = (struct ledger_op *)(pages + PAGE_SIZE - offsetof(struct ledger_op, data) - 40);
	struct ledger_ret ret;
	size_t len = ledger_make(op, LEDGER_PUT, STOP_KEY, 5, 600);

	mprotect(pages + PAGE_SIZE, PAGE_SIZE, PROT_NONE);
	nr_update(nr, &self, 0, op, len, &ret, NULL);
	return arg;
}

static void *stops_in_apply(void *arg)
{
	struct nr_self self = { .id = 0 };

	atomic_store(&said, (u32)-do_update(nr, &self, NULL, LEDGER_PUT, STOP_KEY, 5, 600));
	return arg;
}

static void *stops_in_apply_1(void *arg)
{
	struct nr_self self = { .id = 2, .node = 1 };

	atomic_store(&said, (u32)-do_update(nr, &self, NULL, LEDGER_PUT, STOP_KEY, 5, 600));
	return arg;
}

/* Its batch is in the log, and it applies another's, which comes before. */
static void in_earlier_apply(const struct ledger_op *op, bool own)
{
	if (!own && op->key == STOP_KEY && !atomic_fetch_add(&met, 1))
		stop_here();
}

static void *stops_before_own(void *arg)
{
	struct nr_self self = { .id = 0 };

	atomic_store(&said, (u32)-do_update(nr, &self, NULL, LEDGER_PUT, 1, 5, 600));
	return arg;
}

static void *stops_helping(void *arg)
{
	struct nr_self self = { .id = 0 };
	struct ledger_ret ret;
	struct ledger_op op;
	u64 index;
	size_t len = ledger_make(&op, LEDGER_PUT, STOP_KEY, 5, 600);

	nr_update(nr, &self, 0, &op, len, &ret, &index);
	nr_sync(nr, &self, index); /* 1, then 2: it stops there */
	return arg;
}

static void *stops_reading(void *arg)
{
	struct nr_self self = { .id = 0 };

	nr_read_begin(nr, &self, 0);
	stop_here();
	nr_read_end(nr, &self, 0);
	return arg;
}

static u64 version_at(struct nr_self *self)
{
	const struct ledger *l = nr_read_begin(nr, self, 0);
	u64 version = l->version;

	nr_read_end(nr, self, 0);
	return version;
}

static void others_go_on(const char *where, void *(*stopper)(void *), u32 replicas,
			 void (*hook)(const struct ledger_op *, bool))
{
	struct nr_config cfg = { .threads = 4 };
	struct nr_self self = { .id = 1, .node = 1 };
	pthread_t t;
	u64 before;

	nr = nr_create(&ledger_type, &cfg, NULL);
	for (u32 n = 1; n < replicas; n++)
		nr_replica_add(nr, &self, n);
	nr_widen(nr, &self);
	go_on = met = 0;
	ledger_in_apply = hook;
	stand(&t, stopper);
	do_update(nr, &self, NULL, LEDGER_BUMP, 0, 0, 0); /* takes what was published before it along */
	before = version_at(&self);
	for (u32 i = 0; i < PASS; i++)
		do_update(nr, &self, NULL, LEDGER_PUT, i % 50, i + 1, 0);
	ok(version_at(&self) == before + PASS, "stopped %s: the other replica does %u updates", where, PASS);
	ledger_in_apply = NULL;
	atomic_store(&go_on, 1);
	pthread_join(t, NULL);
	ok(nr_check(nr, &self) == 0, "and all is well when it goes on");
	nr_destroy(nr);
}

/* Evicted. */

static void *waits_beside(void *arg)
{
	struct nr_self self = { .id = 2 };

	atomic_store(&waiting, 1);
	do_update(nr, &self, NULL, LEDGER_PUT, 2, 7, 0);
	return arg;
}

static bool evicts(struct nr_self *self, const char *where)
{
	struct nr_look look = { 0 };
	bool again = false;
	int err;

	while (nr_stuck(nr, &look) != 1) /* a reader: until a writer waits for him. Others may be off their cores between two looks */
		sched_yield();
	while ((err = nr_evict(nr, self, 1)) == -EAGAIN) {
		again = true;
		sched_yield();
	}
	return ok(!err || (again && err == -ENOENT), "stopped %s: named, and evicted", where);
}

enum fate { ANSWERED, RETRIED, LOST };

static void evicted(const char *where, void *(*stopper)(void *), void (*hook)(const struct ledger_op *, bool), enum fate fate)
{
	static struct nr_stat st;
	struct nr_config cfg = { .threads = 4, .log_slots = 32 };
	struct nr_self self = { .id = 1, .node = 1 }, beside = { .id = 3, .node = 0 };
	s64 lent = nr_host_bytes;
	u64 before, updates = 100 * cfg.log_slots, asleep = nr_host_waits, woken;
	pthread_t t, w;

	nr = nr_create(&ledger_batch_type, &cfg, NULL);
	nr_replica_add(nr, &self, 1);
	nr_widen(nr, &self);
	go_on = met = waiting = said = 0;
	ledger_in_apply = hook;
	if (fate == LOST)
		do_update(nr, &self, NULL, LEDGER_PUT, STOP_KEY, 5, 0); /* replica 0 has not seen it */
	stand(&t, stopper);
	pthread_create(&w, NULL, waits_beside, NULL);
	while (!atomic_load(&waiting) || (stopper != stops_reading && atomic_load(&nr_host_waits) == asleep))
		sched_yield();
	woken = nr_host_wakes;
	evicts(&self, where);
	if (!ok(stopper == stops_reading || nr_host_wakes > woken, "who slept there is woken"))
		atomic_store(&go_on, 1);
	pthread_join(w, NULL);
	before = version_at(&self);
	for (u32 i = 0; i < updates; i++)
		do_update(nr, i % 2 ? &self : &beside, NULL, LEDGER_PUT, 3 + i % 50, i + 1, i % 700);
	ok(version_at(&beside) == before + updates && nr_replica_add(nr, &self, 0) == 0,
	   "others go round the log, and its node gets another replica");
	for (u32 i = 0; i < updates; i++)
		do_update(nr, i % 2 ? &self : &beside, NULL, LEDGER_PUT, 3 + i % 50, i + 1, i % 700);
	ledger_in_apply = NULL;
	atomic_store(&go_on, 1);
	pthread_join(t, NULL);
	nr_stats(nr, &self, &st, true);
	ok(atomic_load(&said) == (fate == LOST ? EOWNERDEAD : 0) && version_at(&self) == before + 2 * updates + (fate == RETRIED),
	   "when it goes on, %s", fate == LOST ? "it hears that its result is lost, and it took effect once" : "it has its result");
	ok(st.evictions == 1 && st.evicted == 0 && nr_check(nr, &self) == 0, "and its memory is back");
	nr_destroy(nr);
	ok(nr_host_bytes == lent, "all of it");
}

/* A reader stands on one of three replicas. */

static _Atomic u32 dropped;

static void *drops_2(void *arg)
{
	struct nr_self self = { .id = 2, .node = 1 };

	nr_replica_drop(nr, &self, 2);
	atomic_store(&dropped, 1);
	return arg;
}

static void three(u32 log_slots)
{
	struct nr_config cfg = { .threads = 4, .log_slots = log_slots };
	struct nr_self self = { .id = 3 };

	nr = nr_create(&ledger_type, &cfg, NULL);
	nr_replica_add(nr, &self, 1);
	nr_replica_add(nr, &self, 2);
	nr_widen(nr, &self);
	stopped = go_on = met = dropped = said = 0;
}

/* An update, if it need not wait for ever: others may have the gate for NR_PATIENCE polls at a time. */
static bool goes_on(struct nr_self *self)
{
	struct ledger_op op;
	size_t len = ledger_make(&op, LEDGER_PUT, 1, 2, 0);

	return nr_update_timeout(nr, self, 0, &op, len, NULL, NULL, 1000 * NR_PATIENCE) == 0;
}

static void drop_beside_reader(void)
{
	struct nr_self self = { .id = 1, .node = 1 };
	pthread_t r, d;
	u32 done = 0;

	three(0);
	stand(&r, stops_reading);
	goes_on(&self); /* replica 0 has something to apply */
	pthread_create(&d, NULL, drops_2, NULL);
	while (done < PASS && goes_on(&self))
		done++;
	ok(done == PASS && !atomic_load(&dropped), "a drop waits for a reader on a third replica: %u updates pass by", done);
	ok(evicts(&self, "under a read guard, a drop waiting"), "the reader is named for it");
	pthread_join(d, NULL);
	ok(nr_replicas(nr) == 1 && goes_on(&self), "then the drop has its way");
	atomic_store(&go_on, 1);
	pthread_join(r, NULL);
	ok(nr_check(nr, &self) == 0, "and all is well when the reader goes on");
	nr_destroy(nr);
}

/* A combiner stands on 1, a reader on 0: who evicts the one hears of the other. */
static void evict_beside_reader(void)
{
	static struct nr_stat st;
	struct nr_self self = { .id = 1, .node = 2 };
	struct nr_look look = { 0 };
	pthread_t r, c;
	u64 nodes = 2;
	int err;

	three(32);
	stand(&r, stops_reading);
	ledger_in_apply = in_apply;
	stand(&c, stops_in_apply_1);
	while ((err = nr_evict(nr, &self, nodes)) == -EAGAIN)
		nodes |= nr_stuck(nr, &look);
	ok(!err && nodes == 3 && nr_replicas(nr) == 1, "an eviction that a reader on another replica bars, and then he is evicted too");
	ok(goes_on(&self), "the last replica goes on");
	ledger_in_apply = NULL;
	atomic_store(&go_on, 1);
	pthread_join(r, NULL);
	pthread_join(c, NULL);
	nr_stats(nr, &self, &st, true);
	ok(st.log_slots == 0 && st.evicted == 0 && goes_on(&self), "with one left, and all others out, there is no log");
	ok(nr_replica_add(nr, &self, 0) == 0 && goes_on(&self) && nr_check(nr, &self) == 0, "and it may begin again");
	nr_destroy(nr);
}

/* Sleep: the combiner stops in apply; the others leave requests, and take few polls for it. */

static _Atomic u64 polls;

static void *waiter(void *arg)
{
	struct nr_self self = { .id = 1 + (u32)(size_t)arg };

	do_update(nr, &self, NULL, LEDGER_PUT, self.id, self.id, 0);
	atomic_fetch_add(&polls, nr_host_relaxed);
	return NULL;
}

static void waiters_sleep(u32 replicas)
{
	struct nr_config cfg = { .threads = 1 + WAITERS };
	struct nr_self self = { .id = 0 };
	pthread_t t, w[WAITERS];
	u64 asleep = nr_host_waits;

	nr = nr_create(&ledger_type, &cfg, NULL);
	for (u32 n = 1; n < replicas; n++)
		nr_replica_add(nr, &self, n);
	nr_widen(nr, &self);
	go_on = 0;
	polls = 0;
	ledger_in_apply = in_apply;
	stand(&t, stops_in_apply);
	for (size_t i = 0; i < WAITERS; i++)
		pthread_create(&w[i], NULL, waiter, (void *)i);
	while (atomic_load(&nr_host_waits) < asleep + WAITERS)
		sched_yield();
	for (int i = 0; i < 5000; i++)
		sched_yield();
	atomic_store(&go_on, 1);
	pthread_join(t, NULL);
	for (int i = 0; i < WAITERS; i++)
		pthread_join(w[i], NULL);
	ledger_in_apply = NULL;
	ok(version_at(&self) == 1 + WAITERS && polls < 50ull * WAITERS * nr_port_spins,
	   "%u waiters slept behind a stopped combiner, %lu polls in all, and were woken (%u replicas)", WAITERS,
	   (unsigned long)polls, replicas);
	nr_destroy(nr);
}

static void stop_waiting(void)
{
	atomic_store(&waiting, 1);
	while (atomic_load(&waiting))
		sched_yield();
}

static void *stops_waiting(void *arg)
{
	nr_host_on_relax = stop_waiting;
	return waiter(arg);
}

/* Others update in place: they go by whoever waits, but not for ever. */
static void served_in_passing(void)
{
	struct nr_config cfg = { .threads = 2 };
	struct nr_self self = { .id = 0 };
	pthread_t t, w;
	u64 n = 0;

	nr = nr_create(&ledger_type, &cfg, NULL);
	nr_widen(nr, &self);
	go_on = waiting = 0;
	ledger_in_apply = in_apply;
	stand(&t, stops_in_apply);
	pthread_create(&w, NULL, stops_waiting, NULL);
	await(&waiting);
	atomic_store(&go_on, 1);
	pthread_join(t, NULL);
	do
		do_update(nr, &self, NULL, LEDGER_PUT, 3, ++n, 0);
	while (version_at(&self) == 1 + n && n < 10 * NR_PASS);
	atomic_store(&waiting, 0);
	pthread_join(w, NULL);
	ledger_in_apply = NULL;
	ok(n > 1 && n <= NR_PASS && version_at(&self) == 2 + n, "%lu updates in place went by a waiter", (unsigned long)n);
	nr_destroy(nr);
}

/* Who has found a gate shut often looks at it seldom; one who has little time does so before it is over. */
static void timed_looks(void)
{
	struct nr_config cfg = { .threads = 3 };
	struct nr_self self = { .id = 0 };
	struct ledger_op op;
	size_t len = ledger_make(&op, LEDGER_PUT, 1, 2, 0);
	pthread_t t;
	int shut, open;

	nr = nr_create(&ledger_type, &cfg, NULL);
	nr_widen(nr, &self);
	go_on = 0;
	ledger_in_apply = in_apply;
	stand(&t, stops_in_apply_1);
	shut = nr_update_timeout(nr, &self, 0, &op, len, NULL, NULL, 10000);
	atomic_store(&go_on, 1);
	pthread_join(t, NULL);
	ledger_in_apply = NULL;
	open = nr_update_timeout(nr, &self, 0, &op, len, NULL, NULL, 1);
	ok(shut == -ETIMEDOUT && open == 0, "an update of one poll gets a free gate, whatever its caller met before");
	nr_destroy(nr);
}

int main(void)
{
	pages = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	signal(SIGSEGV, on_fault);
	watch_start("beside a stopped thread");
	others_go_on("while it writes its operation", stops_in_copy, 2, NULL);
	others_go_on("while it applies its batch", stops_in_apply, 2, in_apply);
	others_go_on("while it helps a third replica", stops_helping, 3, in_remote_apply);
	others_go_on("under a read guard", stops_reading, 2, NULL);
	evicted("while it applies its batch", stops_in_apply, in_apply, ANSWERED);
	evicted("while it applies what comes before its batch", stops_before_own, in_earlier_apply, LOST);
	evicted("while it writes its operation", stops_in_copy, NULL, RETRIED);
	evicted("under a read guard, a writer waiting", stops_reading, NULL, ANSWERED);
	drop_beside_reader();
	evict_beside_reader();
	waiters_sleep(1);
	waiters_sleep(2);
	served_in_passing();
	timed_looks();
	return tap_end();
}
