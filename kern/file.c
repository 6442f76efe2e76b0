/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Open files: what read, write, seek and poll have in common. */
#include "kern/file.h"
#include "base/string.h"
#include "kern/async.h"
#include "kern/body.h"
#include "kern/epoll.h"
#include "kern/fs.h"
#include "kern/locks.h"
#include "kern/notify.h"
#include "kern/pseudo.h"
#include "kern/thread.h"
#include "mem/slab.h"

KCACHE(file_cache, "files", struct file);

struct file *file_new(const struct file_ops *ops, u32 flags)
{
	struct file *f = kcache_alloc(&file_cache);

	if (!f)
		return NULL;
	refs_init(&f->refs, 1);
	f->ops = ops;
	atomic_store_explicit(&f->flags, flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC), memory_order_relaxed);
	mutex_init(&f->pos_lock);
	lock_init(&f->watch_lock);
	LIST_INIT(&f->watchers);
	return f;
}

void file_put(struct file *f)
{
	if (!f || !refs_put(&f->refs))
		return;
	notify_file(f, file_writable(f) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	if (!LIST_EMPTY(&f->watchers))
		epoll_forget(f);
	async_end(f);
	if (f->ops->release)
		f->ops->release(f);
	locks_release(f);
	body_put(f->body);
	kfree(f->pseudo);
	kcache_free(&file_cache, f);
}

typedef long (*mover)(struct file *f, struct io *io, u64 *pos);

static long file_move(struct file *f, struct io *io, s64 at, mover move)
{
	u64 pos = at;
	long n;

	if (at >= 0)
		return move(f, io, &pos);
	if (!f->ops->seekable)
		return move(f, io, &pos);
	mutex_lock(&f->pos_lock);
	n = move(f, io, &f->pos);
	mutex_unlock(&f->pos_lock);
	return n;
}

long file_read(struct file *f, struct io *io, s64 at)
{
	long n;

	if (!file_readable(f))
		return -EBADF;
	if (!f->ops->read)
		return f->ops->readdir ? -EISDIR : -EINVAL;
	n = file_move(f, io, at, f->ops->read);
	if (n > 0)
		notify_file(f, IN_ACCESS);
	return n;
}

long file_write(struct file *f, struct io *io, s64 at)
{
	long n;

	if (!file_writable(f))
		return -EBADF;
	if (!f->ops->write)
		return -EINVAL;
	n = file_move(f, io, at, f->ops->write);
	if (n > 0)
		notify_file(f, IN_MODIFY);
	return n;
}

long file_seek_plain(struct file *f, s64 off, int whence)
{
	struct abi_stat st = { .size = 0 };
	s64 base = whence == SEEK_CUR ? (s64)f->pos : 0, to;
	int err = whence == SEEK_END ? file_stat(f, &st) : 0;

	if (err)
		return err;
	if (whence > SEEK_END || __builtin_add_overflow(base + (s64)st.size, off, &to) || to < 0)
		return -EINVAL;
	f->pos = to;
	return to;
}

long file_seek(struct file *f, s64 off, int whence)
{
	long r;

	if (whence < 0 || whence > SEEK_HOLE)
		return -EINVAL;
	if (!f->ops->seekable)
		return -ESPIPE;
	mutex_lock(&f->pos_lock);
	r = f->ops->seek ? f->ops->seek(f, off, whence) : file_seek_plain(f, off, whence);
	mutex_unlock(&f->pos_lock);
	return r;
}

int file_stat(struct file *f, struct abi_stat *st)
{
	memset(st, 0, sizeof(*st));
	if (f->ops->stat)
		return f->ops->stat(f, st);
	return -EBADF;
}

int file_stat_nameless(struct file *f, struct abi_stat *st)
{
	(void)f;
	st->dev = DEV_NAMELESS;
	st->ino = 1;
	st->nlink = 1;
	st->mode = 0600;
	st->blksize = PAGE_SIZE;
	return 0;
}

u32 file_poll(struct file *f, struct poller *p)
{
	if (!f->ops->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return f->ops->poll(f, p);
}
