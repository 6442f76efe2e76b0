/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * changes: who may take pages out of a space, and when.
 *
 *   fault      looks, under a guard, whether the range of its page is leaving; if so it waits and starts again
 *   change     unmap, protect, discard, map over something: counts the pieces of its range as leaving. Any number at once
 *   exclusive  fork, move, trim: one at a time and no change with it. Faults go on, unless it counts everything
 *              as leaving (changes_stop); after an nr_sync past that, nobody is inside the page map
 *
 *   C1 change: count (RMW), then look at `exclusive`   <-> C2 exclusive: take it (RMW), then look at the counts
 *   Either the change sees the exclusive, counts out and waits, or the exclusive waits for the change.
 *
 * Pieces are 128 KiB, modulo SLOTS; their counters only say that it is worth while to look closer: each core publishes
 * the one range that it takes away (before it counts), and only who needs a page of that range waits. A change
 * touches only its range's counters, and those of pieces that follow each other lie in different cache lines.
 * Context: waits in nr_port_relax; the caller holds no guard and no lock, and does not sleep in between.
 */
#ifndef KERN_CHANGES_H
#define KERN_CHANGES_H

#include <stdatomic.h>
#include "base/types.h"

#define CHANGES_LINES 8u
#define CHANGES_SLOTS (CHANGES_LINES * 16)
#define CHANGES_SHIFT 17

struct changes {
	_Alignas(64) _Atomic u32 leaving[CHANGES_LINES][16];
	_Atomic u32 all;          /* the same for long ranges */
	_Atomic u32 exclusive;
};

static inline _Atomic u32 *changes_slot(struct changes *c, u64 piece)
{
	return &c->leaving[piece % CHANGES_LINES][piece / CHANGES_LINES % 16];
}

void changes_begin(struct changes *c, u64 start, u64 end); /* start >= end: nothing to announce */
void changes_end(struct changes *c, u64 start, u64 end);
/* Waits until nothing of [start, end) is leaving: before a fresh mapping there is shown to its program. */
void changes_wait(struct changes *c, u64 start, u64 end);

void changes_alone(struct changes *c);                     /* begins an exclusive */
void changes_alone_end(struct changes *c);
void changes_stop(struct changes *c);                      /* inside an exclusive: faults wait (all of user space leaves) */
void changes_go(struct changes *c);

/* Some core is taking a page of [start, end) away. */
bool changes_overlap(struct changes *c, u64 start, u64 end);

static inline bool changes_leaving(struct changes *c, u64 va)
{
	if (likely(!atomic_load(changes_slot(c, va >> CHANGES_SHIFT)) && !atomic_load(&c->all)))
		return false;
	return changes_overlap(c, va, va + 1);
}

#endif
