/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Path resolution, after path_resolution(7) and Linux's link_path_walk.
 *
 * What remains to be walked is a stack of texts: the caller's path at the bottom, the target of the symbolic link being
 * followed on top. A text is dropped as soon as nothing is left in it but slashes, so the component in hand is the last
 * one exactly if the stack is empty after it. Symbolic links are followed by pushing their target; no recursion.
 *
 *   component --- "." ".." ---> step, cross mounts
 *       |-------- missing ----> -ENOENT, or the result if it is the last one and TREE_PARENT
 *       |-------- symlink ----> push its target (last and not wanted: the result)
 *       '-------- other ------> step, cross mounts; a pseudo file system ends the walk with the rest
 */
#include "seq/tree_internal.h"

struct text {
	const char *p, *end;
	const struct tree_part *more; /* parts of a symbolic link's target after this one */
	bool given;                   /* it is the caller's path */
};

struct walker {
	const struct tree *t;
	const struct tree_cred *cred;
	const struct tree_inode *root, *cur;
	struct tree_walk *out;
	unsigned flags;
	u32 last_hash;
	bool too_long; /* the component in hand; only its first TREE_NAME_MAX bytes are in out->last */
	unsigned depth;
	struct text stack[TREE_LINKS_MAX + 1];
};

/* ---- texts ---- */

/* Moves to the next part at the end of one. False: nothing left. */
static bool has_char(struct text *x)
{
	while (x->p == x->end && x->more) {
		x->p = x->more->text;
		x->end = x->p + x->more->len;
		x->more = x->more->next;
	}
	return x->p != x->end;
}

/* Passes slashes; true if there were any. */
static bool skip_slashes(struct text *x)
{
	bool any = false;

	for (; has_char(x) && *x->p == '/'; x->p++)
		any = true;
	return any;
}

/* Takes a component off the top text (which has one) into out->last. True: it was the last of the walk. */
static bool take_component(struct walker *w)
{
	struct text *x = &w->stack[w->depth - 1];
	struct tree_walk *out = w->out;
	bool slash;
	u32 len = 0;

	w->last_hash = TREE_HASH_SEED;
	w->too_long = false;
	for (; has_char(x) && *x->p != '/'; x->p++) {
		if (len == TREE_NAME_MAX) {
			w->too_long = true;
			continue;
		}
		w->last_hash = tree_hash_byte(w->last_hash, *x->p);
		out->last[len++] = *x->p;
	}
	out->last[len] = 0;
	out->last_len = (u16)len;
	slash = skip_slashes(x);
	if (!has_char(x))
		w->depth--;
	if (w->depth)
		return false;
	out->slash |= slash;
	return true;
}

static enum tree_last kind_of(const struct tree_walk *out)
{
	if (out->last[0] != '.' || out->last_len > 2)
		return TREE_LAST_NAME;
	if (out->last_len == 1)
		return TREE_LAST_DOT;
	return out->last[1] == '.' ? TREE_LAST_DOTDOT : TREE_LAST_NAME;
}

/* ---- what remains when a pseudo file system takes over ---- */

static int append(struct tree_walk *out, const char *p, size_t len)
{
	if (!out->buf || len > out->size - out->rest_len)
		return -ENAMETOOLONG;
	memcpy(out->buf + out->rest_len, p, len);
	out->rest_len += len;
	return 0;
}

static int append_text(struct tree_walk *out, struct text x)
{
	int err = 0;

	while (!err && has_char(&x)) {
		err = append(out, x.p, (size_t)(x.end - x.p));
		x.p = x.end;
	}
	return err;
}

static int leave_rest(struct walker *w)
{
	struct tree_walk *out = w->out;
	const struct text *top = &w->stack[0];
	int err = 0;

	out->rest = "";
	if (w->depth == 1 && top->given) {
		out->rest = top->p;
		out->rest_len = (size_t)(top->end - top->p);
	} else if (w->depth) {
		out->rest = out->buf;
		for (unsigned n = w->depth; n-- > 0 && !err;) {
			err = append_text(out, w->stack[n]);
			if (n && !err)
				err = append(out, "/", 1);
		}
	}
	if (!err && out->rest_len && out->rest[out->rest_len - 1] == '/')
		out->slash = true;
	return err;
}

/* ---- steps ---- */

/* From a directory to what is mounted on it. Returns the id of a pseudo file system if one is there. */
static u32 cross(const struct tree_inode **i)
{
	while (tree_is_dir(*i)) {
		const struct tree_dir *d = tree_as_dir(*i);

		if (!d->mounted)
			return d->mount;
		*i = &d->mounted->i;
	}
	return 0;
}

/* "..": through the roots of mounted file systems, never above the walk's root. NULL: the parent is forgotten. */
static const struct tree_inode *above(const struct walker *w)
{
	const struct tree_dir *d = tree_as_dir(w->cur);

	while (&d->i != w->root && d->covers)
		d = d->covers;
	return &d->i == w->root ? &d->i : tree_ino_find(w->t, d->parent);
}

