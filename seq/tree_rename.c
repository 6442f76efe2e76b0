/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * RENAME: the checks of do_renameat2 and vfs_rename in their order, then one of three changes:
 *
 *   to a free name    a new entry in the new directory, the old entry goes
 *   over a name       the target's entry is pointed at the moved inode and becomes the newest of its directory, the
 *                     old entry goes, what it named before is the victim
 *   exchange          both entries are pointed at each other's inode
 */
#include "seq/tree_internal.h"

struct move {
	struct tree_dir *from, *to;
	struct tree_key old_name, new_name;
	struct tree_entry *old, *new; /* new: NULL if the name is free */
	bool exchange;
};

/* Is `i` the directory d or above it (inside one file system)? O(depth). */
static bool is_above(const struct tree_change *c, const struct tree_inode *i, const struct tree_dir *d)
{
	if (!tree_is_dir(i))
		return false;
	while (d && &d->i != i && !tree_is_root(&d->i))
		d = tree_as_dir(tree_ino_find(c->t, d->parent));
	return d && &d->i == i;
}

static int find(struct tree_change *c, struct move *m)
{
	int err = tree_change_dir(c, c->h.dir, &m->from);

	if (!err)
		err = tree_change_dir(c, c->h.rename.dir, &m->to);
	if (err)
		return err;
	if (m->from->i.fs != m->to->i.fs)
		return -EXDEV;
	m->exchange = c->h.flags & TREE_EXCHANGE;
	m->old_name = tree_key(c->name, c->h.name_len);
	m->new_name = tree_key(c->text, c->h.text_len);
	m->old = tree_entry_find(m->from, &m->old_name);
	m->new = tree_entry_find(m->to, &m->new_name);
	return m->old ? 0 : -ENOENT;
}

static int check_names(const struct tree_change *c, const struct move *m)
{
	unsigned flags = c->h.flags;

	if ((flags & TREE_NOREPLACE) && m->new)
		return -EEXIST;
	if (m->exchange) {
		if (!m->new)
			return -ENOENT;
		if ((flags & TREE_NEW_SLASH) && !tree_is_dir(m->new->inode))
			return -ENOTDIR;
	}
	if (!tree_is_dir(m->old->inode)) {
		if (flags & TREE_OLD_SLASH)
			return -ENOTDIR;
		if (!m->exchange && (flags & TREE_NEW_SLASH))
			return -ENOTDIR;
	}
	if (m->from == m->to)
		return 0;
	if (is_above(c, m->old->inode, m->to))
		return -EINVAL;
	if (m->new && is_above(c, m->new->inode, m->from))
		return m->exchange ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int check_target(const struct tree_change *c, const struct move *m)
{
	bool is_dir = tree_is_dir(m->old->inode);
	int err;

	if (!m->new)
		return tree_may_create(c, m->to);
	err = tree_may_delete(c, m->new);
	if (err || m->exchange)
		return err;
	if (is_dir && !tree_is_dir(m->new->inode))
		return -ENOTDIR;
	if (!is_dir && tree_is_dir(m->new->inode))
		return -EISDIR;
	return 0;
}

/* A directory that changes its parent is itself written: its "..". */
static int check_dotdot(const struct tree_change *c, const struct move *m)
{
	int err = 0;

	if (m->from == m->to)
		return 0;
	if (tree_is_dir(m->old->inode))
		err = tree_inode_may(m->old->inode, &c->cred, 2);
	if (!err && m->exchange && tree_is_dir(m->new->inode))
		err = tree_inode_may(m->new->inode, &c->cred, 2);
	return err;
}

static bool is_mounted_on(const struct tree_entry *e)
{
	const struct tree_dir *d = e && tree_is_dir(e->inode) ? tree_as_dir(e->inode) : NULL;

	return d && (d->mount || d->mounted);
}

static int check_rights(const struct tree_change *c, const struct move *m)
{
	int err = tree_may_delete(c, m->old);

	if (!err)
		err = check_target(c, m);
	if (!err)
		err = check_dotdot(c, m);
	if (err)
		return err;
	if (is_mounted_on(m->old) || is_mounted_on(m->new))
		return -EBUSY;
	if (!m->exchange && m->new && tree_is_dir(m->new->inode) && tree_as_dir(m->new->inode)->entries)
		return -ENOTEMPTY;
	return 0;
}

/* ---- the changes ---- */

/* A file keeps its number of names; a directory takes its ".." along. */
static void count_move(struct tree_inode *i, struct tree_dir *from, struct tree_dir *to)
{
	if (!tree_is_dir(i))
		return;
	from->i.nlink--;
	to->i.nlink++;
	tree_as_dir(i)->parent = to->i.ino;
}

static void exchange(struct move *m)
{
	struct tree_inode *a = m->old->inode, *b = m->new->inode;

	tree_entry_point(m->old, b);
	tree_entry_point(m->new, a);
	count_move(a, m->from, m->to);
	count_move(b, m->to, m->from);
}

static void replace(struct tree_change *c, struct move *m)
{
	struct tree_inode *i = m->old->inode;
	struct tree_inode *victim = tree_entry_point(m->new, i);

	count_move(i, m->from, m->to);
	tree_drop_name(victim, m->to);
	tree_entry_remove(c->t, m->old);
	tree_entry_renew(m->new);
	c->ret->victim.ino = victim->ino;
	c->ret->victim.body = victim->body;
	c->ret->victim.nlink = victim->nlink;
	c->ret->victim.mode = victim->mode;
}

static int move_to_free(struct tree_change *c, struct move *m)
{
	struct tree_inode *i = m->old->inode;
	struct tree_entry *e = tree_entry_new(c->t, &m->new_name);

	if (!e)
		return -ENOMEM;
	tree_entry_attach(c->t, e, m->to, i);
	tree_entry_remove(c->t, m->old);
	count_move(i, m->from, m->to);
	return 0;
}

int tree_apply_rename(struct tree_change *c)
{
	struct tree_inode *i;
	struct move m;
	int err = find(c, &m);

	if (!err)
		err = check_names(c, &m);
	if (err)
		return err;
	i = m.old->inode;
	tree_inode_attr(i, &c->ret->at);
	if (m.new && m.new->inode == i)
		return 0;
	err = check_rights(c, &m);
	if (err)
		return err;
	if (m.exchange)
		exchange(&m);
	else if (m.new)
		replace(c, &m);
	else
		err = move_to_free(c, &m);
	tree_inode_attr(i, &c->ret->at);
	return err;
}
