/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls that make, open, move and remove names, and that read and enter directories. Files themselves: stat.c, attributes.c. */
#include "base/string.h"
#include "kern/process.h"
#include "linux/call.h"
#include "linux/paths.h"
#include "mem/slab.h"

int at_path(int dirfd, const void __user *name, u32 at_flags, struct path *p)
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

/* ---- open */

static long open_common(int dirfd, const void __user *name, u32 flags, u32 mode)
{
	int err;
	char *path = name_get(name, &err);
	struct file *f;

	if (!path)
		return err;
	f = fs_open(dirfd, path, flags, mode & 07777, &err);
	name_put(path);
	if (!f)
		return err;
	return fd_install_new(f, flags & O_CLOEXEC);
}

CALL(open) { return open_common(AT_FDCWD, UPTR(0), a[1], a[2]); }
CALL(openat) { return open_common(a[0], UPTR(1), a[2], a[3]); }
CALL(creat) { return open_common(AT_FDCWD, UPTR(0), O_CREAT | O_WRONLY | O_TRUNC, a[1]); }

#define MFD_CLOEXEC 1u
#define MFD_ALLOW_SEALING 2u
#define MFD_NAME_MAX 249

CALL(memfd_create)
{
	int err;
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
	return fd_install_new(f, a[1] & MFD_CLOEXEC);
}

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
