/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pipes: a ring of bytes between readers and writers; named pipes are the same object hung on a file's body.
 *
 * One short lock. Bytes are copied page by page through a bounce into the ring's pages with faults allowed: a
 * mutex (which may sleep) makes each read and each write one piece, the short lock guards the two positions.
 *
 *   head: bytes ever written, tail: bytes ever read; 0 <= head - tail <= size
 *   a write of at most PIPE_BUF bytes is never split
 */
#include "base/string.h"
#include "kern/body.h"
#include "kern/clock.h"
#include "kern/file.h"
#include "kern/process.h"
#include "mem/frame.h"
#include "mem/slab.h"

#define PIPE_PAGES 16
#define PIPE_BUF 4096u

struct pipe {
	struct refs refs;           /* one per end that is open, one for the fifo's body */
	struct lock lock;
	struct mutex reader, writer;
	u64 head, tail, size;
	u32 readers, writers;       /* open ends */
	u32 opened_readers, opened_writers; /* ever: for the rendezvous of a FIFO */
	struct waitq wait;
	u64 ino;
	u64 stamp;
	paddr_t page[PIPE_PAGES];   /* 0: not needed yet */
};

KCACHE(pipe_cache, "pipes", struct pipe);
static _Atomic u64 pipe_next_ino = 1000;

static struct pipe *pipe_make(void)
{
	struct pipe *p = kcache_alloc(&pipe_cache);

	if (!p)
		return NULL;
	refs_init(&p->refs, 1);
	lock_init(&p->lock);
	mutex_init(&p->reader);
	mutex_init(&p->writer);
	waitq_init(&p->wait);
	p->size = PIPE_PAGES * PAGE_SIZE;
	p->ino = atomic_fetch_add(&pipe_next_ino, 1);
	p->stamp = wall_ns();
	return p;
}

static void pipe_put(struct pipe *p)
{
	u32 i;

	if (!refs_put(&p->refs))
		return;
	for (i = 0; i < PIPE_PAGES; i++)
		if (p->page[i])
			frame_put(p->page[i]);
	kcache_free(&pipe_cache, p);
}

static u8 *pipe_at(struct pipe *p, u64 pos, size_t *chunk)
{
	u64 in = pos % p->size;
	paddr_t *slot = &p->page[in >> PAGE_SHIFT];

	if (!*slot)
		*slot = frame_alloc(core_node());
	*chunk = MIN(*chunk, PAGE_SIZE - (in & (PAGE_SIZE - 1)));
	return *slot ? (u8 *)phys_to_virt(*slot) + (in & (PAGE_SIZE - 1)) : NULL;
}

static u64 pipe_used(struct pipe *p)
{
	u64 n;

	lock_acquire(&p->lock);
	n = p->head - p->tail;
	lock_release(&p->lock);
	return n;
}

static void pipe_advance(struct pipe *p, u64 *which, u64 by)
{
	lock_acquire(&p->lock);
	*which += by;
	if (p->head == p->tail && which == &p->tail)
		p->stamp = wall_ns();
	lock_release(&p->lock);
}

static u32 pipe_count(struct pipe *p, u32 *which)
{
	u32 n;

	lock_acquire(&p->lock);
	n = *which;
	lock_release(&p->lock);
	return n;
}

/* The mutex is held: what is there, in order. */
static long pipe_take(struct pipe *p, struct io *io)
{
	u64 there = pipe_used(p);
	size_t done = 0;

	while (done < there && io->left) {
		size_t n = MIN(there - done, io->left), moved;
		u8 *src = pipe_at(p, p->tail, &n);

		moved = io_out(io, src, n);
		pipe_advance(p, &p->tail, moved);
		done += moved;
		if (moved < n)
			return done ? (long)done : -EFAULT;
	}
	return done;
}

