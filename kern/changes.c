/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Changes of a space's page map: see changes.h. */
#include "kern/changes.h"
#include "arch/user.h"
#include "kern/percore.h"
#include "nr/port.h"

static void changes_count(struct changes *c, u64 start, u64 end, u32 by)
{
	u64 piece, last = (end - 1) >> CHANGES_SHIFT;

	if (start >= end)
		return;
	if (last - (start >> CHANGES_SHIFT) >= CHANGES_SLOTS / 2) {
		atomic_fetch_add(&c->all, by);
		return;
	}
	for (piece = start >> CHANGES_SHIFT; piece <= last; piece++)
		atomic_fetch_add(changes_slot(c, piece), by);
}

static void changes_publish(struct changes *c, u64 start, u64 end)
{
	struct percore *pc = percore();

	atomic_store_explicit(&pc->leaving_start, start, memory_order_relaxed);
	atomic_store_explicit(&pc->leaving_end, end, memory_order_relaxed);
	atomic_store_explicit(&pc->leaving, c, memory_order_release);
	changes_count(c, start, end, 1); /* C1 */
}

static void changes_withdraw(struct changes *c, u64 start, u64 end)
{
	atomic_store_explicit(&percore()->leaving, NULL, memory_order_release);
	changes_count(c, start, end, -1u);
}

/* A range that is replaced by the core's next one while we read it has left: whatever we make of the mixture. */
bool changes_overlap(struct changes *c, u64 start, u64 end)
{
	u32 i, n = cores_count();

	for (i = 0; i < n; i++) {
		struct percore *pc = percore_of(i);

		if (pc && atomic_load_explicit(&pc->leaving, memory_order_acquire) == c &&
		    atomic_load_explicit(&pc->leaving_start, memory_order_relaxed) < end &&
		    atomic_load_explicit(&pc->leaving_end, memory_order_relaxed) > start)
			return true;
	}
	return false;
}

void changes_begin(struct changes *c, u64 start, u64 end)
{
	if (start >= end)
		return;
	for (;;) {
		changes_publish(c, start, end);
		if (!atomic_load(&c->exclusive))
			return;
		changes_withdraw(c, start, end);
		while (atomic_load(&c->exclusive))
			nr_port_relax();
	}
}

void changes_end(struct changes *c, u64 start, u64 end)
{
	if (start < end)
		changes_withdraw(c, start, end);
}

static bool changes_counted(struct changes *c, u64 start, u64 end)
{
	u64 piece, last = (end - 1) >> CHANGES_SHIFT, first = start >> CHANGES_SHIFT;

	if (atomic_load(&c->all) || last - first >= CHANGES_SLOTS)
		return true;
	for (piece = first; piece <= last; piece++)
		if (atomic_load(changes_slot(c, piece)))
			return true;
	return false;
}

void changes_wait(struct changes *c, u64 start, u64 end)
{
	while (changes_counted(c, start, end) && changes_overlap(c, start, end))
		nr_port_relax();
}

void changes_alone(struct changes *c)
{
	u32 line, i;

	while (atomic_exchange(&c->exclusive, 1)) /* C2 */
		nr_port_relax();
	for (line = 0; line < CHANGES_LINES; line++)
		for (i = 0; i < ARRAY_SIZE(c->leaving[line]); i++)
			while (atomic_load(&c->leaving[line][i]))
				nr_port_relax();
	while (atomic_load(&c->all))
		nr_port_relax();
}

void changes_alone_end(struct changes *c)
{
	atomic_store(&c->exclusive, 0);
}

void changes_stop(struct changes *c)
{
	changes_publish(c, 0, USER_END);
}

void changes_go(struct changes *c)
{
	changes_withdraw(c, 0, USER_END);
}
