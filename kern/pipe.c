/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pipes: a ring of slots between readers and writers; named pipes are the same object hung on a file's body.
 *
 * A slot is a page with a piece of one or more writes in it. A write of at most PIPE_BUF bytes fills one slot, or fits
 * behind the bytes of the last one: so it is never split, and how much a pipe takes is what Linux's takes.
 *
 *   slot[tail % slots] .. slot[head % slots): bytes [off, off + len) of each page
 *
 * Two mutexes (which may sleep: bytes are copied with faults allowed) let one reader and one writer work at a time;
 * the short lock guards the ring. Only the reader takes slots away, only the writer adds or extends one.
 */
#include "base/string.h"
#include "kern/body.h"
#include "kern/clock.h"
#include "kern/file.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "mem/frame.h"
#include "mem/slab.h"

#define PIPE_SLOTS 16u
#define PIPE_SLOTS_MAX 256u   /* /proc/sys/fs/pipe-max-size: 1 MiB */

struct pipe_slot {
	paddr_t page;
	u32 off, len;
};

struct pipe {
	struct refs refs;           /* one per end that is open, one for the fifo's body */
	struct lock lock;
	struct mutex reader, writer;
	u32 head, tail, slots;      /* slots: a power of two */
	u32 readers, writers;       /* open ends */
	u32 opened_readers, opened_writers; /* ever: for the rendezvous of a FIFO */
	struct waitq wait;
	u64 ino;
	u64 stamp;
	struct pipe_slot *slot;
	struct pipe_slot first[PIPE_SLOTS];
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
	p->slots = PIPE_SLOTS;
	p->slot = p->first;
	p->ino = atomic_fetch_add(&pipe_next_ino, 1);
	p->stamp = wall_ns();
	return p;
}

static void pipe_put(struct pipe *p)
{
	if (!p || !refs_put(&p->refs))
		return;
	for (; p->tail != p->head; p->tail++)
		frame_put(p->slot[p->tail % p->slots].page);
	if (p->slot != p->first)
		kfree(p->slot);
	kcache_free(&pipe_cache, p);
}

/* ---- looking, under the short lock */

static bool pipe_empty(struct pipe *p)
{
	return p->head == p->tail;
}

static bool pipe_full(struct pipe *p)
{
	return p->head - p->tail >= p->slots;
}

static bool pipe_ask(struct pipe *p, bool (*question)(struct pipe *p))
{
	bool answer;

	lock_acquire(&p->lock);
	answer = question(p);
	lock_release(&p->lock);
	return answer;
}

static bool pipe_may_read(struct pipe *p) { return !pipe_empty(p) || !p->writers; }
static bool pipe_may_write(struct pipe *p) { return !pipe_full(p) || !p->readers; }
static bool pipe_has_reader(struct pipe *p) { return p->readers; }
static bool pipe_has_writer(struct pipe *p) { return p->writers; }
static bool pipe_at_end(struct pipe *p) { return pipe_empty(p) && !p->writers; } /* one look: the last bytes come before the end */

static u32 pipe_count(struct pipe *p, u32 *which)
{
	u32 n;

	lock_acquire(&p->lock);
	n = *which;
	lock_release(&p->lock);
	return n;
}

/* ---- reading: `reader` is held */

static bool pipe_first(struct pipe *p, struct pipe_slot *out)
{
	bool any;

	lock_acquire(&p->lock);
	any = !pipe_empty(p);
	if (any)
		*out = p->slot[p->tail % p->slots];
	lock_release(&p->lock);
	return any;
}

/* True: there is room where there was none. */
static bool pipe_consume(struct pipe *p, u32 n)
{
	struct pipe_slot *s;
	paddr_t empty = 0;
	bool full;

	lock_acquire(&p->lock);
	full = pipe_full(p);
	s = &p->slot[p->tail % p->slots];
	s->off += n;
	s->len -= n;
	if (!s->len) {
		empty = s->page;
		p->tail++;
	}
	lock_release(&p->lock);
	if (empty)
		frame_put(empty);
	return full && empty;
}

/* How a reader empties a pipe: bytes, 0 if there are none, -errno if none could be moved. *room: somebody may write again. */
typedef long (*pipe_taker)(struct pipe *p, void *arg, bool *room);

