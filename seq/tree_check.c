/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The invariants of the tree.
 *
 *  I1  every inode is in the index under its own number, below next_ino; their count is right
 *  I2  a directory holds the same entries by name and by age, each ordered, counted, with true hashes and legal names
 *  I3  an inode's list holds the entries that name it: each is found in its directory, and as many exist as are listed
 *  I4  links: a file's nlink is its number of names; a directory has one name, or is a root, or deleted (nlink 0, empty);
 *      a directory's nlink is 2 and one for each directory in it
 *  I5  a directory's parent is where its name is; climbing ends at the root of its own file system (no cycles)
 *  I6  names stay inside a file system
 *  I7  mounts: covers and mounted agree, at most one thing is mounted, counts are right, the chain of mounts ends
 *  I8  a symbolic link's size is the sum of its parts, at most TREE_TARGET_MAX; a staged inode has no name
 */
#include "seq/tree_internal.h"

struct checker {
	const struct tree *t;
	u64 inodes, names, listed;
	const char *broken;
};

static bool must(struct checker *k, bool holds, const char *what)
{
	if (!holds && !k->broken)
		k->broken = what;
	return holds;
}

static void check_entry(struct checker *k, const struct tree_entry *e, const struct tree_dir *d)
{
	const struct tree_inode *i = e->inode;

	must(k, e->dir == d, "I2: entry of another directory");
	must(k, e->len > 0 && e->len <= TREE_NAME_MAX && !memchr(e->text, '/', e->len), "I2: illegal name");
	must(k, e->hash == tree_key(e->text, e->len).hash, "I2: wrong hash");
	must(k, e->seq >= TREE_SEQ_FIRST && e->seq < d->next_seq, "I2: sequence number out of range");
	if (!must(k, tree_ino_find(k->t, i->ino) == i, "I3: entry names no inode of the index"))
		return;
	must(k, i->fs == d->i.fs, "I6: name across file systems");
}

static void check_entries(struct checker *k, struct tree_dir *d)
{
	const struct tree_entry *last = NULL;
	u32 by_name = 0, by_seq = 0, dirs = 0;
	struct tree_entry *e;

	RB_FOREACH(e, tree_by_name, &d->by_name) {
		struct tree_key key = { .text = e->text, .len = e->len, .hash = e->hash };

		by_name++;
		check_entry(k, e, d);
		must(k, tree_entry_find(d, &key) == e, "I2: entry not found by its name");
		dirs += tree_is_dir(e->inode);
	}
	RB_FOREACH(e, tree_by_seq, &d->by_seq) {
		by_seq++;
		must(k, e->dir == d && (!last || last->seq < e->seq), "I2: order by age");
		last = e;
	}
	must(k, by_name == d->entries && by_seq == d->entries, "I2: number of entries");
	must(k, d->i.nlink ? d->i.nlink == 2 + dirs : !d->entries, "I4: links of a directory");
	k->names += by_name;
}

static void check_links(struct checker *k, const struct tree_inode *i)
{
	const struct tree_entry *e;
	u64 names = 0;

	TAILQ_FOREACH(e, &i->names, same_inode) {
		struct tree_key key = { .text = e->text, .len = e->len, .hash = e->hash };

		names++;
		must(k, e->inode == i && tree_entry_find(e->dir, &key) == e, "I3: name not in its directory");
	}
	k->listed += names;
	if (tree_is_dir(i))
		must(k, names == (i->nlink && !tree_is_root(i)), "I4: names of a directory");
	else
		must(k, names == i->nlink, "I4: links of a file");
	must(k, !i->staged || (!names && !tree_is_dir(i)), "I8: staged with a name");
}

static void check_parents(struct checker *k, const struct tree_dir *d)
{
	const struct tree_entry *e = TAILQ_FIRST(&d->i.names);
	u64 steps = 0;

	if (tree_is_root(&d->i) || !d->i.nlink) {
		must(k, !tree_is_root(&d->i) || d->parent == d->i.ino, "I5: parent of a root");
		return;
	}
	must(k, e && d->parent == e->dir->i.ino, "I5: parent is not where the name is");
	while (d && !tree_is_root(&d->i) && steps++ <= k->t->inodes) {
		e = TAILQ_FIRST(&d->i.names);
		d = e ? e->dir : NULL;
	}
	must(k, d && tree_is_root(&d->i), "I5: a directory without a way to its root");
}

static void check_mounts(struct checker *k, const struct tree_dir *d)
{
	const struct tree_dir *up = d;
	u64 steps = 0;
	u32 mounts = 0;

	must(k, !(d->mount && d->mounted), "I7: two mounts on one directory");
	must(k, !(d->mount || d->mounted) || d->i.nlink, "I7: mount on a deleted directory");
	must(k, !d->mounted || (d->mounted->covers == d && tree_is_root(&d->mounted->i)), "I7: mounted without covers");
	must(k, !d->covers || (d->covers->mounted == d && tree_is_root(&d->i)), "I7: covers without mounted");
	if (!tree_is_root(&d->i)) {
		must(k, !d->mounts, "I7: mounts counted on a directory");
		return;
	}
	for (const struct tree_inode *i = tree_ino_next(k->t, 0); i; i = tree_ino_next(k->t, i->ino + 1))
		if (tree_is_dir(i) && i->fs == d->i.ino)
			mounts += tree_as_dir(i)->mount || tree_as_dir(i)->mounted;
	must(k, mounts == d->mounts, "I7: number of mounts");
	while (up && up->covers && steps++ <= k->t->inodes)
		up = tree_as_dir(tree_ino_find(k->t, up->covers->i.fs));
	must(k, up && !up->covers, "I7: mounts in a circle");
}

static void check_target(struct checker *k, const struct tree_link *l)
{
	u64 sum = 0;

	for (const struct tree_part *p = l->target; p; p = p->next)
		sum += p->len;
	must(k, sum == l->size && sum > 0 && sum <= TREE_TARGET_MAX, "I8: length of a target");
}

int tree_check(const struct tree *t, const char **what)
{
	struct checker k = { .t = t };
	const struct tree_inode *i;

	for (i = tree_ino_next(t, 0); i && !k.broken; i = tree_ino_next(t, i->ino + 1)) {
		k.inodes++;
		must(&k, i->ino < t->next_ino && tree_ino_find(t, i->ino) == i, "I1: inode number");
		check_links(&k, i);
		if (tree_is_dir(i)) {
			check_entries(&k, tree_as_dir(i));
			check_parents(&k, tree_as_dir(i));
			check_mounts(&k, tree_as_dir(i));
		}
		if (tree_is_link(i))
			check_target(&k, tree_as_link(i));
	}
	i = tree_ino_find(t, TREE_ROOT);
	must(&k, i && tree_is_root(i), "I1: no root");
	must(&k, k.broken || k.inodes == t->inodes, "I1: number of inodes");
	must(&k, k.broken || k.names == k.listed, "I3: number of listed names");
	must(&k, k.broken || k.names == t->names, "I2: number of names");
	if (what)
		*what = k.broken;
	return k.broken ? -EINVAL : 0;
}
