/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * fair queues: random programs against an array that is searched from end to end; and a core in steps of 0.1 ms, with tasks that
 * compute, pause, have children or a rank, to see what share each gets. All time is the test's own.
 */
#include <stdlib.h>
#include <string.h>

#include "kern/fair.h"
#include "test/tap.h"

#define MS 1000000l
#define STEP (MS / 10)
#define SLICE FAIR_SLICE
#define NICE_0 1024u
#define NICE_10 110u
#define NICE_19 15u

static u64 seed = 1;

static u32 draw(u32 below)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (u32)(seed >> 33) % below;
}

/* ---- against a naive model */

enum { TASKS = 24, PROGRAM = 200000 };

struct model {
	struct fair fair;
	struct fair_task task[TASKS];
	s64 put_at[TASKS], puts, back; /* the same orders, counted apart */
};

static bool model_earlier(const struct model *m, u32 a, u32 b)
{
	const struct fair_task *x = &m->task[a], *y = &m->task[b];

	if (x->rank != y->rank)
		return x->rank > y->rank;
	if (!x->rank && x->vtime != y->vtime)
		return x->vtime < y->vtime;
	return m->put_at[a] < m->put_at[b];
}

static const struct fair_task *model_first(const struct model *m)
{
	u32 best = TASKS;

	for (u32 i = 0; i < TASKS; i++)
		if (m->task[i].waits && (best == TASKS || model_earlier(m, i, best)))
			best = i;
	return best == TASKS ? NULL : &m->task[best];
}

/* From the last on, each once, each later than the next; as many as wait. */
static bool model_walk(struct model *m)
{
	struct fair_task *t = fair_last(&m->fair), *before;
	u32 seen = 0, waiting = 0;

	for (u32 i = 0; i < TASKS; i++)
		waiting += m->task[i].waits;
	for (; t; t = before, seen++) {
		before = fair_before(&m->fair, t);
		if (before && !model_earlier(m, (u32)(before - m->task), (u32)(t - m->task)))
			return false;
	}
	return seen == waiting && m->fair.count == waiting;
}

static void model_put(struct model *m, u32 i)
{
	bool before = draw(4) == 0;

	m->put_at[i] = before ? --m->back : ++m->puts;
	m->task[i].rank = draw(3) ? 0 : 1 + draw(3);
	m->task[i].vtime += (s64)draw(20000000) - 10000000;
	fair_put(&m->fair, &m->task[i], before);
}

static bool model_step(struct model *m)
{
	u32 i = draw(TASKS);
	s64 floor = m->fair.floor;

	if (draw(3) == 0) {
		const struct fair_task *first = model_first(m);

		if (fair_take(&m->fair) != first)
			return false;
	} else if (m->task[i].waits) {
		fair_remove(&m->fair, &m->task[i]);
	} else if (draw(2)) {
		model_put(m, i);
		if (!m->task[i].rank && m->task[i].vtime < m->fair.floor - FAIR_BONUS)
			return false;
	} else {
		fair_ran(&m->task[i], draw(10000000), draw(2) ? NICE_0 : NICE_10);
		fair_follow(&m->fair, &m->task[i]);
	}
	return m->fair.first == model_first(m) && m->fair.floor >= floor;
}

static void test_model(void)
{
	struct model m = { .puts = 0 };
	bool good = true;

	fair_init(&m.fair);
	for (u32 i = 0; good && i < PROGRAM; i++)
		good = model_step(&m) && (i % 64 || model_walk(&m));
	ok(good, "a random program of %d operations agrees with the model", PROGRAM);
}

/* ---- a core */

struct worker {
	struct fair_task share;
	u32 weight;
	s64 burst, pause;          /* computes for so long, then sleeps for so long; pause 0: computes on */
	bool shares;               /* in its rank it takes turns */
	s64 done, wakes_at;        /* of this burst; when it sleeps */
	s64 ran, waited, longest;  /* in all; since it last ran, and the longest such */
	bool sleeps;
};

struct core {
	struct fair fair;
	struct worker *now, *all[8];
	u32 count;
	s64 clock, slice_end, charged;
};

static void core_init(struct core *c)
{
	memset(c, 0, sizeof(*c));
	fair_init(&c->fair);
}

static struct worker *worker_of(struct fair_task *t)
{
	return t ? container_of(t, struct worker, share) : NULL;
}

static void core_charge(struct core *c)
{
	if (!c->now)
		return;
	fair_ran(&c->now->share, (u64)(c->clock - c->charged), c->now->weight);
	c->charged = c->clock;
	if (!c->now->sleeps)
		fair_follow(&c->fair, &c->now->share);
}

static void core_next(struct core *c)
{
	c->now = worker_of(fair_take(&c->fair));
	c->charged = c->clock;
	c->slice_end = c->clock + SLICE;
	if (c->now)
		c->now->waited = 0;
}

