/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The tree's one instance, and path resolution across tree and pseudo file systems.
 *
 * path_walk alternates between two walkers, each of which stops at the border to the other:
 *
 *        tree_walk --mounted pseudo fs--> pseudo_walk --".." above its root, or a text link--> tree_walk ...
 *
 * The number of links followed is carried along (TREE_LINKS_MAX in all).
 */
#include "kern/fs.h"
#include "base/print.h"
#include "base/string.h"
#include "kern/process.h"
#include "kern/replica.h"
#include "mem/slab.h"

static struct nr *tree_nr;

static int tree_init_nr(void *state, struct pool *mem, const void *arg)
{
	return tree_init(state, mem, arg);
}

static int tree_clone_nr(void *dst, struct pool *mem, const void *src)
{
	return tree_clone(dst, mem, src);
}

static void tree_apply_nr(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	(void)shard;
	tree_apply(state, op, len, ret);
}

static u64 tree_hash_nr(const void *state)
{
	return tree_hash(state);
}

static int tree_check_nr(const void *state)
{
	const char *what = "";
	int err = tree_check(state, &what);

	if (err)
		kwarn("tree: broken: %s", what);
	return err;
}

static struct nr_type tree_type = {
	.name = "tree", .state_size = sizeof(struct tree), .init = tree_init_nr, .clone = tree_clone_nr,
	.apply = tree_apply_nr, .op_mem = tree_op_mem, .hash = tree_hash_nr, .check = tree_check_nr,
};

struct nr *fs_tree(void)
{
	return tree_nr;
}

void fs_tree_start(void)
{
	struct nr_config cfg = { .threads = cores_count(), .shards = 1, .node = core_node() };
	struct body *root = body_new();
	struct tree_init_arg arg = { .mode = 0755, .body = (u64)root };

	tree_type.op_mem_max = tree_op_mem_max();
	tree_nr = root ? nr_create(&tree_type, &cfg, &arg) : NULL;
	if (!tree_nr)
		panic("no memory for the file tree");
	root->ino = TREE_ROOT;
	nr_widen(tree_nr, nr_me());
}

int fs_update(const void *op, int op_len, struct tree_ret *ret)
{
	u64 index;
	int err;

	if (op_len < 0)
		return op_len;
	err = nr_update(tree_nr, nr_me(), 0, op, op_len, ret, &index);
	if (err)
		return err;
	if (!ret->err)
		nr_sync(tree_nr, nr_me(), index); /* no guard can still find what the caller is about to drop */
	return ret->err;
}

int fs_attr(u64 ino, struct tree_attr *out)
{
	const struct tree *t = nr_read_begin(tree_nr, nr_me(), 0);
	int err = tree_attr(t, ino, out);

	nr_read_end(tree_nr, nr_me(), 0);
	return err;
}

void fs_forget(u64 ino)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret ret;

	fs_update(op, tree_op_free(op, ino), &ret);
}

void fs_cred(const struct process *p, struct tree_cred *out)
{
	const struct cred *c = &p->cred;

	*out = (struct tree_cred){ .uid = c->fsuid, .gid = c->fsgid, .caps = c->fsuid == 0 ? TREE_CAP_ALL : 0,
				   .ngroups = c->ngroups, .groups = c->groups };
}

void fs_cred_real(const struct process *p, struct tree_cred *out)
{
	const struct cred *c = &p->cred;

	*out = (struct tree_cred){ .uid = c->uid, .gid = c->gid, .caps = c->uid == 0 ? TREE_CAP_ALL : 0,
				   .ngroups = c->ngroups, .groups = c->groups };
}

/* ---- walking */

