/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* eventfd: see eventfd.h. */
#include "kern/eventfd.h"
#include "kern/file.h"
#include "kern/thread.h"
#include "mem/slab.h"

#define EVENTFD_MAX (~0ul - 1)

struct eventfd {
	struct lock lock;
	u64 count;
	bool semaphore;
	struct waitq wait;
};

KCACHE(eventfd_cache, "eventfds", struct eventfd);

static bool eventfd_take(struct eventfd *e, u64 *n)
{
	lock_acquire(&e->lock);
	*n = e->semaphore && e->count ? 1 : e->count;
	e->count -= *n;
	lock_release(&e->lock);
	return *n;
}

static bool eventfd_add(struct eventfd *e, u64 n)
{
	bool fits;

	lock_acquire(&e->lock);
	fits = EVENTFD_MAX - e->count >= n;
	if (fits)
		e->count += n;
	lock_release(&e->lock);
	return fits;
}

static long eventfd_read(struct file *f, struct io *io, u64 *pos)
{
	struct eventfd *e = f->data;
	u64 n;
	int err = 0;

	(void)pos;
	if (io->left < sizeof(n))
		return -EINVAL;
	if (!eventfd_take(e, &n))
		err = file_nonblock(f) ? -EAGAIN : WAIT_UNTIL(&e->wait, FOREVER, eventfd_take(e, &n));
	if (err)
		return err;
	waitq_wake_for(&e->wait, POLLOUT);
	return io_out(io, &n, sizeof(n)) == sizeof(n) ? (long)sizeof(n) : -EFAULT;
}

static long eventfd_write(struct file *f, struct io *io, u64 *pos)
{
	struct eventfd *e = f->data;
	u64 n;
	int err = 0;

	(void)pos;
	if (io->left < sizeof(n))
		return -EINVAL;
	if (io_in(io, &n, sizeof(n)) < sizeof(n))
		return -EFAULT;
	if (n == ~0ul)
		return -EINVAL;
	if (!eventfd_add(e, n))
		err = file_nonblock(f) ? -EAGAIN : WAIT_UNTIL(&e->wait, FOREVER, eventfd_add(e, n));
	if (err)
		return err;
	waitq_wake_for(&e->wait, POLLIN | WAKE_SYNC);
	return sizeof(n);
}

static u32 eventfd_poll(struct file *f, struct poller *p)
{
	struct eventfd *e = f->data;
	u32 mask;

	poller_wait(p, &e->wait);
	lock_acquire(&e->lock);
	mask = (e->count ? POLLIN : 0) | (e->count < EVENTFD_MAX ? POLLOUT : 0);
	lock_release(&e->lock);
	return mask;
}

static void eventfd_release(struct file *f)
{
	kcache_free(&eventfd_cache, f->data);
}

static const struct file_ops eventfd_ops = {
	.kind = "eventfd", .read = eventfd_read, .write = eventfd_write, .poll = eventfd_poll, .stat = file_stat_nameless,
	.release = eventfd_release,
};

struct file *eventfd_new(u64 count, bool semaphore, u32 flags)
{
	struct eventfd *e = kcache_alloc(&eventfd_cache);
	struct file *f = e ? file_new(&eventfd_ops, O_RDWR | flags) : NULL;

	if (!f) {
		kcache_free(&eventfd_cache, e);
		return NULL;
	}
	lock_init(&e->lock);
	e->count = count;
	e->semaphore = semaphore;
	waitq_init(&e->wait);
	f->data = e;
	return f;
}
