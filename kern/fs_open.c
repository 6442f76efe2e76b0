/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Opening: O_* semantics over path walks, and the files that stand for tree inodes (regular files, directories). */
#include "base/print.h"
#include "base/string.h"
#include "kern/clock.h"
#include "kern/fs.h"
#include "kern/notify.h"
#include "kern/process.h"
#include "kern/tty.h"
#include "kern/volume.h"

/* Times before 1970 too: nanoseconds count forwards. */
static struct abi_timespec timespec_of(s64 ns)
{
	s64 part = ns % 1000000000, sec = ns / 1000000000;

	return part < 0 ? (struct abi_timespec){ sec - 1, part + 1000000000 } : (struct abi_timespec){ sec, part };
}

static void stat_times(struct abi_stat *st, const struct body *b)
{
	st->atime = timespec_of(b->atime);
	st->mtime = timespec_of(b->mtime);
	st->ctime = timespec_of(b->ctime);
}

static void stat_fill(struct abi_stat *st, const struct tree_attr *at, struct body *b)
{
	memset(st, 0, sizeof(*st));
	st->dev = b ? volume_dev(b->volume) : 0;
	st->ino = at->ino;
	st->nlink = at->nlink;
	st->mode = at->mode;
	st->uid = at->uid;
	st->gid = at->gid;
	st->rdev = at->rdev;
	st->blksize = PAGE_SIZE;
	if (b) {
		stat_times(st, b);
		st->blocks = atomic_load(&b->pages) * (PAGE_SIZE / 512);
		st->size = atomic_load(&b->size);
	}
	if ((at->mode & S_IFMT) == S_IFDIR)
		st->size = (at->size + 2) * 20; /* as tmpfs counts: 20 a name, "." and ".." too */
	else if ((at->mode & S_IFMT) == S_IFLNK)
		st->size = at->size;
}

int path_stat(const struct path *p, struct abi_stat *st)
{
	if (p->file)
		return file_stat(p->file, st);
	if (path_pseudo(p))
		return pseudo_stat(&p->node, st);
	stat_fill(st, &p->at, p->body);
	return 0;
}

/* ---- regular files */

static long regular_read(struct file *f, struct io *io, u64 *pos)
{
	long n = body_read(f->body, *pos, io);

	if (n > 0)
		*pos += n;
	if (n >= 0 && !(f->flags & O_NOATIME))
		body_touch(f->body, true, false, false);
	return n;
}

void fs_kill_privileges(u64 ino)
{
	struct tree_attr at;
	tree_op_buffer op;
	struct tree_cred cred;
	struct tree_ret ret;

	fs_cred(process_current(), &cred);
	if ((cred.caps & TREE_CAP_FSETID) || fs_attr(ino, &at) || !(at.mode & (S_ISUID | S_ISGID)))
		return;
	fs_update(op, tree_op_killpriv(op, &cred, ino), &ret);
}

static long regular_write(struct file *f, struct io *io, u64 *pos)
{
	struct process *p = process_current();
	u64 limit = p->limit[RLIMIT_FSIZE].cur;
	long n = body_write(f->body, pos, io, (f->flags & O_APPEND) || io->append, limit);

	if (n == -EFBIG && limit != RLIM_INFINITY)
		signal_kernel(p, SIGXFSZ);
	if (n > 0 && p->cred.fsuid)
		fs_kill_privileges(f->ino);
	return n;
}

static int tree_stat_file(struct file *f, struct abi_stat *st)
{
	struct tree_attr at;
	int err = fs_attr(f->ino, &at);

	if (!err)
		stat_fill(st, &at, f->body);
	return err;
}

static int regular_truncate(struct file *f, u64 size)
{
	int err;

	if (size > process_current()->limit[RLIMIT_FSIZE].cur) {
		signal_kernel(process_current(), SIGXFSZ);
		return -EFBIG;
	}
	fs_kill_privileges(f->ino);
	err = body_truncate(f->body, size);
	if (!err)
		notify_file(f, IN_MODIFY);
	return err;
}

static struct body *regular_mappable(struct file *f)
{
	body_get(f->body);
	return f->body;
}

