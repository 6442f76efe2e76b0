/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Mounts: a directory may carry either the id of a pseudo file system, which the tree only remembers, or the root of another
 * file system of this tree. A root is mounted in one place at most, and the chain root -> covered directory -> its root
 * never closes: every mounted root leads to one that is not mounted.
 */
#include "seq/tree_internal.h"

static struct tree_dir *root_of(const struct tree *t, const struct tree_dir *d)
{
	return tree_as_dir(tree_ino_find(t, d->i.fs));
}

int tree_apply_root(struct tree_change *c)
{
	struct tree_inode *i;

	if (c->t->next_ino >= TREE_INO_END)
		return -ENOSPC;
	i = tree_inode_new(c->t, c->t->next_ino, TREE_IFDIR | (c->h.create.mode & TREE_PERM));
	if (!i)
		return -ENOMEM;
	c->t->next_ino++;
	i->fs = i->ino;
	i->body = c->h.create.body;
	i->uid = c->cred.uid;
	i->gid = c->cred.gid;
	i->nlink = 2;
	i->staged = false;
	tree_as_dir(i)->parent = i->ino;
	tree_inode_attr(i, &c->ret->at);
	return 0;
}

/* May `root` be mounted on d? */
static int check_root(const struct tree *t, const struct tree_inode *root, const struct tree_dir *d)
{
	if (!root || !tree_is_dir(root) || !tree_is_root(root) || root->ino == TREE_ROOT)
		return -EINVAL;
	if (tree_as_dir(root)->covers)
		return -EBUSY;
	for (d = root_of(t, d); d; d = d->covers ? root_of(t, d->covers) : NULL)
		if (&d->i == root)
			return -ELOOP;
	return 0;
}

int tree_apply_mount(struct tree_change *c)
{
	struct tree_inode *i = tree_ino_find(c->t, c->h.dir), *root;
	struct tree_dir *d;
	int err = 0;

	if (!i || !i->nlink)
		return -ENOENT;
	if (!tree_is_dir(i))
		return -ENOTDIR;
	if (!c->h.mount.mount == !c->h.mount.root)
		return -EINVAL;
	d = tree_as_dir(i);
	if (d->mount || d->mounted)
		return -EBUSY;
	root = tree_ino_find(c->t, c->h.mount.root);
	if (c->h.mount.root)
		err = check_root(c->t, root, d);
	if (err)
		return err;
	d->mount = c->h.mount.mount;
	if (root) {
		d->mounted = tree_as_dir(root);
		d->mounted->covers = d;
	}
	root_of(c->t, d)->mounts++;
	tree_inode_attr(i, &c->ret->at);
	return 0;
}

int tree_apply_umount(struct tree_change *c)
{
	struct tree_inode *i = tree_ino_find(c->t, c->h.dir);
	struct tree_dir *d;

	if (!i)
		return -ENOENT;
	d = tree_is_dir(i) ? tree_as_dir(i) : NULL;
	if (!d || !(d->mount || d->mounted))
		return -EINVAL;
	if (d->mounted && d->mounted->mounts)
		return -EBUSY;
	c->ret->mount = d->mount;
	c->ret->mounted_root = d->mounted ? d->mounted->i.ino : 0;
	if (d->mounted)
		d->mounted->covers = NULL;
	d->mounted = NULL;
	d->mount = 0;
	root_of(c->t, d)->mounts--;
	tree_inode_attr(i, &c->ret->at);
	return 0;
}
