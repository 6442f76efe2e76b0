/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The state as a whole: made, copied, hashed, given back. All go through the inodes in the order of their numbers and
 * through an inode's names from the oldest, so that nothing depends on where an object lies in memory.
 */
#include "seq/tree_internal.h"

/* for (i = first; i; i = next) */
static struct tree_inode *first_inode(const struct tree *t)
{
	return tree_ino_next(t, 0);
}

static struct tree_inode *next_inode(const struct tree *t, const struct tree_inode *i)
{
	return tree_ino_next(t, i->ino + 1);
}

int tree_init(struct tree *t, struct pool *mem, const void *arg)
{
	static const struct tree_init_arg plain = { .mode = 0755 };
	const struct tree_init_arg *a = arg ? arg : &plain;
	struct tree_inode *i;

	*t = (struct tree){ .mem = mem, .next_ino = TREE_ROOT + 1 };
	i = tree_inode_new(t, TREE_ROOT, TREE_IFDIR | (a->mode & TREE_PERM));
	if (!i)
		return -ENOMEM;
	i->fs = i->ino;
	i->uid = a->uid;
	i->gid = a->gid;
	i->body = a->body;
	i->nlink = 2;
	i->staged = false;
	tree_as_dir(i)->parent = i->ino;
	return 0;
}

/* ---- clone ---- */

static int clone_target(struct tree *dst, struct tree_link *to, const struct tree_link *from)
{
	int err = 0;

	for (const struct tree_part *p = from->target; p && !err; p = p->next)
		err = tree_link_append(dst, to, p->text, p->len);
	return err;
}

static int clone_inode(struct tree *dst, const struct tree_inode *from)
{
	struct tree_inode *i = tree_inode_new(dst, from->ino, from->mode);

	if (!i)
		return -ENOMEM;
	i->fs = from->fs;
	i->body = from->body;
	i->uid = from->uid;
	i->gid = from->gid;
	i->nlink = from->nlink;
	i->rdev = from->rdev;
	i->staged = from->staged;
	if (tree_is_link(from))
		return clone_target(dst, tree_as_link(i), tree_as_link(from));
	if (tree_is_dir(from)) {
		tree_as_dir(i)->next_seq = tree_as_dir(from)->next_seq;
		tree_as_dir(i)->parent = tree_as_dir(from)->parent;
		tree_as_dir(i)->mount = tree_as_dir(from)->mount;
		tree_as_dir(i)->mounts = tree_as_dir(from)->mounts;
	}
	return 0;
}

/* What ties inodes to each other, once all of them exist. */
static int clone_ties(struct tree *dst, struct tree_inode *i, const struct tree_inode *from)
{
	const struct tree_entry *e;

	TAILQ_FOREACH(e, &from->names, same_inode) {
		struct tree_key k = { .text = e->text, .len = e->len, .hash = e->hash };
		struct tree_entry *copy = tree_entry_new(dst, &k);

		if (!copy)
			return -ENOMEM;
		tree_entry_attach_at(dst, copy, tree_as_dir(tree_ino_find(dst, e->dir->i.ino)), i, e->seq);
	}
	if (tree_is_dir(from) && tree_as_dir(from)->covers) {
		struct tree_dir *root = tree_as_dir(i);

		root->covers = tree_as_dir(tree_ino_find(dst, tree_as_dir(from)->covers->i.ino));
		root->covers->mounted = root;
	}
	return 0;
}

int tree_clone(struct tree *dst, struct pool *mem, const struct tree *src)
{
	int err = 0;

	*dst = (struct tree){ .mem = mem, .next_ino = src->next_ino };
	for (const struct tree_inode *i = first_inode(src); i && !err; i = next_inode(src, i))
		err = clone_inode(dst, i);
	for (const struct tree_inode *i = first_inode(src); i && !err; i = next_inode(src, i))
		err = clone_ties(dst, tree_ino_find(dst, i->ino), i);
	return err;
}

/* Names first: taking one away looks at its directory and its inode. */
void tree_destroy(struct tree *t)
{
	struct tree_inode *i;
	struct tree_entry *e;

	for (i = first_inode(t); i; i = next_inode(t, i))
		while ((e = TAILQ_FIRST(&i->names)))
			tree_entry_remove(t, e);
	while ((i = first_inode(t)))
		tree_inode_free(t, i);
}

/* ---- hash ---- */

static u64 mix(u64 h, u64 v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

static u64 mix_text(u64 h, const char *p, size_t len)
{
	for (size_t n = 0; n < len; n++)
		h = mix(h, (u8)p[n]);
	return h;
}

static u64 mix_attr(u64 h, const struct tree_attr *a)
{
	const u64 words[] = {
		a->ino, a->fs, a->parent, a->body, a->mounted_root, a->covers, a->mount, a->mode, a->uid, a->gid,
		a->nlink, a->rdev, a->size,
	};

	for (size_t n = 0; n < ARRAY_SIZE(words); n++)
		h = mix(h, words[n]);
	return h;
}

static u64 mix_inode(u64 h, const struct tree_inode *i)
{
	const struct tree_entry *e;
	struct tree_attr a;

	tree_inode_attr(i, &a);
	h = mix(mix_attr(h, &a), i->staged);
	if (tree_is_dir(i))
		h = mix(mix(h, tree_as_dir(i)->next_seq), tree_as_dir(i)->mounts);
	if (tree_is_link(i))
		for (const struct tree_part *p = tree_as_link(i)->target; p; p = p->next)
			h = mix_text(h, p->text, p->len);
	TAILQ_FOREACH(e, &i->names, same_inode)
		h = mix_text(mix(mix(mix(h, e->dir->i.ino), e->seq), e->len), e->text, e->len);
	return h;
}

u64 tree_hash(const struct tree *t)
{
	u64 h = mix(mix(mix(1, t->next_ino), t->inodes), t->names);

	for (const struct tree_inode *i = first_inode(t); i; i = next_inode(t, i))
		h = mix_inode(h, i);
	return h;
}
