/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Views: reads of several parts at one moment.
 *
 *   guards   of the caller's replica of each part: they stand still, each at an index of its own
 *   collect  after the last guard, ctail of each part: if none is above its replica's index, all of these states were up
 *            to date at once, when the last guard was got
 *   else     guards are dropped, the parts that moved are brought up to what was seen, and all begins again; after
 *            NR_VIEW_TRIES times the view is ordered like a span that applies nothing
 *   barred   by a writer who is inside: guards are dropped, too, and it waits; for VIEW_POLLS polls at most
 *
 * Why one collect is enough: ctail rises before a reader gets to see what it covers, and a guard keeps its replica from
 * moving. Two views on two nodes that each saw what the other did not would each have collected before the other's ctail
 * rose, which was before the other collected: the steps are seq_cst (C1, C2), so not both.
 *
 * Never waits under a guard: a spanner may be waiting for that guard while others wait for him.
 */
#include "nr/span.h"

#define VIEW_POLLS 256 /* while writers are inside, before the view takes its turn among them */

struct look { /* guards of one attempt */
	struct nr_family *f;
	struct nr_self *self;
	struct nr_view view;
	u64 need[NR_SHARDS_MAX]; /* what each part's replica must have applied */
	struct nr_replica *r[NR_SHARDS_MAX];
	struct nr_slot *slot[NR_SHARDS_MAX];
	u32 moved, barred; /* attempts that failed: parts moved on under them; a writer was inside */
};

/* Everything that one may have to wait for, before the first guard. */
static void catch_up(struct look *l, u64 mask)
{
	u32 p;

	nr_for_each(p, mask) {
		struct nr *nr = l->f->pub.shard[p];
		struct nr_replica *r = l->r[p] = nr_route(nr, l->self);

		l->slot[p] = nr_slot_of(r, l->self);
		if (nr_ltail(r) < l->need[p])
			nr_help(nr, r, l->need[p]);
	}
}

static bool guard_one(struct look *l, u32 p)
{
	struct nr_replica *r = l->r[p];

	if (nr_ltail(r) < l->need[p] || !gate_read_try(r, l->slot[p]))
		return false;
	if (!r->live) {
		gate_read_end(l->slot[p]);
		return false;
	}
	l->view.state[p] = r->state;
	l->view.mask |= 1ull << p;
	return true;
}

/* True: what is under the guards was up to date at one moment. */
static bool collect(struct look *l)
{
	bool same = true;
	u32 p;

	nr_for_each(p, l->view.mask) {
		l->need[p] = atomic_load_explicit(&l->f->pub.shard[p]->ctail, memory_order_seq_cst); /* C2 */
		same = same && l->need[p] <= nr_ltail(l->r[p]);
	}
	return same;
}

static void unguard(struct look *l)
{
	u32 p;

	nr_for_each(p, l->view.mask)
		gate_read_end(l->slot[p]);
	l->view.mask = 0;
}

/* One attempt; true: all guards are held, of one moment. */
static bool look_try(struct look *l, u64 mask)
{
	bool barred;
	u32 p;

	catch_up(l, mask);
	nr_for_each(p, mask)
		if (!guard_one(l, p))
			break;
	barred = l->view.mask != mask;
	if (!barred && collect(l))
		return true;
	unguard(l);
	if (barred) {
		l->barred++;
		nr_port_relax();
	} else { /* it is known how far: there is nothing to wait for */
		l->moved++;
	}
	return false;
}

static void view_ordered(struct nr_family *f, struct nr_self *self, u64 mask,
			 void (*look)(const struct nr_view *view, void *arg), void *arg)
{
	struct nr_plan x;

	nr_span_begin(&x, f, self, mask);
	look(&x.view, arg);
	nr_span_close(&x);
	nr_span_end(&x);
	atomic_fetch_add_explicit(&f->views_ordered, 1, memory_order_relaxed);
}

static bool view_guarded(struct nr_family *f, struct nr_self *self, u64 mask,
			 void (*look)(const struct nr_view *view, void *arg), void *arg)
{
	struct look l;
	bool good;

	__builtin_memset(&l, 0, sizeof(l));
	l.f = f;
	l.self = self;
	while (!(good = look_try(&l, mask)) && l.moved < NR_VIEW_TRIES && l.barred < VIEW_POLLS)
		;
	if (good) {
		look(&l.view, arg);
		unguard(&l);
	}
	if (l.moved)
		atomic_fetch_add_explicit(&f->views_again, l.moved, memory_order_relaxed);
	return good;
}

void nr_shards_view(struct nr_shards *s, struct nr_self *self, u64 mask, void (*look)(const struct nr_view *view, void *arg),
		    void *arg)
{
	nr_mask_check(s, mask);
	nr_enter(self, false);
	if (!view_guarded(nr_family_of(s), self, mask, look, arg))
		view_ordered(nr_family_of(s), self, mask, look, arg);
	nr_leave(self);
}
