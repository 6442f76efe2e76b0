/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Working directory, root, statfs, and the names of open files. */
#include "base/string.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "kern/volume.h"

#define PIPEFS_MAGIC 0x50495045
#define STATFS_PSEUDO 0x1020 /* valid, relatime */

/* Replaces the working directory (or root) of the process; takes over the path's reference. */
static int fs_set_dir(struct path *p, bool root)
{
	struct fs *fs = process_current()->fs;
	struct fs_place place;
	struct body *old;

	lock_acquire(&fs->lock);
	place = fs_place(fs);
	if (root) {
		old = fs->root_body;
		place.root = p->at.ino;
		fs->root_body = p->body;
	} else {
		old = fs->cwd_body;
		place.cwd = path_pseudo(p) ? p->dir : p->at.ino;
		fs->cwd_body = p->body;
		place.cwd_node = p->node;
	}
	fs_place_set(fs, &place);
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
	struct fs_place place = fs_place(process_current()->fs);
	const struct tree *t;
	int n, m;

	t = nr_read_begin(fs_tree(), nr_me(), 0);
	n = tree_path(t, place.root, place.cwd, buf, size);
	nr_read_end(fs_tree(), nr_me(), 0);
	if (n < 0 || !place.cwd_node.fs)
		return n;
	if (n == 1)
		n = 0; /* the mount point's "/" */
	m = pseudo_fs_of(place.cwd_node.fs)->path(&place.cwd_node, buf + n, size - n);
	return m < 0 ? m : n + m;
}

int fs_name_of(const struct file *f, char *buf, size_t size)
{
	u64 root = fs_place(process_current()->fs).root;
	const struct tree *t;
	int n;

	if (!f->ino)
		return -ENOENT;
	t = nr_read_begin(fs_tree(), nr_me(), 0);
	n = tree_path_of(t, root, f->ino, f->dir_ino, f->name, strlen(f->name), buf, size);
	nr_read_end(fs_tree(), nr_me(), 0);
	return n;
}

int fs_statfs(struct path *p, struct abi_statfs *out)
{
	struct volume *v;

	memset(out, 0, sizeof(*out));
	out->bsize = out->frsize = PAGE_SIZE;
	out->namelen = TREE_NAME_MAX;
	if (path_pseudo(p)) {
		out->type = pseudo_fs_of(p->node.fs)->magic;
		out->flags = STATFS_PSEUDO;
		out->fsid[0] = p->node.fs;
	} else if (p->file) {
		out->type = PIPEFS_MAGIC;
		out->flags = STATFS_PSEUDO & ~0x1000;
	} else {
		v = volume_of(p->at.fs);
		volume_statfs(v, out);
		volume_put(v);
	}
	return 0;
}

void path_of_file(struct file *f, struct path *out)
{
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
		return;
	}
	file_put(f);
}

int path_of_fd(int fd, struct path *out)
{
	struct file *f = file_of_fd_path(fd);

	memset(out, 0, offsetof(struct path, last));
	out->last[0] = 0;
	if (!f)
		return -EBADF;
	path_of_file(f, out);
	return 0;
}
