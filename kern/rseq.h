/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Restartable sequences (rseq(2)): a thread's area says on which core it runs, and a critical section it announces there
 * is aborted if the thread was switched out or took a signal inside it.
 *
 * A switch back to the thread sets rseq_event; the way to ring 3 then brings the area up to date. (Linux: kernel/rseq.c)
 */
#ifndef KERN_RSEQ_H
#define KERN_RSEQ_H

#include "base/types.h"

struct trapframe;

int rseq_register(void __user *area, u32 len, u32 flags, u32 mark);  /* current thread: 0 or -errno */
void rseq_update(struct trapframe *f);  /* if rseq_event: on the way to ring 3; may sleep */
void rseq_signal(struct trapframe *f);  /* a handler is about to run */

#endif
