/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /proc/PID: open files, working directory, root, mounts. See proc_internal.h. */
#include "kern/proc_internal.h"
#include "kern/mounts.h"
#include "mem/slab.h"

/* The caller may look into the process of the node: its descriptor table with a reference. */
static struct fdtable *look_files(const struct pseudo_node *n, int *err)
{
	struct fdtable *t = NULL;
	struct who w;

	*err = who_get(n, &w);
	if (*err)
		return NULL;
	*err = who_look(&w);
	if (!*err) {
		t = files_of(w.p);
		*err = t ? 0 : -ENOENT;
	}
	who_put(&w);
	return t;
}

static struct file *look_file(const struct pseudo_node *n, bool *cloexec, int *err)
{
	struct fdtable *t = look_files(n, err);
	struct file *f;

	if (!t)
		return NULL;
	f = file_of_fd_in(t, n->kind, cloexec);
	fdtable_put(t);
	*err = f ? 0 : -ENOENT;
	return f;
}

u64 proc_fd_next(const struct pseudo_node *dir, u64 from)
{
	int err, fd;
	struct fdtable *t = from <= 0x7fffffff ? look_files(dir, &err) : NULL;

	if (!t)
		return PSEUDO_END;
	fd = files_next(t, from);
	fdtable_put(t);
	return fd < 0 ? PSEUDO_END : (u64)fd;
}

/* The link's mode tells how the file is open. */
static bool fd_make(struct pseudo_node *n)
{
	bool cloexec;
	int err;
	struct file *f = look_file(n, &cloexec, &err);

	if (!f)
		return false;
	n->size = 64;
	n->mode = S_IFLNK | 0100 | (file_readable(f) ? 0400 : 0) | (file_writable(f) ? 0200 : 0);
	file_put(f);
	return true;
}

static bool fdinfo_make(struct pseudo_node *n)
{
	bool cloexec;
	int err;
	struct file *f = look_file(n, &cloexec, &err);

	file_put(f);
	return f != NULL;
}

/* ---- names */

static int dir_name(u64 dir, char *buf, size_t size)
{
	u64 root = fs_place(process_current()->fs).root;
	const struct tree *t = nr_read_begin(fs_tree(), nr_me(), 0);
	int n = tree_path(t, root, dir, buf, size);

	nr_read_end(fs_tree(), nr_me(), 0);
	return n;
}

/* A place in a pseudo file system that is mounted on directory `under`. */
static int pseudo_name(const struct pseudo_node *n, u64 under, char *buf, size_t size)
{
	int at = dir_name(under, buf, size), m;

	if (at < 0)
		return at;
	if (at == 1)
		at = 0; /* mounted on "/" */
	m = pseudo_fs_of(n->fs)->path(n, buf + at, size - at);
	return m < 0 ? m : at + m;
}

/* "pipe:[12]", "socket:[7]", "anon_inode:[eventfd]". */
static int nameless(struct file *f, char *buf, size_t size)
{
	struct abi_stat st = { 0 };
	const char *kind = f->ops->kind;

	if (strcmp(kind, "pipe") && strcmp(kind, "socket"))
		return snprintf(buf, size, strcmp(kind, "inotify") ? "anon_inode:[%s]" : "anon_inode:%s", kind);
	file_stat(f, &st);
	return snprintf(buf, size, "%s:[%lu]", kind, st.ino);
}

static int file_name(struct file *f, char *buf, size_t size)
{
	if (f->pseudo)
		return pseudo_name(f->pseudo, f->dir_ino, buf, size);
	if (f->ino)
		return fs_name_of(f, buf, size);
	return MIN(nameless(f, buf, size), (int)size);
}

static int fd_readlink(const struct pseudo_node *n, char *buf, size_t size)
{
	bool cloexec;
	int r;
	struct file *f = look_file(n, &cloexec, &r);

	if (!f)
		return r;
	r = file_name(f, buf, size);
	file_put(f);
	return r;
}

static int fd_follow(const struct pseudo_node *n, struct path *out)
{
	bool cloexec;
	int err;
	struct file *f = look_file(n, &cloexec, &err);

	if (!f)
		return err;
	path_of_file(f, out);
	return 0;
}

static int fdinfo_show(const struct pseudo_node *n, struct text *t)
{
	bool cloexec;
	int err;
	struct file *f = look_file(n, &cloexec, &err);

	if (!f)
		return err;
	text_printf(t, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n", f->pos,
		    atomic_load(&f->flags) | (f->ino || f->pseudo ? O_LARGEFILE : 0) | (cloexec ? O_CLOEXEC : 0), f->pseudo ? DEV_PSEUDO(f->pseudo->fs) : 2,
		    f->pseudo ? f->pseudo->ino : f->ino);
	file_put(f);
	return 0;
}

