/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Working directory, root, mounts, statfs, and the names of open files. */
#include "base/string.h"
#include "kern/fs.h"
#include "kern/mounts.h"
#include "kern/process.h"
#include "mem/frame.h"

#define TMPFS_MAGIC 0x01021994
#define RAMFS_MAGIC 0x858458f6

/* Replaces the working directory (or root) of the process; takes over the path's reference. */
static int fs_set_dir(struct path *p, bool root)
{
	struct fs *fs = process_current()->fs;
	struct body *old;

	lock_acquire(&fs->lock);
	if (root) {
		old = fs->root_body;
		fs->root = p->at.ino;
		fs->root_body = p->body;
	} else {
		old = fs->cwd_body;
		fs->cwd = path_pseudo(p) ? p->dir : p->at.ino;
		fs->cwd_body = p->body;
		fs->cwd_node = p->node;
	}
	lock_release(&fs->lock);
	p->body = NULL;
	body_put(old);
	return 0;
}

static int dir_may_enter(const struct path *p)
{
	struct tree_attr at = p->at;
	struct tree_cred cred;

	if (path_pseudo(p))
		at = (struct tree_attr){ .mode = p->node.mode, .uid = p->node.uid, .gid = p->node.gid };
	if (p->file || (at.mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	fs_cred(process_current(), &cred);
	return tree_may(&at, &cred, 1);
}

int fs_chdir(struct path *p)
{
	int err = dir_may_enter(p);

	return err ? err : fs_set_dir(p, false);
}

int fs_chroot(struct path *p)
{
	int err = dir_may_enter(p);

	if (!err && !cred_capable(&process_current()->cred))
		err = -EPERM;
	if (!err && path_pseudo(p))
		err = -EINVAL;
	return err ? err : fs_set_dir(p, true);
}

int fs_getcwd(char *buf, size_t size)
{
	struct fs *fs = process_current()->fs;
	struct pseudo_node node;
	const struct tree *t;
	u64 cwd, root;
	int n, m;

	lock_acquire(&fs->lock);
	cwd = fs->cwd;
	root = fs->root;
	node = fs->cwd_node;
	lock_release(&fs->lock);
	t = nr_read_begin(fs_tree(), nr_me(), 0);
	n = tree_path(t, root, cwd, buf, size);
	nr_read_end(fs_tree(), nr_me(), 0);
	if (n < 0 || !node.fs)
		return n;
	if (n == 1)
		n = 0; /* the mount point's "/" */
	m = pseudo_fs_of(node.fs)->path(&node, buf + n, size - n);
	return m < 0 ? m : n + m;
}

int fs_name_of(const struct file *f, char *buf, size_t size)
{
	struct fs *fs = process_current()->fs;
	const struct tree *t;
	int n;

	if (!f->ino)
		return -ENOENT;
	t = nr_read_begin(fs_tree(), nr_me(), 0);
	n = tree_path_of(t, fs->root, f->ino, f->dir_ino, f->name, strlen(f->name), buf, size);
	nr_read_end(fs_tree(), nr_me(), 0);
	return n;
}

int fs_statfs(struct path *p, struct abi_statfs *out)
{
	memset(out, 0, sizeof(*out));
	out->bsize = out->frsize = PAGE_SIZE;
	out->namelen = TREE_NAME_MAX;
	if (path_pseudo(p)) {
		out->type = pseudo_fs_of(p->node.fs)->magic;
		return 0;
	}
	out->type = p->at.fs == TREE_ROOT ? RAMFS_MAGIC : TMPFS_MAGIC;
	if (p->at.fs == TREE_ROOT)
		return 0; /* ramfs, as Linux's initial root, tells nothing */
	out->blocks = frame_total() / 2;
	out->bfree = out->bavail = MIN(out->blocks, frame_free_count());
	out->files = out->blocks;
	out->ffree = out->files;
	return 0;
}

/* ---- mounts */

static int mount_tree(u64 dir, u32 mode, u64 *made)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret ret;
	struct body *b = body_new();
	int err;

	if (!b)
		return -ENOMEM;
	err = fs_update(op, tree_op_root(op, mode, 0, 0, (u64)b), &ret);
	if (err) {
		body_put(b);
		return err;
	}
	b->ino = *made = ret.at.ino;
	err = fs_update(op, tree_op_mount(op, dir, 0, *made), &ret);
	if (err)
		body_put(b); /* the last reference: frees the inode too */
	return err;
}

static void mount_devices(u64 root)
{
	const struct device_name *d;
	u64 op[TREE_OP_MAX / 8];
	struct tree_cred cred = { .caps = TREE_CAP_ALL };
	struct tree_ret ret;

	for (d = device_names; d->name; d++) {
		struct body *b = body_new();

		if (!b)
			return;
		if (fs_update(op, tree_op_create(op, &cred, root, d->name, strlen(d->name), d->mode, d->rdev, (u64)b, 0), &ret))
			body_put(b);
		else
			b->ino = ret.at.ino;
	}
}

static int mount_pseudo(u64 dir, u32 fs)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret ret;

	return fs_update(op, tree_op_mount(op, dir, fs, 0), &ret);
}

