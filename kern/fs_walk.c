/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Path resolution across the tree and the pseudo file systems.
 *
 * A walk alternates between two walkers, each of which stops at the border to the other:
 *
 *        walk_tree --mounted pseudo fs--> walk_pseudo --".." above its root, or a text link--> walk_tree ...
 *
 * The number of links followed is carried along (TREE_LINKS_MAX in all).
 *
 * What is still to be walked is a piece of the caller's path nearly always, so nothing is allocated. Only where a path
 * is put together (the rest of a symbolic link that leads into a pseudo file system, the target of a link found
 * there) two buffers are taken; the rest lives in one of them and the next text is made in the other, `spare`.
 */
#include "kern/fs.h"
#include "base/string.h"
#include "kern/process.h"
#include "kern/replica.h"
#include "mem/slab.h"

#define WALK_TEXT (TREE_PATH_MAX + 8)

struct walk {
	const struct tree_cred *cred;
	u64 root, cwd;
	struct pseudo_node node;    /* node.fs: the walk stands in a pseudo file system */
	u64 under;                  /* the directory that fs is mounted on */
	u32 links;
	unsigned flags;
	char *memory, *spare;
	const char *rest;
	size_t len;
	/* result */
	struct tree_walk tree;
	struct path *out;
	bool parent_only;
	bool last_exists;
};

void path_drop(struct path *p)
{
	body_put(p->body);
	p->body = NULL;
	file_put(p->file);
	p->file = NULL;
}

static char *walk_spare(struct walk *w)
{
	if (!w->memory)
		w->memory = w->spare = kmalloc(2 * WALK_TEXT);
	return w->spare;
}

/* The text made in `spare` is what remains to be walked. */
static int walk_on_with(struct walk *w, size_t len)
{
	w->rest = w->spare;
	w->len = len;
	w->spare[len] = 0;
	w->spare = w->spare == w->memory ? w->memory + WALK_TEXT : w->memory;
	return 1;
}

/* Where the path starts; w->node is none yet. 0, -EBADF, -ENOTDIR. */
static int walk_start(struct walk *w, int dirfd, const char *name)
{
	struct fs_place place = fs_place_start(process_current()->fs);
	struct file *f;
	int err = 0;

	w->root = place.root;
	w->cwd = w->under = place.cwd;
	if (name[0] == '/')
		return 0;
	if (dirfd == AT_FDCWD) {
		if (place.cwd_node.fs)
			w->node = place.cwd_node;
		return 0;
	}
	f = file_of_fd_path(dirfd);
	if (!f)
		return -EBADF;
	if (f->pseudo) {
		w->node = *f->pseudo;
		w->under = f->dir_ino;
		err = (w->node.mode & S_IFMT) != S_IFDIR && name[0] ? -ENOTDIR : 0;
	} else if (f->ino) {
		w->cwd = f->ino;
	} else {
		err = -ENOTDIR;
	}
	file_put(f);
	return err;
}

/* ---- in the tree */

/* One leg through the tree. 1: the walk goes on. */
static int walk_tree(struct walk *w)
{
	const struct tree *t;
	struct tree_walk *tw = &w->tree;
	int err;

	*tw = (struct tree_walk){ .links = w->links, .buf = w->memory ? w->spare : NULL, .size = TREE_PATH_MAX };
	t = nr_read_begin(fs_tree(), nr_me(), 0);
	err = tree_walk(t, w->cred, w->root, w->cwd, w->rest, w->len, w->flags, tw);
	if (!err && !tw->mount && tw->at.ino && !w->parent_only) {
		/* A removed directory that another thread just stops using may be where the walk began. */
		if (body_tryget((struct body *)tw->at.body))
			w->out->body = (struct body *)tw->at.body;
		else
			err = -ENOENT;
	}
	nr_read_end(fs_tree(), nr_me(), 0);
	if (err == -ENAMETOOLONG && !w->memory)
		return walk_spare(w) ? 1 : -ENOMEM; /* perhaps only for want of a buffer */
	if (err)
		return err;
	w->links = tw->links;
	if (!tw->mount)
		return 0;
	w->under = tw->at.ino;
	pseudo_fs_of(tw->mount)->root(&w->node);
	if (w->memory && tw->rest == w->spare)
		return walk_on_with(w, tw->rest_len);
	w->rest = tw->rest;
	w->len = tw->rest_len;
	return 1;
}

