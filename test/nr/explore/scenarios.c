/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The scenarios: each a few calls of two or three threads, chosen so that certain steps of nr/internal.h's table meet.
 * `orderings` weakens each step in turn and names the scenario that notices.
 * Those of tried, timed and failing calls are in calls.c, of evictions in evictions.c.
 */
#include "test/nr/explore/scene.h"


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

/* W7 to W9: readers leave the list and come back to it. */
static void update_twice_0(void) { scene_update(0, SMALL); scene_update(0, SMALL); }
static void read_update_0(void) { scene_read(0); scene_update(0, SMALL); }
SCENARIO(unlist, "two writes, each takes the reader off the list", 2, one_wide, update_twice_0, read_twice_0);
SCENARIO(unlist_three, "a reader, and a writer who reads before he writes", 3, one_wide, update_0, read_twice_0, read_update_0);
SCENARIO(unlist_log, "the log is applied where a reader comes and goes", 3, two_wide, update_0, read_twice_0, update_1);

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
SCENARIO(fresh_batch, "the same after an update that another combined", 3, two_wide, update_0, tell_0, hear_1);
SCENARIO(fresh_read, "a read on another replica after a read here", 3, two_wide, update_0, read_tell_0, hear_1);

/* What was read before is used again only if nothing has returned since. */
static void keep_hear(u32 node)
{
	struct scene_kept kept;

	scene_read_keep(node, &kept);
	scene_read_kept(node, &kept);
	scene_await(0);
	scene_read_kept(node, &kept);
}
static void keep_hear_0(void) { keep_hear(0); }
static void keep_hear_1(void) { keep_hear(1); }
SCENARIO(kept, "a read kept over an update in place", 2, one_wide, tell_0, keep_hear_0);
SCENARIO(kept_cross, "a read kept over an update on another replica", 2, two_wide, tell_0, keep_hear_1);

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
SCENARIO(kept_join, "a read kept while a replica appears", 3, one_wide, add_1, tell_0, keep_hear_1);
SCENARIO(kept_leave, "a read kept while its replica goes", 3, two_wide, drop_1, tell_0, keep_hear_1);
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

/* The memory promise (P1, P2, K1). */
static void pair_two(void) { scene_make(&scene_pair_type, 2, 32, false); }
static void update_twice_1(void) { scene_update(1, SMALL); scene_update(1, SMALL); }
SCENARIO(promise, "operations that take memory on both replicas", 2, pair_two, update_0, update_twice_1);

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

/* Whom a standing thread delays (--stop 1): thread 1 stands, thread 2 reads there, 3 updates there, 4 reads beside it,
 * 5 updates beside it. */
#define STAND(id, text, setup_, body_)                                                                                 \
	static const struct ex_scenario id = { #id, text, 5, setup_, { body_, read_1, update_1, read_0, update_0 }, scene_check }

static void stand_two(void) { scene_make(&scene_type, 2, 32, true); }
static void stand_two_lapped(void) { scene_make(&scene_type, 2, 32, true); scene_update(0, LARGE); scene_update(0, LARGE); }
static void stand_add(void) { ex_check(nr_replica_add(scene_nr, scene_self(0), 2) == 0); }
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

/* Two on each side: helping, batches, waiting. */
SCENARIO(crowd, "two writers there, one here, one reads", 4, two_shared, update_1, update_1, update_0, read_1);
SCENARIO(lap_three, "three writers lap the log", 3, two_shared, large_0, large_1, large_twice_0);

/*
 * What all have applied is a minimum over replicas that move while it is taken (log.c, note_applied). The ring of replica 0 is
 * full to its last slot; replica 1 stands in its third operation and 2 in its second, until one more is on its way. Who takes 2
 * for further than 1 writes over what 1 is reading.
 */
enum { REST = 880 }; /* 14 slots, after 1, 1 and 16 */
static struct nr_type halting_type;
static u32 applied[EX_THREADS];

static void halting_apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	static const u32 halt_at[EX_THREADS] = { [2] = 3, [3] = 2 };
	u32 self = ex_self();

	if (++applied[self] == halt_at[self]) {
		scene_hint(self);
		scene_follow(0);
	}
	lin_apply(state, shard, op, len, ret);
}

static void three_halting(void)
{
	static const size_t len[] = { SMALL, SMALL, LARGE, REST };

	halting_type = lin_type;
	halting_type.apply = halting_apply;
	__builtin_memset(applied, 0, sizeof(applied));
	scene_make(&halting_type, 3, 32, true);
	for (u32 i = 0; i < ARRAY_SIZE(len); i++)
		scene_update(0, len[i]);
}

static void one_more_0(void)
{
	scene_follow(2);
	scene_follow(3);
	scene_hint(0);
	scene_update(0, LARGE);
}
static void read_2(void) { scene_read(2); }
SCENARIO(lap_halting, "the log is lapped while two replicas are in the middle of it", 3, three_halting, one_more_0, read_1, read_2);

static const struct ex_scenario *const basic[] = {
	&handover, &handover_wide, &handover_three, &guard, &guard_wide, &unlist, &unlist_three, &unlist_log, &cross, &cross_read, &reuse, &reuse_read,
	&fresh, &fresh_batch, &fresh_read, &kept, &kept_cross, &kept_join, &kept_leave, &grow, &grow_two, &join, &join_three, &leave, &leave_three,
	&joins, &id_turns, &sync_retire, &promise, &fork_copy, &crowd, &lap_three, &lap_halting, NULL
};

static const struct ex_scenario *const stands[] = {
	&stand_update, &stand_large, &stand_read, &stand_behind, &stand_syncing, &stand_forking, &stand_adding, &stand_dropping,
	NULL
};

const struct ex_scenario *const *const ex_scenarios[] = { basic, scene_calls, scene_evictions, scene_spans, NULL };
const struct ex_scenario *const *const ex_stands[] = { stands, scene_stands_evicted, scene_stands_span, NULL };
