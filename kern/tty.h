/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The terminal: a line discipline (N_TTY) over a serial line. See tty.c. /dev/console, /dev/ttyS0 and, for the session
 * that owns it, /dev/tty are this one.
 */
#ifndef KERN_TTY_H
#define KERN_TTY_H

#include "base/types.h"

struct file;
void tty_start(void);
struct file *tty_open(u32 rdev, u32 flags, int *err);  /* by device number: 4:64 ttyS0, 5:0 tty, 5:1 console, 5:2 ptmx, 136:N */
void tty_session_ended(u64 tty);                       /* its session's leader exited */
u32 tty_rdev(u64 tty);                                 /* for /proc/PID/stat */

#endif