/* ---- in a pseudo file system */

static int text_link(struct walk *w, const struct pseudo_node *dir, const char *after)
{
	size_t rest = strlen(after);
	char *text = walk_spare(w);
	int n;

	if (!text)
		return -ENOMEM;
	n = pseudo_fs_of(w->node.fs)->readlink(&w->node, text, TREE_PATH_MAX - 2 - rest);
	if (n < 0)
		return n;
	if (rest) {
		text[n++] = '/';
		memcpy(text + n, after, rest);
	}
	if (text[0] == '/')
		w->node.fs = 0;
	else
		w->node = *dir;
	return walk_on_with(w, n + rest);
}

/* The link led to an object, and there is more to walk behind it. */
static int object_link(struct walk *w, const char *after)
{
	if (path_pseudo(w->out)) {
		w->node = w->out->node;
		w->out->node.fs = 0;
	} else if (w->out->file) {
		return -ENOTDIR;
	} else {
		w->cwd = w->out->at.ino;
		w->node.fs = 0;
		w->out->at.ino = 0;
	}
	path_drop(w->out);
	w->rest = after;
	w->len = strlen(after);
	return 1;
}

/* A link in a pseudo file system, with `after` still to walk. 1: go on; 0: w->out is the result. */
static int pseudo_link(struct walk *w, const struct pseudo_node *dir, const char *after)
{
	const struct pseudo_fs *fs = pseudo_fs_of(w->node.fs);
	int r;

	if (++w->links > TREE_LINKS_MAX)
		return -ELOOP;
	r = fs->follow ? fs->follow(&w->node, w->out) : 1;
	if (r < 0)
		return r;
	if (r == 1)
		return text_link(w, dir, after);
	return *after ? object_link(w, after) : 0;
}

/* ".." above the root of a pseudo file system: on in the tree from the directory it is mounted on. */
static int pseudo_leave(struct walk *w, const char *after)
{
	size_t rest = strlen(after);
	char *text = walk_spare(w);

	if (!text)
		return -ENOMEM;
	memcpy(text, "../", 3);
	memcpy(text + 3, after, rest);
	w->cwd = w->under;
	w->node.fs = 0;
	return walk_on_with(w, rest + 3);
}

static int pseudo_may(const struct walk *w, const struct pseudo_node *n, unsigned want)
{
	struct tree_attr at = { .mode = n->mode, .uid = n->uid, .gid = n->gid };

	return tree_may(&at, w->cred, want);
}

/* A component: where it is, what follows it. */
struct component {
	const char *name, *after;
	size_t len;
	bool last, slash;
};

/* The last name of a path whose parent is asked for: only looked up. */
static int pseudo_last(struct walk *w, const struct component *c)
{
	struct pseudo_node found;

	w->last_exists = !pseudo_fs_of(w->node.fs)->lookup(&w->node, c->name, c->len, &found);
	strlcpy(w->tree.last, c->name, MIN(c->len + 1, sizeof(w->tree.last)));
	return 0;
}

static int pseudo_name(struct walk *w, const struct component *c)
{
	struct pseudo_node dir = w->node;
	int err = pseudo_fs_of(dir.fs)->lookup(&dir, c->name, c->len, &w->node);

	if (err)
		return err;
	if ((w->node.mode & S_IFMT) == S_IFLNK && (!c->last || (w->flags & TREE_FOLLOW) || c->slash))
		return pseudo_link(w, &dir, c->after);
	w->rest = c->after;
	w->len = strlen(c->after);
	if (c->last)
		w->out->node = w->node;
	return c->last ? 0 : 1;
}