const struct pseudo_entry proc_fd_entry = {
	.name = "", .mode = S_IFLNK | 0700, .key = KEY_KIND, .next = proc_fd_next, .make = fd_make, .readlink = fd_readlink,
	.follow = fd_follow,
};

const struct pseudo_entry proc_fdinfo_entry = {
	.name = "", .mode = S_IFREG | 0444, .key = KEY_KIND, .next = proc_fd_next, .make = fdinfo_make, .show = fdinfo_show,
};

/* ---- directories of a process */

struct place { u64 ino; struct body *body; struct pseudo_node node; };

static int place_of(const struct pseudo_node *n, bool root, struct place *out)
{
	struct fs_place at;
	struct fs *fs;
	struct who w;
	int err = who_get(n, &w);

	if (err)
		return err;
	err = who_look(&w);
	fs = err ? NULL : fs_of(w.p);
	who_put(&w);
	if (!fs)
		return err ? err : -ENOENT;
	memset(out, 0, sizeof(*out));
	lock_acquire(&fs->lock);
	at = fs_place(fs);
	out->ino = root ? at.root : at.cwd;
	out->body = root ? fs->root_body : fs->cwd_body;
	if (out->body)
		body_get(out->body);
	if (!root)
		out->node = at.cwd_node;
	lock_release(&fs->lock);
	fs_put(fs);
	return 0;
}

static int place_readlink(const struct pseudo_node *n, bool root, char *buf, size_t size)
{
	struct place p;
	int r = place_of(n, root, &p);

	if (r)
		return r;
	r = p.node.fs ? pseudo_name(&p.node, p.ino, buf, size) : dir_name(p.ino, buf, size);
	body_put(p.body);
	return r;
}

static int place_follow(const struct pseudo_node *n, bool root, struct path *out)
{
	struct place p;
	int err = place_of(n, root, &p);

	if (err)
		return err;
	if (p.node.fs) {
		out->node = p.node;
		out->dir = p.ino;
		body_put(p.body);
		return 0;
	}
	err = fs_attr(p.ino, &out->at);
	out->dir = p.ino;
	if (err)
		body_put(p.body);
	else
		out->body = p.body;
	return err;
}

int proc_cwd_readlink(const struct pseudo_node *n, char *buf, size_t size)
{
	return place_readlink(n, false, buf, size);
}

int proc_cwd_follow(const struct pseudo_node *n, struct path *out)
{
	return place_follow(n, false, out);
}

int proc_root_readlink(const struct pseudo_node *n, char *buf, size_t size)
{
	return place_readlink(n, true, buf, size);
}

int proc_root_follow(const struct pseudo_node *n, struct path *out)
{
	return place_follow(n, true, out);
}

/* ---- mounts */

/* Where a mount is seen; false: not below the caller's root. Escapes as Linux: blank, tab, newline, backslash. */
static bool mount_target(struct text *t, const struct mount_info *m, char *name)
{
	int n = m->dir ? dir_name(m->dir, name, PAGE_SIZE) : 1, i;

	if (!m->dir)
		strlcpy(name, "/", PAGE_SIZE);
	if (n < 0 || name[0] != '/')
		return false;
	for (i = 0; i < n; i++) {
		if (strchr(" \t\n\\", name[i]))
			text_printf(t, "\\%03o", name[i]);
		else
			text_add(t, &name[i], 1);
	}
	return true;
}

static int mounts_show(struct text *t, bool long_form)
{
	char *name = kmalloc(PAGE_SIZE);
	struct mount_info m;
	size_t start;
	u32 i;

	if (!name)
		return -ENOMEM;
	for (i = 0; mounts_get(i, &m); i++) {
		start = t->len;
		if (long_form)
			text_printf(t, "%u 1 %u:%u / ", m.id, m.dev >> 8, m.dev & 255);
		else
			text_printf(t, "%s ", m.source);
		if (!mount_target(t, &m, name)) {
			t->len = start;
			continue;
		}
		if (long_form)
			text_printf(t, " %s - %s %s rw\n", m.options, m.type, m.source);
		else
			text_printf(t, " %s %s 0 0\n", m.type, m.options);
	}
	kfree(name);
	return 0;
}

int proc_mounts(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	return mounts_show(t, false);
}

int proc_mountinfo(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	return mounts_show(t, true);
}
