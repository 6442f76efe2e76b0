/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * From an inode back to a path: climb by the directories' names, through mounts, and write from the end of the buffer.
 */
#include "seq/tree_internal.h"

/* Text that grows towards the front of buf. */
struct tail {
	char *buf, *at, *end; /* the NUL goes to *end */
	bool full;
};

static struct tail tail_of(char *buf, size_t size)
{
	return (struct tail){ .buf = buf, .at = buf + size - 1, .end = buf + size - 1 };
}

static void prepend(struct tail *x, const char *text, size_t len)
{
	if ((size_t)(x->at - x->buf) < len) {
		x->full = true;
		return;
	}
	x->at -= len;
	memcpy(x->at, text, len);
}

#define UNREACHABLE "(unreachable)"
#define DELETED " (deleted)"

/* "/a/b" for d as seen from root, nothing for root itself. -ENOENT: d is deleted. */
static int climb(const struct tree_dir *d, const struct tree_dir *root, struct tail *x)
{
	while (d != root) {
		const struct tree_entry *e = TAILQ_FIRST(&d->i.names);

		if (e) {
			prepend(x, e->text, e->len);
			prepend(x, "/", 1);
			d = e->dir;
		} else if (d->covers) {
			d = d->covers;
		} else if (tree_is_root(&d->i)) {
			if (x->at == x->end)
				prepend(x, "/", 1);
			prepend(x, UNREACHABLE, sizeof(UNREACHABLE) - 1);
			return 0;
		} else {
			return -ENOENT;
		}
	}
	return 0;
}

/* Moves the text to the front of buf, with a NUL. Its length or -ERANGE. */
static int settle(struct tail *x)
{
	size_t len;

	if (x->at == x->end)
		prepend(x, "/", 1);
	if (x->full)
		return -ERANGE;
	len = (size_t)(x->end - x->at);
	memmove(x->buf, x->at, len);
	x->buf[len] = 0;
	return (int)len;
}

static int find_root(const struct tree *t, u64 ino, const struct tree_dir **out)
{
	const struct tree_inode *i = tree_ino_find(t, ino);

	if (!i)
		return -ENOENT;
	*out = tree_as_dir(i);
	return tree_is_dir(i) ? 0 : -ENOTDIR;
}

int tree_path(const struct tree *t, u64 root, u64 dir, char *buf, size_t size)
{
	const struct tree_dir *r, *d;
	struct tail x;
	int err = find_root(t, root, &r);

	if (!err)
		err = find_root(t, dir, &d);
	if (err || !size)
		return err ? err : -ERANGE;
	x = tail_of(buf, size);
	err = climb(d, r, &x);
	return err ? err : settle(&x);
}

/* The name to show: the given one if it names ino, else the oldest; NULL: deleted. */
static const struct tree_entry *best_name(const struct tree *t, const struct tree_inode *i, u64 dir,
					  const struct tree_key *k)
{
	const struct tree_inode *d = tree_ino_find(t, dir);
	const struct tree_entry *e = d && tree_is_dir(d) && k->len ? tree_entry_find(tree_as_dir(d), k) : NULL;

	return e && e->inode == i ? e : TAILQ_FIRST(&i->names);
}

static int path_of_deleted(const struct tree *t, const struct tree_dir *r, u64 dir, const struct tree_key *k,
			   struct tail *x)
{
	const struct tree_inode *d = tree_ino_find(t, dir);

	if (!d || !tree_is_dir(d) || !k->len)
		return -ENOENT;
	prepend(x, DELETED, sizeof(DELETED) - 1);
	prepend(x, k->text, k->len);
	prepend(x, "/", 1);
	return climb(tree_as_dir(d), r, x);
}

int tree_path_of(const struct tree *t, u64 root, u64 ino, u64 dir, const char *name, size_t len, char *buf, size_t size)
{
	struct tree_key k = tree_key(name, MIN(len, (size_t)TREE_NAME_MAX));
	const struct tree_inode *i = tree_ino_find(t, ino);
	const struct tree_entry *e;
	const struct tree_dir *r;
	struct tail x;
	int err = find_root(t, root, &r);

	if (err || !i || !size)
		return err ? err : !i ? -ENOENT : -ERANGE;
	if (tree_is_dir(i) && i->nlink)
		return tree_path(t, root, ino, buf, size);
	x = tail_of(buf, size);
	e = best_name(t, i, dir, &k);
	if (!e) {
		err = path_of_deleted(t, r, dir, &k, &x);
	} else {
		prepend(&x, e->text, e->len);
		prepend(&x, "/", 1);
		err = climb(e->dir, r, &x);
	}
	return err ? err : settle(&x);
}