/* What is there, in order. A piece that the program's memory cannot take stays. */
static long pipe_take(struct pipe *p, void *arg, bool *room)
{
	struct io *io = arg;
	struct pipe_slot s;
	size_t done = 0;

	while (io->left && pipe_first(p, &s)) {
		size_t n = MIN(s.len, io->left);

		if (io_out(io, (u8 *)phys_to_virt(s.page) + s.off, n) < n)
			return done ? (long)done : -EFAULT;
		*room |= pipe_consume(p, n);
		done += n;
	}
	return done;
}

struct pipe_drain {
	u64 len;
	pipe_mover give;
	void *arg;
};

/* The same for splice(2): what is not taken stays. */
static long pipe_offer(struct pipe *p, void *arg, bool *room)
{
	const struct pipe_drain *d = arg;
	struct pipe_slot s;
	u64 done = 0;

	while (done < d->len && pipe_first(p, &s)) {
		size_t want = MIN(s.len, d->len - done);
		long n = d->give(d->arg, (u8 *)phys_to_virt(s.page) + s.off, want);

		if (n <= 0)
			return done ? (long)done : n;
		*room |= pipe_consume(p, n);
		done += n;
		if ((size_t)n < want)
			break;
	}
	return done;
}

static long pipe_read_by(struct file *f, pipe_taker take, void *arg, bool nonblock)
{
	struct pipe *p = f->data;
	bool room = false;
	long n;
	int err;

	for (;;) {
		mutex_lock(&p->reader);
		n = take(p, arg, &room);
		mutex_unlock(&p->reader);
		if (room)
			waitq_wake_for(&p->wait, POLLOUT | POLLWRNORM | WAKE_SYNC);
		if (n) {
			if (f->body)
				body_touch(f->body, true, false, false);
			return n;
		}
		if (pipe_ask(p, pipe_at_end))
			return 0;
		if (nonblock || file_nonblock(f))
			return -EAGAIN;
		err = WAIT_UNTIL(&p->wait, FOREVER, pipe_ask(p, pipe_may_read));
		if (err)
			return err;
	}
}

static long pipe_read(struct file *f, struct io *io, u64 *pos)
{
	(void)pos;
	return io->left ? pipe_read_by(f, pipe_take, io, false) : 0;
}

long pipe_drain(struct file *f, u64 len, bool nonblock, pipe_mover give, void *arg)
{
	struct pipe_drain d = { len, give, arg };

	return pipe_read_by(f, pipe_offer, &d, nonblock);
}

/* ---- writing: `writer` is held */

static void pipe_push(struct pipe *p, paddr_t page, u32 off, u32 len)
{
	lock_acquire(&p->lock);
	p->slot[p->head++ % p->slots] = (struct pipe_slot){ page, off, len };
	lock_release(&p->lock);
}

/* The page and end of the last piece if n bytes fit behind it, with a reference. */
static paddr_t pipe_tail_room(struct pipe *p, size_t n, u32 *end)
{
	struct pipe_slot *s;
	paddr_t page = 0;

	lock_acquire(&p->lock);
	s = &p->slot[(p->head - 1) % p->slots];
	if (!pipe_empty(p) && s->off + s->len + n <= PAGE_SIZE) {
		page = s->page;
		*end = s->off + s->len;
		frame_get(page);
	}
	lock_release(&p->lock);
	return page;
}

/* The odd bytes of a write go behind the last piece if they fit. Bytes, 0 or -EFAULT. */
static long pipe_append(struct pipe *p, struct io *io)
{
	size_t n = io->left & (PAGE_SIZE - 1);
	struct pipe_slot *s;
	bool joined;
	u32 end;
	paddr_t page = n ? pipe_tail_room(p, n, &end) : 0;

	if (!page)
		return 0;
	if (io_in(io, (u8 *)phys_to_virt(page) + end, n) < n) {
		frame_put(page);
		return -EFAULT;
	}
	lock_acquire(&p->lock);
	s = &p->slot[(p->head - 1) % p->slots];
	joined = !pipe_empty(p) && s->page == page;
	if (joined)
		s->len += n;
	lock_release(&p->lock);
	if (joined)
		frame_put(page);
	else
		pipe_push(p, page, end, n); /* read out meanwhile: a slot is free, and the page is ours now */
	return n;
}