static long pipe_read(struct file *f, struct io *io, u64 *pos)
{
	struct pipe *p = f->data;
	long n;
	int err = 0;

	(void)pos;
	if (!io->left)
		return 0;
	for (;;) {
		mutex_lock(&p->reader);
		n = pipe_take(p, io);
		mutex_unlock(&p->reader);
		if (n) {
			if (n > 0)
				waitq_wake(&p->wait);
			return n;
		}
		if (!pipe_count(p, &p->writers) && !pipe_used(p))
			return 0;
		if (file_nonblock(f))
			return -EAGAIN;
		err = WAIT_UNTIL(&p->wait, FOREVER, pipe_used(p) || !pipe_count(p, &p->writers));
		if (err)
			return err;
	}
}

static long pipe_fill(struct pipe *p, struct io *io)
{
	u64 room = p->size - pipe_used(p);
	size_t done = 0;

	while (done < room && io->left) {
		size_t n = MIN(room - done, io->left), moved;
		u8 *dst = pipe_at(p, p->head, &n);

		if (!dst)
			return done ? (long)done : -ENOMEM;
		moved = io_in(io, dst, n);
		pipe_advance(p, &p->head, moved);
		done += moved;
		if (moved < n)
			return done ? (long)done : -EFAULT;
	}
	return done;
}

static bool pipe_has_room(struct pipe *p, size_t want)
{
	u64 room = p->size - pipe_used(p);

	return want <= PIPE_BUF ? room >= want : room > 0;
}

static long pipe_broken(long done)
{
	if (done)
		return done;
	signal_thread(thread_current(), &(struct siginfo){ .signo = SIGPIPE, .code = SI_USER,
			.pid = process_current()->pid, .uid = process_current()->cred.uid });
	return -EPIPE;
}

static long pipe_write(struct file *f, struct io *io, u64 *pos)
{
	struct pipe *p = f->data;
	size_t want = io->left;
	long done = 0, n;
	int err = 0;

	(void)pos;
	while (io->left) {
		mutex_lock(&p->writer);
		if (!pipe_count(p, &p->readers)) {
			mutex_unlock(&p->writer);
			return pipe_broken(done);
		}
		n = pipe_has_room(p, want <= PIPE_BUF ? want : 1) ? pipe_fill(p, io) : 0;
		mutex_unlock(&p->writer);
		if (n < 0)
			return done ? done : n;
		done += n;
		if (n)
			waitq_wake(&p->wait);
		if (!io->left)
			break;
		if (file_nonblock(f))
			return done ? done : -EAGAIN;
		err = WAIT_UNTIL(&p->wait, FOREVER, pipe_has_room(p, want <= PIPE_BUF ? want : 1) || !pipe_count(p, &p->readers));
		if (err)
			return done ? done : err;
	}
	return done;
}

static u32 pipe_poll(struct file *f, struct poller *poller)
{
	struct pipe *p = f->data;
	u32 mask = 0;

	poller_wait(poller, &p->wait);
	lock_acquire(&p->lock);
	if (file_readable(f)) {
		mask |= p->head != p->tail ? POLLIN | POLLRDNORM : 0;
		mask |= !p->writers && p->opened_writers ? POLLHUP : 0;
	}
	if (file_writable(f)) {
		mask |= p->size - (p->head - p->tail) >= PIPE_BUF ? POLLOUT | POLLWRNORM : 0;
		mask |= !p->readers ? POLLERR : 0;
	}
	lock_release(&p->lock);
	return mask;
}

static long pipe_ioctl(struct file *f, u32 cmd, u64 arg)
{
	s32 n = pipe_used(f->data);

	if (cmd != FIONREAD)
		return -ENOTTY;
	return user_copy_out((void __user *)arg, &n, sizeof(n));
}

static int pipe_stat(struct file *f, struct abi_stat *st)
{
	struct pipe *p = f->data;

	st->dev = 12;
	st->ino = p->ino;
	st->nlink = 1;
	st->mode = S_IFIFO | 0600;
	st->blksize = PAGE_SIZE;
	st->atime.sec = st->mtime.sec = st->ctime.sec = p->stamp / 1000000000;
	st->atime.nsec = st->mtime.nsec = st->ctime.nsec = p->stamp % 1000000000;
	return 0;
}

