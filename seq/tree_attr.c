/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * chmod, chown and the loss of set-id bits: the rules of Linux's fs/attr.c (setattr_prepare, setattr_copy,
 * setattr_should_drop_sgid) for a file system without ACLs.
 */
#include "seq/tree_internal.h"

static bool is_owner(const struct tree_change *c, const struct tree_inode *i)
{
	return c->cred.uid == i->uid || (c->cred.caps & TREE_CAP_FOWNER);
}

static bool keeps_sgid(const struct tree_change *c, u32 gid)
{
	return tree_in_group(&c->cred, gid) || (c->cred.caps & TREE_CAP_FSETID);
}

int tree_apply_chmod(struct tree_change *c)
{
	struct tree_inode *i = tree_ino_find(c->t, c->h.dir);
	u32 perm = c->h.chmod.mode & TREE_PERM;

	if (!i)
		return -ENOENT;
	if (tree_is_link(i))
		return -EOPNOTSUPP;
	if (!is_owner(c, i))
		return -EPERM;
	if (!keeps_sgid(c, i->gid))
		perm &= ~TREE_ISGID;
	i->mode = (i->mode & TREE_IFMT) | perm;
	tree_inode_attr(i, &c->ret->at);
	return 0;
}

/* The set-id bits that a change of owner or content takes away. */
static u32 doomed_bits(const struct tree_change *c, const struct tree_inode *i)
{
	u32 bits = i->mode & TREE_ISUID;

	if ((i->mode & TREE_ISGID) && ((i->mode & TREE_IXGRP) || !keeps_sgid(c, i->gid)))
		bits |= TREE_ISGID;
	return bits;
}

static int may_chown(const struct tree_change *c, const struct tree_inode *i, u32 uid, u32 gid)
{
	bool owner = c->cred.uid == i->uid;

	if (c->cred.caps & TREE_CAP_CHOWN)
		return 0;
	if (uid != TREE_KEEP && !(owner && uid == i->uid))
		return -EPERM;
	if (gid != TREE_KEEP && !(owner && (gid == i->gid || tree_in_group(&c->cred, gid))))
		return -EPERM;
	return 0;
}

int tree_apply_chown(struct tree_change *c)
{
	struct tree_inode *i = tree_ino_find(c->t, c->h.dir);
	u32 uid = c->h.chown.uid, gid = c->h.chown.gid, doomed;
	int err;

	if (!i)
		return -ENOENT;
	err = may_chown(c, i, uid, gid);
	if (err)
		return err;
	doomed = tree_is_dir(i) ? 0 : doomed_bits(c, i);
	if (doomed && !is_owner(c, i))
		return -EPERM;
	if (uid != TREE_KEEP)
		i->uid = uid;
	if (gid != TREE_KEEP)
		i->gid = gid;
	if (doomed && !keeps_sgid(c, i->gid))
		doomed |= TREE_ISGID;
	i->mode &= ~doomed;
	tree_inode_attr(i, &c->ret->at);
	return 0;
}

int tree_apply_killpriv(struct tree_change *c)
{
	struct tree_inode *i = tree_ino_find(c->t, c->h.dir);

	if (!i)
		return -ENOENT;
	if ((i->mode & TREE_IFMT) == TREE_IFREG && !(c->cred.caps & TREE_CAP_FSETID))
		i->mode &= ~doomed_bits(c, i);
	tree_inode_attr(i, &c->ret->at);
	return 0;
}
