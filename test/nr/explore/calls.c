/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Calls that may give up: tried and timed updates, allocations that fail, stale reads; and operations that own something. What
 * is refused must have had no effect: the history is judged without it.
 */
#include "base/errno.h"
#include "test/nr/explore/scene.h"

static void update_0(void) { scene_update(0, SMALL); }
static void update_1(void) { scene_update(1, SMALL); }
static void one_shared(void) { scene_make(&lin_type, 1, 32, false); }
static void one_wide(void) { scene_make(&lin_type, 1, 32, true); }
static void two_wide(void) { scene_make(&lin_type, 2, 32, true); }
static void lapped(void) { two_wide(); scene_update(0, LARGE); scene_update(1, LARGE); }
static void evict_0(void) { ex_bounded(true); nr_evict(scene_nr, scene_self(1), 1); }

static void try_0(void)
{
	int err = scene_try(0, SMALL);

	ex_check(err == 0 || err == -EAGAIN);
}

static void try_large_0(void)
{
	int err = scene_try(0, LARGE);

	ex_check(err == 0 || err == -EAGAIN || err == -EOWNERDEAD);
}

static void drop_0(void) { ex_check(nr_replica_drop(scene_nr, scene_self(1), 0) == 0); }
SCENARIO(try_one, "a tried update beside one that waits", 2, one_shared, try_0, update_0);
SCENARIO(try_two, "tried updates on a replica that goes", 3, two_wide, try_0, drop_0, update_1);
SCENARIO(try_full, "a tried update when the log is full", 3, lapped, try_large_0, update_1, update_0);
SCENARIO(try_evicted, "a tried update on a replica that is evicted", 3, lapped, try_large_0, evict_0, update_1);

static void timed_0(void)
{
	int err = scene_timed(0, SMALL, 1);

	ex_check(err == 0 || err == -ETIMEDOUT || err == -EOWNERDEAD);
}

static void timed_twice_0(void) { timed_0(); timed_0(); }
SCENARIO(timed_wide, "updates out of time, slots of their own", 3, one_wide, update_0, timed_twice_0, update_0);
SCENARIO(timed_shared, "updates out of time, the shared slot", 3, one_shared, update_0, timed_twice_0, timed_0);
SCENARIO(timed_evicted, "updates out of time on a replica that is evicted", 3, two_wide, update_0, timed_twice_0, evict_0);

/* Stale reads: old, but whole, and on one replica never older than before. */
static u64 stale_1(void)
{
	const struct lin_state *s = nr_read_begin_stale(scene_nr, scene_self(1), 0);
	u64 value = s->cell[0];

	ex_here();
	ex_check(s->cell[0] == value);
	nr_read_end(scene_nr, scene_self(1), 0);
	return value;
}

static void stale_twice_1(void)
{
	u64 first = stale_1(), fresh = scene_read(1);

	ex_check(first <= fresh && stale_1() >= fresh);
}
SCENARIO(stale, "stale reads beside updates", 3, two_wide, update_0, stale_twice_1, update_0);

/* Each operation owns a cell of plain memory, which apply reads and op_release gives up. */
enum { OWNED = 4 };
static u32 *owned; /* 1: in use, 2: released */

static void owner_apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	const struct lin_bytes *b = op;
	u64 old = lin_models[b->model]->step(state, b->kind, 0);

	(void)shard;
	(void)len;
	ex_check(owned[b->arg] == 1);
	if (ret)
		*(u64 *)ret = old;
}

static void owner_release(const void *op, size_t len)
{
	const struct lin_bytes *b = op;

	(void)len;
	ex_check(owned[b->arg] == 1);
	owned[b->arg] = 2;
}

static int owner_init(void *state, struct pool *mem, const void *arg)
{
	return lin_type.init(state, mem, arg);
}

static int owner_clone(void *dst, struct pool *mem, const void *src)
{
	return lin_type.clone(dst, mem, src);
}

static const struct nr_type owner_type = {
	.name = "owner", .state_size = sizeof(struct lin_state), .init = owner_init, .clone = owner_clone, .apply = owner_apply,
	.hash = lin_hash, .op_release = owner_release,
};

static void owner_setup(void)
{
	owned = ex_alloc(OWNED * sizeof(*owned));
	scene_make(&owner_type, 2, 32, true);
}

static void owner_update(u32 node, u32 cell)
{
	struct lin_bytes bytes;
	int err;

	owned[cell] = 1;
	lin_make(&bytes, 1, 1, cell, SMALL);
	err = nr_update(scene_nr, scene_self(node), 0, &bytes, SMALL, NULL, NULL);
	ex_check(err == 0 || err == -EOWNERDEAD);
}

static void owner_twice_0(void) { owner_update(0, 0); owner_update(0, 1); }
static void owner_1(void) { owner_update(1, 2); }
static void owner_also_1(void) { owner_update(1, 3); }

static void owner_check(void)
{
	ex_check(nr_check(scene_nr, scene_self(0)) == 0);
	nr_destroy(scene_nr);
	for (u32 i = 0; i < OWNED; i++)
		ex_check(owned[i] != 1);
	ex_check(ex_lent() == 0);
}

static void owner_drop_0(void) { nr_replica_drop(scene_nr, scene_self(1), 0); }
#define OWNER(id, text, ...) static const struct ex_scenario id = { #id, text, 3, owner_setup, { __VA_ARGS__ }, owner_check }
OWNER(owner_crossed, "operations that own something, on two replicas", owner_twice_0, owner_1, owner_also_1);
OWNER(owner_dropped, "the same while a replica goes", owner_twice_0, owner_drop_0, owner_1);
OWNER(owner_evicted, "the same while a replica is evicted", owner_twice_0, evict_0, owner_1);

/* No memory: for a replica, or for what an operation was promised. */
static void fail_pair(void) { scene_make(&scene_pair_type, 2, 32, true); scene_no_memory = true; }
static void fail_two(void) { two_wide(); scene_no_memory = true; }
static void fail_update_0(void) { ex_fail_alloc(true); update_0(); }
static void fail_add_2(void)
{
	int err;

	ex_fail_alloc(true);
	err = nr_replica_add(scene_nr, scene_self(0), 2);
	ex_check(err == 0 || err == -ENOMEM);
}

static void fail_evict_0(void)
{
	int err;

	ex_fail_alloc(true);
	ex_bounded(true);
	err = nr_evict(scene_nr, scene_self(1), 1);
	ex_check(err == 0 || err == -ENOMEM || err == -EAGAIN);
}
SCENARIO(fail_promise, "no memory for what two operations take", 2, fail_pair, fail_update_0, update_1);
SCENARIO(fail_clone, "no memory for a replica", 3, fail_pair, fail_add_2, update_0, update_1);
SCENARIO(fail_clone_evict, "no memory for a replica while another is evicted", 3, fail_pair, fail_add_2, evict_0, update_1);
SCENARIO(fail_rings, "no memory to evict with", 2, fail_two, fail_evict_0, update_0);

const struct ex_scenario *const scene_calls[] = {
	&try_one, &try_two, &try_full, &try_evicted, &timed_wide, &timed_shared, &timed_evicted, &stale, &owner_crossed,
	&owner_dropped, &owner_evicted, &fail_promise, &fail_clone, &fail_clone_evict,
	&fail_rings, NULL
};
