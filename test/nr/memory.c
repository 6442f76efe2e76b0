/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The memory promise: whichever allocation fails, an operation either happened on every replica or on none, the
 * instance goes on, and nothing is lost. A program is run again and again, failing its first, second, third...
 * allocation; then once more, failing that one and all that follow until the program has seen its error.
 */
#include "base/errno.h"
#include "nr/internal.h"
#include "nr/port_host.h"
#include "test/nr/ledger.h"
#include "test/nr/tap.h"

#include <stdlib.h>
#include <string.h>

static u64 model[LEDGER_KEYS];
static u32 refused, strange;

static void put(struct nr *nr, u32 id, u32 key, u32 value, u32 blob)
{
	struct nr_self self = { .id = id, .node = id % 3 };
	int err = do_update(nr, &self, NULL, LEDGER_PUT, key, value, blob);

	if (!err)
		model[key] = value;
	refused += err == -ENOMEM;
	strange += err && err != -ENOMEM;
}

/* What needs no memory never fails. */
static void del(struct nr *nr, u32 key)
{
	struct nr_self self = { .id = 2, .node = 2 };

	strange += do_update(nr, &self, NULL, LEDGER_DEL, key, 0, 0) != 0;
	model[key] = 0;
}

static void fill(struct nr *nr, u32 from)
{
	for (u32 i = 0; i < 24; i++)
		put(nr, i % 3, (from + i) % LEDGER_KEYS, 1000 * from + i + 1, i * 31 % LEDGER_BLOB);
	del(nr, from);
}

static bool equals_model(struct nr *nr)
{
	bool same = true;

	for (u32 node = 0; node < 3; node++) {
		struct nr_self self = { .id = node, .node = node };
		const struct ledger *l = nr_read_begin(nr, &self, 0);

		for (u32 k = 0; k < LEDGER_KEYS; k++)
			same = same && ledger_get(l, k) == model[k];
		nr_read_end(nr, &self, 0);
	}
	return same;
}

/* True: all is as it should be. */
static bool program(void)
{
	struct nr_config cfg = { .threads = 70, .log_slots = 32 };
	struct nr_self self = { .id = 0 };
	struct nr *child, *nr = nr_create(&ledger_type, &cfg, NULL);
	bool good;

	memset(model, 0, sizeof(model));
	if (!nr) {
		refused++;
		return true;
	}
	fill(nr, 1);
	refused += nr_replica_add(nr, &self, 1) == -ENOMEM;
	fill(nr, 11);
	refused += nr_widen(nr, &self) == -ENOMEM;
	refused += nr_replica_add(nr, &self, 2) == -ENOMEM;
	fill(nr, 21);
	child = nr_fork(nr, &self, 0, NULL, NULL);
	good = child ? equals_model(child) && nr_check(child, &self) == 0 : ++refused;
	if (child)
		nr_destroy(child);
	nr_replica_drop(nr, &self, 0);
	fill(nr, 31);
	refused += nr_replica_add(nr, &self, 0) == -ENOMEM;
	fill(nr, 41);
	good = good && equals_model(nr) && nr_check(nr, &self) == 0;
	nr_destroy(nr);
	return good;
}

static void fail(s64 from, s64 n)
{
	s64 now = nr_host_allocs;

	atomic_store(&nr_host_fail_from, now + from);
	atomic_store(&nr_host_fail_to, now + from + n);
}

static void sweep(s64 calls, s64 n)
{
	s64 unseen = 0, bad = 0, lost = 0;

	for (s64 k = 0; k < calls; k++) {
		refused = 0;
		fail(k, n);
		bad += !program();
		unseen += refused == 0;
		lost += nr_host_bytes != 0;
	}
	fail(0, 0);
	ok(bad == 0 && strange == 0, "each of %ld allocations failed in turn (%ld at a time): %ld wrong outcomes",
	   (long)calls, (long)n, (long)bad);
	ok(lost == 0, "nothing is lost in any");
	printf("# %ld of %ld went unnoticed by the caller (a slot array, or another's page)\n", (long)unseen, (long)calls);
	ok(unseen < calls / 4, "most are reported");
}

/* A million operations that allocate and free what they allocated take no more memory than one. */
static void steady(void)
{
	struct nr_config cfg = { .threads = 3, .log_slots = 32 };
	struct nr_self self = { .id = 0 };
	struct nr *nr = nr_create(&ledger_type, &cfg, NULL);
	s64 after_some;

	nr_replica_add(nr, &self, 1);
	fill(nr, 1);
	for (u32 i = 0; i < 500; i++)
		put(nr, i % 3, 3, i + 1, i % 3 * 100);
	after_some = nr_host_bytes;
	for (u32 i = 0; i < 30000; i++)
		put(nr, i % 3, 3, i + 1, i % 3 * 100);
	ok(nr_host_bytes == after_some, "30000 replacements later: the same %ld bytes", (long)after_some);
	nr_destroy(nr);
}

/* What was refused is forgotten: it does not take memory later. */
static void forget_refused(void)
{
	struct nr_config cfg = { .threads = 3, .log_slots = 32 };
	struct nr_self self = { .id = 0 };
	struct nr *nr = nr_create(&ledger_type, &cfg, NULL);
	s64 before;

	nr_replica_add(nr, &self, 1);
	fail(0, INT64_MAX / 2);
	refused = 0;
	for (u32 i = 0; i < 3000; i++)
		put(nr, i % 3, i % LEDGER_KEYS, i + 1, 880);
	before = nr_host_bytes;
	ok(refused > 2000, "without memory %u of 3000 operations are refused", refused);
	fail(0, 0);
	put(nr, 0, 1, 1, 880);
	ok(nr_host_bytes - before <= 4 * (s64)PAGE_SIZE, "the next one takes no more than its own (%ld bytes)",
	   (long)(nr_host_bytes - before));
	nr_destroy(nr);
}

static void tiny_instances(void)
{
	enum { N = 10000 };
	static struct nr *all[N];
	struct nr_config cfg = { .threads = 96 };
	struct nr_self self = { .id = 0 };
	s64 before = nr_host_bytes;

	for (int i = 0; i < N; i++) {
		all[i] = nr_create(&ledger_type, &cfg, NULL);
		do_update(all[i], &self, NULL, LEDGER_PUT, 1, 1, 10);
	}
	ok((nr_host_bytes - before) / N <= 8192, "an instance for one thread takes %ld bytes",
	   (long)((nr_host_bytes - before) / N));
	ok(nr_host_bytes - before <= 100000000, "%d of them take %ld MB", N, (long)(nr_host_bytes - before) / 1000000);
	for (int i = 0; i < N; i++)
		nr_destroy(all[i]);
	ok(nr_host_bytes == before, "all memory is back");
}

int main(void)
{
	s64 calls = nr_host_allocs;

	watch_start("allocations that fail");
	ok(program() && refused == 0 && strange == 0, "with memory nothing is refused");
	calls = nr_host_allocs - calls;
	sweep(calls, 1);
	sweep(calls, 5);
	steady();
	forget_refused();
	tiny_instances();
	return tap_end();
}
