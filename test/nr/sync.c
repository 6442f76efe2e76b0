/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* nr/sync under threads: exclusion and order of the lock, nothing lost or reordered in a mailbox, one last put. */
#include "nr/sync/lock.h"
#include "nr/sync/mpsc.h"
#include "nr/sync/once.h"
#include "nr/sync/pin.h"
#include "nr/sync/refs.h"
#include "nr/sync/seq.h"
#include "test/nr/tap.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 6, ROUNDS = 4000 };

static void run(void *(*fn)(void *))
{
	pthread_t t[THREADS];

	for (long i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, fn, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
}

static struct lock lock = LOCK_INIT;
static long under_lock; /* plain: the lock protects it */

static void *locker(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (((long)arg + i) % 3 == 0)
			while (!lock_try(&lock))
				nr_port_relax();
		else if (((long)arg + i) % 3 == 1)
			lock_acquire_in_turn(&lock);
		else
			lock_acquire(&lock);
		under_lock++;
		lock_release(&lock);
	}
	return NULL;
}

static void test_lock(void)
{
	u32 first, second;

	run(locker);
	ok(under_lock == (long)THREADS * ROUNDS, "lock: %ld exclusive increments", under_lock);
	first = lock_queue(&lock);
	second = lock_queue(&lock);
	ok(lock_my_turn(&lock, first) && !lock_my_turn(&lock, second), "lock: served in order of arrival");
	lock_release(&lock);
	ok(!lock_try(&lock), "lock: try does not overtake the queue");
	ok(lock_my_turn(&lock, second), "lock: the next one's turn");
	lock_release(&lock);
	ok(!lock_held(&lock) && lock_try(&lock) && lock_held(&lock), "lock: free again, then held");
	lock_release(&lock);
}

struct letter {
	struct mpsc_node node;
	long from, seq;
};

static struct mpsc box = MPSC_INIT;
static _Atomic long writers_left = THREADS - 1;

static void *mailer(void *arg)
{
	static bool in_order = true;
	static long next[THREADS], got;

	if (arg) {
		for (long i = 0; i < ROUNDS; i++) {
			struct letter *l = malloc(sizeof(*l));

			*l = (struct letter){ .from = (long)arg, .seq = i };
			mpsc_push(&box, &l->node);
		}
		atomic_fetch_sub(&writers_left, 1);
		return NULL;
	}
	for (;;) {
		bool last = atomic_load(&writers_left) == 0;

		for (struct mpsc_node *n = mpsc_take_all(&box), *older; n; n = older) {
			struct letter *l = container_of(n, struct letter, node);

			older = n->next;
			in_order = in_order && l->seq == next[l->from]++;
			got++;
			free(l);
		}
		if (last)
			break;
		nr_port_relax();
	}
	ok(in_order, "mpsc: each sender's letters arrive in order");
	ok(got == (long)(THREADS - 1) * ROUNDS && mpsc_empty(&box), "mpsc: %ld letters, none lost", got);
	return NULL;
}

static struct refs *shared;
static _Atomic long last_puts, too_late;
static struct once once = ONCE_INIT;
static long once_count; /* plain: written by one, read after it is done */

static void *sharer(void *arg)
{
	(void)arg;
	if (once_begin(&once)) {
		once_count++;
		once_done(&once);
	}
	if (once_count != 1)
		atomic_fetch_add(&too_late, 1);
	for (int i = 0; i < ROUNDS; i++) {
		refs_get(shared);
		if (refs_put(shared))
			atomic_fetch_add(&last_puts, 1);
	}
	if (refs_put(shared)) {
		atomic_fetch_add(&last_puts, 1);
		if (refs_get_unless_zero(shared))
			atomic_fetch_add(&too_late, 1);
		free(shared);
	}
	return NULL;
}

static void test_mpsc_edges(void)
{
	struct mpsc q = MPSC_INIT;
	struct mpsc_node a, b;
	bool first = mpsc_push(&q, &a), second = mpsc_push(&q, &b);
	struct mpsc_node *n = mpsc_take_all(&q);

	ok(first && !second, "mpsc: push tells the first letter of an empty box");
	ok(n == &a && n->next == &b && !b.next && !mpsc_take_all(&q), "mpsc: oldest first");
}

/* A pair of words that belong together, written by two, read by the rest. */
struct pair {
	u64 low, high;
};
static struct seq pair_seq;
static _Atomic u64 pair[SEQ_WORDS(struct pair)];
static _Atomic long torn, backwards, pair_writers = 2;

static void pair_write(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct pair p;

		lock_acquire(&lock);
		seq_read(&pair_seq, pair, &p, SEQ_WORDS(p));
		p.low++;
		p.high = ~p.low;
		seq_write(&pair_seq, pair, &p, SEQ_WORDS(p));
		lock_release(&lock);
	}
	atomic_fetch_sub(&pair_writers, 1);
}

