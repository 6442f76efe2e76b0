/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stand-ins until the terminal is here. */
#include "kern/tty.h"
#include "base/errno.h"

struct file *tty_open(u32 rdev, u32 flags, int *err) { (void)rdev; (void)flags; *err = -ENXIO; return NULL; }
void tty_session_ended(u64 tty) { (void)tty; }
void tty_start(void) {}
u32 tty_rdev(u64 tty) { return tty; }
