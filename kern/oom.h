/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Out of memory: whoever finds none, and may sleep, waits as long as some process is about to give back all it has.
 *
 *   a process is told to die --- oom_leaving ---> ... its threads end ... --- oom_left ---> its memory is back
 *                                      |                                          |
 *   no memory: oom_await(given before the attempt)   sleeps while any is leaving  +--> wakes: try again
 *
 * Who waits may hold a mutex that the dying one needs to get on, so nobody waits longer than OOM_PATIENCE without anything
 * being given. (Linux waits for its victim as well, and has a thread that takes its memory if it does not get on.)
 */
#ifndef KERN_OOM_H
#define KERN_OOM_H

#include "base/types.h"

struct process;

void oom_leaving(struct process *p); /* under p->lock; again is nothing */
void oom_left(struct process *p);    /* if it was leaving */
u64 oom_given(void);                 /* how many processes have given their memory back */
/* After an attempt failed: true, it is worth another. False: nobody is about to give anything, or the caller is to die. */
bool oom_await(u64 given);
void oom_end(void);                  /* the calling process dies by SIGKILL */

#endif
