/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The scenarios: each a few calls of two or three threads, chosen so that certain steps of nr/internal.h's table meet.
 * `orderings` weakens each step in turn and names the scenario that notices.
 */
#include "test/nr/explore/scene.h"
#include "base/errno.h"

enum { SMALL = 8, LARGE = 1000 }; /* a large one takes 19 of the 32 slots of the smallest log */

static void one_shared(void) { scene_make(&lin_type, 1, 32, false); }
static void one_wide(void) { scene_make(&lin_type, 1, 32, true); }
static void two_shared(void) { scene_make(&lin_type, 2, 32, false); }
static void two_wide(void) { scene_make(&lin_type, 2, 32, true); }

static void update_0(void) { scene_update(0, SMALL); }
static void update_1(void) { scene_update(1, SMALL); }
static void read_0(void) { scene_read(0); }
static void read_1(void) { scene_read(1); }
static void large_0(void) { scene_update(0, LARGE); }

/* Rows 1 to 5: a request left in a slot, collected, answered. */
SCENARIO(handover, "requests left in the shared slot", 2, one_shared, update_0, update_0);
SCENARIO(handover_wide, "requests left in slots of their own", 2, one_wide, update_0, update_0);
SCENARIO(handover_three, "two requests for one combiner", 3, one_wide, update_0, update_0, update_0);

/* Rows 11 to 13: a reader and the writer. */
static void read_twice_0(void) { scene_read(0); scene_read(0); }
SCENARIO(guard, "a reader in the shared slot and a writer", 2, one_shared, update_0, read_twice_0);
SCENARIO(guard_wide, "a reader with a slot of its own and a writer", 2, one_wide, update_0, read_twice_0);

/* Rows 7 and 14: operations cross the log. */
static void update_read_1(void) { scene_update(1, SMALL); scene_read(1); }
SCENARIO(cross, "updates on two replicas", 2, two_shared, update_0, update_1);
SCENARIO(cross_read, "an update here, an update and a read there", 2, two_wide, update_0, update_read_1);

/* Rows 8 to 10: slots are used again. */
static void large_twice_0(void) { scene_update(0, LARGE); scene_update(0, LARGE); }
static void large_1(void) { scene_update(1, LARGE); }
SCENARIO(reuse, "operations that lap the log", 2, two_shared, large_twice_0, large_1);
SCENARIO(reuse_read, "the log is lapped while the other replica reads", 2, two_shared, large_twice_0, read_1);

/* Rows 14 and 16: what returned is seen by whoever hears of it, on whatever replica. */
static void tell_0(void) { scene_update(0, SMALL); scene_signal(0); }
static void hear_1(void) { scene_await(0); scene_read(1); }
static void read_tell_0(void) { scene_read(0); scene_signal(0); }
SCENARIO(fresh, "a read on another replica after the update returned", 2, two_shared, tell_0, hear_1);
SCENARIO(fresh_read, "a read on another replica after a read here", 3, two_wide, update_0, read_tell_0, hear_1);

/* Row 18: slots appear, replicas appear and go. */
static void widen(void) { ex_check(nr_widen(scene_nr, scene_self(0)) == 0); }
static void update_read_0(void) { scene_update(0, SMALL); scene_read(0); }
SCENARIO(grow, "slots of their own appear under callers", 3, one_shared, widen, update_0, read_0);
SCENARIO(grow_two, "slots appear while one caller goes on", 2, one_shared, widen, update_read_0);

static void add_1(void) { ex_check(nr_replica_add(scene_nr, scene_self(1), 1) == 0); }
static void drop_1(void) { ex_check(nr_replica_drop(scene_nr, scene_self(0), 1) == 0); }
SCENARIO(join, "a replica is added under a writer", 2, one_shared, add_1, update_read_1);
SCENARIO(join_three, "a replica is added under a writer and a reader", 3, one_wide, add_1, update_0, read_1);
SCENARIO(leave, "a replica goes under its callers", 2, two_shared, drop_1, update_read_1);
SCENARIO(leave_three, "a replica goes under a reader and others' updates", 3, two_wide, drop_1, update_0, read_1);

static void add_2(void) { ex_check(nr_replica_add(scene_nr, scene_self(0), 2) == 0); }
static void add_read_1(void) { add_1(); scene_read(1); }
SCENARIO(joins, "two nodes get replicas at once", 2, one_shared, add_read_1, add_2);

