/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files that read the signals of whoever reads them: signalfd(2). */
#ifndef KERN_SIGNALFD_H
#define KERN_SIGNALFD_H

#include "kern/signal.h"

struct file;

void signalfd_start(void);                             /* before the first process */
struct file *signalfd_new(sigset_t set, u32 flags);    /* flags: O_NONBLOCK. NULL: no memory */
bool file_is_signalfd(const struct file *f);
void signalfd_set(struct file *f, sigset_t set);
/* A signal was queued for p. Any context, under p's signal lock. */
void signalfd_wake(struct process *p);

#endif
