/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A path that a system call names. */
#ifndef LINUX_PATHS_H
#define LINUX_PATHS_H

#include "kern/fs.h"

/* Walks to what a call names; with an empty path and AT_EMPTY_PATH, to the descriptor itself. 0: p is to be dropped. */
int at_path(int dirfd, const void __user *name, u32 at_flags, struct path *p);

#endif
