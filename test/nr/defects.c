/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The five defects found in the reference implementation, each as a test that would have caught it.
 *
 *  a  a writer that waits for room accuses itself of lagging, or gives up            -> writers, a reader, a tiny log
 *  b  a request that comes just after the combiner collected waits for the next one  -> nobody else comes
 *  c  slots grow while a combiner works: an operation is done twice or lost          -> grow under fire, many times
 *  d  an answer is given before other replicas' readers are told to wait for it      -> read elsewhere at once
 *  e  a reader sees half of an operation that touches several things                 -> counters that move together
 */
#include "nr/port.h"
#include "nr/port_host.h"
#include "test/nr/ledger.h"
#include "test/nr/tap.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct nr *nr;
static _Atomic u32 left; /* threads that still work */
static _Atomic u64 wrong;

static struct nr *make(u32 threads, u32 log_slots, u32 replicas, bool wide)
{
	struct nr_config cfg = { .threads = threads, .log_slots = log_slots };
	struct nr_self self = { .id = 0 };
	struct nr *made = nr_create(&ledger_type, &cfg, NULL);

	for (u32 n = 1; n < replicas; n++)
		nr_replica_add(made, &self, n);
	if (wide)
		nr_widen(made, &self);
	return made;
}

static void spawn(pthread_t *t, u32 n, void *(*fn)(void *))
{
	atomic_store(&wrong, 0);
	for (size_t i = 0; i < n; i++)
		pthread_create(&t[i], NULL, fn, (void *)i);
}

