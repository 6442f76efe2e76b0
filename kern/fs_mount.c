/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Mounting and unmounting.
 *
 *   mount    a volume, its root directory in the tree, then the tree's MOUNT: the name appears last
 *   umount   the tree's UMOUNT: the name goes first; then the file system is emptied, name by name, as unlink
 *            and rmdir do it, and its root goes
 *
 * A file system is in use if a body of it has a reference besides the tree's. Detached while in use (MNT_DETACH), it is
 * emptied by a later mount or umount that finds it at rest.
 */
#include "base/string.h"
#include "kern/fs.h"
#include "kern/mounts.h"
#include "kern/process.h"
#include "kern/volume.h"
#include "mem/frame.h"

#define MS_RDONLY 1u
#define MNT_DETACH 2u
#define UMOUNT_FLAGS 15u

static const struct tree_cred almighty = { .caps = TREE_CAP_ALL };

/* ---- mount */

static int volume_root_new(struct volume *v, const struct volume_options *o, u64 *made)
{
	tree_op_buffer op;
	struct tree_ret ret;
	struct body *b;
	int err;

	volume_take_inode(v);
	b = body_new(v);
	if (!b) {
		volume_give_inode(v);
		return -ENOMEM;
	}
	err = fs_update(op, tree_op_root(op, o->mode, o->uid, o->gid, (u64)b), &ret);
	if (err) {
		body_put(b);
		return err;
	}
	b->ino = *made = ret.at.ino;
	volume_publish(v, *made);
	return 0;
}

/* The tree's reference to a directory it does not name (any more). */
static void drop_root(u64 fs)
{
	struct tree_attr at;

	volume_forget(fs);
	if (!fs_attr(fs, &at))
		body_put((struct body *)at.body);
}

static int mount_volume(u64 dir, const struct volume_options *o, u64 *made)
{
	tree_op_buffer op;
	struct volume *v = volume_new(o);
	struct tree_ret ret;
	int err;

	if (!v)
		return -ENOMEM;
	err = volume_root_new(v, o, made);
	if (err)
		return err;
	err = fs_update(op, tree_op_mount(op, dir, 0, *made), &ret);
	if (err)
		drop_root(*made);
	return err;
}

static void make_devices(u64 root)
{
	const struct device_name *d;
	tree_op_buffer op;
	struct tree_ret ret;
	int err;

	for (d = device_names; d->name; d++) {
		struct body *b = fs_body_new(root, &err);

		if (!b)
			return;
		if (fs_update(op, tree_op_create(op, &almighty, root, d->name, strlen(d->name), d->mode, d->rdev, (u64)b, 0),
			      &ret))
			body_put(b);
		else
			b->ino = ret.at.ino;
	}
}

static int mount_pseudo(u64 dir, u32 fs)
{
	tree_op_buffer op;
	struct tree_ret ret;

	return fs_update(op, tree_op_mount(op, dir, fs, 0), &ret);
}

static u32 dev_of(u64 fs)
{
	struct volume *v = volume_of(fs);
	u32 dev = volume_dev(v);

	volume_put(v);
	return dev;
}

/* Mounts a file system of this type on directory `dir`; says its device number and options. */
static int mount_type(const struct mount_request *m, u64 dir, u32 *dev, const char **options)
{
	struct volume_options o = { .mode = 01777, .blocks = frame_total() / 2, .inodes = frame_total() / 2,
				    .readonly = m->flags & MS_RDONLY };
	bool devices = !strcmp(m->type, "devtmpfs");
	u64 made;
	u32 id;
	int err;

	*options = o.readonly ? "ro,relatime" : "rw,relatime";
	for (id = 1; id < PSEUDO_COUNT; id++) {
		if (strcmp(m->type, pseudo_fs_of(id)->name))
			continue;
		*dev = DEV_PSEUDO(id);
		return mount_pseudo(dir, id);
	}
	if (!strcmp(m->type, "ramfs"))
		o = (struct volume_options){ .mode = 0755, .ramfs = true, .readonly = o.readonly };
	else if (strcmp(m->type, "tmpfs") && !devices)
		return -ENODEV;
	if (devices)
		o.mode = 0755;
	err = volume_parse(m->data, &o);
	if (!err)
		err = mount_volume(dir, &o, &made);
	if (err)
		return err;
	if (devices) {
		*options = "rw,relatime,mode=755";
		make_devices(made);
	}
	*dev = dev_of(made);
	return 0;
}

static void sweep_detached(void);

int fs_mount(const struct mount_request *m)
{
	const char *options;
	struct path p;
	u32 dev;
	int err;

	err = path_walk(AT_FDCWD, m->target, TREE_FOLLOW, &p);
	if (err)
		return err;
	sweep_detached();
	if (!cred_capable(&process_current()->cred))
		err = -EPERM;
	else if (path_pseudo(&p) || p.file)
		err = -EBUSY;
	else if ((p.at.mode & S_IFMT) != S_IFDIR)
		err = -ENOTDIR;
	else
		err = mounts_room();
	if (!err)
		err = mount_type(m, p.at.ino, &dev, &options);
	if (!err)
		mounts_add(p.at.ino, dev, m->type, m->source, options);
	path_drop(&p);
	return err;
}