/* One piece in a new page. */
static long pipe_add(struct pipe *p, struct io *io)
{
	size_t n = MIN(io->left, PAGE_SIZE);
	paddr_t page = frame_alloc_user(core_node());

	if (!page)
		return -ENOMEM;
	if (io_in(io, phys_to_virt(page), n) < n) {
		frame_put(page);
		return -EFAULT;
	}
	pipe_push(p, page, 0, n);
	return n;
}

/* As much as there is room for. Bytes, or an error if none. */
static long pipe_fill(struct pipe *p, struct io *io, bool first)
{
	long n = first ? pipe_append(p, io) : 0;
	size_t done = 0;

	for (;;) {
		if (n < 0)
			return done ? (long)done : n;
		done += n;
		if (!io->left || pipe_ask(p, pipe_full))
			return done;
		n = pipe_add(p, io);
	}
}

static long pipe_broken(long done)
{
	if (done)
		return done;
	signal_thread(thread_current(), &(struct siginfo){ .signo = SIGPIPE, .code = SI_USER,
			.pid = process_current()->pid, .uid = process_current()->cred.uid });
	return -EPIPE;
}

static long pipe_write_all(struct file *f, struct pipe *p, struct io *io)
{
	long done = 0, n;
	int err;

	for (;;) {
		mutex_lock(&p->writer);
		n = pipe_ask(p, pipe_has_reader) ? pipe_fill(p, io, !done) : -EPIPE;
		mutex_unlock(&p->writer);
		if (n == -EPIPE)
			return pipe_broken(done);
		if (n < 0)
			return done ? done : n;
		done += n;
		if (n)
			waitq_wake_for(&p->wait, POLLIN | POLLRDNORM | WAKE_SYNC);
		if (!io->left)
			return done;
		if (file_nonblock(f))
			return done ? done : -EAGAIN;
		err = WAIT_UNTIL(&p->wait, FOREVER, pipe_ask(p, pipe_may_write));
		if (err)
			return done ? done : err;
	}
}

static long pipe_write(struct file *f, struct io *io, u64 *pos)
{
	long n = io->left ? pipe_write_all(f, f->data, io) : 0;

	(void)pos;
	if (n > 0 && f->body)
		body_touch(f->body, false, true, true);
	return n;
}

/* For splice(2): pages of what `take` gives, while there is room; only one if it might make us wait. */
static long pipe_pour_some(struct pipe *p, u64 len, bool one, pipe_mover take, void *arg)
{
	u64 done = 0;
	long n = 0;

	while (done < len && !pipe_ask(p, pipe_full) && !(one && done)) {
		paddr_t page = frame_alloc_user(core_node());

		n = page ? take(arg, phys_to_virt(page), MIN(len - done, PAGE_SIZE)) : -ENOMEM;
		if (n <= 0) {
			if (page)
				frame_put(page);
			break;
		}
		pipe_push(p, page, 0, n);
		done += n;
	}
	return done ? (long)done : n;
}

long pipe_pour(struct file *f, u64 len, bool nonblock, bool one, pipe_mover take, void *arg)
{
	struct pipe *p = f->data;
	bool full, broken;
	long n;
	int err;

	for (;;) {
		mutex_lock(&p->writer);
		broken = !pipe_ask(p, pipe_has_reader);
		full = pipe_ask(p, pipe_full);
		n = broken || full ? 0 : pipe_pour_some(p, len, one, take, arg);
		mutex_unlock(&p->writer);
		if (broken)
			return pipe_broken(0);
		if (n > 0)
			waitq_wake_for(&p->wait, POLLIN | POLLRDNORM | WAKE_SYNC);
		if (!full)
			return n;
		if (nonblock || file_nonblock(f))
			return -EAGAIN;
		err = WAIT_UNTIL(&p->wait, FOREVER, pipe_ask(p, pipe_may_write));
		if (err)
			return err;
	}
}

/* ---- the other calls */

