// SPDX-License-Identifier: MIT OR Apache-2.0
// A user in C++: a set of numbers whose nodes come from the replica's pool, by the typed layer. Built by test/nr/package with
// the installed headers alone, <nr/typed.h> first: each header must be fit for C++ by itself.
#include <nr/typed.h>
#include <base/pool.h>
#include <nr/port.h>
#include <nr/shards.h>
#include <sys/param.h>

#include <algorithm>
#include <cstdio>
#include <thread>
#include <vector>

namespace {

enum { THREADS = 4, EACH = 2000 };

struct node {
	node *next;
	u64 value;
};

struct set {
	pool *mem;
	node *first;
	u64 count;
};

struct set_op {
	u64 value;
	bool take;
};

node **find(set *s, u64 value)
{
	node **link = &s->first;

	while (*link && (*link)->value < value)
		link = &(*link)->next;
	return link;
}

bool put(set *s, u64 value)
{
	node **link = find(s, value), *fresh;

	if (*link && (*link)->value == value)
		return false;
	fresh = static_cast<node *>(pool_alloc(s->mem, sizeof(node)));
	*fresh = { *link, value };
	*link = fresh;
	s->count++;
	return true;
}

bool set_apply(set *s, const set_op *op)
{
	node **link = find(s, op->value), *old = *link;

	if (!op->take)
		return put(s, op->value);
	if (!old || old->value != op->value)
		return false;
	*link = old->next;
	pool_free(s->mem, old, sizeof(node));
	s->count--;
	return true;
}

u64 set_count(const set *s, const u64 *above)
{
	u64 count = 0;

	for (const node *n = s->first; n; n = n->next)
		count += n->value > *above;
	return count;
}

NR_DEFINE(set, struct set, set_op, bool, set_apply);
NR_DEFINE_QUERY(set, count, struct set, u64, u64, set_count);

int set_init(void *state, pool *mem, const void *)
{
	static_cast<set *>(state)->mem = mem;
	return 0;
}

int set_clone(void *to, pool *mem, const void *from)
{
	set_init(to, mem, nullptr);
	for (const node *n = static_cast<const set *>(from)->first; n; n = n->next)
		put(static_cast<set *>(to), n->value); // a pool that gives nothing would do for no more than this test
	return 0;
}

size_t set_mem(const void *op, size_t)
{
	return static_cast<const set_op *>(op)->take ? 0 : pool_rounded(sizeof(node));
}

const nr_type set_type = { NR_TYPED(set), .init = set_init, .clone = set_clone, .op_mem = set_mem };

u64 ticks()
{
	static u64 now;

	return ++now;
}

void work(nr *numbers, u32 id, bool take)
{
	nr_self self = { .id = id, .node = id % 2 };

	for (u64 i = 1; i <= EACH; i++) {
		set_op op = { i % 100 + 100 * id, take && i % 2 };

		set_update(numbers, &self, &op, nullptr);
	}
}

} // namespace

int main()
{
	nr_config cfg = { .threads = THREADS, .wide = true };
	nr_self self = {};
	nr *numbers = nr_create(&set_type, &cfg, nullptr);
	std::vector<std::thread> threads;
	u64 none = 0, count;
	bool taken = false;
	set_op op = { 1, true };

	nr_port_clock = ticks;
	if (!numbers || nr_replica_add(numbers, &self, 1))
		return 1;
	for (u32 id = 0; id < THREADS; id++)
		threads.emplace_back(work, numbers, id, false);
	for (auto &t : threads)
		t.join();
	set_update(numbers, &self, &op, &taken);
	count = set_count_now(numbers, &self, &none);
	std::printf("%lu numbers, one was taken: %d\n", static_cast<unsigned long>(count), taken);
	if (count != 100 * THREADS - 2 || !taken || set_read(numbers, &self)->count != 100 * THREADS - 1)
		return 1;
	set_done(numbers, &self);
	if (set_try(numbers, &self, &op, &taken) || taken || nr_check(numbers, &self))
		return 1;
	nr_destroy(numbers);
	return 0;
}
