/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls that take a path, and those that do the same to an open file. */
#include "base/string.h"
#include "kern/body.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "linux/call.h"
#include "mem/slab.h"

/* ---- open */

static long open_common(int dirfd, const void __user *name, u32 flags, u32 mode)
{
	int err, fd;
	char *path = name_get(name, &err);
	struct file *f;

	if (!path)
		return err;
	f = fs_open(dirfd, path, flags, mode & 07777, &err);
	name_put(path);
	if (!f)
		return err;
	fd = fd_install(f, 0, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

CALL(open) { return open_common(AT_FDCWD, UPTR(0), a[1], a[2]); }
CALL(openat) { return open_common(a[0], UPTR(1), a[2], a[3]); }
CALL(creat) { return open_common(AT_FDCWD, UPTR(0), O_CREAT | O_WRONLY | O_TRUNC, a[1]); }

#define MFD_CLOEXEC 1u
#define MFD_ALLOW_SEALING 2u
#define MFD_NAME_MAX 249

CALL(memfd_create)
{
	int err, fd = -EINVAL;
	struct file *f;
	char *name;

	if ((u32)a[1] & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | 8u | 16u)) /* and NOEXEC_SEAL, EXEC */
		return -EINVAL;
	name = name_get(UPTR(0), &err);
	if (!name)
		return err == -ENAMETOOLONG ? -EINVAL : err;
	f = strlen(name) <= MFD_NAME_MAX ? fs_memfd(name, &err) : (err = -EINVAL, NULL);
	name_put(name);
	if (!f)
		return err;
	fd = fd_install(f, 0, a[1] & MFD_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

/* ---- stat */

/* Walks to what a call names; with an empty path and AT_EMPTY_PATH, to the descriptor itself. */
static int at_path(int dirfd, const void __user *name, u32 at_flags, struct path *p)
{
	int err;
	char *path;

	if (!name && (at_flags & AT_EMPTY_PATH) && dirfd >= 0)
		return path_of_fd(dirfd, p);
	path = name_get(name, &err);
	if (!path)
		return err;
	err = path_at(dirfd, path, at_flags, p);
	name_put(path);
	return err;
}

static long stat_common(int dirfd, const void __user *name, u32 at_flags, void __user *out)
{
	struct abi_stat st;
	struct path p;
	int err = at_path(dirfd, name, at_flags, &p);

	if (err)
		return err;
	err = path_stat(&p, &st);
	path_drop(&p);
	return err ? err : user_copy_out(out, &st, sizeof(st));
}

CALL(stat) { return stat_common(AT_FDCWD, UPTR(0), 0, UPTR(1)); }
CALL(lstat) { return stat_common(AT_FDCWD, UPTR(0), AT_SYMLINK_NOFOLLOW, UPTR(1)); }

CALL(newfstatat)
{
	if ((u32)a[3] & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	return stat_common(a[0], UPTR(1), a[3], UPTR(2));
}

CALL(fstat)
{
	struct file *f = file_of_fd_path(a[0]);
	struct abi_stat st;
	int err;

	if (!f)
		return -EBADF;
	err = file_stat(f, &st);
	file_put(f);
	return err ? err : user_copy_out(UPTR(1), &st, sizeof(st));
}

static void statx_fill(struct abi_statx *x, const struct abi_stat *st)
{
	memset(x, 0, sizeof(*x));
	x->mask = STATX_BASIC_STATS | STATX_MNT_ID;
	x->blksize = st->blksize;
	x->nlink = st->nlink;
	x->uid = st->uid;
	x->gid = st->gid;
	x->mode = st->mode;
	x->ino = st->ino;
	x->size = st->size;
	x->blocks = st->blocks;
	x->atime = (struct abi_statx_timestamp){ st->atime.sec, st->atime.nsec, 0 };
	x->mtime = (struct abi_statx_timestamp){ st->mtime.sec, st->mtime.nsec, 0 };
	x->ctime = (struct abi_statx_timestamp){ st->ctime.sec, st->ctime.nsec, 0 };
	x->rdev_major = st->rdev >> 8 & 0xfff;
	x->rdev_minor = (st->rdev & 0xff) | (st->rdev >> 12 & 0xfff00);
	x->dev_minor = st->dev;
}

#define STATX_ATTR_MOUNT_ROOT 0x2000u
#define STATX_ATTRS 0x203000u      /* known: automount, mount root, DAX */
#define STATX_ATTRS_FILES 0x70u    /* and of files in memory: immutable, append, nodump */

static void statx_more(struct abi_statx *x, const struct path *p, u32 want)
{
	bool root = path_pseudo(p) ? p->node.ino == 1 : p->at.ino && p->at.ino == p->at.fs;

	x->attributes = root ? STATX_ATTR_MOUNT_ROOT : 0;
	x->attributes_mask = STATX_ATTRS | (p->body ? STATX_ATTRS_FILES : 0);
	x->mnt_id = x->dev_minor;
	if (!p->body || !(want & STATX_BTIME))
		return;
	x->mask |= STATX_BTIME;
	x->btime = (struct abi_statx_timestamp){ p->body->btime / 1000000000, p->body->btime % 1000000000, 0 };
}

CALL(statx)
{
	struct abi_statx x;
	struct abi_stat st;
	struct path p;
	int err;

	if (((u32)a[3] & STATX_RESERVED) || ((u32)a[2] & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
	    ((u32)a[2] & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE)))
		return -EINVAL;
	err = at_path(a[0], UPTR(1), a[2], &p);
	if (err)
		return err;
	err = path_stat(&p, &st);
	if (!err) {
		statx_fill(&x, &st);
		statx_more(&x, &p, a[3]);
	}
	path_drop(&p);
	if (err)
		return err;
	return user_copy_out(UPTR(4), &x, sizeof(x));
}

static long statfs_out(struct path *p, void __user *out)
{
	struct abi_statfs s;
	int err = fs_statfs(p, &s);

	path_drop(p);
	return err ? err : user_copy_out(out, &s, sizeof(s));
}

CALL(statfs)
{
	struct path p;
	int err = at_path(AT_FDCWD, UPTR(0), 0, &p);

	return err ? err : statfs_out(&p, UPTR(1));
}

CALL(fstatfs)
{
	struct path p;
	int err = path_of_fd(a[0], &p);

	return err ? err : statfs_out(&p, UPTR(1));
}

static long access_common(int dirfd, const void __user *name, u32 mode, u32 at_flags)
{
	int err;
	char *path;

	if ((mode & ~7u) || (at_flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	path = name_get(name, &err);
	if (path) {
		err = fs_access(dirfd, path, mode, at_flags);
		name_put(path);
	}
	return err;
}

CALL(access) { return access_common(AT_FDCWD, UPTR(0), a[1], 0); }
CALL(faccessat) { return access_common(a[0], UPTR(1), a[2], 0); }
CALL(faccessat2) { return access_common(a[0], UPTR(1), a[2], a[3]); }

/* ---- names */

static long one_name(const void __user *name, int (*fn)(int, const char *, u32, u32), int dirfd, u32 x, u32 y)
{
	int err;
	char *path = name_get(name, &err);

	if (path) {
		err = fn(dirfd, path, x, y);
		name_put(path);
	}
	return err;
}

static int do_mkdir(int d, const char *n, u32 mode, u32 y) { (void)y; return fs_mkdir(d, n, mode); }
static int do_mknod(int d, const char *n, u32 mode, u32 dev) { return fs_mknod(d, n, mode, dev); }
static int do_unlink(int d, const char *n, u32 x, u32 y) { (void)x; (void)y; return fs_unlink(d, n); }
static int do_rmdir(int d, const char *n, u32 x, u32 y) { (void)x; (void)y; return fs_rmdir(d, n); }

CALL(mkdir) { return one_name(UPTR(0), do_mkdir, AT_FDCWD, a[1], 0); }
CALL(mkdirat) { return one_name(UPTR(1), do_mkdir, a[0], a[2], 0); }
CALL(mknod) { return one_name(UPTR(0), do_mknod, AT_FDCWD, a[1], a[2]); }
CALL(mknodat) { return one_name(UPTR(1), do_mknod, a[0], a[2], a[3]); }
CALL(unlink) { return one_name(UPTR(0), do_unlink, AT_FDCWD, 0, 0); }
CALL(rmdir) { return one_name(UPTR(0), do_rmdir, AT_FDCWD, 0, 0); }

CALL(unlinkat)
{
	if ((u32)a[2] & ~AT_REMOVEDIR)
		return -EINVAL;
	return one_name(UPTR(1), a[2] & AT_REMOVEDIR ? do_rmdir : do_unlink, a[0], 0, 0);
}

typedef int (*two_fn)(int, const char *, int, const char *, u32);

static long two_names(two_fn fn, int d1, const void __user *n1, int d2, const void __user *n2, u32 flags)
{
	int err;
	char *one = name_get(n1, &err), *two;

	if (!one)
		return err;
	two = name_get(n2, &err);
	if (two) {
		err = fn(d1, one, d2, two, flags);
		name_put(two);
	}
	name_put(one);
	return err;
}

static int do_symlink(int d1, const char *target, int d2, const char *name, u32 flags)
{
	(void)d1; (void)flags;
	return fs_symlink(target, d2, name);
}

CALL(rename) { return two_names(fs_rename, AT_FDCWD, UPTR(0), AT_FDCWD, UPTR(1), 0); }
CALL(renameat) { return two_names(fs_rename, a[0], UPTR(1), a[2], UPTR(3), 0); }
CALL(renameat2) { return two_names(fs_rename, a[0], UPTR(1), a[2], UPTR(3), a[4]); }
CALL(link) { return two_names(fs_link, AT_FDCWD, UPTR(0), AT_FDCWD, UPTR(1), 0); }
CALL(symlink) { return two_names(do_symlink, AT_FDCWD, UPTR(0), AT_FDCWD, UPTR(1), 0); }
CALL(symlinkat) { return two_names(do_symlink, AT_FDCWD, UPTR(0), a[1], UPTR(2), 0); }

CALL(linkat)
{
	if ((u32)a[4] & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return two_names(fs_link, a[0], UPTR(1), a[2], UPTR(3), a[4]);
}

static long readlink_common(int dirfd, const void __user *name, void __user *out, s32 size)
{
	int err;
	char *path, *buf;

	if (size <= 0)
		return -EINVAL;
	path = name_get(name, &err);
	if (!path)
		return err;
	buf = kmalloc(PATH_SIZE);
	err = buf ? fs_readlink(dirfd, path, buf, PATH_SIZE) : -ENOMEM;
	if (err > 0) {
		err = MIN(err, size);
		if (user_copy_out(out, buf, err))
			err = -EFAULT;
	}
	kfree(buf);
	name_put(path);
	return err;
}

CALL(readlink) { return readlink_common(AT_FDCWD, UPTR(0), UPTR(1), a[2]); }
CALL(readlinkat) { return readlink_common(a[0], UPTR(1), UPTR(2), a[3]); }

/* ---- attributes */

static long chmod_path(int err, struct path *p, u32 mode)
{
	if (err)
		return err;
	err = fs_chmod(p, mode);
	path_drop(p);
	return err;
}

static long chown_path(int err, struct path *p, u32 uid, u32 gid)
{
	if (err)
		return err;
	err = fs_chown(p, uid, gid);
	path_drop(p);
	return err;
}

/* A descriptor that may be changed through: not one opened with O_PATH. */
static int path_of_real_fd(int fd, struct path *p)
{
	return file_of_fd_check(fd) ? path_of_fd(fd, p) : -EBADF;
}

CALL(chmod) { struct path p; return chmod_path(at_path(AT_FDCWD, UPTR(0), 0, &p), &p, a[1]); }
CALL(fchmod) { struct path p; return chmod_path(path_of_real_fd(a[0], &p), &p, a[1]); }

CALL(fchmodat2)
{
	struct path p;
	int err;

	if ((u32)a[3] & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = at_path(a[0], UPTR(1), a[3], &p);
	if (!err && (p.at.mode & S_IFMT) == S_IFLNK) {
		path_drop(&p);
		err = -EOPNOTSUPP;
	}
	return chmod_path(err, &p, a[2]);
}

CALL(fchmodat) { struct path p; return chmod_path(at_path(a[0], UPTR(1), 0, &p), &p, a[2]); }
CALL(chown) { struct path p; return chown_path(at_path(AT_FDCWD, UPTR(0), 0, &p), &p, a[1], a[2]); }
CALL(lchown) { struct path p; return chown_path(at_path(AT_FDCWD, UPTR(0), AT_SYMLINK_NOFOLLOW, &p), &p, a[1], a[2]); }
CALL(fchown) { struct path p; return chown_path(path_of_real_fd(a[0], &p), &p, a[1], a[2]); }

CALL(fchownat)
{
	struct path p;

	if ((u32)a[4] & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return chown_path(at_path(a[0], UPTR(1), a[4], &p), &p, a[2], a[3]);
}

static long utimes_path(int err, struct path *p, const struct abi_timespec *t)
{
	if (err)
		return err;
	err = fs_utimes(p, t);
	path_drop(p);
	return err;
}

CALL(utimensat)
{
	struct abi_timespec t[2];
	struct path p;
	u32 flags = a[3];

	if (a[2] && user_copy_in(t, UPTR(2), sizeof(t)))
		return -EFAULT;
	if (a[2] && t[0].nsec == UTIME_OMIT && t[1].nsec == UTIME_OMIT)
		return 0; /* not even the path is looked at */
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (a[1])
		return utimes_path(at_path(a[0], UPTR(1), flags, &p), &p, a[2] ? t : NULL);
	if ((s32)a[0] == AT_FDCWD)
		return -EFAULT;
	return flags ? -EINVAL : utimes_path(path_of_real_fd(a[0], &p), &p, a[2] ? t : NULL);
}

static long utimes_micro(int dirfd, const u64 *a)
{
	struct abi_timeval tv[2];
	struct abi_timespec t[2];
	struct path p;
	int i;

	if (a[1] && user_copy_in(tv, UPTR(1), sizeof(tv)))
		return -EFAULT;
	for (i = 0; a[1] && i < 2; i++) {
		if (tv[i].usec < 0 || tv[i].usec > 999999)
			return -EINVAL;
		t[i] = (struct abi_timespec){ tv[i].sec, tv[i].usec * 1000 };
	}
	return utimes_path(at_path(dirfd, UPTR(0), 0, &p), &p, a[1] ? t : NULL);
}

CALL(utimes) { return utimes_micro(AT_FDCWD, a); }
CALL(futimesat) { return utimes_micro(a[0], a + 1); }

CALL(utime)
{
	s64 s[2] = { 0, 0 };
	struct abi_timespec t[2];
	struct path p;

	if (a[1] && user_copy_in(s, UPTR(1), sizeof(s)))
		return -EFAULT;
	t[0] = (struct abi_timespec){ s[0], 0 };
	t[1] = (struct abi_timespec){ s[1], 0 };
	return utimes_path(at_path(AT_FDCWD, UPTR(0), 0, &p), &p, a[1] ? t : NULL);
}

CALL(truncate)
{
	int err;
	char *path;

	if ((s64)a[1] < 0)
		return -EINVAL;
	path = name_get(UPTR(0), &err);
	if (path) {
		err = fs_truncate(path, a[1]);
		name_put(path);
	}
	return err;
}

CALL(umask)
{
	struct fs *fs = process_current()->fs;
	u32 old;

	lock_acquire(&fs->lock);
	old = fs->umask;
	fs->umask = a[0] & 0777;
	lock_release(&fs->lock);
	return old;
}

/* ---- directories */

static long chdir_path(int err, struct path *p, int (*fn)(struct path *))
{
	if (err)
		return err;
	err = fn(p);
	path_drop(p);
	return err;
}

CALL(chdir) { struct path p; return chdir_path(at_path(AT_FDCWD, UPTR(0), 0, &p), &p, fs_chdir); }
CALL(fchdir) { struct path p; return chdir_path(path_of_fd(a[0], &p), &p, fs_chdir); }
CALL(chroot) { struct path p; return chdir_path(at_path(AT_FDCWD, UPTR(0), 0, &p), &p, fs_chroot); }

CALL(getcwd)
{
	char *buf = kmalloc(PATH_SIZE);
	int n = buf ? fs_getcwd(buf, PATH_SIZE) : -ENOMEM;

	if (n >= 0) {
		buf[n++] = 0;
		if ((u64)n > a[1])
			n = -ERANGE;
		else if (user_copy_out(UPTR(0), buf, n))
			n = -EFAULT;
	}
	kfree(buf);
	return n;
}

/* Entries are laid out in a piece of kernel memory under the directory's guard, then copied out, piece by piece. */
#define DENTS_PIECE 2048

struct dents {
	u8 *buf;
	size_t len, room;  /* of the piece; room is what the caller has left, if less */
	bool old;          /* getdents: the type is the record's last byte */
	bool refused;      /* an entry did not fit */
};

static bool dents_emit(void *ctx, const char *name, size_t len, u64 ino, u64 cookie, u32 type)
{
	struct dents *d = ctx;
	size_t rec = ALIGN_UP((d->old ? 18 : 19) + len + (d->old ? 2 : 1), (size_t)8);
	u8 *e = d->buf + d->len;
	u16 reclen = rec;

	if (rec > d->room - d->len) {
		d->refused = true;
		return false;
	}
	memset(e, 0, rec);
	memcpy(e, &ino, 8);
	memcpy(e + 8, &cookie, 8);
	memcpy(e + 16, &reclen, 2);
	if (d->old)
		e[rec - 1] = type >> 12;
	else
		e[18] = type >> 12;
	memcpy(e + (d->old ? 18 : 19), name, len);
	d->len += rec;
	return true;
}

/* Bytes, 0 at the end, or the error that came before the first entry. Under pos_lock. */
static long dents_fill(struct file *f, struct dents *d, u8 __user *out, size_t size)
{
	size_t done = 0;
	u64 at;
	int err;

	do {
		at = f->pos;
		d->len = 0;
		d->refused = false;
		d->room = MIN(size - done, (size_t)DENTS_PIECE);
		err = f->ops->readdir(f, &at, dents_emit, d);
		if (!err && d->len && user_copy_out(out + done, d->buf, d->len))
			err = -EFAULT;
		if (err)
			break;
		f->pos = at;
		done += d->len;
	} while (d->refused && d->len);
	if (done)
		return done;
	return err ? err : d->refused ? -EINVAL : 0;
}

static long dents_common(const u64 *a, bool old)
{
	struct dents d = { .old = old };
	struct file *f = file_of_fd(a[0]);
	long r = -ENOTDIR;

	if (!f)
		return -EBADF;
	d.buf = kmalloc(DENTS_PIECE);
	if (!d.buf)
		r = -ENOMEM;
	else if (f->ops->readdir) {
		mutex_lock(&f->pos_lock);
		r = dents_fill(f, &d, UPTR(1), (u32)a[2]);
		mutex_unlock(&f->pos_lock);
	}
	kfree(d.buf);
	file_put(f);
	return r;
}

CALL(getdents64) { return dents_common(a, false); }
CALL(getdents) { return dents_common(a, true); }

/* ---- mounts */

#define MS_REMOUNT 32u
#define MS_BIND 4096u
#define MS_MOVE 8192u
#define MS_PROPAGATION (0x20000u | 0x40000u | 0x80000u | 0x100000u)

/* A text that may be absent. */
static char *text_get(const void __user *p, int *err)
{
	*err = 0;
	return p ? name_get(p, err) : NULL;
}

static long mount_new(struct mount_request *m, const u64 *a)
{
	char *type = NULL, *source = NULL;
	int err;

	m->data = text_get(UPTR(4), &err);
	if (!err)
		m->type = type = a[2] ? name_get(UPTR(2), &err) : (err = -EINVAL, NULL);
	if (!err)
		source = text_get(UPTR(0), &err);
	m->source = source ? source : "none";
	if (!err)
		err = fs_mount(m);
	name_put(source);
	name_put(type);
	name_put(m->data);
	return err;
}

CALL(mount)
{
	struct mount_request m = { .flags = a[3] };
	int err;
	char *target = name_get(UPTR(1), &err);

	if (!target)
		return err;
	m.target = target;
	if (m.flags & MS_REMOUNT)
		err = fs_remount(target, m.flags);
	else if (m.flags & (MS_BIND | MS_MOVE))
		err = cred_capable(&process_current()->cred) ? -EINVAL : -EPERM;
	else if (m.flags & MS_PROPAGATION)
		err = cred_capable(&process_current()->cred) ? 0 : -EPERM; /* there is one name space */
	else
		err = mount_new(&m, a);
	name_put(target);
	return err;
}

CALL(umount2)
{
	int err;
	char *target = name_get(UPTR(0), &err);

	if (target) {
		err = fs_umount(target, a[1]);
		name_put(target);
	}
	return err;
}

/* ---- extended attributes: none are stored, as on ramfs */

static long xattr_path(const u64 *a, u32 at_flags, long answer)
{
	struct path p;
	int err = at_path(AT_FDCWD, UPTR(0), at_flags, &p);

	if (err)
		return err;
	path_drop(&p);
	return answer;
}

static long xattr_fd(const u64 *a, long answer)
{
	return file_of_fd_check(a[0]) ? answer : -EBADF;
}

CALL(setxattr) { return xattr_path(a, 0, -EOPNOTSUPP); }
CALL(lsetxattr) { return xattr_path(a, AT_SYMLINK_NOFOLLOW, -EOPNOTSUPP); }
CALL(fsetxattr) { return xattr_fd(a, -EOPNOTSUPP); }
CALL(getxattr) { return xattr_path(a, 0, -EOPNOTSUPP); }
CALL(lgetxattr) { return xattr_path(a, AT_SYMLINK_NOFOLLOW, -EOPNOTSUPP); }
CALL(fgetxattr) { return xattr_fd(a, -EOPNOTSUPP); }
CALL(listxattr) { return xattr_path(a, 0, 0); }
CALL(llistxattr) { return xattr_path(a, AT_SYMLINK_NOFOLLOW, 0); }
CALL(flistxattr) { return xattr_fd(a, 0); }
CALL(removexattr) { return xattr_path(a, 0, -EOPNOTSUPP); }
CALL(lremovexattr) { return xattr_path(a, AT_SYMLINK_NOFOLLOW, -EOPNOTSUPP); }
CALL(fremovexattr) { return xattr_fd(a, -EOPNOTSUPP); }