/* A reader that came before any writer is not told that all writers are gone: f->pos remembers how many there were. */
static u32 pipe_poll(struct file *f, struct poller *poller)
{
	struct pipe *p = f->data;
	u32 mask = 0;

	poller_wait(poller, &p->wait);
	lock_acquire(&p->lock);
	if (file_readable(f)) {
		mask |= !pipe_empty(p) ? POLLIN | POLLRDNORM : 0;
		mask |= !p->writers && p->opened_writers != f->pos ? POLLHUP : 0;
	}
	if (file_writable(f)) {
		mask |= !pipe_full(p) ? POLLOUT | POLLWRNORM : 0;
		mask |= !p->readers ? POLLERR : 0;
	}
	lock_release(&p->lock);
	return mask;
}

static s32 pipe_bytes(struct pipe *p)
{
	s32 n = 0;
	u32 i;

	lock_acquire(&p->lock);
	for (i = p->tail; i != p->head; i++)
		n += p->slot[i % p->slots].len;
	lock_release(&p->lock);
	return n;
}

static long pipe_ioctl(struct file *f, u32 cmd, u64 arg)
{
	s32 n;

	if (cmd != FIONREAD)
		return -ENOTTY;
	n = pipe_bytes(f->data);
	return user_copy_out((void __user *)arg, &n, sizeof(n));
}

long pipe_size(const struct file *f)
{
	return ((struct pipe *)f->data)->slots * PAGE_SIZE;
}

/* With both mutexes nobody else holds a slot. */
static long pipe_exchange_ring(struct pipe *p, struct pipe_slot *fresh, u32 slots)
{
	struct pipe_slot *old = p->slot;
	u32 i, used;

	lock_acquire(&p->lock);
	used = p->head - p->tail;
	if (used > slots) {
		lock_release(&p->lock);
		kfree(fresh);
		return -EBUSY;
	}
	for (i = 0; i < used; i++)
		fresh[i] = old[(p->tail + i) % p->slots];
	p->slot = fresh;
	p->slots = slots;
	p->tail = 0;
	p->head = used;
	lock_release(&p->lock);
	if (old != p->first)
		kfree(old);
	return slots * PAGE_SIZE;
}

