/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The radix tree of descriptors: see seq/files_internal.h.
 *
 * A change walks down to the leaf, remembering the path, and then refreshes the three summary bits of each node
 * on the way back. A leaf or inner node that becomes empty is freed, except the root; the tree does not shrink
 * in height, which nobody can observe.
 */
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"
#include "seq/files_internal.h"

static inline u32 slot_of(u32 fd, u32 h)
{
	return (fd >> (6 * h)) % FILES_FANOUT;
}

static inline u64 from_bit(u32 i)
{
	return ~(u64)0 << i;
}

static inline bool covers(u32 height, u32 fd)
{
	return (u64)fd >> (6 * (height + 1)) == 0;
}

static u64 wanted(const struct files_node *n, enum files_seek what)
{
	return what == FILES_FREE ? ~n->full : what == FILES_USED ? n->used : n->cloexec;
}

/* Inside node n of height h: relative numbers. At most one child on each level is looked at in vain. */
static u32 seek(const struct files_node *n, u32 h, u32 from, enum files_seek what)
{
	u32 first = slot_of(from, h), span = 1u << (6 * h), i, r;
	u64 bits = wanted(n, what) & from_bit(first);

	for (; bits; bits &= bits - 1) {
		i = (u32)__builtin_ctzll(bits);
		if (i != first)
			from = 0;
		from %= span;
		if (h == 0)
			return i;
		r = n->child[i] ? seek(n->child[i], h - 1, from, what) : from;
		if (r != FILES_NONE)
			return i * span + r;
	}
	return FILES_NONE;
}

u32 files_seek(const struct files *f, u32 from, enum files_seek what)
{
	u32 r = FILES_NONE;

	if (from >= FILES_MAX)
		return FILES_NONE;
	if (covers(f->height, from))
		r = seek(f->root, f->height, from, what);
	if (r == FILES_NONE && what == FILES_FREE) /* above all that the tree covers */
		r = MAX(from, 1u << (6 * (f->height + 1)));
	return r < FILES_MAX ? r : FILES_NONE;
}

struct files_node *files_leaf(const struct files *f, u32 fd)
{
	struct files_node *n = f->root;
	u32 h = f->height;

	if (fd >= FILES_MAX || !covers(h, fd))
		return NULL;
	for (; n && h; h--)
		n = n->child[slot_of(fd, h)];
	return n;
}

static struct files_node *make_node(struct files *f)
{
	struct files_node *n = pool_zalloc(f->pool, sizeof(*n));

	kassert(n); /* op_mem reserved it */
	return n;
}

/* Brings the summary of child i in n up to date; frees the child if it is empty. */
static void refresh(struct files *f, struct files_node *n, u32 i)
{
	struct files_node *c = n->child[i];
	u64 bit = (u64)1 << i;

	n->full &= ~bit;
	n->used &= ~bit;
	n->cloexec &= ~bit;
	if (c && !c->used) {
		pool_free(f->pool, c, sizeof(*c));
		n->child[i] = NULL;
	} else if (c) {
		n->full |= c->full == ~(u64)0 ? bit : 0;
		n->used |= bit;
		n->cloexec |= c->cloexec ? bit : 0;
	}
}

/* One more level: the old root becomes child 0 of a new one. */
static void grow(struct files *f)
{
	struct files_node *top = make_node(f);

	top->child[0] = f->root;
	refresh(f, top, 0);
	f->root = top;
	f->height++;
}

/* Changes slot i of a leaf: handle 0 empties it. Returns what was there. */
static u64 set_in_leaf(struct files *f, struct files_node *n, u32 i, u64 handle, bool cloexec)
{
	u64 bit = (u64)1 << i, old = n->handle[i];

	f->count += !!handle - !!old;
	n->handle[i] = handle;
	n->used = handle ? n->used | bit : n->used & ~bit;
	n->cloexec = handle && cloexec ? n->cloexec | bit : n->cloexec & ~bit;
	n->full = n->used;
	return old;
}

/* The same for a descriptor that the tree covers. */
static u64 set_slot(struct files *f, u32 fd, u64 handle, bool cloexec)
{
	struct files_node *path[FILES_HEIGHT_MAX + 1], *n = f->root;
	u32 h = f->height;
	u64 old;

	for (; h; h--) {
		path[h] = n;
		if (!n->child[slot_of(fd, h)])
			n->child[slot_of(fd, h)] = make_node(f);
		n = n->child[slot_of(fd, h)];
	}
	old = set_in_leaf(f, n, slot_of(fd, 0), handle, cloexec);
	for (h = 1; h <= f->height; h++)
		refresh(f, path[h], slot_of(fd, h));
	return old;
}

void files_put(struct files *f, u32 fd, u64 handle, bool cloexec)
{
	kassert(fd < FILES_MAX && handle);
	while (!covers(f->height, fd))
		grow(f);
	set_slot(f, fd, handle, cloexec);
}

void files_mark(struct files *f, u32 fd, bool cloexec)
{
	set_slot(f, fd, files_handle(f, fd), cloexec);
}

u64 files_take(struct files *f, u32 fd)
{
	return set_slot(f, fd, 0, false);
}