/* One id that two threads take in turn: what the first did with its slots is over when the second begins. */
static struct nr_ids *ids;
static void ids_setup(void)
{
	one_wide();
	ids = ex_alloc(sizeof(*ids));
	ids->max = 1;
}

static void borrow_id(void)
{
	struct nr_self self = { .id = 0 };
	struct lin_bytes bytes;
	u64 ret = 0;

	while (nr_register(ids, &self, 0))
		ex_wait();
	lin_make(&bytes, 1, 1, 0, SMALL);
	ex_check(nr_update(scene_nr, &self, 0, &bytes, SMALL, &ret, NULL) == 0 && ret < 2);
	nr_read_begin(scene_nr, &self, 0);
	nr_read_end(scene_nr, &self, 0);
	nr_unregister(ids, &self);
}

static void ids_check(void)
{
	const struct lin_state *s = nr_read_begin(scene_nr, scene_self(0), 0);

	ex_check(s->cell[0] == 2);
	nr_read_end(scene_nr, scene_self(0), 0);
	nr_destroy(scene_nr);
}

static const struct ex_scenario id_turns = { "id_turns", "two threads take one id in turn", 2, ids_setup,
					     { borrow_id, borrow_id }, ids_check };

/* G6: after nr_sync nobody is inside a guard on the old state. The state points at plain memory. */
static u32 *body;
static void sync_setup(void)
{
	two_shared();
	body = ex_alloc(sizeof(*body));
	*body = 1;
}

static void retire_0(void)
{
	struct lin_bytes bytes;
	u64 index;

	scene_follow(0);
	lin_make(&bytes, 1, 1, 0, SMALL);
	ex_check(nr_update(scene_nr, scene_self(0), 0, &bytes, SMALL, NULL, &index) == 0);
	scene_hint(1);
	nr_sync(scene_nr, scene_self(0), index);
	*body = 2; /* nobody may still be looking */
}

static void look(void)
{
	struct nr_self *self = scene_self(1);
	const struct lin_state *s = nr_read_begin(scene_nr, self, 0);

	if (s->cell[0] == 0)
		ex_check(*body == 1);
	nr_read_end(scene_nr, self, 0);
}

/* Before the update and after it: the second look brings the replica up to date, and nr_sync only sees that it is. */
static void look_1(void)
{
	look();
	scene_hint(0);
	scene_follow(1);
	look();
}

static void sync_check(void)
{
	ex_check(nr_check(scene_nr, scene_self(0)) == 0);
	nr_destroy(scene_nr);
}

static const struct ex_scenario sync_retire = { "sync_retire", "what a synced update unlinked is free", 2, sync_setup,
					 { retire_0, look_1 }, sync_check };

/* The memory promise (P1, P2, K1): each operation takes memory on both replicas. */
static int pair_clone(void *dst, struct pool *mem, const void *src)
{
	(void)mem;
	__builtin_memcpy(dst, src, sizeof(struct lin_state));
	return 0;
}

static size_t pair_mem(const void *op, size_t len)
{
	(void)op;
	(void)len;
	return pool_rounded(POOL_MAX);
}

struct pair { /* the counter, and the pool it takes a block from at each step */
	struct lin_state s;
	struct pool *mem;
};

static int pair_init(void *state, struct pool *mem, const void *arg)
{
	(void)arg;
	((struct pair *)state)->mem = mem;
	return 0;
}

static int pair_clone_mem(void *dst, struct pool *mem, const void *src)
{
	((struct pair *)dst)->mem = mem;
	return pair_clone(dst, mem, src);
}

static void pair_apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	struct pair *p = state;
	u8 *block = pool_alloc(p->mem, POOL_MAX);

	if (!block)
		ex_fail("a promised block is not there");
	block[0] = block[POOL_MAX - 1] = 1;
	lin_apply(&p->s, shard, op, len, ret);
}

static const struct nr_type pair_type = {
	.name = "pair", .state_size = sizeof(struct pair), .op_mem_max = POOL_MAX, .init = pair_init,
	.clone = pair_clone_mem, .apply = pair_apply, .op_mem = pair_mem, .hash = lin_hash,
};

static void pair_two(void) { scene_make(&pair_type, 2, 32, false); }
static void update_twice_1(void) { scene_update(1, SMALL); scene_update(1, SMALL); }
SCENARIO(promise, "operations that take memory on both replicas", 2, pair_two, update_0, update_twice_1);