/* Mounts a file system of this type on directory `dir` and says what it is. 0, -ENODEV, ... */
static int mount_type(const char *type, u64 dir, u64 *dev, const char **options)
{
	const struct pseudo_fs *fs;
	u32 id;
	int err;

	*options = "rw,relatime";
	for (id = 1; id < PSEUDO_COUNT; id++) {
		fs = pseudo_fs_of(id);
		if (strcmp(type, fs->name))
			continue;
		*dev = 20 + id;
		return mount_pseudo(dir, id);
	}
	if (!strcmp(type, "tmpfs") || !strcmp(type, "ramfs"))
		return mount_tree(dir, 01777, dev);
	if (strcmp(type, "devtmpfs"))
		return -ENODEV;
	*options = "rw,relatime,mode=755";
	err = mount_tree(dir, 0755, dev);
	if (!err)
		mount_devices(*dev);
	return err;
}

int fs_mount(const char *source, const char *type, const char *target)
{
	const char *options;
	struct path p;
	u64 dev;
	int err;

	if (!cred_capable(&process_current()->cred))
		return -EPERM;
	err = path_walk(AT_FDCWD, target, TREE_FOLLOW | TREE_DIRECTORY, &p);
	if (err)
		return err;
	if (path_pseudo(&p) || p.file)
		err = -EBUSY;
	else
		err = mounts_room();
	if (!err)
		err = mount_type(type, p.at.ino, &dev, &options);
	if (!err)
		mounts_add(p.at.ino, dev, type, source, options);
	path_drop(&p);
	return err;
}

int fs_umount(const char *target, u32 flags)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret ret;
	struct path p;
	u64 dir;
	int err;

	(void)flags;
	if (!cred_capable(&process_current()->cred))
		return -EPERM;
	err = path_walk(AT_FDCWD, target, TREE_FOLLOW, &p);
	if (err)
		return err;
	dir = path_pseudo(&p) ? p.dir : p.at.covers;
	path_drop(&p);
	if (!dir)
		return -EINVAL;
	err = fs_update(op, tree_op_umount(op, dir), &ret);
	if (!err)
		mounts_remove(dir);
	return err;
}

int path_of_fd(int fd, struct path *out)
{
	struct file *f = file_of_fd_path(fd);

	memset(out, 0, offsetof(struct path, last));
	out->last[0] = 0;
	if (!f)
		return -EBADF;
	if (f->pseudo) {
		out->node = *f->pseudo;
		out->dir = f->dir_ino;
	} else if (f->ino && f->body && !fs_attr(f->ino, &out->at)) {
		out->body = f->body;
		body_get(f->body);
		out->dir = f->dir_ino;
		strlcpy(out->last, f->name, sizeof(out->last));
	} else {
		out->file = f;
		return 0;
	}
	file_put(f);
	return 0;
}
