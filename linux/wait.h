/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the calls that wait for files have in common (wait.c): relative times, and a signal mask for the while. */
#ifndef LINUX_WAIT_H
#define LINUX_WAIT_H

#include "base/types.h"

/* When a relative timespec ends (NULL: FOREVER; nothing: 0); 0, -EFAULT or -EINVAL. */
int deadline_of(const void __user *user, u64 *deadline);
void deadline_out(void __user *user, u64 deadline); /* what is left of it; NULL is fine */
/* The mask holds until mask_end, or, if that is told of an interruption, until the signal is delivered. NULL: none. */
int mask_begin(const void __user *set, size_t size);
long mask_end(long r, bool masked);

#endif