/* One component below w->node. 1: go on (w->rest moved); 0: done. */
static int pseudo_component(struct walk *w, const struct component *c)
{
	const struct pseudo_fs *fs = pseudo_fs_of(w->node.fs);
	bool dot = c->name[0] == '.' && c->len == 1, dotdot = c->len == 2 && c->name[0] == '.' && c->name[1] == '.';
	struct pseudo_node dir = w->node, root;
	int err;

	if ((dir.mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	err = pseudo_may(w, &dir, 1);
	if (err)
		return err;
	if (!dot && !dotdot)
		return c->last && w->parent_only ? pseudo_last(w, c) : pseudo_name(w, c);
	fs->root(&root);
	if (dotdot && root.ino == dir.ino)
		return pseudo_leave(w, c->after);
	if (dotdot)
		fs->parent(&dir, &w->node);
	w->rest = c->after;
	w->len = strlen(c->after);
	if (c->last)
		w->out->node = w->node;
	return c->last ? 0 : 1;
}

static int must_be_directory(const struct path *p)
{
	return !p->file && path_pseudo(p) && (p->node.mode & S_IFMT) != S_IFDIR ? -ENOTDIR : 0;
}

static int walk_pseudo(struct walk *w)
{
	struct component c = { .name = w->rest };
	const char *end;
	int r;

	while (*c.name == '/')
		c.name++;
	if (!*c.name) {
		w->out->node = w->node;
		return w->flags & TREE_DIRECTORY ? must_be_directory(w->out) : 0;
	}
	for (end = c.name; *end && *end != '/'; end++)
		;
	for (c.after = end; *c.after == '/'; c.after++)
		;
	c.len = end - c.name;
	c.last = !*c.after;
	c.slash = *end == '/';
	if (c.len > TREE_NAME_MAX)
		return -ENAMETOOLONG;
	r = pseudo_component(w, &c);
	return r == 0 && c.last && (c.slash || (w->flags & TREE_DIRECTORY)) ? must_be_directory(w->out) : r;
}

/* ---- the whole */

static int walk_run(struct walk *w, int dirfd, const char *name)
{
	int r;

	replica_note(fs_tree(), &percore()->tree_uses);
	w->len = strlen(name);
	if (!w->len && !(w->flags & TREE_EMPTY))
		return -ENOENT;
	if (w->len >= TREE_PATH_MAX)
		return -ENAMETOOLONG;
	w->rest = name;
	r = walk_start(w, dirfd, name);
	if (r)
		return r;
	do
		r = w->node.fs ? walk_pseudo(w) : walk_tree(w);
	while (r == 1);
	kfree(w->memory);
	return r;
}

int path_walk_as(const struct tree_cred *cred, int dirfd, const char *name, unsigned flags, struct path *out)
{
	struct walk w = { .cred = cred, .flags = flags, .out = out };
	int err;

	memset(out, 0, offsetof(struct path, last));
	out->last[0] = 0;
	err = walk_run(&w, dirfd, name);
	if (err) {
		path_drop(out);
		return err;
	}
	if (path_pseudo(out)) {
		out->dir = w.under;
	} else if (!out->file && !out->at.ino) {
		out->at = w.tree.at;
		out->dir = w.tree.dir.ino;
		if (w.tree.kind == TREE_LAST_NAME)
			strlcpy(out->last, w.tree.last, sizeof(out->last));
	}
	return 0;
}

int path_walk(int dirfd, const char *name, unsigned flags, struct path *out)
{
	struct tree_cred cred;

	fs_cred(process_current(), &cred);
	return path_walk_as(&cred, dirfd, name, flags, out);
}

int path_at(int dirfd, const char *name, u32 at_flags, struct path *out)
{
	if (!name[0] && (at_flags & AT_EMPTY_PATH) && dirfd != AT_FDCWD)
		return path_of_fd(dirfd, out);
	return path_walk(dirfd, name, (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : TREE_FOLLOW) |
				      (at_flags & AT_EMPTY_PATH ? TREE_EMPTY : 0), out);
}

int path_parent(int dirfd, const char *name, unsigned flags, struct path_parent *out)
{
	struct tree_cred cred;
	struct path found;
	struct walk w = { .cred = &cred, .flags = flags | TREE_PARENT, .out = &found, .parent_only = true };
	int err;

	fs_cred(process_current(), &cred);
	memset(&found, 0, offsetof(struct path, last));
	err = walk_run(&w, dirfd, name);
	if (!err) {
		out->dir = w.tree.dir;
		out->at = w.tree.at;
		out->kind = w.tree.kind;
		out->slash = w.tree.slash;
		out->len = w.tree.last_len;
		memcpy(out->last, w.tree.last, sizeof(out->last));
		out->pseudo = w.node;
		out->pseudo_exists = w.node.fs && (w.last_exists || !w.tree.last[0] || path_pseudo(&found));
	}
	path_drop(&found);
	return err;
}