static void core_switch(struct core *c, bool before)
{
	struct worker *old = c->now;

	c->now = worker_of(fair_take(&c->fair));
	fair_put(&c->fair, &old->share, before);
	c->charged = c->clock;
	c->slice_end = c->clock + SLICE;
	c->now->waited = 0;
}

static void core_put(struct core *c, struct worker *w)
{
	core_charge(c);
	w->sleeps = false;
	fair_put(&c->fair, &w->share, false);
	if (!c->now)
		core_next(c);
	else if (fair_preempts(&w->share, w->weight, &c->now->share))
		core_switch(c, c->now->share.rank < w->share.rank);
}

static struct worker *core_add(struct core *c, struct worker *w)
{
	c->all[c->count++] = w;
	fair_start(&c->fair, &w->share, c->now ? &c->now->share : NULL);
	core_put(c, w);
	return w;
}

static void core_sleep(struct core *c)
{
	struct worker *w = c->now;

	core_charge(c);
	w->sleeps = true;
	w->done = 0;
	w->wakes_at = c->clock + w->pause;
	core_next(c);
}

static void core_count(struct core *c)
{
	for (u32 i = 0; i < c->count; i++) {
		struct worker *w = c->all[i];

		if (w == c->now) {
			w->ran += STEP;
			w->done += STEP;
		} else if (w->share.waits) {
			w->waited += STEP;
			w->longest = MAX(w->longest, w->waited);
		}
	}
}

static void core_run(struct core *c, s64 length)
{
	for (s64 end = c->clock + length; c->clock < end;) {
		core_count(c);
		c->clock += STEP;
		if (c->now && c->now->pause && c->now->done >= c->now->burst)
			core_sleep(c);
		for (u32 i = 0; i < c->count; i++)
			if (c->all[i]->sleeps && c->clock >= c->all[i]->wakes_at)
				core_put(c, c->all[i]);
		if (c->now && c->clock >= c->slice_end && c->fair.count) {
			core_charge(c);
			if (fair_due(&c->fair, &c->now->share, c->now->shares))
				core_switch(c, false);
			else
				c->slice_end = c->clock + SLICE;
		}
	}
}

static bool near(s64 value, s64 wanted, s64 within)
{
	return value >= wanted - within && value <= wanted + within;
}

static void test_weights(void)
{
	struct worker a = { .weight = NICE_0 }, b = { .weight = NICE_10 }, d = { .weight = NICE_0 };
	struct core c;

	core_init(&c);
	core_add(&c, &a);
	core_add(&c, &b);
	core_add(&c, &d);
	core_run(&c, 10000 * MS);
	ok(near(a.ran, d.ran, 2 * SLICE), "equals share equally: %ld ms, %ld ms", a.ran / MS, d.ran / MS);
	ok(near(b.ran, 10000 * MS * NICE_10 / (2 * NICE_0 + NICE_10), 2 * SLICE), "nice 10 has its weight's share: %ld ms", b.ran / MS);
	ok(a.longest <= 3 * SLICE, "nobody of nice 0 waits longer than the others' turns: %ld ms", a.longest / MS);
}

/* One that pauses, beside so many hogs: it gets what it wants, or its share while it wants. */
static void sleeper(s64 burst, s64 pause, u32 hogs, s64 wanted_percent)
{
	struct worker w = { .weight = NICE_0, .burst = burst, .pause = pause }, hog[2] = { { .weight = NICE_0 }, { .weight = NICE_0 } };
	struct core c;

	core_init(&c);
	core_add(&c, &w);
	for (u32 i = 0; i < hogs; i++)
		core_add(&c, &hog[i]);
	core_run(&c, 10000 * MS);
	ok(near(w.ran, 100 * MS * wanted_percent, 400 * MS), "computes %ld us, sleeps %ld us, beside %u: %ld %% of the core",
	   burst / 1000, pause / 1000, hogs, w.ran / (100 * MS));
	ok(hog[0].longest <= FAIR_BONUS + FAIR_GRAIN + (1 + hogs) * SLICE, "who computes beside it waits %ld us at most",
	   hog[0].longest / 1000);
}

static void test_pause(void)
{
	sleeper(5 * MS / 10, MS / 10, 1, 50);
	sleeper(2 * MS, MS / 10, 1, 50);
	sleeper(5 * MS / 10, MS / 10, 2, 33);
	sleeper(2 * MS, MS / 10, 2, 33);
	sleeper(20 * MS, 20 * MS, 1, 36);
	sleeper(MS / 10, 9 * MS / 10, 1, 10);
	sleeper(MS / 10, 9 * MS / 10, 2, 10);
}

