/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Byte movers: see io.h. One segment a step; io_step does what the three directions share. */
#include "kern/io.h"

enum direction { OUT, IN, ZEROS };

static size_t io_segment(struct io *io, u8 __user *at, void *mem, size_t n, enum direction d)
{
	void *k = (void __force *)at;

	if (!io->kernel) {
		if (d == OUT)
			return n - user_copy_out_partial(at, mem, n);
		if (d == IN)
			return n - user_copy_in_partial(mem, at, n);
		return user_zero(at, n) ? 0 : n;
	}
	if (d == OUT)
		memcpy(k, mem, n);
	else if (d == IN)
		memcpy(mem, k, n);
	else
		memset(k, 0, n);
	return n;
}

static size_t io_step(struct io *io, void *mem, size_t n, enum direction d)
{
	size_t done = 0;

	n = MIN(n, io->left);
	while (done < n) {
		const struct abi_iovec *v = io->iov ? &io->iov[io->index] : &io->one;
		size_t part = MIN(n - done, v->len - io->offset), moved;

		if (!part) {
			io->index++;
			io->offset = 0;
			continue;
		}
		moved = io_segment(io, (u8 __user *)v->base + io->offset, (u8 *)mem + done, part, d);
		io->offset += moved;
		io->left -= moved;
		done += moved;
		if (moved < part)
			break;
	}
	return done;
}

size_t io_out(struct io *io, const void *src, size_t n)
{
	return io_step(io, (void *)src, n, OUT);
}

size_t io_in(struct io *io, void *dst, size_t n)
{
	return io_step(io, dst, n, IN);
}

size_t io_zeros(struct io *io, size_t n)
{
	return io_step(io, NULL, n, ZEROS);
}

/* What is left, if that is one piece; NULL: it is several. */
static const u8 __user *io_piece(const struct io *io)
{
	const struct abi_iovec *v = io->iov ? &io->iov[io->index] : &io->one;

	return v->len - io->offset >= io->left ? (const u8 __user *)v->base + io->offset : NULL;
}

bool io_in_there(const struct io *io)
{
	const u8 __user *p = io_piece(io);
	u8 last;

	return p && (io->kernel || !user_copy_in(&last, p + io->left - 1, 1));
}

bool io_in_fault(const struct io *io)
{
	const u8 __user *p = io_piece(io);

	return p && (io->kernel || !user_fault_in(p, io->left, false));
}
