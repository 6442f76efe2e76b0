/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * resident: how many frames a space keeps, counted by many cores that share no line.
 *
 *   a core's count    what it entered minus what it took out of the space that it has loaded (percore.resident)
 *   a space's count   the counts of cores that left it, and changes made to a space that is not loaded here
 *
 * A core that leaves a space adds its count to the space's: so a core has one, whatever the number of spaces, and a space's
 * own is written as often as threads come and go. The sum of both is what is asked for; it is exact while nobody leaves.
 */
#ifndef KERN_RESIDENT_H
#define KERN_RESIDENT_H

#include "kern/percore.h"
#include "kern/space.h"

/* By n frames more, or (negative) less. */
static inline void resident_add(struct space *s, s64 n)
{
	struct percore *pc = percore();

	if (likely(atomic_load_explicit(&pc->loaded, memory_order_relaxed) == s))
		atomic_store_explicit(&pc->resident, atomic_load_explicit(&pc->resident, memory_order_relaxed) + n,
				      memory_order_relaxed);
	else
		atomic_fetch_add_explicit(&s->pages.resident, n, memory_order_relaxed);
}

/* This core is about to leave the space it has loaded. */
static inline void resident_leave(struct percore *pc)
{
	struct space *s = atomic_load_explicit(&pc->loaded, memory_order_relaxed);
	s64 n = atomic_load_explicit(&pc->resident, memory_order_relaxed);

	if (!n)
		return;
	atomic_store_explicit(&pc->resident, 0, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->pages.resident, n, memory_order_relaxed);
}

static inline u64 resident_frames(struct space *s)
{
	s64 sum = atomic_load_explicit(&s->pages.resident, memory_order_relaxed);
	u32 i, n = cores_count();

	for (i = 0; i < n; i++) {
		struct percore *pc = percore_of(i);

		if (pc && atomic_load_explicit(&pc->loaded, memory_order_relaxed) == s)
			sum += atomic_load_explicit(&pc->resident, memory_order_relaxed);
	}
	return MAX(sum, 0);
}

#endif
