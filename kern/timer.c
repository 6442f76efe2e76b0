/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Timers: see timer.h. The base's lock is only ever contended by a cancel from another core, and most cancels take none: a
 * timer that was never armed, or was cancelled since, has no base. One that fired keeps it, for its function may still run.
 */
#include "kern/timer.h"
#include "arch/clock.h"
#include "kern/percore.h"

static int timer_compare(const struct timer *a, const struct timer *b)
{
	if (a->deadline != b->deadline)
		return a->deadline < b->deadline ? -1 : 1;
	return a < b ? -1 : a > b;
}

RB_GENERATE_INTERNAL(timer_tree, timer, link, timer_compare, static __attribute__((unused)))

void timer_base_init(struct timer_base *b)
{
	lock_init(&b->lock);
	RB_INIT(&b->tree);
	b->hardware = ~0ul;
}

static void timer_hardware(struct timer_base *b, u64 slice_end)
{
	struct timer *first = RB_MIN(timer_tree, &b->tree);
	u64 at = first ? first->deadline : ~0ul;

	if (slice_end && slice_end < at)
		at = slice_end;
	if (at >= b->hardware)
		return;
	b->hardware = at;
	timer_set(at);
}

void timer_program(u64 slice_end)
{
	struct timer_base *b = &percore()->timers;

	if (!slice_end || slice_end >= b->hardware)
		return;
	lock_acquire(&b->lock);
	timer_hardware(b, slice_end);
	lock_release(&b->lock);
}

void timer_arm(struct timer *t, u64 deadline)
{
	struct percore *pc = percore();
	struct timer_base *b = &pc->timers;

	timer_cancel(t);
	lock_acquire(&b->lock);
	t->deadline = deadline;
	t->base = 1 + pc->nr.id;
	t->armed = true;
	RB_INSERT(timer_tree, &b->tree, t);
	timer_hardware(b, pc->slice_end);
	lock_release(&b->lock);
}

/* Takes it out of its base. True: its function runs there meanwhile, on another core, and may arm it again. */
static bool timer_remove(struct timer *t, bool *was)
{
	struct timer_base *b = &percore_of(t->base - 1)->timers;
	bool firing;

	lock_acquire(&b->lock);
	if (t->armed) {
		RB_REMOVE(timer_tree, &b->tree, t);
		t->armed = false;
		*was = true;
	}
	firing = b->firing == t;
	if (!firing)
		t->base = 0;
	lock_release(&b->lock);
	return firing && b != &percore()->timers;
}

bool timer_cancel(struct timer *t)
{
	bool was = false;

	while (t->base && timer_remove(t, &was))
		core_pause();
	return was;
}

static struct timer *timer_take_due(struct timer_base *b, u64 now)
{
	struct timer *t = RB_MIN(timer_tree, &b->tree);

	if (!t || t->deadline > now)
		return NULL;
	RB_REMOVE(timer_tree, &b->tree, t);
	t->armed = false;
	return t;
}

void timer_run(u64 slice_end)
{
	struct timer_base *b = &percore()->timers;
	struct timer *t;

	lock_acquire(&b->lock);
	b->hardware = ~0ul; /* a one-shot that fired is spent */
	while ((t = timer_take_due(b, clock_ns()))) {
		b->firing = t;
		lock_release(&b->lock);
		t->fire(t);
		lock_acquire(&b->lock);
		b->firing = NULL;
	}
	timer_hardware(b, slice_end);
	lock_release(&b->lock);
}