int fs_remount(const char *target, u32 flags)
{
	struct path p;
	int err = path_walk(AT_FDCWD, target, TREE_FOLLOW, &p);

	if (err)
		return err;
	if (!cred_capable(&process_current()->cred))
		err = -EPERM;
	else if (!path_pseudo(&p) && p.at.ino != p.at.fs)
		err = -EINVAL;
	else if (!path_pseudo(&p))
		volume_remount(p.at.fs, flags & MS_RDONLY);
	path_drop(&p);
	return err;
}

/* ---- umount */

#define LOOK 32 /* inodes looked at under one guard */

/* The next inode of file system fs from *from on, which is left behind it; false: no more. */
static bool next_inode(u64 fs, u64 *from, struct tree_attr *at, u32 *uses)
{
	const struct tree *t;
	bool any = true, mine = false;
	u32 n;

	while (any && !mine) {
		t = nr_read_begin(fs_tree(), nr_me(), 0);
		for (n = 0; n < LOOK && any && !mine; n++) {
			any = !tree_next(t, *from, at);
			*from = at->ino + 1;
			mine = any && at->fs == fs;
		}
		*uses = mine && at->body ? refs64_count(&((struct body *)at->body)->refs) : 0;
		nr_read_end(fs_tree(), nr_me(), 0);
	}
	return mine;
}

static bool in_use(u64 fs)
{
	struct tree_attr at;
	u64 from = 1;
	u32 uses;

	while (next_inode(fs, &from, &at, &uses))
		if (uses > 1)
			return true;
	return false;
}

/* The first entry after *cookie that is not "." or "..". */
struct entry {
	u64 cookie;
	u32 type, len;
	char name[TREE_NAME_MAX + 1];
};

static bool take_entry(void *ctx, const struct tree_dirent *d)
{
	struct entry *e = ctx;

	e->cookie = d->cookie;
	if (d->name[0] == '.' && (d->len == 1 || (d->len == 2 && d->name[1] == '.')))
		return true;
	e->type = d->type;
	e->len = d->len;
	memcpy(e->name, d->name, d->len);
	return false;
}

static bool next_entry(u64 dir, struct entry *e)
{
	const struct tree *t = nr_read_begin(fs_tree(), nr_me(), 0);

	e->len = 0;
	tree_readdir(t, dir, e->cookie, take_entry, e);
	nr_read_end(fs_tree(), nr_me(), 0);
	return e->len;
}

/* Removes what can be removed from a directory; true if anything stays. */
static bool empty_directory(u64 dir)
{
	tree_op_buffer op;
	struct entry e = { .cookie = 0 };
	struct tree_ret ret;
	bool stays = false;

	while (next_entry(dir, &e)) {
		bool sub = e.type == TREE_IFDIR;
		int len = sub ? tree_op_rmdir(op, &almighty, dir, e.name, e.len) :
				tree_op_unlink(op, &almighty, dir, e.name, e.len);

		if (fs_remove(op, len, &ret))
			stays = true;
		else
			fs_lost_name(ret.at.ino, ret.at.body, ret.at.nlink, sub);
	}
	return stays;
}

/* Directories are emptied in the order of their numbers, parents mostly first: as many rounds as the tree is deep. */
static void empty_volume(u64 fs)
{
	struct tree_attr at;
	bool stays;
	u64 from;
	u32 uses;

	do {
		stays = false;
		for (from = 1; next_inode(fs, &from, &at, &uses);)
			if ((at.mode & S_IFMT) == S_IFDIR && at.nlink && at.size)
				stays |= empty_directory(at.ino);
	} while (stays);
	drop_root(fs);
}

static void sweep_detached(void)
{
	u64 fs;
	u32 i = 0;

	while ((fs = volume_detached(i))) {
		if (in_use(fs))
			i++;
		else
			empty_volume(fs);
	}
}

/* The directory that `p`, the root of a mounted file system, is mounted on. 0: p is no such root. */
static u64 covered_by(const struct path *p)
{
	struct pseudo_node root;

	if (!path_pseudo(p))
		return p->at.covers;
	pseudo_fs_of(p->node.fs)->root(&root);
	return root.ino == p->node.ino ? p->dir : 0;
}

int fs_umount(const char *target, u32 flags)
{
	tree_op_buffer op;
	u64 dir, fs;
	struct tree_ret ret;
	struct path p;
	bool busy;
	int err;

	if (flags & ~UMOUNT_FLAGS)
		return -EINVAL;
	err = path_walk(AT_FDCWD, target, flags & 8 ? 0 : TREE_FOLLOW, &p);
	if (err)
		return err;
	dir = covered_by(&p);
	fs = path_pseudo(&p) ? 0 : p.at.fs;
	path_drop(&p);
	if (!cred_capable(&process_current()->cred))
		return -EPERM;
	if (!dir)
		return -EINVAL;
	sweep_detached();
	busy = fs && in_use(fs);
	if (busy && !(flags & MNT_DETACH))
		return -EBUSY;
	err = fs_remove(op, tree_op_umount(op, dir), &ret);
	if (err)
		return err;
	mounts_remove(dir);
	if (busy)
		volume_detach(fs);
	else if (fs)
		empty_volume(fs);
	return 0;
}
