/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Changes of what is known of a file: mode, owner, times, size; the mask of new ones; extended attributes. */
#include "kern/body.h"
#include "kern/process.h"
#include "linux/call.h"
#include "linux/paths.h"

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
