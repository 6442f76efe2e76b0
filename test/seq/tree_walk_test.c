/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Questions to a fixed tree: paths in, paths out, directory listings. What Linux answers was read off path_resolution(7), and
 * off a Linux machine where the manual is silent.
 */
#include "test/seq/tree_common.h"

static struct replica R;
static struct tree_walk W;
static char rest[TREE_PATH_MAX];

enum { PROC = 3, SYS = 4 };

#define is(expr, want) do { int got_ = (expr); ok(got_ == (want), "%s == %s (%d)", #expr, #want, got_); } while (0)

static int go(const char *path, unsigned flags)
{
	memset(&W, 0, sizeof(W));
	W.buf = rest;
	W.size = sizeof(rest);
	return tree_walk(&R.tree, &root_cred, TREE_ROOT, TREE_ROOT, path, strlen(path), flags, &W);
}

static int go_as(const struct tree_cred *c, u64 root, u64 cwd, const char *path, unsigned flags)
{
	memset(&W, 0, sizeof(W));
	return tree_walk(&R.tree, c, root, cwd, path, strlen(path), flags, &W);
}

static u64 a_ino, b_ino, f_ino, top, proc_dir;

static void fresh(void)
{
	char name[32], target[32];

	open_replica(&R);
	do_mkdir(&R, &root_cred, "/a", 0755);
	do_mkdir(&R, &root_cred, "/a/b", 0755);
	do_mkdir(&R, &root_cred, "/a/private", 0700);
	do_mkdir(&R, &root_cred, "/proc", 0755);
	do_mkdir(&R, &root_cred, "/tmp", 0755);
	do_create(&R, &root_cred, "/a/b/f", TREE_IFREG | 0644);
	do_symlink(&R, &root_cred, "/a/b", "/abs");
	do_symlink(&R, &root_cred, "b/f", "/a/tofile");
	do_symlink(&R, &root_cred, "b/", "/a/todir");
	do_symlink(&R, &root_cred, "../missing", "/a/dangling");
	do_symlink(&R, &root_cred, "loop2", "/loop1");
	do_symlink(&R, &root_cred, "loop1", "/loop2");
	do_symlink(&R, &root_cred, "/", "/toroot");
	do_symlink(&R, &root_cred, "proc/self/", "/me");
	do_symlink(&R, &root_cred, "/me/fd", "/fds");
	do_symlink(&R, &root_cred, "b/..//todir/./f", "/a/winding");
	do_mkdir(&R, &root_cred, "/chain", 0755);
	do_create(&R, &root_cred, "/chain/0", TREE_IFREG | 0644);
	for (int n = 1; n <= 41; n++) {
		snprintf(name, sizeof(name), "/chain/%d", n);
		snprintf(target, sizeof(target), "%d", n - 1);
		do_symlink(&R, &root_cred, target, name);
	}
	a_ino = ino_of(&R, "/a");
	b_ino = ino_of(&R, "/a/b");
	f_ino = ino_of(&R, "/a/b/f");
	proc_dir = ino_of(&R, "/proc");
	do_mount(&R, proc_dir, PROC, 0);
	top = do_root(&R);
	do_mount(&R, ino_of(&R, "/tmp"), 0, top);
	do_mkdir(&R, &root_cred, "/tmp/sys", 0755);
	do_mount(&R, ino_of(&R, "/tmp/sys"), SYS, 0);
	do_mkdir(&R, &root_cred, "/tmp/d", 0755);
}

