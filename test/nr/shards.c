/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Families: several logs, operations that span them, views of several at once.
 *
 *   model   random programs of one thread, replicas coming and going: each result is the sequential model's
 *   bank    threads move money between parts while others add it up: the sum never changes
 *   order   the reference's open issue 18: what returned is seen, on whatever replica, by whatever call
 *   scan    the reference's scans: a view never sees half an operation, nor an effect without its cause
 *   memory  each allocation fails in turn: a refused span happened nowhere, and nothing is lost
 *   fork    a copy of one moment
 *   suite   histories of reads, updates, spans and views, judged by search (lin.h)
 *   fair    who spans serves the updates that came meanwhile; a view that only met a writer is no span
 */
#include "base/errno.h"
#include "nr/internal.h"
#include "nr/port_host.h"
#include "test/nr/ledger.h"
#include "test/nr/row.h"
#include "test/nr/tap.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, CHURNER = THREADS, START = 1000 };

static struct nr_shards *s;
static _Atomic u64 wrong, views, moves, refused;
static _Atomic bool over;
static _Atomic u32 lookers; /* who work until they are done; then it is over */
static u32 parts, replicas, scale = 100;

static u64 all(void)
{
	return (1ull << parts) - 1;
}

static struct nr_shards *make(const struct nr_type *type, bool wide)
{
	struct nr_shards_config cfg = { .each = { .threads = THREADS + 2, .log_slots = 32, .wide = wide }, .shards = parts };
	struct nr_self self = { .id = 0 };
	u64 was;

	s = nr_shards_create(type, &cfg, NULL);
	for (u32 n = 1; n < replicas; n++)
		nr_shards_replica_add(s, &self, n);
	for (u32 p = 0; p < parts; p++)
		row_do(s, &self, ROW_ADD, ROW_ARG(p, 0, START), &was);
	return s;
}

static void stumble(unsigned shard)
{
	static _Thread_local u32 n;

	if (++n % 7 == shard % 7)
		sched_yield();
}

static void spawn(pthread_t *t, u32 n, void *(*fn)(void *))
{
	atomic_store(&wrong, 0);
	atomic_store(&over, false);
	atomic_store(&lookers, 2);
	for (size_t i = 0; i < n; i++)
		pthread_create(&t[i], NULL, fn, (void *)i);
}

