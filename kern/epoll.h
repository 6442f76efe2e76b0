/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * epoll: a set of watched files, and the list of those that something happened to.
 *
 *                    ADD, MOD: it is ready                   a pass of epoll_wait looks at it
 *   item:  IDLE ----- or a wake of its file -----> READY -------------------------------------> IDLE
 *           ^                                        ^    level-triggered and still ready: back    |
 *           +--------------- edge, one shot ---------+--------------------------------------------+
 *
 * An item stays on the wait queues of its file; a wake calls epoll_fire, which puts it on the ready list. So waiting costs as
 * much as there is ready, however much is watched, and a file that nothing happens to costs its memory only.
 *
 * Two locks. `mutex` (sleeps): the set, and one pass at a time over the ready list. `lock` (short, also from interrupts): the
 * list itself and what an item asks for. The order is
 *
 *   nesting > mutex of the outer > mutex of the inner > a file's own locks
 *   a file's wait queue > lock;  a file's wait queue > the epoll's wait queues > lock of the outer
 *
 * which ends, because a set that would contain itself is refused. An item does not keep its file: when the last descriptor
 * of the open file goes, file_put takes it out of every set (epoll_forget) before the file's release runs.
 */
#ifndef KERN_EPOLL_H
#define KERN_EPOLL_H

#include "base/abi.h"
#include "kern/file.h"

struct file *epoll_new(void);                /* NULL: no memory */
bool file_is_epoll(const struct file *f);
/* epoll_ctl: `fd` is what `target` was named by. All of Linux's errors but -EBADF and -EFAULT. */
int epoll_control(struct file *f, int op, struct file *target, int fd, const struct abi_epoll_event *e);
/* Events stored, 0 when the deadline passed (0: only look), -EINTR, -EFAULT. */
long epoll_await(struct file *f, struct abi_epoll_event __user *out, u32 max, u64 deadline);
/* The open file ends: out of all sets. */
void epoll_forget(struct file *f);

#endif