static void ordinary(void)
{
	is(go("/a/b/f", 0), 0);
	ok(W.at.ino == f_ino && W.dir.ino == b_ino && W.kind == TREE_LAST_NAME && !strcmp(W.last, "f"), "file and directory");
	ok(W.at.body == 7 && !W.slash && !W.mount, "body, no slash, no mount");
	is(go("a//b/./../b///f", 0), 0);
	ok(W.at.ino == f_ino, "slashes and dots");
	is(go("/", 0), 0);
	ok(W.at.ino == TREE_ROOT && W.kind == TREE_LAST_ROOT, "root");
	is(go("/..", 0), 0);
	ok(W.at.ino == TREE_ROOT && W.kind == TREE_LAST_DOTDOT, "above root is root");
	is(go("", 0), -ENOENT);
	is(go("", TREE_EMPTY), 0);
	is(go("/a/b/f/", 0), -ENOTDIR);
	is(go("/a/b/f/.", 0), -ENOTDIR);
	is(go("/a/b/f/..", 0), -ENOTDIR);
	is(go("/a/b/f", TREE_DIRECTORY), -ENOTDIR);
	is(go("/a/b/", TREE_DIRECTORY), 0);
	is(go("/a/x", 0), -ENOENT);
	is(go("/a/x/y", 0), -ENOENT);
	is(go("/a/x/..", 0), -ENOENT);
	is(go_as(&ann, TREE_ROOT, TREE_ROOT, "/a/private", 0), 0);
	is(go_as(&ann, TREE_ROOT, TREE_ROOT, "/a/private/x", 0), -EACCES);
	is(go_as(&ann, TREE_ROOT, TREE_ROOT, "/a/private/..", 0), -EACCES);
	is(go_as(&ann, TREE_ROOT, b_ino, "../b/f", 0), 0);
	is(go_as(&ann, a_ino, b_ino, "../../../b/f", 0), 0);
	is(go_as(&ann, a_ino, a_ino, "/abs", 0), -ENOENT);
	is(go_as(&ann, TREE_ROOT, f_ino, "", TREE_EMPTY), 0);
	is(go_as(&ann, TREE_ROOT, f_ino, "x", 0), -ENOTDIR);
	is(go_as(&ann, TREE_ROOT, 9999, "x", 0), -ENOENT);
	is(go_as(&ann, TREE_ROOT, 9999, "/a", 0), 0);
}

static void long_names(void)
{
	char path[600];

	memset(path, 'x', sizeof(path));
	path[255] = 0;
	is(go(path, 0), -ENOENT);
	path[255] = 'x';
	path[256] = 0;
	is(go(path, 0), -ENAMETOOLONG);
	is(go_as(&ann, TREE_ROOT, ino_of(&R, "/a/private"), path, 0), -EACCES);
	path[256] = '/';
	path[257] = 0;
	is(go(path, TREE_PARENT), -ENAMETOOLONG);
}

static void links(void)
{
	is(go("/abs", 0), 0);
	ok((W.at.mode & TREE_IFMT) == TREE_IFLNK && W.links == 0, "a link at the end is not followed");
	is(go("/abs", TREE_FOLLOW), 0);
	ok(W.at.ino == b_ino && W.links == 1, "unless wanted");
	is(go("/abs/", 0), 0);
	ok(W.at.ino == b_ino, "or with a slash");
	is(go("/abs/f", 0), 0);
	ok(W.at.ino == f_ino, "in the middle it is");
	is(go("/a/tofile", TREE_FOLLOW), 0);
	ok(W.at.ino == f_ino && W.dir.ino == b_ino && !strcmp(W.last, "f"), "the directory is the target's");
	is(go("/a/tofile/", TREE_FOLLOW), -ENOTDIR);
	is(go("/a/todir", TREE_FOLLOW), 0);
	ok(W.at.ino == b_ino && W.slash, "a target with a slash");
	is(go("/a/todir/f", 0), 0);
	is(go("/a/winding", TREE_FOLLOW), 0);
	ok(W.at.ino == f_ino && W.links == 2, "a link in a link's target");
	is(go("/a/dangling", TREE_FOLLOW), -ENOENT);
	is(go("/a/dangling", 0), 0);
	is(go("/a/dangling/", 0), -ENOENT);
	is(go("/loop1", TREE_FOLLOW), -ELOOP);
	is(go("/loop1", 0), 0);
	is(go("/loop1/x", 0), -ELOOP);
	is(go("/chain/40", TREE_FOLLOW), 0);
	ok(W.links == 40, "forty links");
	is(go("/chain/41", TREE_FOLLOW), -ELOOP);
	is(go("/toroot", TREE_FOLLOW), 0);
	ok(W.at.ino == TREE_ROOT && W.kind == TREE_LAST_ROOT, "a link to the root");
	is(go("/toroot/a/b/../b/f", 0), 0);
	is(go("/toroot/toroot/toroot/a", 0), 0);
	is(go_as(&ann, a_ino, a_ino, "tofile", TREE_FOLLOW), 0);
	memset(&W, 0, sizeof(W));
	W.links = 40;
	is(tree_walk(&R.tree, &root_cred, TREE_ROOT, TREE_ROOT, "/abs", 4, TREE_FOLLOW, &W), -ELOOP);
}

