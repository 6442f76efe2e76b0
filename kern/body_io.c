/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Copying bytes in and out of file bodies, one page at a time.
 *
 *   pinned    the page and the program's memory are there: nothing is counted, so readers of one page meet nowhere, nor do
 *             writers of different pages. Faults are off
 *   counted   with a reference to the frame and no short lock, so a fault on the user's side is served in the middle
 *
 * A read begins pinned and goes on counted after the first piece that was not all there: a hole, or memory that the
 * program has not touched yet. It keeps nobody out, and may see half of a write, as on Linux.
 *
 * Writes that overlap do not interleave, so they take turns (`writer`). But of overwrites, which change neither size nor
 * pages, those to different pages cannot tell whether they did; so where many overwrite one file, they go beside each other:
 *
 *   in turns --MET overwrites of one page found somebody writing, and nobody wrote alone--> beside (`beside` is up)
 *   beside --a write that touches what others might overwrite, but not as one of them: body_alone--> in turns
 *
 * Who goes beside others is pinned to the body and holds the page's short lock. Who wants the file alone takes `writer`, lowers
 * `beside` and waits for the pins, so under a pin size and pages stay. That wait looks at each core, so `beside`
 * goes up only where overwrites are many and the others few. An append has its turn, and leaves overwrites alone.
 */
#include "base/errno.h"
#include "kern/body.h"
#include "kern/percore.h"
#include "mem/frame.h"

#define MET 8u
#define BESIDE_LOOKS 256 /* some writes of a page take about as long */
#define PAGE_LOCKS 1024u

/* By frame. Two pages may have the same. */
static struct page_lock { _Alignas(64) struct lock lock; } page_locks[PAGE_LOCKS];

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
	struct pin *pin = &percore()->copying;
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
			pin_wait(&pc->copying, b);
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

/* ---- in turns */

static bool is_beside(struct body *b)
{
	return atomic_load_explicit(&b->beside, memory_order_relaxed);
}

static bool in_one_page(u64 at, size_t n)
{
	return n && chunk_at(at, n) == n;
}

/* Under `writer`. */
static void keep_out(struct body *b)
{
	atomic_store_explicit(&b->met, 0, memory_order_relaxed);
	if (!is_beside(b))
		return;
	atomic_store(&b->beside, false);
	body_look_wait(b);
}

void body_alone(struct body *b)
{
	mutex_lock(&b->writer);
	keep_out(b);
}

/* ---- beside each other */

/* Pinned. Takes all of io, which is inside one page, or nothing; a part only if the program unmaps its memory meanwhile. */
static void overwrite_pinned(struct body *b, u64 at, struct io *io)
{
	struct lock *l;
	paddr_t p;

	if (!atomic_load(&b->beside) || at + io->left > atomic_load(&b->size) || !io_in_there(io))
		return;
	p = body_look(b, at >> PAGE_SHIFT);
	if (!p)
		return;
	l = &page_locks[(p >> PAGE_SHIFT) % PAGE_LOCKS].lock;
	lock_acquire(l);
	io_in(io, byte_at(p, at), io->left);
	lock_release(l);
}

/* False: it cannot be done so; io is as it was. */
static bool overwrite(struct body *b, u64 at, struct io *io)
{
	struct pin *pin = &percore()->copying;
	const struct io before = *io;

	user_nofault_begin();
	pin_set(pin, b);
	overwrite_pinned(b, at, io);
	pin_clear(pin);
	user_nofault_end();
	if (!io->left)
		return true;
	*io = before;
	return false;
}

/* The page, and the program's memory: what was missing there is there after this. */
static bool overwrite_prepare(struct body *b, u64 at, const struct io *io)
{
	paddr_t p = body_page_inside(b, at >> PAGE_SHIFT);

	if (p)
		frame_put(p);
	return p && io_in_fault(io);
}

/* Bytes; 0: not so, io is as it was. */
static long write_beside(struct body *b, u64 *pos, struct io *io)
{
	size_t n = io->left;

	if (!is_beside(b))
		return 0;
	if (!overwrite(b, *pos, io) && !(overwrite_prepare(b, *pos, io) && overwrite(b, *pos, io)))
		return 0;
	body_touch(b, false, true, true);
	*pos += n;
	return n;
}

/* ---- the choice */

/* Under `writer`: a write of [at, at + n) begins. Could it have been an overwrite beside others? */
static bool keep_out_of(struct body *b, u64 at, size_t n)
{
	u64 size = atomic_load(&b->size);

	if (at >= size)
		return false;
	if (at + n <= size && in_one_page(at, n) && !is_beside(b))
		return true;
	keep_out(b);
	return false;
}

/* Under `writer`. */
static long write_alone(struct body *b, u64 *pos, struct io *io, bool append, u64 limit)
{
	u64 at = append ? atomic_load(&b->size) : *pos;
	bool small;
	long n;

	if (at >= limit)
		return -EFBIG;
	small = keep_out_of(b, at, MIN(io->left, limit - at));
	n = body_write_pages(b, at, io, MIN(io->left, limit - at));
	if (n > 0) {
		body_touch(b, false, true, true);
		*pos = at + n;
	}
	if (small && atomic_load_explicit(&b->met, memory_order_relaxed) >= MET)
		atomic_store(&b->beside, true);
	return n;
}

/* An overwrite that found somebody writing. Are there many, then he will let them in when he is done: looks for that on a
 * line that nobody writes to meanwhile, before it goes to sleep at the mutex. */
static bool beside_soon(struct body *b)
{
	u32 looks = cores_count() > 1 ? BESIDE_LOOKS : 0;

	if (atomic_load_explicit(&b->met, memory_order_relaxed) < MET)
		atomic_fetch_add_explicit(&b->met, 1, memory_order_relaxed);
	while (looks-- && !is_beside(b))
		nr_port_relax();
	return is_beside(b);
}

/* For an overwrite: false, and nothing is taken, if overwrites go beside each other by the time that it is its turn. */
static bool turn_of_overwrite(struct body *b)
{
	if (mutex_try(&b->writer))
		return true;
	if (beside_soon(b))
		return false;
	mutex_lock(&b->writer);
	if (!is_beside(b))
		return true;
	mutex_unlock(&b->writer);
	return false;
}

/* Bytes that were written beside others; 0: it has its turn. */
static long beside_or_turn(struct body *b, u64 *pos, struct io *io)
{
	long n = write_beside(b, pos, io);

	if (n || turn_of_overwrite(b))
		return n;
	n = write_beside(b, pos, io);
	if (!n)
		mutex_lock(&b->writer);
	return n;
}

long body_write(struct body *b, u64 *pos, struct io *io, bool append, u64 limit)
{
	long n = 0;

	limit = MIN(limit, BODY_MAX);
	if (!io->left)
		return 0;
	if (!append && in_one_page(*pos, io->left) && *pos + io->left <= limit)
		n = beside_or_turn(b, pos, io);
	else
		mutex_lock(&b->writer);
	if (n)
		return n;
	n = write_alone(b, pos, io, append, limit);
	mutex_unlock(&b->writer);
	return n;
}