/* Evictions (nr/evict.c): of a replica that may be doing anything. */
static void evict(u64 nodes)
{
	int err;

	for (;;) {
		ex_bounded(true);
		err = nr_evict(scene_nr, scene_self(1), nodes);
		ex_bounded(false);
		if (err != -EAGAIN)
			break;
		ex_wait();
	}
	ex_check(err == 0 || err == -ENOENT); /* finished by another */
}
static void evict_0(void) { evict(1); }
static void evict_tell_0(void) { evict(1); scene_update(1, SMALL); }
static void evict_add_0(void) { evict(1); ex_check(nr_replica_add(scene_nr, scene_self(1), 0) == 0); scene_update(0, SMALL); }
static void update_large_1(void) { scene_update(1, LARGE); scene_update(1, LARGE); }
static void three_wide(void) { scene_make(&lin_type, 3, 32, true); }
static void evict_1(void) { evict(2); }
static void lapped(void) { two_shared(); scene_update(0, LARGE); scene_update(1, LARGE); }
SCENARIO(evict_one, "a replica is evicted under an update", 2, two_shared, update_read_0, evict_tell_0);
SCENARIO(evict_waiting, "a replica is evicted under two updates", 3, two_wide, update_0, update_0, evict_0);
SCENARIO(evict_lap, "a replica is evicted, others lap the log", 3, lapped, large_0, evict_0, update_large_1);
SCENARIO(evict_help, "a replica is evicted under who brings it up to date", 3, lapped, read_0, evict_0, update_large_1);
SCENARIO(evict_again, "a replica is evicted, its node gets another one", 2, two_shared, update_read_0, evict_add_0);
SCENARIO(evict_both, "two nodes evict each other's way", 4, three_wide, evict_0, evict_1, update_0, update_1);
SCENARIO(evict_change, "a replica comes and goes while another is evicted", 3, two_shared, update_0, evict_0, add_2);
static void pair_evict(void) { scene_make(&pair_type, 2, 32, true); }
SCENARIO(evict_memory, "a replica is evicted while memory is promised", 3, pair_evict, update_0, evict_add_0, update_1);

/* A fork is a state that was. */
static void fork_1(void)
{
	struct nr *child = nr_fork(scene_nr, scene_self(1), 1, NULL, NULL);
	const struct lin_state *s;

	ex_check(child);
	s = nr_read_begin(child, scene_self(1), 0);
	ex_check(s->cell[0] <= 1 && s->pad == 0);
	nr_read_end(child, scene_self(1), 0);
	nr_destroy(child);
}
SCENARIO(fork_copy, "a fork while another replica is written", 2, two_shared, update_0, fork_1);

/* What a guard on an evicted replica sees: nr_sync waits for it. */
static void look_0(void)
{
	struct nr_self *self = scene_self(0);
	const struct lin_state *s = nr_read_begin(scene_nr, self, 0);

	if (s->cell[0] == 0)
		ex_check(*body == 1);
	nr_read_end(scene_nr, self, 0);
}

static void evict_retire(void)
{
	struct lin_bytes bytes;
	u64 index;

	evict(1);
	lin_make(&bytes, 1, 1, 0, SMALL);
	ex_check(nr_update(scene_nr, scene_self(1), 0, &bytes, SMALL, NULL, &index) == 0);
	nr_sync(scene_nr, scene_self(1), index);
	*body = 2;
}

static const struct ex_scenario evict_guard = { "evict_guard", "nr_sync waits for a guard on an evicted replica", 2, sync_setup,
					 { look_0, evict_retire }, sync_check };

static void fix_look(void *state, void *arg)
{
	(void)arg;
	if (((struct lin_state *)state)->cell[0] == 0)
		ex_check(*body == 1);
}

static void fork_look_0(void)
{
	struct nr *child = nr_fork(scene_nr, scene_self(0), 0, fix_look, NULL);

	ex_check(child);
	nr_destroy(child);
}

static const struct ex_scenario evict_fork = { "evict_fork", "nr_sync waits for a fork of an evicted replica", 2, sync_setup,
					{ fork_look_0, evict_retire }, sync_check };

/* Whom a standing thread delays (--stop 1): thread 1 stands, thread 2 reads there, 3 updates there, 4 reads beside it,
 * 5 updates beside it. In the second half there are three replicas, and thread 6 evicts who is stuck. */