static void parents(void)
{
	is(go("/a/new", TREE_PARENT), 0);
	ok(W.at.ino == 0 && W.dir.ino == a_ino && !strcmp(W.last, "new") && W.last_len == 3, "a new name");
	is(go("/a/new/", TREE_PARENT), 0);
	ok(W.at.ino == 0 && W.slash, "with a slash");
	is(go("/a/new/x", TREE_PARENT), -ENOENT);
	is(go("/a/b/f/x", TREE_PARENT), -ENOTDIR);
	is(go("/abs", TREE_PARENT), 0);
	ok((W.at.mode & TREE_IFMT) == TREE_IFLNK && W.dir.ino == TREE_ROOT, "a link itself");
	is(go("/abs/", TREE_PARENT), 0);
	ok((W.at.mode & TREE_IFMT) == TREE_IFLNK && W.slash, "even with a slash");
	is(go("/a/b/f/", TREE_PARENT), 0);
	ok(W.at.ino == f_ino && W.slash, "the caller decides about the slash");
	is(go("/a/dangling", TREE_PARENT | TREE_FOLLOW), 0);
	ok(W.at.ino == 0 && W.dir.ino == TREE_ROOT && !strcmp(W.last, "missing"), "open(O_CREAT) through a dangling link");
	is(go("/a/tofile", TREE_PARENT | TREE_FOLLOW), 0);
	ok(W.at.ino == f_ino && W.dir.ino == b_ino, "through a link to a file");
	is(go("/a/.", TREE_PARENT), 0);
	ok(W.kind == TREE_LAST_DOT && W.at.ino == a_ino, "dot");
	is(go("/a/b/..", TREE_PARENT), 0);
	ok(W.kind == TREE_LAST_DOTDOT && W.at.ino == a_ino, "dot dot");
	is(go("/", TREE_PARENT), 0);
	ok(W.kind == TREE_LAST_ROOT, "root");
	is(go("/toroot", TREE_PARENT | TREE_FOLLOW), 0);
	ok(W.kind == TREE_LAST_ROOT && W.at.ino == TREE_ROOT, "a link to root");
}

static void pseudo(const char *path, unsigned flags, const char *want, bool slash)
{
	int err = go(path, flags);

	ok(!err && W.mount == PROC && W.at.ino == proc_dir && W.rest_len == strlen(want) &&
	   !memcmp(W.rest, want, W.rest_len) && W.slash == slash, "%s stops at proc with \"%.*s\"", path, (int)W.rest_len,
	   W.rest ? W.rest : "");
}

static void mounts(void)
{
	pseudo("/proc", 0, "", false);
	pseudo("/proc/", 0, "", true);
	pseudo("/proc", TREE_FOLLOW | TREE_PARENT, "", false);
	pseudo("/proc//self/stat", 0, "self/stat", false);
	pseudo("/a/../proc/self/", 0, "self/", true);
	pseudo("/proc/..", 0, "..", false);
	pseudo("/me", TREE_FOLLOW, "self/", true);
	pseudo("/me/stat", 0, "self//stat", false);
	pseudo("/fds", TREE_FOLLOW, "self//fd", false);
	pseudo("/fds/1/x", TREE_PARENT, "self//fd/1/x", false);
	is(go("/proc", TREE_PARENT), 0);
	ok(!W.mount && W.at.ino == proc_dir && W.at.mount == PROC, "rmdir would see the directory under the mount");
	is(go_as(&root_cred, TREE_ROOT, TREE_ROOT, "/me/stat", 0), -ENAMETOOLONG);
	is(go_as(&root_cred, TREE_ROOT, proc_dir, "..", 0), 0);
	ok(W.at.ino == TREE_ROOT, "out of proc by its covered directory");
	is(go_as(&root_cred, proc_dir, proc_dir, "..", 0), 0);
	ok(W.mount == PROC, "unless proc is the root");
	is(go("/tmp", 0), 0);
	ok(W.at.ino == top && W.dir.ino == TREE_ROOT, "a mounted root");
	is(go("/tmp", TREE_PARENT), 0);
	ok(W.at.mounted_root == top, "and what is under it");
	is(go("/tmp/..", 0), 0);
	ok(W.at.ino == TREE_ROOT, "out of it");
	is(go("/tmp/d/../../a", 0), 0);
	ok(W.at.ino == a_ino, "out of it from within");
	is(go("/tmp/sys/x", 0), 0);
	ok(W.mount == SYS, "a pseudo file system in it");
	is(go_as(&root_cred, top, top, "../..", 0), 0);
	ok(W.at.ino == top, "a mounted root as root");
	is(go_as(&root_cred, TREE_ROOT, top, "../a", 0), 0);
}

