/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Inodes: making and forgetting them, what they say of themselves, who may do what with them.
 *
 * An inode is made without a name (staged, nlink 0) and enters the index at once. The target of a symbolic link is a list
 * of parts because an object of the pool is at most POOL_MAX bytes.
 */
#include "seq/tree_internal.h"

size_t tree_inode_size(u32 mode)
{
	switch (mode & TREE_IFMT) {
	case TREE_IFDIR:
		return sizeof(struct tree_dir);
	case TREE_IFLNK:
		return sizeof(struct tree_link);
	default:
		return sizeof(struct tree_inode);
	}
}

struct tree_inode *tree_inode_new(struct tree *t, u64 ino, u32 mode)
{
	struct tree_inode *i = pool_zalloc(t->mem, tree_inode_size(mode));

	if (!i)
		return NULL;
	i->ino = ino;
	i->mode = mode;
	i->staged = true;
	TAILQ_INIT(&i->names);
	if (tree_is_dir(i)) {
		RB_INIT(&tree_as_dir(i)->by_name);
		RB_INIT(&tree_as_dir(i)->by_seq);
		tree_as_dir(i)->next_seq = TREE_SEQ_FIRST;
	}
	if (tree_ino_insert(t, i)) {
		pool_free(t->mem, i, tree_inode_size(mode));
		return NULL;
	}
	t->inodes++;
	return i;
}

static void free_parts(struct tree *t, struct tree_link *l)
{
	struct tree_part *next;

	for (struct tree_part *p = l->target; p; p = next) {
		next = p->next;
		pool_free(t->mem, p, sizeof(*p) + p->len);
	}
}

void tree_inode_free(struct tree *t, struct tree_inode *i)
{
	if (tree_is_link(i))
		free_parts(t, tree_as_link(i));
	tree_ino_remove(t, i->ino);
	t->inodes--;
	pool_free(t->mem, i, tree_inode_size(i->mode));
}

int tree_link_append(struct tree *t, struct tree_link *l, const char *text, size_t len)
{
	struct tree_part *p = pool_alloc(t->mem, sizeof(*p) + len), **end = &l->target;

	if (!p)
		return -ENOMEM;
	p->next = NULL;
	p->len = (u32)len;
	memcpy(p->text, text, len);
	while (*end)
		end = &(*end)->next;
	*end = p;
	l->size += p->len;
	return 0;
}

void tree_inode_attr(const struct tree_inode *i, struct tree_attr *out)
{
	*out = (struct tree_attr){
		.ino = i->ino, .fs = i->fs, .body = i->body, .mode = i->mode, .uid = i->uid, .gid = i->gid,
		.nlink = i->nlink, .rdev = i->rdev,
	};
	if (tree_is_link(i))
		out->size = tree_as_link(i)->size;
	if (tree_is_dir(i)) {
		const struct tree_dir *d = tree_as_dir(i);

		out->size = d->entries;
		out->parent = d->parent;
		out->mount = d->mount;
		out->mounted_root = d->mounted ? d->mounted->i.ino : 0;
		out->covers = d->covers ? d->covers->i.ino : 0;
	}
}

int tree_attr(const struct tree *t, u64 ino, struct tree_attr *out)
{
	const struct tree_inode *i = tree_ino_find(t, ino);

	if (!i)
		return -ENOENT;
	tree_inode_attr(i, out);
	return 0;
}

int tree_readlink(const struct tree *t, u64 ino, char *buf, size_t size)
{
	const struct tree_inode *i = tree_ino_find(t, ino);
	size_t done = 0;

	if (!i)
		return -ENOENT;
	if (!tree_is_link(i))
		return -EINVAL;
	for (const struct tree_part *p = tree_as_link(i)->target; p && done < size; p = p->next) {
		size_t n = MIN((size_t)p->len, size - done);

		memcpy(buf + done, p->text, n);
		done += n;
	}
	return (int)done;
}

bool tree_in_group(const struct tree_cred *cred, u32 gid)
{
	if (cred->gid == gid)
		return true;
	for (u32 n = 0; n < cred->ngroups; n++)
		if (cred->groups[n] == gid)
			return true;
	return false;
}

/* CAP_DAC_OVERRIDE does not make a file without any x bit executable; directories are always searchable with it. */
static int may(u32 mode, u32 uid, u32 gid, const struct tree_cred *cred, unsigned want)
{
	u32 bits = mode;

	if (cred->uid == uid)
		bits >>= 6;
	else if (tree_in_group(cred, gid))
		bits >>= 3;
	if ((bits & want) == want)
		return 0;
	if (!(cred->caps & TREE_CAP_DAC))
		return -EACCES;
	if ((mode & TREE_IFMT) != TREE_IFDIR && (want & 1) && !(mode & 0111))
		return -EACCES;
	return 0;
}

int tree_may(const struct tree_attr *at, const struct tree_cred *cred, unsigned want)
{
	return may(at->mode, at->uid, at->gid, cred, want & 7);
}

int tree_inode_may(const struct tree_inode *i, const struct tree_cred *cred, unsigned want)
{
	return may(i->mode, i->uid, i->gid, cred, want);
}