#define STAND(id, text, setup_, body_)                                                                                 \
	static const struct ex_scenario id = { #id, text, 5, setup_, { body_, read_1, update_1, read_0, update_0 }, scene_check }

static void stand_two(void) { scene_make(&scene_type, 2, 32, true); }
static void stand_two_lapped(void) { scene_make(&scene_type, 2, 32, true); scene_update(0, LARGE); scene_update(0, LARGE); }
static void stand_add(void) { ex_check(nr_replica_add(scene_nr, scene_self(0), 2) == 0); }
static void stand_add_3(void) { ex_check(nr_replica_add(scene_nr, scene_self(0), 3) == 0); }
static void stand_drop(void) { ex_check(nr_replica_drop(scene_nr, scene_self(0), 0) == 0); }
static void stand_sync(void) { nr_sync(scene_nr, scene_self(0), 2); }
static void stand_fork(void) { nr_destroy(nr_fork(scene_nr, scene_self(0), 0, NULL, NULL)); }
STAND(stand_update, "nr_update", stand_two, update_0);
STAND(stand_large, "nr_update that needs room in the log", stand_two_lapped, large_0);
STAND(stand_read, "nr_read_begin to nr_read_end", stand_two, read_0);
STAND(stand_behind, "nr_read_begin on a lagging replica", stand_two_lapped, read_1);
STAND(stand_syncing, "nr_sync", stand_two_lapped, stand_sync);
STAND(stand_forking, "nr_fork", stand_two, stand_fork);
STAND(stand_adding, "nr_replica_add", stand_two, stand_add);
STAND(stand_dropping, "nr_replica_drop of its own node", stand_two, stand_drop);

static void evict_stuck(void)
{
	struct nr_look look = { 0 };
	u64 stuck = nr_stuck(scene_nr, &look);

	ex_bounded(true);
	while ((stuck = nr_stuck(scene_nr, &look)))
		nr_evict(scene_nr, scene_self(2), stuck);
}

#define STAND_EVICTED(id, text, setup_, body_)                                                                         \
	static const struct ex_scenario id = { #id, text, 6, setup_,                                                   \
					       { body_, read_1, update_1, read_0, update_0, evict_stuck }, scene_check }

static void stand_three(void) { scene_make(&scene_type, 3, 32, true); }
static void stand_three_lapped(void) { stand_three(); scene_update(0, LARGE); scene_update(0, LARGE); }
STAND_EVICTED(evict_update, "nr_update, evicted", stand_three, update_0);
STAND_EVICTED(evict_large, "nr_update that needs room in the log, evicted", stand_three_lapped, large_0);
STAND_EVICTED(evict_reading, "nr_read_begin to nr_read_end, evicted", stand_three, read_0);
STAND_EVICTED(evict_behind, "nr_read_begin on a lagging replica, evicted", stand_three_lapped, read_1);
STAND_EVICTED(evict_syncing, "nr_sync, evicted", stand_three_lapped, stand_sync);
STAND_EVICTED(evict_forking, "nr_fork, evicted", stand_three, stand_fork);
STAND_EVICTED(evict_adding, "nr_replica_add", stand_three, stand_add_3);

/* Two on each side: helping, batches, waiting. */
SCENARIO(crowd, "two writers there, one here, one reads", 4, two_shared, update_1, update_1, update_0, read_1);
SCENARIO(lap_three, "three writers lap the log", 3, two_shared, large_0, large_1, large_twice_0);

const struct ex_scenario *const ex_scenarios[] = {
	&handover, &handover_wide, &handover_three, &guard, &guard_wide, &cross, &cross_read, &reuse, &reuse_read,
	&fresh, &fresh_read, &grow, &grow_two, &join, &join_three, &leave, &leave_three, &joins, &id_turns, &sync_retire, &promise,
	&fork_copy, &crowd, &lap_three, &evict_one, &evict_waiting, &evict_lap, &evict_help, &evict_again, &evict_both,
	&evict_change, &evict_memory, &evict_guard, &evict_fork,
};
const size_t ex_scenario_count = ARRAY_SIZE(ex_scenarios);

const struct ex_scenario *const ex_stands[] = {
	&stand_update, &stand_large, &stand_read, &stand_behind, &stand_syncing, &stand_forking, &stand_adding, &stand_dropping,
	&evict_update, &evict_large, &evict_reading, &evict_behind, &evict_syncing, &evict_forking, &evict_adding,
};
const size_t ex_stand_count = ARRAY_SIZE(ex_stands);