static void test_credit(void)
{
	struct worker hog = { .weight = NICE_0 }, late = { .weight = NICE_0, .burst = MS, .pause = 20000 * MS }, *w = &late;
	struct core c;

	core_init(&c);
	core_add(&c, w);
	core_add(&c, &hog);
	core_run(&c, 10000 * MS);
	late.burst = 10000 * MS;
	core_run(&c, 11000 * MS);
	ok(hog.longest <= FAIR_BONUS + FAIR_GRAIN + 2 * SLICE, "who slept for long has saved little: the hog waits %ld us", hog.longest / 1000);
	hog.ran = late.ran = 0;
	core_run(&c, 2000 * MS);
	ok(near(hog.ran, late.ran, 2 * SLICE), "and then both share: %ld ms, %ld ms", hog.ran / MS, late.ran / MS);
}

/* The low one sleeps for a moment in each of its turns: that must not lift the floor over those who have had less. */
static void test_low_sleeper(void)
{
	struct worker hog = { .weight = NICE_0 }, low = { .weight = NICE_19, .burst = 3 * MS, .pause = MS / 10 };
	struct core c;

	core_init(&c);
	core_add(&c, &hog);
	core_add(&c, &low);
	core_run(&c, 20000 * MS);
	ok(low.ran * 30 < hog.ran, "nice 19 that sleeps a little stays low: %ld ms of 20000", low.ran / MS);
	ok(low.ran > 50 * MS, "but it runs");
}

/* Each child computes 1 ms and goes; its parent makes the next. */
static void test_children(void)
{
	struct worker hog = { .weight = NICE_0 }, child[2] = { { .weight = NICE_0 }, { .weight = NICE_0 } };
	s64 children = 0;
	struct core c;

	core_init(&c);
	core_add(&c, &hog);
	core_run(&c, 100 * MS);
	for (int i = 0; i < 2000; i++) {
		struct worker *w = &child[i % 2];

		*w = (struct worker){ .weight = NICE_0 };
		c.count = 1;
		core_add(&c, w);
		while (w->ran < MS)
			core_run(&c, STEP);
		children += w->ran;
		core_charge(&c);
		if (c.now == w)
			core_next(&c);
		else
			fair_remove(&c.fair, &w->share);
	}
	ok(hog.ran >= children, "a line of children has no more than one of long life: %ld ms, hog %ld ms", children / MS, hog.ran / MS);
}

static void test_ranks(void)
{
	struct worker low = { .weight = NICE_0 }, a = { .weight = NICE_0, .share.rank = 5 }, b = a, high = a;
	struct core c;

	high.share.rank = 9;
	high.burst = MS;
	high.pause = 10 * MS;
	core_init(&c);
	core_add(&c, &low);
	core_add(&c, &a);
	core_add(&c, &b);
	core_add(&c, &high);
	core_run(&c, 500 * MS);
	ok(high.ran > 40 * MS && high.longest == 0, "the highest runs at once");
	ok(b.ran == 0 && a.ran > 400 * MS, "who was cut short goes on before his equals");
	ok(low.ran == 0, "who has no rank waits");
	a.shares = b.shares = true;
	core_run(&c, 500 * MS);
	ok(near(a.ran - 400 * MS, b.ran, 100 * MS), "of those who take turns each has his");
	ok(fair_yields(&c.fair, &low.share) && !fair_yields(&c.fair, &high.share), "a rank steps back for equals, not for lower ones");
}

static void test_travel(void)
{
	struct fair from, to;
	struct fair_task t = { .vtime = 0 };

	fair_init(&from);
	fair_init(&to);
	from.floor = 1000 * MS;
	to.floor = 50 * MS;
	t.vtime = from.floor + 7 * MS;
	fair_leave(&from, &t);
	fair_arrive(&to, &t);
	ok(t.vtime == to.floor + 7 * MS, "between queues the distance from the floor is kept");
	t.vtime = to.floor - 1000 * MS;
	fair_put(&to, &t, false);
	ok(t.vtime == to.floor - FAIR_BONUS, "and is no credit without bound");
}

/* Ten seconds in a rank, while others had the time that counts: none of it is saved up. */
static void test_rank_given_up(void)
{
	struct fair_task t = { .rank = 5 };
	struct fair f;

	fair_init(&f);
	f.floor = 10000 * MS;
	fair_ran(&t, 1000 * MS, NICE_0);
	ok(t.vtime == 0, "time in a rank does not count");
	fair_rank(&f, &t, 0);
	ok(t.rank == 0 && t.vtime == f.floor, "who gives up a rank begins at the floor");
}

int main(int argc, char **argv)
{
	if (argc > 1)
		seed = strtoul(argv[1], NULL, 0);
	test_model();
	test_weights();
	test_pause();
	test_credit();
	test_low_sleeper();
	test_children();
	test_ranks();
	test_travel();
	test_rank_given_up();
	return tap_end();
}