static void pipe_release(struct file *f)
{
	struct pipe *p = f->data;

	lock_acquire(&p->lock);
	if (file_readable(f))
		p->readers--;
	if (file_writable(f))
		p->writers--;
	lock_release(&p->lock);
	waitq_wake(&p->wait);
	if (f->body) {
		lock_acquire(&f->body->lock);
		if (!p->readers && !p->writers && f->body->fifo == p) {
			f->body->fifo = NULL;
			refs_put(&p->refs); /* the body's; ours is still there */
		}
		lock_release(&f->body->lock);
	}
	pipe_put(p);
}

u64 pipe_ino(const struct file *f)
{
	return ((struct pipe *)f->data)->ino;
}

static const struct file_ops pipe_ops = {
	.kind = "pipe", .read = pipe_read, .write = pipe_write, .poll = pipe_poll, .ioctl = pipe_ioctl, .stat = pipe_stat,
	.release = pipe_release,
};

int pipe_new(struct file *end[2], u32 flags)
{
	struct pipe *p = pipe_make();

	if (!p)
		return -ENOMEM;
	end[0] = file_new(&pipe_ops, O_RDONLY | flags);
	end[1] = file_new(&pipe_ops, O_WRONLY | flags);
	if (!end[0] || !end[1]) {
		if (end[0])
			end[0]->ops = &(const struct file_ops){ .kind = "dead" }, file_put(end[0]);
		if (end[1])
			end[1]->ops = &(const struct file_ops){ .kind = "dead" }, file_put(end[1]);
		pipe_put(p);
		return -ENOMEM;
	}
	refs_get(&p->refs);
	p->readers = p->writers = p->opened_readers = p->opened_writers = 1;
	end[0]->data = end[1]->data = p;
	return 0;
}

bool file_is_pipe(const struct file *f)
{
	return f->ops == &pipe_ops;
}

/* ---- named pipes */

static struct pipe *fifo_join(struct body *b, bool reads, bool writes)
{
	struct pipe *fresh = pipe_make(), *p;

	if (!fresh)
		return NULL;
	lock_acquire(&b->lock);
	p = b->fifo;
	if (!p)
		p = b->fifo = fresh;
	refs_get(&p->refs);
	lock_acquire(&p->lock);
	p->readers += reads;
	p->opened_readers += reads;
	p->writers += writes;
	p->opened_writers += writes;
	lock_release(&p->lock);
	lock_release(&b->lock);
	if (p != fresh)
		pipe_put(fresh);
	return p;
}

struct file *fifo_open(struct body *b, u32 flags, int *err)
{
	u32 mode = flags & O_ACCMODE;
	bool reads = mode != O_WRONLY, writes = mode != O_RDONLY;
	struct file *f = file_new(&pipe_ops, flags);
	struct pipe *p;
	u32 seen;

	*err = -ENOMEM;
	if (!f)
		return NULL;
	p = fifo_join(b, reads, writes);
	if (!p) {
		f->ops = &(const struct file_ops){ .kind = "dead" };
		file_put(f);
		return NULL;
	}
	f->data = p;
	f->body = b;
	body_get(b);
	waitq_wake(&p->wait);
	*err = 0;
	if (reads && !writes && !(flags & O_NONBLOCK)) {
		seen = pipe_count(p, &p->opened_writers);
		*err = WAIT_UNTIL(&p->wait, FOREVER, pipe_count(p, &p->writers) || pipe_count(p, &p->opened_writers) != seen);
	} else if (writes && !reads && !pipe_count(p, &p->readers)) {
		seen = pipe_count(p, &p->opened_readers);
		*err = flags & O_NONBLOCK ? -ENXIO :
		       WAIT_UNTIL(&p->wait, FOREVER, pipe_count(p, &p->readers) || pipe_count(p, &p->opened_readers) != seen);
	}
	if (!*err)
		return f;
	file_put(f);
	return NULL;
}
