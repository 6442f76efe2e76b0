/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Open files in pseudo file systems. A text file's contents are made when it is read from offset 0 and kept with
 * the open file until the next time, so that a reader of several pieces sees one text.
 */
#include "kern/pseudo.h"
#include "base/print.h"
#include "base/string.h"
#include "kern/clock.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "mem/slab.h"

static const struct pseudo_fs *const pseudo_list[PSEUDO_COUNT] = { NULL, &proc_fs, &sys_fs, &pts_fs };

const struct pseudo_fs *pseudo_fs_of(u32 id)
{
	return pseudo_list[id];
}

/* ---- text */

void text_add(struct text *t, const char *s, size_t len)
{
	char *grown;

	if (t->failed)
		return;
	if (t->len + len + 1 > t->size) {
		size_t size = MAX(t->size * 2, ALIGN_UP(t->len + len + 1, PAGE_SIZE));

		grown = kmalloc(size);
		if (!grown) {
			t->failed = true;
			return;
		}
		memcpy(grown, t->buf, t->len);
		kfree(t->buf);
		t->buf = grown;
		t->size = size;
	}
	memcpy(t->buf + t->len, s, len);
	t->len += len;
}

void text_printf(struct text *t, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	text_add(t, line, MIN((size_t)n, sizeof(line) - 1));
}

void text_free(struct text *t)
{
	kfree(t->buf);
	memset(t, 0, sizeof(*t));
}

/* ---- files */

static long pseudo_read(struct file *f, struct io *io, u64 *pos)
{
	struct text *t = f->data;
	int err;
	size_t n;

	if (*pos == 0) {
		t->len = 0;
		t->failed = false;
		err = pseudo_fs_of(f->pseudo->fs)->show(f->pseudo, t);
		if (err)
			return err;
		if (t->failed)
			return -ENOMEM;
	}
	if (*pos >= t->len)
		return 0;
	n = MIN(io->left, t->len - *pos);
	n = io_out(io, t->buf + *pos, n);
	if (!n && io->left)
		return -EFAULT;
	*pos += n;
	return n;
}

static long pseudo_write(struct file *f, struct io *io, u64 *pos)
{
	const struct pseudo_fs *fs = pseudo_fs_of(f->pseudo->fs);
	char buf[256];
	size_t n = MIN(io->left, sizeof(buf) - 1);
	long r;

	if (!fs->store)
		return -EINVAL;
	if (io_in(io, buf, n) < n)
		return -EFAULT;
	buf[n] = 0;
	r = fs->store(f->pseudo, buf, n);
	if (r > 0)
		*pos += r;
	return r;
}

static int pseudo_readdir(struct file *f, u64 *cookie, dir_emit emit, void *ctx)
{
	return pseudo_fs_of(f->pseudo->fs)->readdir(f->pseudo, cookie, emit, ctx);
}

static int pseudo_file_stat(struct file *f, struct abi_stat *st)
{
	return pseudo_stat(f->pseudo, st);
}

static void pseudo_release(struct file *f)
{
	text_free(f->data);
	kfree(f->data);
}

static const struct file_ops pseudo_file_ops = {
	.kind = "pseudo", .read = pseudo_read, .write = pseudo_write, .seekable = true, .stat = pseudo_file_stat,
	.release = pseudo_release,
};

static const struct file_ops pseudo_dir_ops = {
	.kind = "dir", .seekable = true, .readdir = pseudo_readdir, .stat = pseudo_file_stat,
};

static int pseudo_may(const struct pseudo_node *n, u32 flags)
{
	struct tree_attr at = { .mode = n->mode, .uid = n->uid, .gid = n->gid };
	u32 mode = flags & O_ACCMODE;
	struct tree_cred cred;

	if ((n->mode & S_IFMT) == S_IFLNK)
		return flags & O_PATH ? 0 : -ELOOP;
	if ((flags & O_DIRECTORY) && (n->mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	if (flags & O_PATH)
		return 0;
	if ((n->mode & S_IFMT) == S_IFDIR && mode != O_RDONLY)
		return -EISDIR;
	fs_cred(process_current(), &cred);
	return tree_may(&at, &cred, mode == O_WRONLY ? 2 : mode == O_RDONLY ? 4 : 6);
}

struct file *pseudo_open(const struct pseudo_node *n, u32 flags, int *err)
{
	const struct pseudo_fs *fs = pseudo_fs_of(n->fs);
	bool dir = (n->mode & S_IFMT) == S_IFDIR;
	struct file *f;

	*err = pseudo_may(n, flags);
	if (*err)
		return NULL;
	if (fs->open && !dir && !(flags & O_PATH)) {
		f = fs->open(n, flags, err);
		if (f || *err)
			return f;
	}
	f = file_new(dir ? &pseudo_dir_ops : &pseudo_file_ops, flags);
	*err = -ENOMEM;
	if (!f)
		return NULL;
	f->pseudo = kmalloc(sizeof(*n));
	f->data = dir ? NULL : kzalloc(sizeof(struct text));
	if (!f->pseudo || (!dir && !f->data)) {
		f->ops = &pseudo_dir_ops;
		kfree(f->data);
		file_put(f);
		return NULL;
	}
	*f->pseudo = *n;
	*err = 0;
	return f;
}

int pseudo_stat(const struct pseudo_node *n, struct abi_stat *st)
{
	u64 now = wall_ns();

	memset(st, 0, sizeof(*st));
	st->dev = DEV_PSEUDO(n->fs);
	st->ino = n->ino;
	st->nlink = (n->mode & S_IFMT) == S_IFDIR ? 2 : 1;
	st->mode = n->mode;
	st->uid = n->uid;
	st->gid = n->gid;
	st->size = n->size;
	st->rdev = n->rdev;
	st->blksize = n->fs == PSEUDO_PROC ? 1024 : PAGE_SIZE;
	st->atime.sec = st->mtime.sec = st->ctime.sec = now / 1000000000;
	st->atime.nsec = st->mtime.nsec = st->ctime.nsec = now % 1000000000;
	return 0;
}
