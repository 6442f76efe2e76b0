/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* inotify(7) (kern/notify.h). */
#include "kern/fs.h"
#include "kern/notify.h"
#include "kern/process.h"
#include "linux/call.h"

static long notify_init(u32 flags)
{
	struct file *f;
	int err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	f = notify_new(flags & O_NONBLOCK, &err);
	if (!f)
		return err;
	return fd_install_new(f, flags & O_CLOEXEC);
}

CALL(inotify_init) { (void)a; return notify_init(0); }
CALL(inotify_init1) { return notify_init(a[0]); }

static int watch_path(struct file *f, const char *name, u32 mask)
{
	struct tree_cred cred;
	struct path p;
	int r = path_walk(AT_FDCWD, name, (mask & IN_DONT_FOLLOW ? 0 : TREE_FOLLOW) | (mask & IN_ONLYDIR ? TREE_DIRECTORY : 0), &p);

	if (r)
		return r;
	fs_cred(process_current(), &cred);
	if (path_pseudo(&p) || p.file)
		r = -EOPNOTSUPP; /* nobody tells what happens there */
	else
		r = tree_may(&p.at, &cred, 4);
	if (!r)
		r = notify_watch(f, p.at.ino, mask);
	path_drop(&p);
	return r;
}

static long add_watch(struct file *f, const void __user *path, u32 mask)
{
	char *name;
	int err;

	if ((mask & (IN_MASK_ADD | IN_MASK_CREATE)) == (IN_MASK_ADD | IN_MASK_CREATE) || !file_is_notify(f))
		return -EINVAL;
	name = name_get(path, &err);
	if (!name)
		return err;
	err = watch_path(f, name, mask);
	name_put(name);
	return err;
}

CALL(inotify_add_watch)
{
	struct file *f;
	u32 mask = a[2];
	long r;

	if (!(mask & IN_ALL_BITS))
		return -EINVAL;
	f = file_of_fd(a[0]);
	if (!f)
		return -EBADF;
	r = add_watch(f, UPTR(1), mask);
	file_put(f);
	return r;
}

CALL(inotify_rm_watch)
{
	struct file *f = file_of_fd(a[0]);
	long r = !f ? -EBADF : file_is_notify(f) ? notify_unwatch(f, a[1]) : -EINVAL;

	file_put(f);
	return r;
}
