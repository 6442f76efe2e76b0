/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the files of an address space share: space_life.c, space.c. Thread context, no guard or lock held. */
#ifndef KERN_SPACE_INTERNAL_H
#define KERN_SPACE_INTERNAL_H

#include "kern/space.h"

/* One reference for each page that a region maps of an object (a struct body; 0: anonymous, nothing to do). */
void object_take(u64 object, u64 pages);
void object_drop(u64 object, u64 pages);
/* After it, no guard is held that began before: who looks at the space's flags now sees them. */
void space_barrier(struct space *s);

#endif
