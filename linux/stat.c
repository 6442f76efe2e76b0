/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is known of a file, by path or descriptor: stat and its successors, statfs, access. */
#include "base/string.h"
#include "linux/call.h"
#include "linux/paths.h"

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