static void join(pthread_t *t, u32 n)
{
	for (u32 i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

/* A random operation: its kind and arg. */
static u32 draw(u32 *seed, u32 *arg)
{
	u32 kind = rnd(seed) % ROW_KINDS, a = rnd(seed) % parts, b = rnd(seed) % parts, amount = rnd(seed) % 300;

	if (a == b)
		b = (a + 1) % parts;
	*arg = kind == ROW_VIEW ? ROW_ARG(1 + rnd(seed) % (u32)all(), 0, 0) :
	       kind == ROW_READ ? ROW_ARG(a, 0, 0) : ROW_ARG(a, b, amount);
	return kind;
}

static void change_replicas(struct nr_self *self, u32 *seed, u32 nodes)
{
	u32 node = rnd(seed) % nodes;

	if (rnd(seed) % 2)
		nr_shards_replica_add(s, self, node);
	else
		nr_shards_replica_drop(s, self, node);
}

/* model */

static void test_model(u32 n_parts, u32 n_replicas)
{
	struct nr_self self = { .id = 0 };
	struct lin_state model = { 0 };
	u32 seed = n_parts * 31 + n_replicas, bad = 0, steps = 40 * scale;
	s64 before = nr_host_bytes;

	parts = n_parts, replicas = n_replicas;
	make(&row_note_type, n_replicas % 2);
	for (u32 p = 0; p < parts; p++)
		model.cell[p] = START;
	for (u32 i = 0; i < steps; i++) {
		u32 arg, kind = draw(&seed, &arg);
		u64 got = 0;

		self.node = rnd(&seed) % 4;
		bad += row_do(s, &self, kind, arg, &got) != 0 || got != row_model.step(&model, kind, arg);
		if (rnd(&seed) % 50 == 0)
			change_replicas(&self, &seed, n_replicas);
	}
	bad += nr_shards_check(s, &self) != 0;
	nr_shards_destroy(s);
	ok(!bad, "model: %u shards, up to %u replicas: %u of %u results differ", parts, replicas, bad, steps);
	ok(nr_host_bytes == before, "model: all memory is back");
}

/* bank */

static void *teller(void *arg)
{
	u32 id = (u32)(size_t)arg, seed = 5 + 33 * id;
	struct nr_self self = { .id = id, .node = id % replicas };
	u64 had;

	watch_start("bank");
	for (u32 i = 0; i < 10 * scale; i++) {
		u32 a = rnd(&seed) % parts, b = (a + 1 + rnd(&seed) % (parts - 1)) % parts;

		watch_reset();
		if (rnd(&seed) % 3 == 0) {
			if (row_sum(s, &self, all()) != (u64)START * parts)
				atomic_fetch_add(&wrong, 1);
			atomic_fetch_add(&views, 1);
		} else if (row_do(s, &self, ROW_MOVE, ROW_ARG(a, b, rnd(&seed) % 400), &had) == 0) {
			atomic_fetch_add(&moves, 1);
		} else {
			atomic_fetch_add(&refused, 1);
		}
	}
	return NULL;
}

static void *churner(void *arg)
{
	struct nr_self self = { .id = CHURNER };
	u32 seed = 4242;

	(void)arg;
	watch_start("bank's churn");
	while (!atomic_load(&over)) {
		watch_reset();
		self.node = rnd(&seed) % replicas;
		if (rnd(&seed) % 8)
			change_replicas(&self, &seed, replicas);
		else if (rnd(&seed) % 2)
			nr_shards_poll(s, &self);
		else if (nr_shards_check(s, &self))
			atomic_fetch_add(&wrong, 1);
		for (int i = 0; i < 50; i++)
			nr_port_relax();
	}
	return NULL;
}

static u64 changes_of(struct nr_self *self)
{
	u64 sum = 0;

	for (u32 p = 0; p < parts; p++) {
		sum += ((const struct row_part *)nr_shards_read_begin(s, self, p))->changes;
		nr_shards_read_end(s, self, p);
	}
	return sum;
}

static void test_bank(u32 n_parts, u32 n_replicas, bool churn, s64 fail_every)
{
	struct nr_self self = { .id = CHURNER + 1 };
	pthread_t t[THREADS], c;
	struct nr_shards_stat st;
	s64 before = nr_host_bytes;
	u64 changes;

	parts = n_parts, replicas = n_replicas;
	views = moves = refused = row_released = 0;
	make(&row_note_type, n_parts % 2);
	nr_host_fail_every = fail_every;
	row_in_apply = stumble;
	spawn(t, THREADS, teller);
	if (churn)
		pthread_create(&c, NULL, churner, NULL);
	join(t, THREADS);
	atomic_store(&over, true);
	if (churn)
		pthread_join(c, NULL);
	row_in_apply = NULL;
	nr_host_fail_every = 0;
	nr_shards_stats(s, &st);
	changes = changes_of(&self);
	ok(!wrong && row_sum(s, &self, all()) == (u64)START * parts && nr_shards_check(s, &self) == 0,
	   "bank: %u shards, %u replicas%s: %lu moves, %lu sums, all the same (%lu looked again, %lu ordered)%s", parts, replicas,
	   churn ? " that come and go" : "", (unsigned long)moves, (unsigned long)views, (unsigned long)st.views_again,
	   (unsigned long)st.views_ordered, nr_shards_check(s, &self) ? " replicas differ" : "");
	nr_shards_destroy(s);
	ok(nr_host_bytes == before && row_released == changes, "bank: all memory is back; %lu operations released, once each",
	   (unsigned long)row_released);
	if (fail_every)
		printf("# %lu moves were refused for memory\n", (unsigned long)refused);
}

/* Two threads look so and so often while two others work. */
static void stop_with_the_last(void)
{
	if (atomic_fetch_sub(&lookers, 1) == 1)
		atomic_store(&over, true);
}

/* order: a thread adds to one part and tells; who is told looks on another replica, by each of the calls that can. */

static _Atomic u64 told[THREADS]; /* by part: what it is at least. Relaxed: it is nr that must order */

static void *order_writer(void *arg)
{
	u32 id = (u32)(size_t)arg;
	struct nr_self self = { .id = id, .node = id % replicas };
	u64 was;

	watch_start("order");
	for (u32 i = 0; !atomic_load(&over); i++) {
		was = 1;
		if (id % 2 || i % 3)
			row_do(s, &self, ROW_ADD, ROW_ARG(id, 0, 1), &was);
		else
			row_do(s, &self, ROW_MOVE, ROW_ARG(parts - 1, id, 1), &was);
		atomic_fetch_add_explicit(&told[id], was > 0, memory_order_relaxed);
		watch_reset();
	}
	return NULL;
}

static void order_look(const struct nr_view *view, void *arg)
{
	const u64 *least = arg;

	for (u32 p = 0; p < 2; p++)
		if (((const struct row_part *)view->state[p])->number < START + least[p])
			atomic_fetch_add(&wrong, 1);
}

static void order_plan(const struct nr_view *view, struct nr_plan *plan, void *arg)
{
	(void)plan;
	order_look(view, arg);
}

static void *order_reader(void *arg)
{
	u32 id = (u32)(size_t)arg;
	struct nr_self self = { .id = id, .node = (id + 1) % replicas };

	watch_start("order");
	for (u32 i = 0; i < 10 * scale; i++) {
		u64 least[2], got;

		for (u32 p = 0; p < 2; p++)
			least[p] = atomic_load_explicit(&told[p], memory_order_relaxed);

		watch_reset();
		if (row_do(s, &self, ROW_READ, id % 2, &got) || got < START + least[id % 2])
			atomic_fetch_add(&wrong, 1);
		if (id == 2)
			nr_shards_view(s, &self, 3, order_look, least);
		else
			nr_shards_span(s, &self, 3, order_plan, least, NULL);
		atomic_fetch_add(&views, 1);
	}
	stop_with_the_last();
	return NULL;
}

static void *order_run(void *arg)
{
	return (size_t)arg < 2 ? order_writer(arg) : order_reader(arg);
}

static void test_order(u32 n_replicas)
{
	struct nr_self self = { .id = 0 };
	pthread_t t[THREADS];
	u64 was;

	parts = 3, replicas = n_replicas;
	make(&row_type, true);
	for (int i = 0; i < 10; i++)
		row_do(s, &self, ROW_ADD, ROW_ARG(2, 0, 30000), &was);
	told[0] = told[1] = views = 0;
	row_in_apply = stumble;
	spawn(t, THREADS, order_run);
	join(t, THREADS);
	row_in_apply = NULL;
	ok(!wrong, "order (issue 18): %u replicas: %lu looks at what had returned elsewhere, %lu stale", replicas,
	   (unsigned long)views, (unsigned long)wrong);
	nr_shards_destroy(s);
}

/* scan: spans add one to every part; between two of them thread 1 adds to part 0 and then to part 1. */

static void scan_plan(const struct nr_view *view, struct nr_plan *plan, void *arg)
{
	s64 one = 1;

	(void)arg;
	for (u32 p = 0; p < parts; p++)
		if (view->mask >> p & 1)
			nr_plan_apply(plan, p, &one, sizeof(one));
}

static u64 number_of(const struct nr_view *view, u32 p)
{
	return ((const struct row_part *)view->state[p])->number;
}

static void scan_look(const struct nr_view *view, void *arg)
{
	u64 ahead = number_of(view, 0) - number_of(view, 1);
	bool good = ahead <= 1; /* never below: the cause without the effect is all there may be */

	(void)arg;
	for (u32 p = 3; p < parts; p++)
		good = good && number_of(view, p) == number_of(view, 2);
	if (!good)
		atomic_fetch_add(&wrong, 1);
	atomic_fetch_add(&views, 1);
}

static void *scan_run(void *arg)
{
	u32 id = (u32)(size_t)arg;
	struct nr_self self = { .id = id, .node = id % replicas };
	u64 was;

	watch_start("scan");
	while (id < 2 && !atomic_load(&over)) {
		watch_reset();
		if (id == 0)
			nr_shards_span(s, &self, all(), scan_plan, NULL, NULL);
		else
			for (u32 p = 0; p < 2; p++)
				row_do(s, &self, ROW_ADD, ROW_ARG(p, 0, 1), &was);
	}
	for (u32 i = 0; id >= 2 && i < 10 * scale; i++) {
		nr_shards_view(s, &self, all(), scan_look, NULL);
		watch_reset();
	}
	if (id >= 2)
		stop_with_the_last();
	return NULL;
}

static void test_scan(u32 n_replicas)
{
	pthread_t t[THREADS];

	parts = 6, replicas = n_replicas;
	make(&row_type, n_replicas % 2);
	views = 0;
	row_in_apply = stumble;
	spawn(t, THREADS, scan_run);
	join(t, THREADS);
	row_in_apply = NULL;
	ok(!wrong && views, "scan: %u replicas: %lu views of six parts beside spans of all, and steps of two; %lu saw half",
	   replicas, (unsigned long)views, (unsigned long)wrong);
	nr_shards_destroy(s);
}

/* memory: the n-th allocation and all after it fail, for each n, while one span after the other is tried. */

static void test_memory(u32 n_replicas)
{
	struct nr_self self = { .id = 0 };
	u32 bad = 0, no = 0, failed_makes = 0;
	s64 before = nr_host_bytes;
	u64 had;

	parts = 3, replicas = n_replicas;
	for (s64 n = 0; n < 60; n++) {
		struct nr_shards_config cfg = { .each = { .threads = 2 }, .shards = parts };

		nr_host_fail_from = nr_host_allocs + n;
		nr_host_fail_to = nr_host_fail_from + 4;
		s = nr_shards_create(&row_note_type, &cfg, NULL);
		failed_makes += !s;
		if (!s)
			continue;
		for (u32 i = 1; i < replicas; i++)
			nr_shards_replica_add(s, &self, i);
		for (u32 p = 0; p < parts; p++)
			bad += nr_replicas(nr_shard(s, p)) != nr_replicas(nr_shard(s, 0));
		row_do(s, &self, ROW_ADD, ROW_ARG(0, 0, 100), &had);
		for (u32 i = 0; i < 3; i++)
			no += row_do(s, &self, ROW_MOVE, ROW_ARG(0, 1, 1), &had) == -ENOMEM;
		nr_host_fail_from = 0;
		nr_host_fail_to = 0;
		had = row_sum(s, &self, 7);
		bad += (had != 100 && had != 0) || nr_shards_check(s, &self);
		nr_shards_destroy(s);
	}
	nr_host_fail_from = 0;
	nr_host_fail_to = 0;
	ok(!bad && no && failed_makes, "memory: %u replicas: %u spans and %u families refused, nothing half done", replicas, no,
	   failed_makes);
	ok(nr_host_bytes == before, "memory: all of it is back");
}

/* fork */

static void fork_fix(void *const state[], void *arg)
{
	*(u64 *)arg = 0;
	for (u32 p = 0; p < parts; p++)
		*(u64 *)arg += ((struct row_part *)state[p])->number;
}

static void *fork_run(void *arg)
{
	u32 id = (u32)(size_t)arg, seed = id;
	struct nr_self self = { .id = id, .node = id % replicas };
	u64 sum, had;

	watch_start("fork");
	for (u32 i = 0; i < 4 * scale && id; i++) {
		row_do(s, &self, ROW_MOVE, ROW_ARG(rnd(&seed) % 2, 2 + rnd(&seed) % 2, 1), &had);
		row_do(s, &self, ROW_MOVE, ROW_ARG(2 + rnd(&seed) % 2, rnd(&seed) % 2, 1), &had);
		watch_reset();
	}
	for (u32 i = 0; i < scale / 2 && !id; i++) {
		struct nr_shards *child = nr_shards_fork(s, &self, i % 2, fork_fix, &sum);

		watch_reset();
		row_do(child, &self, ROW_MOVE, ROW_ARG(0, 3, 1), &had);
		if (sum != START * 4 || row_sum(child, &self, 15) != START * 4 || nr_shards_check(child, &self))
			atomic_fetch_add(&wrong, 1);
		nr_shards_destroy(child);
	}
	return NULL;
}

static void give_way(unsigned shard)
{
	(void)shard;
	sched_yield();
}

static void test_fork(u32 n_replicas)
{
	pthread_t t[THREADS];
	s64 before = nr_host_bytes;

	parts = 4, replicas = n_replicas;
	make(&row_note_type, true);
	row_in_apply = give_way;
	spawn(t, THREADS, fork_run);
	join(t, THREADS);
	row_in_apply = NULL;
	nr_shards_destroy(s);
	ok(!wrong && nr_host_bytes == before, "fork: %u replicas: %u copies under load, each of one moment", replicas, scale / 2);
}

/* suite */

enum { EACH = 8 };

static struct lin_op op[THREADS * EACH];
static _Atomic u64 now; /* relaxed: it must not order what nr should */
static pthread_barrier_t start, end;
static u32 rounds;

static u64 stamp_now(void)
{
	return 1 + atomic_fetch_add_explicit(&now, 1, memory_order_relaxed);
}

static void *suite_caller(void *arg)
{
	u32 id = (u32)(size_t)arg, seed = 99 + 71 * id;
	struct nr_self self = { .id = id, .node = id % replicas };

	watch_start("a history");
	for (u32 r = 0; r < rounds; r++) {
		pthread_barrier_wait(&start);
		for (u32 i = 0; i < EACH; i++) {
			struct lin_op *o = &op[id * EACH + i];

			watch_reset();
			o->kind = draw(&seed, &o->arg);
			o->call = stamp_now();
			row_do(s, &self, o->kind, o->arg, &o->result);
			o->end = stamp_now();
		}
		pthread_barrier_wait(&end);
	}
	return NULL;
}

static void suite_state(const struct nr_view *view, void *arg)
{
	struct lin_state *to = arg;

	for (u32 p = 0; p < parts; p++)
		to->cell[p] = (u32)number_of(view, p);
}

static void test_suite(u32 n_parts, u32 n_replicas, bool churn)
{
	struct nr_self self = { .id = CHURNER + 1 };
	struct lin_state before = { 0 }, after;
	pthread_t t[THREADS], c;
	u32 bad = 0;

	parts = n_parts, replicas = n_replicas;
	rounds = scale / 2 + 1;
	make(&row_type, n_replicas != 3);
	row_in_apply = stumble;
	nr_shards_view(s, &self, all(), suite_state, &before);
	spawn(t, THREADS, suite_caller);
	if (churn)
		pthread_create(&c, NULL, churner, NULL);
	for (u32 r = 0; r < rounds; r++) {
		pthread_barrier_wait(&start);
		pthread_barrier_wait(&end);
		after = before;
		lin_order(op, THREADS * EACH);
		bad += !lin_check(&row_model, &after, op, THREADS * EACH);
		nr_shards_view(s, &self, all(), suite_state, &before);
	}
	atomic_store(&over, true);
	join(t, THREADS);
	if (churn)
		pthread_join(c, NULL);
	row_in_apply = NULL;
	ok(!bad && nr_shards_check(s, &self) == 0, "suite: %u histories over %u shards, %u replicas%s: %u not linearizable", rounds,
	   parts, replicas, churn ? " that come and go" : "", bad);
	nr_shards_destroy(s);
}

/* fair */

static _Atomic u32 writing, may_write, wrote;
static _Thread_local bool spans;
static _Thread_local u32 relaxed;
static u32 served;

static void count_served(unsigned shard)
{
	(void)shard;
	served += spans;
}

static void *adds(void *arg)
{
	struct nr_self self = { .id = 1 };
	u64 was;

	while (arg && !atomic_load(&may_write)) /* until the span has begun */
		sched_yield();
	row_do(s, &self, ROW_ADD, ROW_ARG(1, 0, 5), &was);
	atomic_store(&wrote, 1);
	return arg;
}

/* Applies nothing itself: what this thread applies after it is another's. */
static void plan_to_wait(const struct nr_view *view, struct nr_plan *plan, void *arg)
{
	u64 asleep = nr_host_waits;

	(void)view, (void)plan, (void)arg;
	atomic_store(&may_write, 1);
	while (nr_host_waits == asleep)
		sched_yield();
	spans = true;
}

static void test_serve(u32 n_replicas)
{
	struct nr_self self = { .id = 0 };
	pthread_t t;

	parts = 2, replicas = n_replicas;
	make(&row_type, n_replicas % 2);
	served = 0;
	may_write = 0;
	row_in_apply = count_served;
	pthread_create(&t, NULL, adds, &self);
	nr_shards_span(s, &self, all(), plan_to_wait, NULL, NULL);
	spans = false;
	pthread_join(t, NULL);
	row_in_apply = NULL;
	ok(served == 1 && row_sum(s, &self, all()) == 2 * START + 5, "%u replicas: who spans serves who came meanwhile", n_replicas);
	nr_shards_destroy(s);
}

static void stand_in_apply(unsigned shard)
{
	(void)shard;
	atomic_store(&writing, 1);
	while (!atomic_load(&may_write))
		sched_yield();
}

/* The viewer's: when he has met the writer for a while, it goes on. */
static void let_write(void)
{
	if (++relaxed < 4 * NR_VIEW_TRIES)
		return;
	atomic_store(&may_write, 1);
	while (!atomic_load(&wrote))
		sched_yield();
}

static void test_barred(u32 n_replicas)
{
	struct nr_self self = { .id = 0 };
	struct nr_shards_stat st;
	pthread_t t;
	u64 sum;

	parts = 2, replicas = n_replicas;
	make(&row_type, true);
	writing = may_write = wrote = 0;
	row_in_apply = stand_in_apply;
	pthread_create(&t, NULL, adds, NULL);
	while (!atomic_load(&writing))
		sched_yield();
	relaxed = 0;
	nr_host_on_relax = let_write;
	sum = row_sum(s, &self, all());
	nr_host_on_relax = NULL;
	pthread_join(t, NULL);
	row_in_apply = NULL;
	nr_shards_stats(s, &st);
	ok(sum == 2 * START + 5 && st.views_ordered == 0, "%u replicas: a view waits for a writer as a read does", n_replicas);
	nr_shards_destroy(s);
}

int main(int argc, char **argv)
{
	scale = argc > 1 ? (u32)atoi(argv[1]) : 100;
	pthread_barrier_init(&start, NULL, THREADS + 1);
	pthread_barrier_init(&end, NULL, THREADS + 1);
	test_model(2, 1);
	test_model(3, 2);
	test_model(8, 4);
	test_bank(2, 1, false, 0);
	test_bank(2, 2, false, 0);
	test_bank(5, 3, true, 0);
	test_bank(8, 4, true, 0);
	test_bank(3, 2, true, 7);
	test_order(1);
	test_order(2);
	test_scan(1);
	test_scan(3);
	test_memory(1);
	test_memory(2);
	test_fork(1);
	test_fork(2);
	test_suite(2, 1, false);
	test_suite(2, 2, false);
	test_suite(4, 3, true);
	test_serve(1);
	test_serve(2);
	test_barred(1);
	test_barred(2);
	return tap_end();
}
