/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Inode number -> inode: a radix tree of 32 slots a node.
 *
 * Numbers come from a counter, so the tree is dense where files live and a node is born once per 32 files. It never
 * rehashes: an insert makes at most LEVELS nodes, which is what an operation must reserve. Nodes that become
 * empty go back to the pool.
 *
 * Invariants: height is 0 or enough for every number present; no node below the top one is empty.
 */
#include "seq/tree_internal.h"

#define BITS 5
#define SLOTS (1u << BITS)
#define LEVELS 10 /* 50 bits: TREE_INO_END */

struct tree_node {
	void *slot[SLOTS]; /* nodes, or inodes on the lowest level */
};

static unsigned slot_of(u64 ino, unsigned level)
{
	return (unsigned)(ino >> (level * BITS)) & (SLOTS - 1);
}

static bool fits(const struct tree *t, u64 ino)
{
	return t->height == LEVELS || ino >> (t->height * BITS) == 0;
}

struct tree_inode *tree_ino_find(const struct tree *t, u64 ino)
{
	void *p = t->index;

	if (ino >= TREE_INO_END || !fits(t, ino))
		return NULL;
	for (unsigned level = t->height; p && level-- > 0;)
		p = ((struct tree_node *)p)->slot[slot_of(ino, level)];
	return t->height ? p : NULL;
}

/* The first inode at or after `from` under `node`, whose lowest possible number is `base`. */
static struct tree_inode *first_from(const struct tree_node *node, unsigned level, u64 base, u64 from)
{
	unsigned s = from <= base ? 0 : (unsigned)((from - base) >> (level * BITS));

	for (; s < SLOTS; s++) {
		u64 low = base + ((u64)s << (level * BITS));
		struct tree_inode *i;

		if (!node->slot[s])
			continue;
		if (level == 0)
			return node->slot[s];
		i = first_from(node->slot[s], level - 1, low, from);
		if (i)
			return i;
	}
	return NULL;
}

struct tree_inode *tree_ino_next(const struct tree *t, u64 from)
{
	if (!t->height || from >= TREE_INO_END || !fits(t, from))
		return NULL;
	return first_from(t->index, t->height - 1, 0, from);
}

/* Puts levels on top until the number fits. */
static int grow(struct tree *t, u64 ino)
{
	while (!t->height || !fits(t, ino)) {
		struct tree_node *top = pool_zalloc(t->mem, sizeof(*top));

		if (!top)
			return -ENOMEM;
		top->slot[0] = t->index;
		t->index = top;
		t->height++;
	}
	return 0;
}

int tree_ino_insert(struct tree *t, struct tree_inode *i)
{
	struct tree_node *node;
	int err = grow(t, i->ino);

	if (err)
		return err;
	node = t->index;
	for (unsigned level = t->height; --level > 0;) {
		void **s = &node->slot[slot_of(i->ino, level)];

		if (!*s)
			*s = pool_zalloc(t->mem, sizeof(*node));
		if (!*s)
			return -ENOMEM;
		node = *s;
	}
	node->slot[slot_of(i->ino, 0)] = i;
	return 0;
}

static bool is_empty(const struct tree_node *node)
{
	for (unsigned s = 0; s < SLOTS; s++)
		if (node->slot[s])
			return false;
	return true;
}

void tree_ino_remove(struct tree *t, u64 ino)
{
	struct tree_node *path[LEVELS];
	unsigned level = t->height - 1;

	path[level] = t->index;
	for (; level > 0; level--)
		path[level - 1] = path[level]->slot[slot_of(ino, level)];
	path[0]->slot[slot_of(ino, 0)] = NULL;
	for (; level + 1 < t->height && is_empty(path[level]); level++) {
		pool_free(t->mem, path[level], sizeof(*path[level]));
		path[level + 1]->slot[slot_of(ino, level + 1)] = NULL;
	}
	if (is_empty(t->index)) {
		pool_free(t->mem, t->index, sizeof(*t->index));
		t->index = NULL;
		t->height = 0;
	}
}

size_t tree_ino_mem(void)
{
	return LEVELS * pool_rounded(sizeof(struct tree_node));
}