struct walk {
	struct tree_cred cred;
	u64 root, cwd;
	struct pseudo_node node;    /* node.fs: the walk stands in a pseudo file system */
	u64 under;                  /* the directory that fs is mounted on */
	u32 links;
	unsigned flags;
	char *buf;                  /* two buffers of TREE_PATH_MAX: the rest of the path lives in one of them */
	char *other;
	const char *rest;
	size_t len;
	/* result */
	struct tree_walk *tree;
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

/* Where a relative path starts. 0, -EBADF, -ENOTDIR. */
static int walk_start(struct walk *w, int dirfd, const char *name)
{
	struct fs *fs = process_current()->fs;
	struct file *f;
	int err = 0;

	lock_acquire(&fs->lock);
	w->root = fs->root;
	w->cwd = fs->cwd;
	w->node = fs->cwd_node;
	w->under = fs->cwd;
	lock_release(&fs->lock);
	if (name[0] == '/') {
		w->node.fs = 0;
		return 0;
	}
	if (dirfd == AT_FDCWD)
		return 0;
	f = file_of_fd_path(dirfd);
	if (!f)
		return -EBADF;
	w->node.fs = 0;
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

static int pseudo_enter(struct walk *w, u32 mount)
{
	pseudo_fs_of(mount)->root(&w->node);
	return 0;
}

/* One leg through the tree. 1: the walk goes on in a pseudo file system. */
static int walk_tree(struct walk *w)
{
	const struct tree *t;
	struct tree_walk *tw = w->tree;
	int err;

	memset(tw, 0, sizeof(*tw));
	tw->links = w->links;
	tw->buf = w->other;
	tw->size = TREE_PATH_MAX;
	t = nr_read_begin(tree_nr, nr_me(), 0);
	err = tree_walk(t, &w->cred, w->root, w->cwd, w->rest, w->len, w->flags, tw);
	if (!err && !tw->mount && tw->at.ino && !w->parent_only) {
		w->out->body = (struct body *)tw->at.body;
		body_get(w->out->body);
	}
	nr_read_end(tree_nr, nr_me(), 0);
	if (err)
		return err;
	w->links = tw->links;
	if (!tw->mount)
		return 0;
	memmove(w->buf, tw->rest, tw->rest_len);
	w->buf[tw->rest_len] = 0;
	w->rest = w->buf;
	w->len = tw->rest_len;
	w->under = tw->at.ino;
	pseudo_enter(w, tw->mount);
	return 1;
}

static int text_link(struct walk *w, const char *after)
{
	const struct pseudo_fs *fs = pseudo_fs_of(w->node.fs);
	size_t rest = strlen(after);
	int n = fs->readlink(&w->node, w->other, TREE_PATH_MAX - 2 - rest);

	if (n < 0)
		return n;
	if (rest) {
		w->other[n++] = '/';
		memcpy(w->other + n, after, rest);
	}
	w->other[n + rest] = 0;
	char *swap = w->buf;
	w->buf = w->other;
	w->other = swap;
	w->rest = w->buf;
	w->len = n + rest;
	return 0;
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
	if (r == 0) {
		if (!*after)
			return 0;
		if (path_pseudo(w->out)) {
			w->node = w->out->node;
			w->out->node.fs = 0;
		} else {
			if (w->out->file)
				return -ENOTDIR;
			w->cwd = w->out->at.ino;
			w->node.fs = 0;
		}
		path_drop(w->out);
		memmove(w->buf, after, strlen(after) + 1);
		w->rest = w->buf;
		w->len = strlen(w->buf);
		return 1;
	}
	r = text_link(w, after);
	if (r)
		return r;
	if (w->rest[0] == '/')
		w->node.fs = 0;
	else
		w->node = *dir;
	return 1;
}

/* ".." above the root of a pseudo file system: on in the tree from the directory it is mounted on. */
static int pseudo_leave(struct walk *w, const char *after)
{
	size_t rest = strlen(after);

	memmove(w->other + 3, after, rest + 1);
	memcpy(w->other, "../", 3);
	char *swap = w->buf;
	w->buf = w->other;
	w->other = swap;
	w->rest = w->buf;
	w->len = rest + 3;
	w->cwd = w->under;
	w->node.fs = 0;
	return 1;
}

static int pseudo_may(const struct walk *w, const struct pseudo_node *n, unsigned want)
{
	struct tree_attr at = { .mode = n->mode, .uid = n->uid, .gid = n->gid };

	return tree_may(&at, &w->cred, want);
}

/* One component below w->node. 1: go on (w->rest moved); 0: done. */
static int pseudo_component(struct walk *w, const char *name, size_t n, const char *after, bool last)
{
	const struct pseudo_fs *fs = pseudo_fs_of(w->node.fs);
	struct pseudo_node dir = w->node, root;
	int err;

	if ((dir.mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	err = pseudo_may(w, &dir, 1);
	if (err)
		return err;
	if (n == 2 && name[0] == '.' && name[1] == '.') {
		fs->root(&root);
		if (root.ino == dir.ino)
			return pseudo_leave(w, after);
		fs->parent(&dir, &w->node);
	} else if (!(n == 1 && name[0] == '.')) {
		if (last && w->parent_only) {
			err = fs->lookup(&dir, name, n, &w->node);
			w->last_exists = !err;
			w->node = dir;
			strlcpy(w->tree->last, name, MIN(n + 1, sizeof(w->tree->last)));
			return 0;
		}
		err = fs->lookup(&dir, name, n, &w->node);
		if (err)
			return err;
		if ((w->node.mode & S_IFMT) == S_IFLNK && (!last || (w->flags & TREE_FOLLOW) || name[n] == '/'))
			return pseudo_link(w, &dir, after);
	}
	w->rest = after;
	w->len = strlen(after);
	if (last)
		w->out->node = w->node;
	return last ? 0 : 1;
}

static int walk_pseudo(struct walk *w)
{
	const char *p = w->rest, *end;
	const char *after;

	while (*p == '/')
		p++;
	if (!*p) {
		w->out->node = w->node;
		if ((w->flags & TREE_DIRECTORY) && (w->node.mode & S_IFMT) != S_IFDIR)
			return -ENOTDIR;
		return 0;
	}
	for (end = p; *end && *end != '/'; end++)
		;
	for (after = end; *after == '/'; after++)
		;
	if (end - p > TREE_NAME_MAX)
		return -ENAMETOOLONG;
	int r = pseudo_component(w, p, end - p, after, !*after);

	if (r == 0 && !*after && !w->out->file && path_pseudo(w->out) && (*end == '/' || (w->flags & TREE_DIRECTORY)) &&
	    (w->out->node.mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	return r;
}

static int walk_run(struct walk *w)
{
	int r;

	do
		r = w->node.fs ? walk_pseudo(w) : walk_tree(w);
	while (r == 1);
	return r;
}

static int walk_prepare(struct walk *w, int dirfd, const char *name, unsigned flags)
{
	struct process *p = process_current();

	replica_note(tree_nr, &percore()->tree_uses);
	w->len = strlen(name);
	if (!w->len && !(flags & TREE_EMPTY))
		return -ENOENT;
	if (w->len >= TREE_PATH_MAX)
		return -ENAMETOOLONG;
	fs_cred(p, &w->cred);
	w->flags = flags;
	w->rest = name;
	return walk_start(w, dirfd, name);
}

/* The scratch memory of a walk: two path buffers and the tree walker's result. */
struct walk_memory {
	struct walk w;
	struct tree_walk tree;
	char a[TREE_PATH_MAX + 8], b[TREE_PATH_MAX + 8];
};

static struct walk_memory *walk_new(void)
{
	struct walk_memory *m = kmalloc(sizeof(*m));

	if (!m)
		return NULL;
	memset(&m->w, 0, sizeof(m->w));
	m->w.tree = &m->tree;
	m->w.buf = m->a;
	m->w.other = m->b;
	return m;
}

int path_walk(int dirfd, const char *name, unsigned flags, struct path *out)
{
	struct walk_memory *m = walk_new();
	int err;

	memset(out, 0, offsetof(struct path, last));
	out->last[0] = 0;
	if (!m)
		return -ENOMEM;
	m->w.out = out;
	err = walk_prepare(&m->w, dirfd, name, flags);
	if (!err)
		err = walk_run(&m->w);
	if (!err && !path_pseudo(out) && !out->file && !out->at.ino) {
		out->at = m->tree.at;
		out->dir = m->tree.dir.ino;
		if (m->tree.kind == TREE_LAST_NAME)
			strlcpy(out->last, m->tree.last, sizeof(out->last));
	}
	if (!err && path_pseudo(out))
		out->dir = m->w.under;
	kfree(m);
	if (err)
		path_drop(out);
	return err;
}

int path_parent(int dirfd, const char *name, unsigned flags, struct path_parent *out)
{
	struct walk_memory *m = walk_new();
	struct path dummy;
	int err;

	if (!m)
		return -ENOMEM;
	memset(out, 0, sizeof(*out));
	memset(&dummy, 0, offsetof(struct path, last));
	m->w.out = &dummy;
	m->w.parent_only = true;
	err = walk_prepare(&m->w, dirfd, name, flags | TREE_PARENT);
	if (!err)
		err = walk_run(&m->w);
	if (!err) {
		out->dir = m->tree.dir;
		out->at = m->tree.at;
		out->kind = m->tree.kind;
		out->slash = m->tree.slash;
		out->len = m->tree.last_len;
		memcpy(out->last, m->tree.last, sizeof(out->last));
		if (m->w.node.fs) {
			out->pseudo = m->w.node;
			out->pseudo_exists = m->w.last_exists || !m->tree.last[0] || path_pseudo(&dummy);
		}
	}
	path_drop(&dummy);
	kfree(m);
	return err;
}
