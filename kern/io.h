/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * io: where the bytes of a read or write come from or go to: a program's buffers (one or many segments) or
 * kernel memory. Each copy advances it. A short copy means the program's memory ended (-EFAULT if nothing moved).
 */
#ifndef KERN_IO_H
#define KERN_IO_H

#include "arch/user.h"
#include "base/abi.h"
#include "base/string.h"
#include "base/types.h"

struct io {
	const struct abi_iovec *iov; /* kernel copy of the segments; NULL: `one` */
	struct abi_iovec one;
	u32 count, index;
	size_t offset;               /* inside the current segment */
	size_t left;                 /* bytes in all */
	bool kernel;                 /* base is a kernel pointer */
	bool append;                 /* a write goes to the end of the file (RWF_APPEND) */
};

static inline struct io io_user(void __user *p, size_t len)
{
	return (struct io){ .one = { p, len }, .count = 1, .left = len };
}

static inline struct io io_kernel(void *p, size_t len)
{
	return (struct io){ .one = { (void __user __force *)p, len }, .count = 1, .left = len, .kernel = true };
}

/* Copies up to n bytes; returns how many moved (less than MIN(n, left) only after a fault). */
size_t io_out(struct io *io, const void *src, size_t n); /* kernel -> io: for reads */
size_t io_in(struct io *io, void *dst, size_t n);        /* io -> kernel: for writes */
size_t io_zeros(struct io *io, size_t n);
/* For who copies in at most a page, all or nothing, with faults off (arch/user.h): is it in one piece whose end is there? (That the
 * beginning is missing shows before anything has moved.) */
bool io_in_there(const struct io *io);
bool io_in_fault(const struct io *io);                   /* the same with faults on, for all of the piece; false: it cannot be */

#endif
