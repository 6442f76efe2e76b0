/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* timerfd: see eventfd.h. The timer raises `fired`; reading lowers it, counts, and arms the timer for the next in the row. */
#include "arch/clock.h"
#include "kern/eventfd.h"
#include "kern/file.h"
#include "kern/thread.h"
#include "kern/timer.h"
#include "mem/slab.h"

struct timerfd {
	struct mutex changing;  /* reading and setting, one at a time */
	struct timer timer;
	u64 every;
	_Atomic bool fired;
	u32 clock;
	struct waitq wait;
};

KCACHE(timerfd_cache, "timerfds", struct timerfd);

static void timerfd_fire(struct timer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);

	atomic_store_explicit(&t->fired, true, memory_order_release);
	waitq_wake_for(&t->wait, POLLIN);
}

static bool timerfd_fired(struct timerfd *t)
{
	return atomic_load_explicit(&t->fired, memory_order_acquire);
}

/* Expirations, 0: none. */
static u64 timerfd_take(struct timerfd *t)
{
	u64 n = 0;

	mutex_lock(&t->changing);
	if (timerfd_fired(t)) {
		n = t->every ? (clock_ns() - t->timer.deadline) / t->every + 1 : 1;
		atomic_store_explicit(&t->fired, false, memory_order_relaxed);
		if (t->every)
			timer_arm(&t->timer, t->timer.deadline + n * t->every);
	}
	mutex_unlock(&t->changing);
	return n;
}

static long timerfd_read(struct file *f, struct io *io, u64 *pos)
{
	struct timerfd *t = f->data;
	u64 n;
	int err;

	(void)pos;
	if (io->left < sizeof(n))
		return -EINVAL;
	while (!(n = timerfd_take(t))) {
		err = file_nonblock(f) ? -EAGAIN : WAIT_UNTIL(&t->wait, FOREVER, timerfd_fired(t));
		if (err)
			return err;
	}
	return io_out(io, &n, sizeof(n)) == sizeof(n) ? (long)sizeof(n) : -EFAULT;
}

static u32 timerfd_poll(struct file *f, struct poller *p)
{
	struct timerfd *t = f->data;

	poller_wait(p, &t->wait);
	return timerfd_fired(t) ? POLLIN : 0;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->data;

	timer_cancel(&t->timer);
	kcache_free(&timerfd_cache, t);
}

static const struct file_ops timerfd_ops = {
	.kind = "timerfd", .read = timerfd_read, .poll = timerfd_poll, .stat = file_stat_nameless, .release = timerfd_release,
};

bool file_is_timerfd(const struct file *f)
{
	return f->ops == &timerfd_ops;
}

u32 timerfd_clock(const struct file *f)
{
	return ((struct timerfd *)f->data)->clock;
}

void timerfd_get(struct file *f, u64 *left, u64 *every)
{
	struct timerfd *t = f->data;
	u64 now, at;

	mutex_lock(&t->changing);
	now = clock_ns();
	at = t->timer.deadline;
	*every = t->every;
	if (timerfd_fired(t))
		*left = t->every ? t->every - (now - at) % t->every : 0;
	else
		*left = t->timer.armed ? MAX(at, now + 1) - now : 0;
	mutex_unlock(&t->changing);
}

void timerfd_set(struct file *f, u64 at, u64 every)
{
	struct timerfd *t = f->data;

	mutex_lock(&t->changing);
	timer_cancel(&t->timer);
	atomic_store_explicit(&t->fired, false, memory_order_relaxed);
	t->every = at ? every : 0;
	if (at)
		timer_arm(&t->timer, at);
	mutex_unlock(&t->changing);
}

struct file *timerfd_new(u32 clock, u32 flags)
{
	struct timerfd *t = kcache_alloc(&timerfd_cache);
	struct file *f = t ? file_new(&timerfd_ops, O_RDWR | flags) : NULL;

	if (!f) {
		kcache_free(&timerfd_cache, t);
		return NULL;
	}
	mutex_init(&t->changing);
	t->timer.fire = timerfd_fire;
	t->clock = clock;
	waitq_init(&t->wait);
	f->data = t;
	return f;
}