#define path_is(expr, text) do { \
	char buf_[TREE_PATH_MAX]; \
	int n_ = expr; \
	ok(n_ == (int)strlen(text) && !strcmp(buf_, text), "%s is %s (%d)", #expr, text, n_); \
} while (0)
#define B buf_, sizeof(buf_)

static void paths_back(void)
{
	char small[5];
	struct tree_ret ret;
	u64 d, priv, alone;

	path_is(tree_path(&R.tree, TREE_ROOT, TREE_ROOT, B), "/");
	path_is(tree_path(&R.tree, TREE_ROOT, b_ino, B), "/a/b");
	path_is(tree_path(&R.tree, a_ino, b_ino, B), "/b");
	path_is(tree_path(&R.tree, b_ino, b_ino, B), "/");
	path_is(tree_path(&R.tree, b_ino, a_ino, B), "(unreachable)/a");
	path_is(tree_path(&R.tree, b_ino, TREE_ROOT, B), "(unreachable)/");
	path_is(tree_path(&R.tree, TREE_ROOT, top, B), "/tmp");
	path_is(tree_path(&R.tree, TREE_ROOT, ino_of(&R, "/tmp/d"), B), "/tmp/d");
	is(tree_path(&R.tree, TREE_ROOT, b_ino, small, 5), 4);
	is(tree_path(&R.tree, TREE_ROOT, b_ino, small, 4), -ERANGE);
	is(tree_path(&R.tree, TREE_ROOT, b_ino, small, 0), -ERANGE);
	is(tree_path(&R.tree, TREE_ROOT, TREE_ROOT, small, 1), -ERANGE);
	is(tree_path(&R.tree, TREE_ROOT, TREE_ROOT, small, 2), 1);
	is(tree_path(&R.tree, TREE_ROOT, f_ino, small, 5), -ENOTDIR);
	is(tree_path(&R.tree, TREE_ROOT, 9999, small, 5), -ENOENT);
	path_is(tree_path_of(&R.tree, TREE_ROOT, f_ino, b_ino, "f", 1, B), "/a/b/f");
	path_is(tree_path_of(&R.tree, TREE_ROOT, b_ino, 0, "", 0, B), "/a/b");
	do_link(&R, &root_cred, "/a/b/f", "/a/g");
	path_is(tree_path_of(&R.tree, TREE_ROOT, f_ino, a_ino, "g", 1, B), "/a/g");
	path_is(tree_path_of(&R.tree, TREE_ROOT, f_ino, 0, "", 0, B), "/a/b/f");
	do_rename(&R, &root_cred, "/a/b/f", "/a/b/h", 0, &ret);
	path_is(tree_path_of(&R.tree, TREE_ROOT, f_ino, a_ino, "g", 1, B), "/a/g");
	do_unlink(&R, &root_cred, "/a/g", &ret);
	path_is(tree_path_of(&R.tree, TREE_ROOT, f_ino, a_ino, "g", 1, B), "/a/b/h");
	do_unlink(&R, &root_cred, "/a/b/h", &ret);
	path_is(tree_path_of(&R.tree, TREE_ROOT, f_ino, a_ino, "g", 1, B), "/a/g (deleted)");
	is(tree_path_of(&R.tree, TREE_ROOT, f_ino, 0, "", 0, small, 5), -ENOENT);
	is(tree_path_of(&R.tree, TREE_ROOT, f_ino, a_ino, "g", 1, small, 5), -ERANGE);
	do_free(&R, f_ino);
	is(tree_path_of(&R.tree, TREE_ROOT, f_ino, a_ino, "g", 1, small, 5), -ENOENT);
	priv = ino_of(&R, "/a/private");
	do_rmdir(&R, &root_cred, "/a/private", &ret);
	is(tree_path(&R.tree, TREE_ROOT, priv, small, 5), -ENOENT);
	path_is(tree_path_of(&R.tree, TREE_ROOT, priv, a_ino, "private", 7, B), "/a/private (deleted)");
	is(go_as(&root_cred, TREE_ROOT, priv, ".", 0), 0);
	is(go_as(&root_cred, TREE_ROOT, priv, "..", 0), 0);
	ok(W.at.ino == a_ino, "the parent of a deleted directory");
	is(go_as(&root_cred, TREE_ROOT, priv, "x", 0), -ENOENT);
	is(go_as(&root_cred, TREE_ROOT, priv, "x", TREE_PARENT), 0);
	alone = do_root(&R);
	path_is(tree_path(&R.tree, TREE_ROOT, alone, B), "(unreachable)/");
	d = ino_of(&R, "/tmp/d");
	path_is(tree_path(&R.tree, alone, d, B), "(unreachable)/tmp/d");
}

