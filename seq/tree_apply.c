/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Applying operations: names come and go.
 *
 * Each operation has the same three steps: find and check (in Linux's order, so that the error is Linux's), take memory,
 * change. Nothing fails after the first change.
 */
#include "seq/tree_internal.h"

/* ---- checks shared by the operations ---- */

int tree_change_dir(const struct tree_change *c, u64 ino, struct tree_dir **out)
{
	struct tree_inode *i = tree_ino_find(c->t, ino);

	if (!i)
		return -ENOENT;
	if (!tree_is_dir(i))
		return -ENOTDIR;
	*out = tree_as_dir(i);
	return tree_inode_may(i, &c->cred, 1);
}

int tree_may_create(const struct tree_change *c, const struct tree_dir *d)
{
	if (!d->i.nlink)
		return -ENOENT;
	return tree_inode_may(&d->i, &c->cred, 3);
}

/* In a sticky directory only the owner of the file or of the directory may remove a name. */
int tree_may_delete(const struct tree_change *c, const struct tree_entry *e)
{
	const struct tree_dir *d = e->dir;
	int err = tree_inode_may(&d->i, &c->cred, 3);

	if (err)
		return err;
	if ((d->i.mode & TREE_ISVTX) && c->cred.uid != e->inode->uid && c->cred.uid != d->i.uid &&
	    !(c->cred.caps & TREE_CAP_FOWNER))
		return -EPERM;
	return 0;
}

/* A directory has one name; with it go "." of its own and ".." in the parent. */
void tree_drop_name(struct tree_inode *i, struct tree_dir *from)
{
	if (tree_is_dir(i)) {
		i->nlink = 0;
		from->i.nlink--;
	} else {
		i->nlink--;
	}
}

void tree_gain_name(struct tree_inode *i, struct tree_dir *to)
{
	i->staged = false;
	if (tree_is_dir(i)) {
		i->nlink = 2;
		to->i.nlink++;
		tree_as_dir(i)->parent = to->i.ino;
	} else {
		i->nlink++;
	}
}

/* ---- create ---- */

static bool type_is_known(u32 mode)
{
	switch (mode & TREE_IFMT) {
	case TREE_IFSOCK:
	case TREE_IFLNK:
	case TREE_IFREG:
	case TREE_IFBLK:
	case TREE_IFDIR:
	case TREE_IFCHR:
	case TREE_IFIFO:
		return true;
	default:
		return false;
	}
}

/* Linux's inode_init_owner and mode_strip_sgid. */
static void init_owner(const struct tree_change *c, const struct tree_dir *d, struct tree_inode *i)
{
	u32 both = TREE_ISGID | TREE_IXGRP;

	i->uid = c->cred.uid;
	i->gid = c->cred.gid;
	if (!(d->i.mode & TREE_ISGID))
		return;
	i->gid = d->i.gid;
	if (tree_is_dir(i))
		i->mode |= TREE_ISGID;
	else if ((i->mode & both) == both && !tree_in_group(&c->cred, i->gid) && !(c->cred.caps & TREE_CAP_FSETID))
		i->mode &= ~TREE_ISGID;
}

/* The inode, complete but for its name. NULL: no memory. */
static struct tree_inode *make_inode(struct tree_change *c, const struct tree_dir *d)
{
	u32 mode = c->h.create.mode & (TREE_IFMT | TREE_PERM);
	struct tree_inode *i = tree_inode_new(c->t, c->t->next_ino, mode);

	if (!i)
		return NULL;
	if (c->h.text_len && tree_link_append(c->t, tree_as_link(i), c->text, c->h.text_len)) {
		tree_inode_free(c->t, i);
		return NULL;
	}
	c->t->next_ino++;
	i->fs = d->i.fs;
	i->body = c->h.create.body;
	i->rdev = c->h.create.rdev;
	init_owner(c, d, i);
	return i;
}

/* O_TMPFILE and symbolic links in parts. */
static int create_unnamed(struct tree_change *c, struct tree_dir *d)
{
	struct tree_inode *i;
	int err = tree_may_create(c, d);

	if (err)
		return err;
	if ((c->h.create.mode & TREE_IFMT) == TREE_IFDIR)
		return -EINVAL;
	i = make_inode(c, d);
	if (!i)
		return -ENOMEM;
	i->staged = !(c->h.flags & TREE_EXCL);
	tree_inode_attr(i, &c->ret->at);
	return 0;
}

static int create_named(struct tree_change *c, struct tree_dir *d, const struct tree_key *k)
{
	struct tree_entry *e;
	struct tree_inode *i;
	int err = tree_may_create(c, d);

	if (err)
		return err;
	e = tree_entry_new(c->t, k);
	i = e ? make_inode(c, d) : NULL;
	if (!i) {
		if (e)
			tree_entry_free(c->t, e);
		return -ENOMEM;
	}
	tree_entry_attach(c->t, e, d, i);
	tree_gain_name(i, d);
	tree_inode_attr(i, &c->ret->at);
	return 0;
}

static int apply_create(struct tree_change *c)
{
	struct tree_key k = tree_key(c->name, c->h.name_len);
	bool is_link = (c->h.create.mode & TREE_IFMT) == TREE_IFLNK;
	struct tree_entry *e;
	struct tree_dir *d;
	int err;

	if (!type_is_known(c->h.create.mode) || is_link != (c->h.text_len > 0))
		return -EINVAL;
	err = tree_change_dir(c, c->h.dir, &d);
	if (err)
		return err;
	if (c->t->next_ino >= TREE_INO_END)
		return -ENOSPC;
	if (c->h.flags & TREE_UNNAMED)
		return create_unnamed(c, d);
	e = tree_entry_find(d, &k);
	if (!e)
		return create_named(c, d, &k);
	if (c->h.flags & TREE_EXCL)
		return -EEXIST;
	c->ret->existed = true;
	tree_inode_attr(e->inode, &c->ret->at);
	return 0;
}

