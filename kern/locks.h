/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * File locks: record locks of processes (fcntl F_SETLK), of open files (F_OFD_SETLK), and whole-file locks (flock).
 *
 * A channel object on the file's body, made when the first lock is taken: a list sorted by start, one short lock,
 * one wait queue. Record locks of both kinds exclude each other; flock's are a world of their own.
 *
 *   owner            gone with
 *   descriptor table any close of any descriptor of the file in that table (POSIX), so also exit
 *   open file        its last close
 */
#ifndef KERN_LOCKS_H
#define KERN_LOCKS_H

#include "base/types.h"

struct file;
struct fdtable;
struct body_locks;

enum locks_kind { LOCKS_PROCESS, LOCKS_OPEN_FILE, LOCKS_FLOCK };
#define LOCKS_END 0x7fffffffffffffffull   /* the last byte a lock can cover: to the end, however far that moves */

struct lock_request {
	enum locks_kind kind;
	u16 type;                 /* F_RDLCK, F_WRLCK, F_UNLCK */
	u64 start, end;           /* bytes, both inside */
	s32 pid;                  /* out, of locks_find: who holds it; -1: an open file */
};

/* Takes, changes or gives back. 0, -EAGAIN (held by others, and not to wait), -EDEADLK, -ERESTARTSYS, -ENOMEM. */
int locks_set(struct file *f, const struct lock_request *r, bool wait);
/* The first lock in the way of `r`, which becomes it; false: none. */
bool locks_find(struct file *f, struct lock_request *r);
/* A descriptor of f in `table` was closed. */
void locks_close(struct file *f, struct fdtable *table);
/* The open file goes. */
void locks_release(struct file *f);
/* The body goes; nobody holds any. */
void locks_free(struct body_locks *l);

#endif
