/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Directories: entries, found by name in one red-black tree and by age in another.
 *
 * The first orders by (hash, length, bytes), so that a lookup compares integers until the last step. The second orders by
 * sequence number. readdir gives the newest entry first, as Linux's memory file systems do; its cookie is the number of
 * the entry to go on with, or the next lower one: it stays valid whatever happens to the entries.
 */
#include "seq/tree_internal.h"

static int name_cmp(u32 hash, u32 len, const char *text, const struct tree_entry *e)
{
	if (hash != e->hash)
		return hash < e->hash ? -1 : 1;
	if (len != e->len)
		return len < e->len ? -1 : 1;
	return memcmp(text, e->text, len);
}

static int tree_name_cmp(const struct tree_entry *a, const struct tree_entry *b)
{
	return name_cmp(a->hash, a->len, a->text, b);
}

static int tree_seq_cmp(const struct tree_entry *a, const struct tree_entry *b)
{
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

RB_GENERATE(tree_by_name, tree_entry, name_link, tree_name_cmp)
RB_GENERATE(tree_by_seq, tree_entry, seq_link, tree_seq_cmp)

struct tree_key tree_key(const char *text, size_t len)
{
	u32 h = TREE_HASH_SEED;

	for (size_t n = 0; n < len; n++)
		h = tree_hash_byte(h, text[n]);
	return (struct tree_key){ .text = text, .len = (u32)len, .hash = h };
}

struct tree_entry *tree_entry_find(const struct tree_dir *d, const struct tree_key *k)
{
	struct tree_entry *e = RB_ROOT(&d->by_name);

	while (e) {
		int c = name_cmp(k->hash, k->len, k->text, e);

		if (c == 0)
			return e;
		e = c < 0 ? RB_LEFT(e, name_link) : RB_RIGHT(e, name_link);
	}
	return NULL;
}

struct tree_entry *tree_entry_upto(const struct tree_dir *d, u64 seq)
{
	struct tree_entry *e = RB_ROOT(&d->by_seq), *best = NULL;

	while (e) {
		if (e->seq <= seq) {
			best = e;
			e = RB_RIGHT(e, seq_link);
		} else {
			e = RB_LEFT(e, seq_link);
		}
	}
	return best;
}

size_t tree_entry_mem(size_t len)
{
	return pool_rounded(sizeof(struct tree_entry) + len);
}

struct tree_entry *tree_entry_new(struct tree *t, const struct tree_key *k)
{
	struct tree_entry *e = pool_zalloc(t->mem, sizeof(*e) + k->len);

	if (!e)
		return NULL;
	e->hash = k->hash;
	e->len = k->len;
	memcpy(e->text, k->text, k->len);
	return e;
}

void tree_entry_free(struct tree *t, struct tree_entry *e)
{
	pool_free(t->mem, e, sizeof(*e) + e->len);
}

void tree_entry_attach_at(struct tree *t, struct tree_entry *e, struct tree_dir *d, struct tree_inode *i, u64 seq)
{
	e->dir = d;
	e->inode = i;
	e->seq = seq;
	RB_INSERT(tree_by_name, &d->by_name, e);
	RB_INSERT(tree_by_seq, &d->by_seq, e);
	TAILQ_INSERT_TAIL(&i->names, e, same_inode);
	d->entries++;
	t->names++;
}

void tree_entry_attach(struct tree *t, struct tree_entry *e, struct tree_dir *d, struct tree_inode *i)
{
	tree_entry_attach_at(t, e, d, i, d->next_seq++);
}

void tree_entry_remove(struct tree *t, struct tree_entry *e)
{
	RB_REMOVE(tree_by_name, &e->dir->by_name, e);
	RB_REMOVE(tree_by_seq, &e->dir->by_seq, e);
	TAILQ_REMOVE(&e->inode->names, e, same_inode);
	e->dir->entries--;
	t->names--;
	tree_entry_free(t, e);
}

void tree_entry_renew(struct tree_entry *e)
{
	struct tree_dir *d = e->dir;

	RB_REMOVE(tree_by_seq, &d->by_seq, e);
	e->seq = d->next_seq++;
	RB_INSERT(tree_by_seq, &d->by_seq, e);
}

struct tree_inode *tree_entry_point(struct tree_entry *e, struct tree_inode *i)
{
	struct tree_inode *old = e->inode;

	TAILQ_REMOVE(&old->names, e, same_inode);
	e->inode = i;
	TAILQ_INSERT_TAIL(&i->names, e, same_inode);
	return old;
}

int tree_next(const struct tree *t, u64 from, struct tree_attr *out)
{
	const struct tree_inode *i = tree_ino_next(t, from);

	if (!i)
		return -ENOENT;
	tree_inode_attr(i, out);
	return 0;
}

int tree_lookup(const struct tree *t, u64 dir, const char *name, size_t len, struct tree_attr *out)
{
	const struct tree_inode *i = tree_ino_find(t, dir);
	const struct tree_entry *e;
	struct tree_key k;

	if (!i)
		return -ENOENT;
	if (!tree_is_dir(i))
		return -ENOTDIR;
	if (len > TREE_NAME_MAX)
		return -ENAMETOOLONG;
	k = tree_key(name, len);
	e = tree_entry_find(tree_as_dir(i), &k);
	if (!e)
		return -ENOENT;
	tree_inode_attr(e->inode, out);
	return 0;
}

static u64 cookie_of(const struct tree_entry *e)
{
	return e ? e->seq : TREE_COOKIE_END;
}

/* "." or "..": the entries with cookies 0 and 1. */
static bool emit_dot(const struct tree_dir *d, u64 dot, bool (*emit)(void *ctx, const struct tree_dirent *e), void *ctx)
{
	struct tree_dirent out = {
		.ino = dot ? d->parent : d->i.ino, .type = TREE_IFDIR, .name = "..", .len = (u32)dot + 1,
		.cookie = dot ? cookie_of(RB_MAX(tree_by_seq, &((struct tree_dir *)d)->by_seq)) : 1,
	};

	return emit(ctx, &out);
}

int tree_readdir(const struct tree *t, u64 dir, u64 cookie, bool (*emit)(void *ctx, const struct tree_dirent *e),
		 void *ctx)
{
	const struct tree_inode *i = tree_ino_find(t, dir);
	const struct tree_dir *d;
	struct tree_entry *e, *next;

	if (!i)
		return -ENOENT;
	if (!tree_is_dir(i))
		return -ENOTDIR;
	if (!i->nlink)
		return -ENOENT;
	d = tree_as_dir(i);
	e = cookie >= TREE_COOKIE_END ? NULL : tree_entry_upto(d, cookie < 2 ? TREE_COOKIE_END : cookie);
	for (; cookie < 2; cookie++)
		if (!emit_dot(d, cookie, emit, ctx))
			return 0;
	for (; e; e = next) {
		next = RB_PREV(tree_by_seq, &d->by_seq, e);
		struct tree_dirent out = {
			.ino = e->inode->ino, .cookie = cookie_of(next), .type = e->inode->mode & TREE_IFMT,
			.name = e->text, .len = e->len,
		};

		if (!emit(ctx, &out))
			return 0;
	}
	return 0;
}