static void regular_release(struct file *f)
{
	if (file_writable(f))
		body_write_end(f->body);
}

static long regular_seek(struct file *f, s64 off, int whence)
{
	long at;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return file_seek_plain(f, off, whence);
	at = off < 0 ? -ENXIO : body_seek(f->body, off, whence == SEEK_DATA);
	if (at >= 0)
		f->pos = at;
	return at;
}

static const struct file_ops regular_ops = {
	.kind = "file", .read = regular_read, .write = regular_write, .seekable = true, .stat = tree_stat_file,
	.truncate = regular_truncate, .mappable = regular_mappable, .release = regular_release, .seek = regular_seek,
};

/* ---- directories */

struct dir_read {
	dir_emit emit;
	void *ctx;
	u64 *cookie;
};

static bool directory_entry(void *ctx, const struct tree_dirent *e)
{
	struct dir_read *d = ctx;

	if (!d->emit(d->ctx, e->name, e->len, e->ino, e->cookie, e->type))
		return false;
	*d->cookie = e->cookie;
	return true;
}

static int directory_readdir(struct file *f, u64 *cookie, dir_emit emit, void *ctx)
{
	struct dir_read d = { emit, ctx, cookie };
	const struct tree *t = nr_read_begin(fs_tree(), nr_me(), 0);
	int err = tree_readdir(t, f->ino, *cookie, directory_entry, &d);

	nr_read_end(fs_tree(), nr_me(), 0);
	if (!err && !(f->flags & O_NOATIME))
		body_touch(f->body, true, false, false);
	if (!err)
		notify_file(f, IN_ACCESS);
	return err;
}

/* A position is a cookie: it has no end to count from. */
static long directory_seek(struct file *f, s64 off, int whence)
{
	return whence == SEEK_SET || whence == SEEK_CUR ? file_seek_plain(f, off, whence) : -EINVAL;
}

static const struct file_ops directory_ops = {
	.kind = "dir", .seekable = true, .seek = directory_seek, .stat = tree_stat_file, .readdir = directory_readdir,
};

static const struct file_ops path_ops = { .kind = "path", .stat = tree_stat_file };

/* ---- open */

static struct file *open_fail(struct path *p, int code, int *err)
{
	path_drop(p);
	*err = code;
	return NULL;
}

static struct file *open_object(struct path *p, u32 flags, int *err)
{
	u32 type = p->at.mode & S_IFMT;

	if (flags & O_PATH)
		return file_new(&path_ops, flags);
	switch (type) {
	case S_IFREG:
		return file_new(&regular_ops, flags);
	case S_IFDIR:
		return file_new(&directory_ops, flags);
	case S_IFCHR:
		return device_open(p->at.rdev, flags, err);
	case S_IFIFO:
		return fifo_open(p->body, flags, err);
	case S_IFBLK:
	case S_IFSOCK:
		*err = -ENXIO;
		return NULL;
	default:
		*err = -ELOOP;
		return NULL;
	}
}

/* Rights of an existing object for these flags. */
static int open_may(const struct path *p, u32 flags)
{
	u32 type = p->at.mode & S_IFMT, mode = flags & O_ACCMODE;
	unsigned want = (mode == O_WRONLY ? 2 : mode == O_RDONLY ? 4 : 6) | (flags & O_TRUNC ? 2 : 0);
	struct tree_cred cred;

	if (type == S_IFLNK && !(flags & O_PATH))
		return -ELOOP;
	if ((flags & O_DIRECTORY) && type != S_IFDIR)
		return -ENOTDIR;
	if (flags & O_PATH)
		return 0;
	if (type == S_IFDIR && (want & 2))
		return -EISDIR;
	fs_cred(process_current(), &cred);
	if ((flags & O_NOATIME) && !(cred.caps & TREE_CAP_FOWNER) && cred.uid != p->at.uid)
		return -EPERM;
	if (tree_may(&p->at, &cred, want))
		return -EACCES;
	return type == S_IFREG && (want & 2) ? volume_writable(p->at.fs) : 0;
}