/* ---- listings ---- */

struct listing {
	char text[400];
	u64 cookie;
	unsigned left;
};

static bool list_one(void *ctx, const struct tree_dirent *e)
{
	struct listing *l = ctx;

	if (!l->left)
		return false;
	l->left--;
	l->cookie = e->cookie;
	sprintf(l->text + strlen(l->text), "%.*s%s ", (int)e->len, e->name, e->type == TREE_IFDIR ? "/" : "");
	return true;
}

static void listings(void)
{
	struct listing l = { .left = 100 };
	struct tree_ret ret;
	u64 dir;

	do_mkdir(&R, &root_cred, "/list", 0755);
	dir = ino_of(&R, "/list");
	for (char c = 'a'; c <= 'f'; c++) {
		char path[] = { '/', 'l', 'i', 's', 't', '/', c, 0 };
		do_create(&R, &root_cred, path, c == 'c' ? TREE_IFDIR | 0755 : TREE_IFREG | 0644);
	}
	is(tree_readdir(&R.tree, dir, 0, list_one, &l), 0);
	ok(!strcmp(l.text, "./ ../ f e d c/ b a "), "%s", l.text);
	l = (struct listing){ .left = 4 };
	tree_readdir(&R.tree, dir, 0, list_one, &l);
	do_unlink(&R, &root_cred, "/list/d", &ret); /* where the scan goes on */
	do_unlink(&R, &root_cred, "/list/f", &ret);
	do_rename(&R, &root_cred, "/list/a", "/list/e", 0, &ret); /* seen already; the newest now */
	do_mkdir(&R, &root_cred, "/list/g", 0755);
	l.left = 2;
	tree_readdir(&R.tree, dir, l.cookie, list_one, &l);
	l.left = 100;
	tree_readdir(&R.tree, dir, l.cookie, list_one, &l);
	ok(!strcmp(l.text, "./ ../ f e c/ b "), "%s", l.text);
	is(tree_readdir(&R.tree, dir, l.cookie, list_one, &l), 0);
	is(tree_readdir(&R.tree, dir, ~(u64)0, list_one, &l), 0);
	is(tree_readdir(&R.tree, 9999, 0, list_one, &l), -ENOENT);
	is(tree_readdir(&R.tree, ino_of(&R, "/list/e"), 0, list_one, &l), -ENOTDIR);
	dir = ino_of(&R, "/list/g");
	do_rmdir(&R, &root_cred, "/list/g", &ret);
	is(tree_readdir(&R.tree, dir, 0, list_one, &l), -ENOENT);
}

static void rights(void)
{
	struct tree_attr a = { .mode = TREE_IFREG | 0641, .uid = 10, .gid = 50 };
	struct tree_attr d = { .mode = TREE_IFDIR, .uid = 10 };

	is(tree_may(&a, &ann, 6), 0);
	is(tree_may(&a, &ann, 1), -EACCES);
	is(tree_may(&a, &bob, 4), 0);
	is(tree_may(&a, &bob, 1), -EACCES);
	is(tree_may(&a, &root_cred, 7), 0);
	a.mode = TREE_IFREG;
	is(tree_may(&a, &root_cred, 6), 0);
	is(tree_may(&a, &root_cred, 1), -EACCES);
	is(tree_may(&d, &root_cred, 7), 0);
	is(tree_may(&d, &ann, 0), 0);
	a.mode = TREE_IFREG | 0077;
	is(tree_may(&a, &ann, 4), -EACCES);
}

int main(void)
{
	fresh();
	ordinary();
	long_names();
	links();
	parents();
	mounts();
	listings();
	paths_back();
	rights();
	ok(checks(&R), "invariants hold");
	ok(close_replica(&R), "all memory came back");
	return tap_end();
}
