/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Copying bytes in and out of file bodies, one page at a time. Writers of one body take turns.
 *
 *   pinned    a read whose memory is there: nothing is counted, so readers of one page meet nowhere. Faults are off
 *   counted   with a reference to the frame and no short lock, so a fault on the user's side is served in the middle
 *
 * A read begins pinned and goes on counted after the first piece that was not all there: a hole, or memory that the
 * program has not touched yet.
 */
#include "base/errno.h"
#include "kern/body.h"
#include "kern/percore.h"
#include "mem/frame.h"

static size_t chunk_at(u64 pos, size_t left)
{
	return MIN(left, PAGE_SIZE - (pos & (PAGE_SIZE - 1)));
}

static u8 *byte_at(paddr_t p, u64 pos)
{
	return (u8 *)phys_to_virt(p) + (pos & (PAGE_SIZE - 1));
}

static size_t read_pinned(struct body *b, u64 at, struct io *io, size_t n)
{
	struct pin *pin = &percore()->reading;
	size_t moved = 0;
	paddr_t p;

	user_nofault_begin();
	pin_set(pin, b);
	p = body_look(b, at >> PAGE_SHIFT);
	if (p)
		moved = io_out(io, byte_at(p, at), n);
	pin_clear(pin);
	user_nofault_end();
	return moved;
}

void body_look_wait(const struct body *b)
{
	u32 i, n = cores_count();

	for (i = 0; i < n; i++) {
		struct percore *pc = percore_of(i);

		if (pc)
			pin_wait(&pc->reading, b);
	}
}

static size_t read_counted(struct body *b, u64 at, struct io *io, size_t n)
{
	paddr_t p = body_page(b, at >> PAGE_SHIFT);
	size_t moved;

	if (!p)
		return io_zeros(io, n);
	moved = io_out(io, byte_at(p, at), n);
	frame_put(p);
	return moved;
}

long body_read(struct body *b, u64 pos, struct io *io)
{
	u64 size = atomic_load(&b->size);
	size_t len = pos >= size ? 0 : MIN(io->left, size - pos), done = 0;
	bool pinned = true;

	while (done < len) {
		size_t n = chunk_at(pos + done, len - done);
		size_t moved = (pinned ? read_pinned : read_counted)(b, pos + done, io, n);

		done += moved;
		if (moved < n && !pinned)
			return done ? (long)done : -EFAULT;
		pinned &= moved == n;
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
		moved = io_in(io, byte_at(p, at), n);
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
