/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the calls on scheduling (sched.c, policy.c) share. */
#ifndef LINUX_SCHED_H
#define LINUX_SCHED_H

#include "kern/thread.h"

struct thread *sched_target(s32 tid);              /* 0: the caller; with a reference; NULL */
bool nice_allowed(const struct thread *t, s32 nice); /* may the caller, who may change t at all, say so? */

#endif
