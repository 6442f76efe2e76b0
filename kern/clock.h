/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Wall time on top of the monotonic clock: an offset that clock_settime changes. ns since 1970. */
#ifndef KERN_CLOCK_H
#define KERN_CLOCK_H

#include <stdatomic.h>
#include "arch/clock.h"

extern _Atomic u64 wall_offset;
static inline u64 wall_ns(void) { return clock_ns() + atomic_load_explicit(&wall_offset, memory_order_relaxed); }

#endif
