/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Changes of a space's page map: see changes.h. */
#include "kern/changes.h"
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
		atomic_fetch_add(&c->leaving[piece % CHANGES_SLOTS], by);
}

void changes_begin(struct changes *c, u64 start, u64 end)
{
	if (start >= end)
		return;
	for (;;) {
		changes_count(c, start, end, 1); /* C1 */
		if (!atomic_load(&c->exclusive))
			return;
		changes_count(c, start, end, -1u);
		while (atomic_load(&c->exclusive))
			nr_port_relax();
	}
}

void changes_end(struct changes *c, u64 start, u64 end)
{
	changes_count(c, start, end, -1u);
}

void changes_wait(struct changes *c, u64 start, u64 end)
{
	u64 piece, n = (end - 1 - start) >> CHANGES_SHIFT;

	for (piece = 0; piece <= MIN(n + 1, CHANGES_SLOTS); piece++)
		while (changes_leaving(c, start + (piece << CHANGES_SHIFT)))
			nr_port_relax();
}

void changes_alone(struct changes *c)
{
	u32 i;

	while (atomic_exchange(&c->exclusive, 1)) /* C2 */
		nr_port_relax();
	for (i = 0; i < CHANGES_SLOTS; i++)
		while (atomic_load(&c->leaving[i]))
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
	atomic_fetch_add(&c->all, 1);
}

void changes_go(struct changes *c)
{
	atomic_fetch_sub(&c->all, 1);
}