static void *pair_user(void *arg)
{
	u64 last = 0;
	struct pair p;
	bool over;

	if ((long)arg < 2) {
		pair_write();
		return NULL;
	}
	do {
		over = atomic_load(&pair_writers) == 0;
		seq_read(&pair_seq, pair, &p, SEQ_WORDS(p));
		if (p.low && p.high != ~p.low)
			atomic_fetch_add(&torn, 1);
		if (p.low < last)
			atomic_fetch_add(&backwards, 1);
		last = p.low;
	} while (!over);
	if (last != 2 * ROUNDS)
		atomic_fetch_add(&backwards, 1);
	return NULL;
}

static void test_seq(void)
{
	struct pair p = { 1, 2 }, q;

	run(pair_user);
	ok(!torn, "seq: a reader sees whole values only");
	ok(!backwards, "seq: values in order, the last one at the end");
	atomic_fetch_add(&pair_seq.version, 1);
	ok(!seq_read_try(&pair_seq, pair, &q, SEQ_WORDS(q)), "seq: no value while a write is going on");
	atomic_fetch_add(&pair_seq.version, 1);
	seq_write(&pair_seq, pair, &p, SEQ_WORDS(p));
	ok(seq_read_try(&pair_seq, pair, &q, SEQ_WORDS(q)) && q.low == 1 && q.high == 2, "seq: what was written is read");
}

/* A thing that two take out of an object and "free", while the rest use what they find there. */
static _Alignas(64) _Atomic(long *) found;
static struct pin pins[THREADS];
static long things[ROUNDS + 1]; /* the last one is never taken: users still look when the takers are done */
static _Atomic long freed_in_use, pin_takers = 2;

static void pin_take(void)
{
	for (int i = 0; i < ROUNDS / 2; i++) {
		long *thing;

		lock_acquire(&lock);
		thing = atomic_load(&found);
		atomic_store(&found, thing + 1);
		for (int k = 0; k < THREADS; k++)
			pin_wait(&pins[k], &found);
		*thing = -1;
		lock_release(&lock);
	}
	atomic_fetch_sub(&pin_takers, 1);
}

static void *pin_user(void *arg)
{
	if ((long)arg < 2) {
		pin_take();
		return NULL;
	}
	while (atomic_load(&pin_takers)) {
		pin_set(&pins[(long)arg], &found);
		if (*atomic_load(&found) < 0)
			atomic_fetch_add(&freed_in_use, 1);
		pin_clear(&pins[(long)arg]);
	}
	return NULL;
}

static void test_pin(void)
{
	_Alignas(64) int other;

	atomic_init(&found, things);
	run(pin_user);
	ok(!freed_in_use && things[ROUNDS - 2] == -1, "pin: nothing is freed that somebody uses");
	pin_set(&pins[0], &found);
	pin_wait(&pins[0], &other);
	ok(true, "pin: who uses another object is not waited for");
	pin_clear(&pins[0]);
}

/* A permission: users write to parts, each part by one at a time, until the owner takes it back and has the whole. */
enum { PARTS = 4, OWNED = 500 };
static _Alignas(64) _Atomic bool allowed;
static struct { struct lock lock; long value; } parts[PARTS]; /* plain values */
static long by_users[THREADS], by_owner;
static _Atomic bool owner_done;

static void owner(void)
{
	for (int i = 0; i < OWNED; i++) {
		atomic_store(&allowed, false);
		for (int k = 0; k < THREADS; k++)
			pin_wait(&pins[k], &allowed);
		for (int p = 0; p < PARTS; p++)
			parts[p].value++;
		by_owner += PARTS;
		atomic_store_explicit(&allowed, true, memory_order_release);
		nr_port_relax();
	}
	atomic_store(&owner_done, true);
}

static void *pin_writer(void *arg)
{
	long me = (long)arg;

	if (!me) {
		owner();
		return NULL;
	}
	for (int i = 0; !atomic_load(&owner_done); i++) {
		pin_set(&pins[me], &allowed);
		if (atomic_load(&allowed)) {
			lock_acquire(&parts[i % PARTS].lock);
			parts[i % PARTS].value++;
			lock_release(&parts[i % PARTS].lock);
			by_users[me]++;
		}
		pin_clear(&pins[me]);
	}
	return NULL;
}

static void test_permission(void)
{
	long sum = 0, wanted;

	run(pin_writer);
	for (int i = 0; i < PARTS; i++)
		sum += parts[i].value;
	wanted = by_owner;
	for (int i = 0; i < THREADS; i++)
		wanted += by_users[i];
	ok(sum == wanted, "pin: who takes a permission back has the whole to himself");
}

int main(void)
{
	test_lock();
	test_pin();
	test_permission();
	test_mpsc_edges();
	run(mailer);
	shared = malloc(sizeof(*shared));
	refs_init(shared, THREADS);
	run(sharer);
	test_seq();
	ok(last_puts == 1, "refs: exactly one last put");
	ok(too_late == 0 && once_count == 1, "once: done once, seen by all");
	return tap_end();
}