/* /proc/PID/fd/N of something that has no name. A pipe gets one more end; others are shared as they are. */
static struct file *open_nameless(struct path *p, u32 flags, int *err)
{
	struct file *f = p->file;

	if (flags & O_DIRECTORY)
		return open_fail(p, -ENOTDIR, err);
	if (file_is_pipe(f))
		f = pipe_reopen(f, flags, err);
	else
		p->file = NULL;
	path_drop(p);
	return f;
}

/* May it be opened so, and no program be run from it until then? `writes`: it counts as written from now on. */
static int open_begin(const struct path *p, u32 flags, bool *writes)
{
	int err = open_may(p, flags);

	*writes = !err && (p->at.mode & S_IFMT) == S_IFREG && !(flags & O_PATH) && (flags & (O_ACCMODE | O_TRUNC));
	return *writes ? body_write_begin(p->body) : err;
}

/* A regular file is open; only one with a writable descriptor stays counted as written. */
static void open_end(struct file *f, u32 flags, bool writes)
{
	if (flags & O_TRUNC) {
		fs_kill_privileges(f->ino);
		body_truncate(f->body, 0);
		notify_file(f, IN_MODIFY);
	}
	if (writes && !file_writable(f))
		body_write_end(f->body);
}

struct file *fs_open_path(struct path *p, u32 flags, int *err)
{
	struct file *f;
	bool writes;

	*err = 0;
	if (p->file)
		return open_nameless(p, flags, err);
	if (path_pseudo(p)) {
		f = pseudo_open(&p->node, flags, err);
		if (f)
			f->dir_ino = p->dir;
		return f;
	}
	*err = open_begin(p, flags, &writes);
	if (*err)
		return open_fail(p, *err, err);
	f = open_object(p, flags, err);
	if (!f && writes)
		body_write_end(p->body);
	if (!f)
		return open_fail(p, *err ? *err : -ENOMEM, err);
	f->ino = p->at.ino;
	f->dir_ino = p->dir;
	strlcpy(f->name, p->last, sizeof(f->name));
	if (f->body)
		body_put(f->body);
	f->body = p->body;
	p->body = NULL;
	notify_file(f, IN_OPEN);
	if (f->ops == &regular_ops)
		open_end(f, flags, writes);
	return f;
}

void fs_umask_apply(u32 *mode)
{
	struct fs *fs = process_current()->fs;

	*mode &= ~fs->umask & 07777;
}

/* Makes the file, or finds that it exists. 0: `p` names what was made (with a reference). 1: it exists. */
static int open_create(int dirfd, const char *name, u32 flags, u32 mode, struct path *p)
{
	struct path_parent parent;
	tree_op_buffer op;
	struct tree_ret ret;
	struct tree_cred cred;
	struct body *b;
	int err;

	err = path_parent(dirfd, name, flags & (O_EXCL | O_NOFOLLOW) ? 0 : TREE_FOLLOW, &parent);
	if (err)
		return err;
	if (parent.pseudo.fs)
		return parent.pseudo_exists ? (flags & O_EXCL ? -EEXIST : 1) : parent.pseudo.fs == PSEUDO_SYS ? -EACCES : -ENOENT;
	if (parent.kind != TREE_LAST_NAME)
		return flags & O_EXCL ? -EEXIST : -EISDIR;
	if (parent.slash)
		return -EISDIR;
	if (parent.at.ino)
		return flags & O_EXCL ? -EEXIST : 1;
	b = fs_body_new(parent.dir.fs, &err);
	if (!b)
		return err;
	fs_umask_apply(&mode);
	fs_cred(process_current(), &cred);
	body_get(b);
	err = fs_update(op, tree_op_create(op, &cred, parent.dir.ino, parent.last, parent.len, mode | S_IFREG, 0, (u64)b,
					   flags & O_EXCL ? TREE_EXCL : 0), &ret);
	if (err || ret.existed) {
		body_put(b);
		body_put(b);
		return err ? err : 1;
	}
	b->ino = ret.at.ino;
	fs_touch_dir(&parent.dir);
	notify_name(parent.dir.ino, parent.last, IN_CREATE);
	memset(p, 0, offsetof(struct path, last));
	p->at = ret.at;
	p->body = b;
	p->dir = parent.dir.ino;
	strlcpy(p->last, parent.last, sizeof(p->last));
	return 0;
}