static int follow(struct walker *w, const struct tree_inode *i)
{
	const struct tree_link *l = tree_as_link(i);
	struct text *x;

	if (w->out->links >= TREE_LINKS_MAX)
		return -ELOOP;
	w->out->links++;
	x = &w->stack[w->depth++];
	*x = (struct text){ .p = "", .more = l->target };
	x->end = x->p;
	w->out->kind = TREE_LAST_NAME;
	if (skip_slashes(x)) {
		w->cur = w->root;
		w->out->kind = TREE_LAST_ROOT;
	}
	if (!has_char(x))
		w->depth--;
	return 0;
}

/* The walk stands on `i`: the result if this was the last component. */
static int arrive(struct walker *w, const struct tree_inode *i, bool may_cross, bool *done)
{
	w->out->mount = may_cross ? cross(&i) : 0;
	w->cur = i;
	if (!w->out->mount && !*done)
		return 0;
	*done = true;
	tree_inode_attr(i, &w->out->at);
	if (w->out->kind != TREE_LAST_NAME)
		w->out->dir = w->out->at;
	return w->out->mount ? leave_rest(w) : 0;
}

/* Should the symbolic link at the end of the path be followed? */
static bool wants_target(const struct walker *w)
{
	if (w->flags & TREE_PARENT)
		return (w->flags & TREE_FOLLOW) && !w->out->slash;
	return (w->flags & TREE_FOLLOW) || w->out->slash;
}

/* The component in hand is an ordinary name. */
static int step_name(struct walker *w, bool *done)
{
	const struct tree_dir *d = tree_as_dir(w->cur);
	struct tree_key k = { .text = w->out->last, .len = w->out->last_len, .hash = w->last_hash };
	const struct tree_entry *e;
	bool last = *done;

	if (w->too_long)
		return -ENAMETOOLONG;
	e = tree_entry_find(d, &k);
	if (!e && !(last && (w->flags & TREE_PARENT)))
		return -ENOENT;
	if (last)
		tree_inode_attr(&d->i, &w->out->dir);
	if (!e)
		return 0;
	if (tree_is_link(e->inode) && (!last || wants_target(w))) {
		*done = false;
		return follow(w, e->inode);
	}
	return arrive(w, e->inode, !last || !(w->flags & TREE_PARENT) || (w->flags & TREE_FOLLOW), done);
}

/* One component. `done` is set when the walk is over. */
static int step(struct walker *w, bool *done)
{
	const struct tree_inode *up;
	int err;

	if (!tree_is_dir(w->cur))
		return -ENOTDIR;
	err = tree_inode_may(w->cur, w->cred, 1);
	if (err)
		return err;
	*done = take_component(w);
	w->out->kind = kind_of(w->out);
	switch (w->out->kind) {
	case TREE_LAST_DOT:
		return arrive(w, w->cur, false, done);
	case TREE_LAST_DOTDOT:
		up = above(w);
		return up ? arrive(w, up, true, done) : -ENOENT;
	default:
		return step_name(w, done);
	}
}

static int run(struct walker *w)
{
	bool done = false;
	int err = 0;

	while (w->depth && !done && !err)
		err = step(w, &done);
	if (err || done)
		return err;
	/* Only slashes, as a path or as a link's target at the end. */
	tree_inode_attr(w->cur, &w->out->at);
	w->out->dir = w->out->at;
	return 0;
}

static int start(struct walker *w, u64 root, u64 cwd, const char *path, size_t len)
{
	struct text *x = &w->stack[0];

	if (len == 0 && !(w->flags & TREE_EMPTY))
		return -ENOENT;
	*x = (struct text){ .p = path, .end = path + len, .given = true };
	w->root = tree_ino_find(w->t, root);
	w->out->kind = TREE_LAST_ROOT;
	w->cur = skip_slashes(x) ? w->root : tree_ino_find(w->t, cwd);
	w->depth = has_char(x);
	return w->root && w->cur ? 0 : -ENOENT;
}

int tree_walk(const struct tree *t, const struct tree_cred *cred, u64 root, u64 cwd, const char *path, size_t len,
	      unsigned flags, struct tree_walk *out)
{
	struct walker w;
	int err;

	w.t = t;
	w.cred = cred;
	w.out = out;
	w.flags = flags;
	w.depth = 0;
	*out = (struct tree_walk){ .links = out->links, .buf = out->buf, .size = out->size };
	err = start(&w, root, cwd, path, len);
	if (!err)
		err = run(&w);
	if (err || out->mount || (flags & TREE_PARENT))
		return err;
	if ((out->slash || (flags & TREE_DIRECTORY)) && (out->at.mode & TREE_IFMT) != TREE_IFDIR)
		return -ENOTDIR;
	return 0;
}