static int apply_target(struct tree_change *c)
{
	struct tree_inode *i = tree_ino_find(c->t, c->h.dir);

	if (!i)
		return -ENOENT;
	if (!tree_is_link(i) || !i->staged)
		return -EINVAL;
	if (tree_as_link(i)->size + c->h.text_len > TREE_TARGET_MAX)
		return -ENAMETOOLONG;
	return tree_link_append(c->t, tree_as_link(i), c->text, c->h.text_len);
}

/* ---- link, unlink, rmdir, free ---- */

static int check_link(const struct tree_change *c, const struct tree_inode *i, const struct tree_dir *d)
{
	int err;

	if (i->fs != d->i.fs)
		return -EXDEV;
	err = tree_may_create(c, d);
	if (err)
		return err;
	if (tree_is_dir(i))
		return -EPERM;
	if (!i->nlink && !i->staged)
		return -ENOENT;
	return i->nlink == UINT32_MAX ? -EMLINK : 0;
}

static int apply_link(struct tree_change *c)
{
	struct tree_key k = tree_key(c->name, c->h.name_len);
	struct tree_inode *i = tree_ino_find(c->t, c->h.link.ino);
	struct tree_entry *e;
	struct tree_dir *d;
	int err;

	if (!i)
		return -ENOENT;
	err = tree_change_dir(c, c->h.dir, &d);
	if (err)
		return err;
	if (tree_entry_find(d, &k))
		return -EEXIST;
	err = check_link(c, i, d);
	if (err)
		return err;
	e = tree_entry_new(c->t, &k);
	if (!e)
		return -ENOMEM;
	tree_entry_attach(c->t, e, d, i);
	tree_gain_name(i, d);
	tree_inode_attr(i, &c->ret->at);
	return 0;
}

/* The entry that UNLINK or RMDIR names, if cred may remove it. */
static int find_victim(struct tree_change *c, struct tree_entry **out)
{
	struct tree_key k = tree_key(c->name, c->h.name_len);
	struct tree_dir *d;
	int err = tree_change_dir(c, c->h.dir, &d);

	if (err)
		return err;
	*out = tree_entry_find(d, &k);
	return *out ? tree_may_delete(c, *out) : -ENOENT;
}

static int remove_name(struct tree_change *c, struct tree_entry *e)
{
	struct tree_inode *i = e->inode;

	tree_drop_name(i, e->dir);
	tree_entry_remove(c->t, e);
	tree_inode_attr(i, &c->ret->at);
	return 0;
}

static int apply_unlink(struct tree_change *c)
{
	struct tree_entry *e;
	int err = find_victim(c, &e);

	if (err)
		return err;
	return tree_is_dir(e->inode) ? -EISDIR : remove_name(c, e);
}

static int apply_rmdir(struct tree_change *c)
{
	struct tree_entry *e;
	struct tree_dir *d;
	int err = find_victim(c, &e);

	if (err)
		return err;
	if (!tree_is_dir(e->inode))
		return -ENOTDIR;
	d = tree_as_dir(e->inode);
	if (d->mount || d->mounted)
		return -EBUSY;
	return d->entries ? -ENOTEMPTY : remove_name(c, e);
}

static bool is_unused_root(const struct tree_inode *i)
{
	const struct tree_dir *d = tree_as_dir(i);

	return tree_is_root(i) && i->ino != TREE_ROOT && !d->covers && !d->entries && !d->mounts;
}

static int apply_free(struct tree_change *c)
{
	struct tree_inode *i = tree_ino_find(c->t, c->h.dir);

	if (!i)
		return -ENOENT;
	if (i->nlink && !is_unused_root(i))
		return -EBUSY;
	tree_inode_attr(i, &c->ret->at);
	tree_inode_free(c->t, i);
	return 0;
}

static int dispatch(struct tree_change *c)
{
	switch ((enum tree_kind)c->h.kind) {
	case TREE_OP_CREATE:
		return apply_create(c);
	case TREE_OP_TARGET:
		return apply_target(c);
	case TREE_OP_LINK:
		return apply_link(c);
	case TREE_OP_UNLINK:
		return apply_unlink(c);
	case TREE_OP_RMDIR:
		return apply_rmdir(c);
	case TREE_OP_RENAME:
		return tree_apply_rename(c);
	case TREE_OP_CHMOD:
		return tree_apply_chmod(c);
	case TREE_OP_CHOWN:
		return tree_apply_chown(c);
	case TREE_OP_KILLPRIV:
		return tree_apply_killpriv(c);
	case TREE_OP_FREE:
		return apply_free(c);
	case TREE_OP_ROOT:
		return tree_apply_root(c);
	case TREE_OP_MOUNT:
		return tree_apply_mount(c);
	case TREE_OP_UMOUNT:
		return tree_apply_umount(c);
	}
	return -EINVAL;
}

void tree_apply(struct tree *t, const void *op, size_t len, struct tree_ret *ret)
{
	struct tree_ret unwanted;
	struct tree_change c;

	c.t = t;
	c.ret = ret ? ret : &unwanted;
	*c.ret = (struct tree_ret){ .err = 0 };
	c.ret->err = tree_op_decode(op, len, &c);
	if (!c.ret->err)
		c.ret->err = dispatch(&c);
}