static struct file *open_created(struct path *p, u32 flags, int *err)
{
	struct file *f;

	*err = body_write_begin(p->body); /* it has a name already: somebody may be running it */
	if (*err)
		return open_fail(p, *err, err);
	f = file_new(&regular_ops, flags);
	if (!f || !file_writable(f))
		body_write_end(p->body);
	if (!f)
		return open_fail(p, -ENOMEM, err);
	f->ino = p->at.ino;
	f->dir_ino = p->dir;
	f->body = p->body;
	strlcpy(f->name, p->last, sizeof(f->name));
	notify_file(f, IN_OPEN);
	return f;
}

/* A file without a name in the file system of `dir`. 0: `made` is it. */
static int make_unnamed(const struct tree_cred *cred, const struct tree_attr *dir, u32 mode, u32 flags, struct path *made)
{
	tree_op_buffer op;
	struct tree_ret ret;
	int err;
	struct body *b = fs_body_new(dir->fs, &err);

	if (!b)
		return err;
	err = fs_update(op, tree_op_create(op, cred, dir->ino, "", 0, mode | S_IFREG, 0, (u64)b,
					   TREE_UNNAMED | (flags & O_EXCL ? TREE_EXCL : 0)), &ret);
	if (err) {
		body_put(b);
		return err;
	}
	b->ino = ret.at.ino; /* no name holds it: this one reference is the file's */
	*made = (struct path){ .at = ret.at, .body = b };
	return 0;
}

static struct file *open_tmpfile(int dirfd, const char *name, u32 flags, u32 mode, int *err)
{
	struct tree_cred cred;
	struct path dir, made;

	*err = flags & (O_WRONLY | O_RDWR) ? path_walk(dirfd, name, TREE_FOLLOW | TREE_DIRECTORY, &dir) : -EINVAL;
	if (*err)
		return NULL;
	if (path_pseudo(&dir))
		return open_fail(&dir, -EOPNOTSUPP, err);
	fs_umask_apply(&mode);
	fs_cred(process_current(), &cred);
	*err = make_unnamed(&cred, &dir.at, mode, flags, &made);
	made.dir = dir.at.ino;
	path_drop(&dir);
	return *err ? NULL : open_created(&made, flags & ~O_TMPFILE, err);
}

struct file *fs_memfd(const char *name, int *err)
{
	struct tree_attr root = { .ino = TREE_ROOT, .fs = TREE_ROOT };
	struct tree_cred cred;
	struct path made;

	fs_cred(process_current(), &cred);
	cred.caps = TREE_CAP_ALL; /* it lies in no directory whose rights could matter */
	*err = make_unnamed(&cred, &root, 0777, O_EXCL, &made);
	if (*err)
		return NULL;
	snprintf(made.last, sizeof(made.last), "memfd:%s", name);
	made.dir = TREE_ROOT;
	return open_created(&made, O_RDWR | O_LARGEFILE, err);
}

struct file *fs_open(int dirfd, const char *name, u32 flags, u32 mode, int *err)
{
	struct path p;
	unsigned walk = (flags & O_NOFOLLOW ? 0 : TREE_FOLLOW) | (flags & O_DIRECTORY ? TREE_DIRECTORY : 0);

	*err = 0;
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	else
		flags |= O_LARGEFILE;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return open_tmpfile(dirfd, name, flags, mode, err);
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY)) {
		*err = -EINVAL;
		return NULL;
	}
	if (flags & O_CREAT) {
		*err = open_create(dirfd, name, flags, mode, &p);
		if (*err < 0)
			return NULL;
		if (*err == 0)
			return open_created(&p, flags, err);
	}
	*err = path_walk(dirfd, name, walk, &p);
	if (*err)
		return NULL;
	if ((flags & O_CREAT) && (p.at.mode & S_IFMT) == S_IFDIR && !path_pseudo(&p) && !p.file)
		return open_fail(&p, -EISDIR, err);
	return fs_open_path(&p, flags, err);
}
