/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Files that are an event and nothing else.
 *
 *   eventfd   a count: write adds, read takes all of it (or 1: a semaphore); a full one makes writers wait
 *   timerfd   how often a timer expired since it was last read or set. It fires once and counts the rest when it is read: an
 *             interval costs nothing while nobody looks
 */
#ifndef KERN_EVENTFD_H
#define KERN_EVENTFD_H

#include "base/types.h"

struct file;

/* flags: O_NONBLOCK. NULL: no memory. */
struct file *eventfd_new(u64 count, bool semaphore, u32 flags);

struct file *timerfd_new(u32 clock, u32 flags);
bool file_is_timerfd(const struct file *f);
u32 timerfd_clock(const struct file *f);
/* ns from now, 0: off; and the interval, 0: once. */
void timerfd_get(struct file *f, u64 *left, u64 *every);
void timerfd_set(struct file *f, u64 at, u64 every);   /* at: clock_ns, 0: off */

#endif
