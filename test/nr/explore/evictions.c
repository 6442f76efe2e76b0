/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Evictions (nr/evict.c): of a replica that may be doing anything. To the explorer a combiner who is stopped is one who is
 * overtaken; so the scenarios stop nobody. The second half does, at each step (--stop 1).
 */
#include "base/errno.h"
#include "nr/internal.h"
#include "test/nr/explore/scene.h"

static void update_0(void) { scene_update(0, SMALL); }
static void update_1(void) { scene_update(1, SMALL); }
static void update_read_0(void) { scene_update(0, SMALL); scene_read(0); }
static void read_0(void) { scene_read(0); }
static void read_1(void) { scene_read(1); }
static void large_0(void) { scene_update(0, LARGE); }
static void two_shared(void) { scene_make(&lin_type, 2, 32, false); }
static void two_wide(void) { scene_make(&lin_type, 2, 32, true); }
static void add_2(void) { ex_check(nr_replica_add(scene_nr, scene_self(0), 2) == 0); }

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
static void pair_evict(void) { scene_make(&scene_pair_type, 2, 32, true); }


/* The credit says what the stock holds: nothing is promised any more. */
static void pair_check(void)
{
	u32 n;

	ex_check(nr_check(scene_nr, scene_self(0)) == 0);
	nr_for_each(n, scene_nr->members) {
		const struct nr_replica *r = scene_nr->rep[n];

		ex_check(r->credit == (s64)(POOL_PAGE_WORTH * r->stocked));
	}
	scene_check();
}

static const struct ex_scenario evict_memory = { "evict_memory", "a replica is evicted while memory is promised", 3, pair_evict,
					  { update_0, evict_add_0, update_1 }, pair_check };

/* What a guard on an evicted replica sees: nr_sync waits for it. The state points at plain memory. */
static u32 *body;

static void retire_setup(void)
{
	two_shared();
	body = ex_alloc(sizeof(*body));
	*body = 1;
}

static void retire_check(void)
{
	ex_check(nr_check(scene_nr, scene_self(0)) == 0);
	nr_destroy(scene_nr);
}

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

static const struct ex_scenario evict_guard = { "evict_guard", "nr_sync waits for a guard on an evicted replica", 2, retire_setup,
					 { look_0, evict_retire }, retire_check };

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

static const struct ex_scenario evict_fork = { "evict_fork", "nr_sync waits for a fork of an evicted replica", 2, retire_setup,
					{ fork_look_0, evict_retire }, retire_check };

/* Three replicas; thread 1 stands, 2 reads there, 3 updates there, 4 reads beside it, 5 updates beside it, 6 evicts. */
static void evict_stuck(void)
{
	struct nr_look look = { 0 };
	u64 stuck = nr_stuck(scene_nr, &look);

	ex_bounded(true);
	while ((stuck = nr_stuck(scene_nr, &look)))
		nr_evict(scene_nr, scene_self(2), stuck);
}

#define STAND_SIX(id, text, setup_, body_, sixth)                                                                      \
	static const struct ex_scenario id = { #id, text, 6, setup_,                                                   \
					       { body_, read_1, update_1, read_0, update_0, sixth }, scene_check }
#define STAND_EVICTED(id, text, setup_, body_) STAND_SIX(id, text, setup_, body_, evict_stuck)

static void stand_sync(void) { nr_sync(scene_nr, scene_self(0), 2); }
static void stand_fork(void) { nr_destroy(nr_fork(scene_nr, scene_self(0), 0, NULL, NULL)); }
static void stand_add_3(void) { ex_check(nr_replica_add(scene_nr, scene_self(0), 3) == 0); }
static void stand_three(void) { scene_make(&scene_type, 3, 32, true); }
static void stand_three_lapped(void) { stand_three(); scene_update(0, LARGE); scene_update(0, LARGE); }
STAND_EVICTED(evict_update, "nr_update, evicted", stand_three, update_0);
STAND_EVICTED(evict_large, "nr_update that needs room in the log, evicted", stand_three_lapped, large_0);
STAND_EVICTED(evict_reading, "nr_read_begin to nr_read_end, evicted", stand_three, read_0);
STAND_EVICTED(evict_behind, "nr_read_begin on a lagging replica, evicted", stand_three_lapped, read_1);
STAND_EVICTED(evict_syncing, "nr_sync, evicted", stand_three_lapped, stand_sync);
STAND_EVICTED(evict_forking, "nr_fork, evicted", stand_three, stand_fork);
STAND_EVICTED(evict_adding, "nr_replica_add", stand_three, stand_add_3);

/* Thread 1 stands under a guard, and 6 wants what has to wait for him: 6 alone waits. */
static void drop_2(void) { ex_bounded(true); nr_replica_drop(scene_nr, scene_self(2), 2); }
static void add_3(void) { ex_bounded(true); nr_replica_add(scene_nr, scene_self(2), 3); }
static void check_all(void) { ex_bounded(true); ex_check(nr_check(scene_nr, scene_self(2)) == 0); }
STAND_SIX(stand_read_drop, "nr_read_begin to nr_read_end, another replica dropped", stand_three, read_0, drop_2);
STAND_SIX(stand_read_add, "nr_read_begin to nr_read_end, a replica added", stand_three, read_0, add_3);
STAND_SIX(stand_read_check, "nr_read_begin to nr_read_end, the instance checked", stand_three, read_0, check_all);

/* An eviction needs him out of the way: he is the next one. */
static void evict_2_through(void)
{
	struct nr_look look = { 0 };
	u64 nodes = 1ull << 2;

	ex_bounded(true);
	while (nr_evict(scene_nr, scene_self(1), nodes) == -EAGAIN)
		nodes |= nr_stuck(scene_nr, &look);
}
STAND_SIX(evict_through, "nr_read_begin to nr_read_end, another replica evicted", stand_three, read_0, evict_2_through);

const struct ex_scenario *const scene_evictions[] = {
	&evict_one, &evict_waiting, &evict_lap, &evict_help, &evict_again, &evict_both, &evict_change, &evict_memory,
	&evict_guard, &evict_fork, NULL
};

const struct ex_scenario *const scene_stands_evicted[] = {
	&evict_update, &evict_large, &evict_reading, &evict_behind, &evict_syncing, &evict_forking, &evict_adding,
	&stand_read_drop, &stand_read_add, &stand_read_check, &evict_through, NULL
};
