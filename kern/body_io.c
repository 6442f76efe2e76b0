/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Copying bytes in and out of file bodies. One page at a time, holding a reference to its frame and no short
 * lock, so a fault on the user's side may be served in the middle. Writers of one body take turns.
 */
#include "base/errno.h"
#include "kern/body.h"
#include "mem/frame.h"

static size_t chunk_at(u64 pos, size_t left)
{
	return MIN(left, PAGE_SIZE - (pos & (PAGE_SIZE - 1)));
}

long body_read(struct body *b, u64 pos, struct io *io)
{
	u64 size = atomic_load(&b->size);
	size_t len = pos >= size ? 0 : MIN(io->left, size - pos), done = 0;

	while (done < len) {
		u64 at = pos + done;
		size_t n = chunk_at(at, len - done), moved;
		paddr_t p = body_page(b, at >> PAGE_SHIFT);

		if (p) {
			moved = io_out(io, (u8 *)phys_to_virt(p) + (at & (PAGE_SIZE - 1)), n);
			frame_put(p);
		} else {
			moved = io_zeros(io, n);
		}
		done += moved;
		if (moved < n)
			return done ? (long)done : -EFAULT;
	}
	return done;
}

static void body_extend(struct body *b, u64 end)
{
	u64 size = atomic_load(&b->size);

	while (end > size && !atomic_compare_exchange_weak(&b->size, &size, end))
		;
}

static long body_write_pages(struct body *b, u64 pos, struct io *io, size_t len)
{
	size_t done = 0;

	while (done < len) {
		u64 at = pos + done;
		size_t n = chunk_at(at, len - done), moved;
		paddr_t p = body_page_make(b, at >> PAGE_SHIFT);

		if (!p)
			return done ? (long)done : -ENOSPC;
		moved = io_in(io, (u8 *)phys_to_virt(p) + (at & (PAGE_SIZE - 1)), n);
		frame_put(p);
		done += moved;
		if (moved)
			body_extend(b, at + moved);
		if (moved < n)
			return done ? (long)done : -EFAULT;
	}
	return done;
}

long body_write(struct body *b, u64 *pos, struct io *io, bool append, u64 limit)
{
	u64 at;
	long n = 0;

	if (!io->left)
		return 0;
	mutex_lock(&b->writer);
	at = append ? atomic_load(&b->size) : *pos;
	limit = MIN(limit, BODY_MAX);
	if (at >= limit)
		n = -EFBIG;
	else
		n = body_write_pages(b, at, io, MIN(io->left, limit - at));
	if (n > 0) {
		*pos = at + n;
		body_touch(b, false, true, true);
	}
	mutex_unlock(&b->writer);
	return n;
}
