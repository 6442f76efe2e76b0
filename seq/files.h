/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * files: a descriptor table: small numbers -> {open file, close-on-exec}.
 *
 * The table is a radix tree of 64-way nodes that grows upwards on demand: a table of at most 64 descriptors is one
 * leaf of 528 bytes. Every inner node keeps three bit sets over its children (full, used, any close-on-exec), so
 * that finding the lowest free descriptor, the next open one, or the next one to close on exec reads one word per
 * level.
 *
 *   everything O(levels), at most 4;  the steps CLOSE_RANGE and CLOSE_ON_EXEC: up to FILES_STEP descriptors
 *
 * References: the table holds one reference on each handle it stores; the caller owns counting. An operation that
 * stores a handle takes over a reference that the caller acquired before; if it returns an error, the caller still
 * owns it. A handle that comes back in a result is a reference given back to the caller, to be dropped.
 * DUP*: the caller looks the old descriptor up, references that handle and names it in the operation; if the
 * descriptor has changed meanwhile the result is -EAGAIN and the caller starts over.
 *
 * Sequential and deterministic; memory only from the pool. Handles are opaque and not zero.
 * Sources: Linux open(2), dup(2), fcntl(2), close_range(2); POSIX: lowest descriptor first.
 */
#ifndef SEQ_FILES_H
#define SEQ_FILES_H

#include "base/pool.h"
#include "base/types.h"

#define FILES_MAX 1048576u /* descriptors are below it (Linux' nr_open) */
#define FILES_STEP 16

enum files_kind {
	FILES_ALLOC = 1,   /* handle, cloexec, limit, min -> lowest free ret.fd >= min; -EMFILE */
	FILES_ALLOC2,      /* handle, handle2, cloexec, limit -> ret.fd, ret.fd2, both or none; -EMFILE */
	FILES_DUP,         /* fd, handle, limit -> ret.fd; -EBADF, -EMFILE, -EAGAIN */
	FILES_DUPFD,       /* fd, handle, min, cloexec, limit: F_DUPFD(_CLOEXEC); also -EINVAL if min >= limit */
	FILES_DUP2,        /* fd, fd2 (new), handle, limit -> ret.fd = fd2, ret.handle[0..n) replaced; -EBADF, -EAGAIN;
	                    * fd == fd2: nothing happens, ret.kept: drop the reference */
	FILES_DUP3,        /* same with cloexec; -EINVAL if fd == fd2 */
	FILES_CLOSE,       /* fd -> ret.handle[0]; -EBADF */
	FILES_CLOSE_RANGE, /* fd .. fd2 inclusive; -EINVAL if fd > fd2. Closes up to FILES_STEP -> ret.handle[0..n); if
	                    * ret.more: apply again with fd = ret.next. cloexec set: only marks them (up to 64 a step) */
	FILES_SET_CLOEXEC, /* fd, cloexec; -EBADF */
	FILES_EXEC,        /* from fd on closes up to FILES_STEP close-on-exec ones, as CLOSE_RANGE does */
};

struct files_op {
	u32 kind;
	u32 cloexec;       /* 0 or 1 */
	u32 fd, fd2;       /* as the program gave them; anything >= FILES_MAX is simply not open */
	u32 min;
	u32 limit;         /* RLIMIT_NOFILE, or FILES_MAX */
	u64 handle, handle2;
};

struct files_ret {
	s32 err;           /* 0 or -errno */
	u32 fd, fd2;
	u32 next;          /* where a step goes on, if more */
	bool more, kept;
	u32 n;             /* handles given back */
	u64 handle[FILES_STEP]; /* only n are written: others' cores fill this in, and each line of it costs them a miss */
};

struct files {
	struct pool *pool;
	void *root;        /* a leaf at height 0 */
	u32 height;        /* 0..3 */
	u32 count;         /* open descriptors */
};

int files_init(struct files *f, struct pool *pool, const void *arg); /* arg unused; 0, -ENOMEM */
/* For fork too: the caller must take one reference for every handle of the copy. */
int files_clone(struct files *dst, struct pool *pool, const struct files *src);
void files_apply(struct files *f, const void *op, size_t len, void *ret); /* ret may be NULL */
size_t files_op_mem(const void *op, size_t len);
size_t files_op_mem_max(void);
u64 files_hash(const struct files *f);
int files_check(const struct files *f);

struct files_entry {
	u32 fd;
	bool cloexec;
	u64 handle;
};

int files_get(const struct files *f, u32 fd, struct files_entry *out); /* 0 or -EBADF */
u64 files_handle(const struct files *f, u32 fd);                       /* 0 if not open: the fast path of every call */
/* Up to max open descriptors >= from, increasing; returns how many. Go on from the last one plus 1. */
size_t files_list(const struct files *f, u32 from, struct files_entry *out, size_t max);
u32 files_count(const struct files *f);

#endif