static void join(pthread_t *t, u32 n)
{
	for (u32 i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

static u64 updates(void)
{
	static struct nr_stat st;
	struct nr_self self = { .id = 0 };

	nr_stats(nr, &self, &st, false);
	return st.updates;
}

/* a */

enum { A_WRITERS = 3, A_STEPS = 3000 };

static void *a_writer(void *arg)
{
	struct nr_self self = { .id = (u32)(size_t)arg };

	watch_start("a: writers with room to find");
	for (u32 i = 0; i < A_STEPS; i++)
		do_update(nr, &self, NULL, LEDGER_PUT, i % LEDGER_KEYS, i + 1, i % 7 ? 0 : 600);
	atomic_fetch_sub(&left, 1);
	return NULL;
}

static void *a_reader(void *arg)
{
	struct nr_self self = { .id = A_WRITERS, .node = 1 };
	u64 last = 0;

	(void)arg;
	watch_start("a: a reader of the other replica");
	while (atomic_load(&left)) {
		const struct ledger *l = nr_read_begin(nr, &self, 0);

		if (l->version < last)
			atomic_fetch_add(&wrong, 1);
		last = l->version;
		nr_read_end(nr, &self, 0);
		watch_reset();
	}
	return NULL;
}

static void defect_a(void)
{
	struct nr_self self = { .id = 0 };
	pthread_t t[A_WRITERS], reader;

	for (int with_reader = 0; with_reader < 2; with_reader++) {
		nr = make(A_WRITERS + 1, 32, 2, true);
		atomic_store(&left, A_WRITERS);
		spawn(t, A_WRITERS, a_writer);
		if (with_reader)
			pthread_create(&reader, NULL, a_reader, NULL);
		join(t, A_WRITERS);
		if (with_reader)
			pthread_join(reader, NULL);
		ok(!wrong && updates() == A_WRITERS * A_STEPS && nr_check(nr, &self) == 0,
		   "a: three writers on replica 0, %s on replica 1, log of 32 slots: all done, nobody accused",
		   with_reader ? "one reader" : "nobody");
		nr_destroy(nr);
	}
}

/* b: the first operation's apply holds the combiner until a second caller waits; then nobody else calls. */

static _Atomic u32 b_inside, b_waiting, b_done;
static _Atomic u64 b_relaxed_when_free;

static void b_gate(const struct ledger_op *op, bool own)
{
	if (op->key != 1 || !own)
		return;
	atomic_store(&b_inside, 1);
	while (atomic_load(&b_waiting) < 100)
		sched_yield();
}

static void b_count(void)
{
	atomic_fetch_add(&b_waiting, 1);
	if (!atomic_load(&b_done)) /* the combiner still has the lock */
		return;
	if (atomic_fetch_add(&b_relaxed_when_free, 1) > 100000)
		ok(false, "b: the lock is free and the request still waits"), tap_end(), _Exit(1);
}

static void *b_second(void *arg)
{
	struct nr_self self = { .id = 1 };

	(void)arg;
	while (!atomic_load(&b_inside))
		sched_yield();
	nr_host_on_relax = b_count;
	do_update(nr, &self, NULL, LEDGER_PUT, 2, 22, 0);
	return NULL;
}

static void defect_b(bool wide, u32 replicas)
{
	struct nr_self self = { .id = 0 };
	pthread_t second;

	nr = make(2, 0, replicas, wide);
	b_inside = b_waiting = b_done = 0;
	b_relaxed_when_free = 0;
	ledger_in_apply = b_gate;
	pthread_create(&second, NULL, b_second, NULL);
	do_update(nr, &self, NULL, LEDGER_PUT, 1, 11, 0);
	atomic_store(&b_done, 1);
	pthread_join(second, NULL);
	ledger_in_apply = NULL;
	ok(updates() == 2, "b: missed by the combiner, done without another writer (%s, %u replicas; %lu polls after the "
	   "lock was free)", wide ? "own slot" : "shared slot", replicas, (unsigned long)b_relaxed_when_free);
	nr_destroy(nr);
}

/* c */

enum { C_THREADS = 4, C_STEPS = 60, C_ROUNDS = 150 };

static struct history c_hist[C_THREADS];

static void c_stumble(const struct ledger_op *op, bool own)
{
	(void)own;
	if (op->value % 3 == 0)
		sched_yield();
}

static void *c_writer(void *arg)
{
	u32 id = (u32)(size_t)arg;
	struct nr_self self = { .id = id, .node = id % 2 };

	watch_start("c: growing under fire");
	for (u32 i = 1; i <= C_STEPS; i++) {
		do_update(nr, &self, &c_hist[id], LEDGER_PUT, id, i, 0);
		if (id == 3 && i == C_STEPS / 3)
			nr_widen(nr, &self);
		if (i % 8 == 0)
			sched_yield();
	}
	return NULL;
}

static void defect_c(void)
{
	const char *what = NULL, *w;
	u64 model[LEDGER_KEYS];
	pthread_t t[C_THREADS];

	ledger_in_apply = c_stumble;
	for (u32 round = 0; round < C_ROUNDS; round++) {
		nr = make(C_THREADS, 32, 1 + round % 2, false);
		spawn(t, C_THREADS, c_writer);
		join(t, C_THREADS);
		w = history_judge(c_hist, C_THREADS, model);
		what = what ? what : w;
		nr_destroy(nr);
	}
	ledger_in_apply = NULL;
	ok(!what, "c: slots grow while combining, %u times: each operation once%s%s", C_ROUNDS, what ? ": " : "",
	   what ? what : "");
}

/*
 * d: the gate operation holds the combiner until four others wait; the next combiner then finds them all, in order of
 * their ids: a fast one, a slow one, a fast one, a slow one. Whoever of them combines puts himself first; still
 * some fast one stands before a slow one. Who is fast reads on the other replica as soon as he has his answer.
 */

enum { D_OTHERS = 4, D_ROUNDS = 6 };

static _Atomic u32 d_inside, d_waiting, d_read;

static void d_apply(const struct ledger_op *op, bool own)
{
	if (!own || op->key == 1)
		return;
	if (op->key == 0) {
		atomic_store(&d_inside, 1);
		while (atomic_load(&d_waiting) < D_OTHERS)
			sched_yield();
	} else {
		for (int i = 0; i < 1000 && !atomic_load(&d_read); i++)
			sched_yield();
	}
}

static _Thread_local u32 d_polls;

static void d_wait(void)
{
	if (++d_polls == 100)
		atomic_fetch_add(&d_waiting, 1);
}

static void *d_other(void *arg)
{
	u32 id = 1 + (u32)(size_t)arg;
	struct nr_self self = { .id = id }, elsewhere = { .id = 8 + id, .node = 1 };
	struct ledger_ret ret;
	struct ledger_op op;
	size_t len = ledger_make(&op, LEDGER_PUT, id % 2 ? 1 : 2, id, 0);
	const struct ledger *l;

	while (!atomic_load(&d_inside))
		sched_yield();
	nr_host_on_relax = d_wait;
	nr_update(nr, &self, 0, &op, len, &ret, NULL);
	if (id % 2 == 0)
		return NULL;
	l = nr_read_begin(nr, &elsewhere, 0);
	if (l->version < ret.version)
		atomic_fetch_add(&wrong, 1);
	nr_read_end(nr, &elsewhere, 0);
	atomic_store(&d_read, 1);
	return NULL;
}

static void defect_d(void)
{
	struct nr_self self = { .id = 0 };
	pthread_t t[D_OTHERS];
	u64 stale = 0;

	ledger_in_apply = d_apply;
	for (int i = 0; i < D_ROUNDS; i++) {
		nr = make(16, 0, 2, true);
		d_inside = d_waiting = d_read = 0;
		spawn(t, D_OTHERS, d_other);
		do_update(nr, &self, NULL, LEDGER_PUT, 0, 1, 0);
		join(t, D_OTHERS);
		stale += wrong;
		nr_destroy(nr);
	}
	ledger_in_apply = NULL;
	ok(!stale, "d: answered beside slow operations, read at once on another replica: %lu missing", (unsigned long)stale);
}

/* e */

enum { E_WRITERS = 2, E_READERS = 3, E_STEPS = 300 };

static _Atomic u64 e_scans;

static void *e_run(void *arg)
{
	u32 id = (u32)(size_t)arg;
	struct nr_self self = { .id = id, .node = id % 3 };

	watch_start("e: scans and bumps");
	for (u32 i = 0; id < E_WRITERS && (i < E_STEPS || !atomic_load(&e_scans)); i++)
		do_update(nr, &self, NULL, LEDGER_BUMP, 0, 0, 0);
	if (id < E_WRITERS)
		atomic_fetch_sub(&left, 1);
	while (id >= E_WRITERS && atomic_load(&left)) {
		const struct ledger *l = nr_read_begin(nr, &self, 0);
		u64 first = l->even[0];

		sched_yield();
		if (!ledger_even(l) || l->even[0] != first)
			atomic_fetch_add(&wrong, 1);
		nr_read_end(nr, &self, 0);
		atomic_fetch_add(&e_scans, 1);
		watch_reset();
	}
	return NULL;
}

static void e_half_way(void)
{
	sched_yield();
}

static void defect_e(u32 replicas)
{
	pthread_t t[E_WRITERS + E_READERS];

	nr = make(E_WRITERS + E_READERS, 32, replicas, true);
	ledger_half_way = e_half_way;
	atomic_store(&left, E_WRITERS);
	e_scans = 0;
	spawn(t, E_WRITERS + E_READERS, e_run);
	join(t, E_WRITERS + E_READERS);
	ledger_half_way = NULL;
	ok(!wrong && e_scans, "e: %lu scans beside %u operations or more on 16 counters, %u replicas: %lu saw half of one",
	   (unsigned long)e_scans, E_WRITERS * E_STEPS, replicas, (unsigned long)wrong);
	nr_destroy(nr);
}

int main(void)
{
	nr_port_spins = UINT32_MAX; /* these tests count polls; sleepers are in stalls.c */
	defect_a();
	defect_b(false, 1);
	defect_b(true, 1);
	defect_b(true, 2);
	defect_c();
	defect_d();
	defect_e(1);
	defect_e(3);
	return tap_end();
}
