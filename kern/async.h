/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * SIGIO: an open file that tells its owner when it may have become readable or writable. fcntl(2), O_ASYNC and F_SETOWN.
 *
 *   F_SETOWN pid ------> owner, a reference to the process, until another one is named or the file ends; whoever
 *                        may not send signals to it may name it, and tells it nothing
 *   FIOASYNC, O_ASYNC -> on the file's wait queues, like an epoll (kern/epoll.h); a wake sends the owner SIGIO
 *
 * A wake comes from anywhere, interrupts too, and under the queue's lock: so the owner is a process that is at hand, no
 * number to look up, and no group of processes. Programs that never ask pay for one pointer in each open file.
 */
#ifndef KERN_ASYNC_H
#define KERN_ASYNC_H

#include "kern/file.h"

int async_set(struct file *f, bool on);        /* 0, -ENOTTY: such a file tells nobody; -ENOMEM */
int async_own(struct file *f, s32 pid);        /* 0: nobody's. 0, -ESRCH, -EINVAL: a group, -ENOMEM */
s32 async_owner(struct file *f);
void async_end(struct file *f);                /* the open file ends */

#endif