long pipe_resize(struct file *f, u64 bytes)
{
	struct pipe *p = f->data;
	struct pipe_slot *fresh;
	u32 slots = 1;
	long r;

	if (bytes > PIPE_SLOTS_MAX * PAGE_SIZE)
		return cred_capable(&process_current()->cred) ? -ENOMEM : -EPERM;
	while (slots * PAGE_SIZE < bytes)
		slots *= 2;
	fresh = kmalloc(slots * sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	mutex_lock(&p->reader);
	mutex_lock(&p->writer);
	r = pipe_exchange_ring(p, fresh, slots);
	mutex_unlock(&p->writer);
	mutex_unlock(&p->reader);
	waitq_wake_for(&p->wait, POLLOUT | POLLWRNORM);
	return r;
}

static int pipe_stat(struct file *f, struct abi_stat *st)
{
	struct pipe *p = f->data;
	struct path at = { .body = f->body };
	struct cred *c = &process_current()->cred;

	if (f->ino) { /* named: the inode's */
		int err = fs_attr(f->ino, &at.at);

		return err ? err : path_stat(&at, st);
	}
	st->dev = DEV_PIPES;
	st->ino = p->ino;
	st->nlink = 1;
	st->mode = S_IFIFO | 0600;
	st->uid = c->fsuid;
	st->gid = c->fsgid;
	st->blksize = PAGE_SIZE;
	st->atime.sec = st->mtime.sec = st->ctime.sec = p->stamp / 1000000000;
	st->atime.nsec = st->mtime.nsec = st->ctime.nsec = p->stamp % 1000000000;
	return 0;
}

/* The last end of a named pipe takes the buffer with it. */
static void pipe_leave_body(struct pipe *p, struct body *b)
{
	struct pipe *gone = NULL;

	lock_acquire(&b->lock);
	if (!pipe_ask(p, pipe_has_reader) && !pipe_ask(p, pipe_has_writer) && b->fifo == p) {
		gone = p;
		b->fifo = NULL;
	}
	lock_release(&b->lock);
	pipe_put(gone);
}

static void pipe_release(struct file *f)
{
	struct pipe *p = f->data;

	if (!p)
		return;
	lock_acquire(&p->lock);
	p->readers -= file_readable(f);
	p->writers -= file_writable(f);
	lock_release(&p->lock);
	waitq_wake(&p->wait);
	if (f->body)
		pipe_leave_body(p, f->body);
	pipe_put(p);
}

u64 pipe_ino(const struct file *f)
{
	return ((struct pipe *)f->data)->ino;
}

static const struct file_ops pipe_ops = {
	.kind = "pipe", .tells = true, .read = pipe_read, .write = pipe_write, .poll = pipe_poll, .ioctl = pipe_ioctl, .stat = pipe_stat,
	.release = pipe_release,
};

bool file_is_pipe(const struct file *f)
{
	return f->ops == &pipe_ops;
}

/* ---- making */

/* Makes f an end of p: takes a reference, counts it by how f is open. */
static void pipe_attach(struct pipe *p, struct file *f)
{
	bool reads = file_readable(f), writes = file_writable(f);

	refs_get(&p->refs);
	lock_acquire(&p->lock);
	p->readers += reads;
	p->opened_readers += reads;
	p->writers += writes;
	p->opened_writers += writes;
	f->pos = p->writers ? 0 : p->opened_writers;
	lock_release(&p->lock);
	f->data = p;
}

int pipe_new(struct file *end[2], u32 flags)
{
	struct pipe *p = pipe_make();

	end[0] = file_new(&pipe_ops, O_RDONLY | flags);
	end[1] = file_new(&pipe_ops, O_WRONLY | flags);
	if (!p || !end[0] || !end[1]) {
		file_put(end[0]);
		file_put(end[1]);
		pipe_put(p);
		return -ENOMEM;
	}
	pipe_attach(p, end[1]);
	pipe_attach(p, end[0]);
	pipe_put(p);
	return 0;
}

struct file *pipe_reopen(struct file *old, u32 flags, int *err)
{
	struct file *f = file_new(&pipe_ops, flags);

	*err = f ? 0 : -ENOMEM;
	if (f) {
		pipe_attach(old->data, f);
		waitq_wake(&((struct pipe *)f->data)->wait);
	}
	return f;
}

/* ---- named pipes */

static bool fifo_join(struct body *b, struct file *f)
{
	struct pipe *fresh = pipe_make();

	if (!fresh)
		return false;
	lock_acquire(&b->lock);
	if (!b->fifo) {
		b->fifo = fresh;
		refs_get(&fresh->refs);
	}
	pipe_attach(b->fifo, f);
	lock_release(&b->lock);
	pipe_put(fresh);
	f->body = b;
	body_get(b);
	return true;
}

/* Waits for the other side. The count of openings tells of one that came and went. */
static int fifo_meet(struct pipe *p, struct file *f)
{
	bool reads = file_readable(f), writes = file_writable(f);
	u32 seen;

	if (reads && !writes && !file_nonblock(f)) {
		seen = pipe_count(p, &p->opened_writers);
		return WAIT_UNTIL(&p->wait, FOREVER,
				  pipe_count(p, &p->writers) || pipe_count(p, &p->opened_writers) != seen);
	}
	if (reads || pipe_count(p, &p->readers))
		return 0;
	if (file_nonblock(f))
		return -ENXIO;
	seen = pipe_count(p, &p->opened_readers);
	return WAIT_UNTIL(&p->wait, FOREVER, pipe_count(p, &p->readers) || pipe_count(p, &p->opened_readers) != seen);
}

struct file *fifo_open(struct body *b, u32 flags, int *err)
{
	struct file *f = file_new(&pipe_ops, flags);
	struct pipe *p;

	*err = -ENOMEM;
	if (!f)
		return NULL;
	if (!fifo_join(b, f)) {
		file_put(f);
		return NULL;
	}
	p = f->data;
	waitq_wake(&p->wait);
	*err = fifo_meet(p, f);
	if (!*err) {
		f->pos = file_nonblock(f) ? f->pos : 0;
		return f;
	}
	file_put(f);
	return NULL;
}
