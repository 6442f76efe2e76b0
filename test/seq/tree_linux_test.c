/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The tree against Linux itself: the same random calls by path go to a directory of this machine (as its root, with changing
 * file system credentials) and to the tree, by the few lines a kernel needs between a call and an operation. Error numbers and
 * what stat says must agree. Needs root for chroot and credentials; skipped, and said so, otherwise.
 *
 *   tree_linux_test [SEED [STEPS]]
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/seq/tree_common.h"

static struct replica R;
static const struct tree_cred *C = &root_cred;
static u64 op[TREE_OP_MAX / 8];
static struct tree_ret ret;

/* ---- calls on the tree ---- */

static int my_open(const char *path, bool excl, u32 mode)
{
	struct tree_walk w;
	int err = walk(&R.tree, C, path, TREE_PARENT | (excl ? 0 : TREE_FOLLOW), &w);

	if (err)
		return err;
	if (w.kind != TREE_LAST_NAME)
		return excl ? -EEXIST : -EISDIR;
	if (w.slash)
		return -EISDIR;
	err = apply(&R, op, tree_op_create(op, C, w.dir.ino, w.last, w.last_len, TREE_IFREG | mode, 0, 0,
					   excl ? TREE_EXCL : 0), &ret);
	if (err || !ret.existed)
		return err;
	if ((ret.at.mode & TREE_IFMT) == TREE_IFDIR)
		return -EISDIR;
	return tree_may(&ret.at, C, 4);
}

static int my_mkdir(const char *path, u32 mode)
{
	struct tree_walk w;
	int err = walk(&R.tree, C, path, TREE_PARENT, &w);

	if (err)
		return err;
	if (w.kind != TREE_LAST_NAME)
		return -EEXIST;
	return apply(&R, op, tree_op_create(op, C, w.dir.ino, w.last, w.last_len, TREE_IFDIR | mode, 0, 0, TREE_EXCL), &ret);
}

/* What symlink and link ask of the new name. */
static int new_name(const char *path, struct tree_walk *w)
{
	int err = walk(&R.tree, C, path, TREE_PARENT, w);

	if (err)
		return err;
	if (w->kind != TREE_LAST_NAME || w->at.ino)
		return -EEXIST;
	return w->slash ? -ENOENT : 0;
}

static int my_symlink(const char *target, const char *path)
{
	struct tree_walk w;
	int err = *target ? new_name(path, &w) : -ENOENT;

	return err ? err : apply(&R, op, tree_op_symlink(op, C, w.dir.ino, w.last, w.last_len, target, strlen(target), 0, 0), &ret);
}

static int my_link(const char *old, const char *path)
{
	struct tree_walk w, o;
	int err = walk(&R.tree, C, old, 0, &o);

	if (!err)
		err = new_name(path, &w);
	return err ? err : apply(&R, op, tree_op_link(op, C, o.at.ino, w.dir.ino, w.last, w.last_len), &ret);
}

static int my_unlink(const char *path)
{
	struct tree_walk w;
	int err = walk(&R.tree, C, path, TREE_PARENT, &w);

	if (err)
		return err;
	if (w.kind != TREE_LAST_NAME)
		return -EISDIR;
	if (w.slash)
		return !w.at.ino ? -ENOENT : (w.at.mode & TREE_IFMT) == TREE_IFDIR ? -EISDIR : -ENOTDIR;
	err = apply(&R, op, tree_op_unlink(op, C, w.dir.ino, w.last, w.last_len), &ret);
	return !err && !ret.at.nlink ? do_free(&R, ret.at.ino) : err;
}

static int my_rmdir(const char *path)
{
	static const int kinds[] = { 0, -EBUSY, -EINVAL, -ENOTEMPTY };
	struct tree_walk w;
	int err = walk(&R.tree, C, path, TREE_PARENT, &w);

	if (err || w.kind != TREE_LAST_NAME)
		return err ? err : kinds[w.kind];
	err = apply(&R, op, tree_op_rmdir(op, C, w.dir.ino, w.last, w.last_len), &ret);
	return err ? err : do_free(&R, ret.at.ino);
}

static int my_rename(const char *old, const char *new, unsigned flags)
{
	struct tree_walk a, b;
	int err;

	if ((flags & TREE_NOREPLACE) && (flags & TREE_EXCHANGE))
		return -EINVAL;
	err = walk(&R.tree, C, old, TREE_PARENT, &a);
	if (!err)
		err = walk(&R.tree, C, new, TREE_PARENT, &b);
	if (err)
		return err;
	if (a.kind != TREE_LAST_NAME)
		return -EBUSY;
	if (b.kind != TREE_LAST_NAME)
		return flags & TREE_NOREPLACE ? -EEXIST : -EBUSY;
	flags |= (a.slash ? TREE_OLD_SLASH : 0) | (b.slash ? TREE_NEW_SLASH : 0);
	err = apply(&R, op, tree_op_rename(op, C, a.dir.ino, a.last, a.last_len, b.dir.ino, b.last, b.last_len, flags), &ret);
	if (!err && ret.victim.ino && !ret.victim.nlink)
		do_free(&R, ret.victim.ino);
	return err;
}

static int my_chmod(const char *path, u32 mode)
{
	struct tree_walk w;
	int err = walk(&R.tree, C, path, TREE_FOLLOW, &w);

	return err ? err : apply(&R, op, tree_op_chmod(op, C, w.at.ino, mode), &ret);
}

static int my_lchown(const char *path, u32 uid, u32 gid)
{
	struct tree_walk w;
	int err = walk(&R.tree, C, path, 0, &w);

	return err ? err : apply(&R, op, tree_op_chown(op, C, w.at.ino, uid, gid), &ret);
}

/* ---- random calls, to both ---- */

static void some_path(char *out)
{
	static const char *const pieces[] = { "a", "b", "c", "d", "a", "b", "..", "." };
	unsigned n = (unsigned)below(4);

	strcpy(out, below(2) ? "" : "/");
	if (below(80) == 0)
		return;
	for (unsigned k = 0; k <= n; k++) {
		strcat(out, pieces[below(k < n ? 8 : below(8) ? 4 : 8)]);
		if (k < n || below(6) == 0)
			strcat(out, below(5) ? "/" : "//");
	}
	if (below(150) == 0) {
		size_t len = strlen(out);
		memset(out + len, 'z', 256);
		out[len + 256] = 0;
	}
}

static bool be(const struct tree_cred *c)
{
	C = c;
	setfsuid(0);
	if (setgroups(c->ngroups, c->groups))
		return false;
	setfsgid(c->gid);
	setfsuid(c->uid);
	return true;
}

static u32 some_mode(void)
{
	return below(3) ? 0777 : (u32)below(010000) & ~TREE_ISVTX;
}

static int errno_of(int result)
{
	return result < 0 ? -errno : 0;
}

static bool hardlinks_protected;
static char call[1500];

#define both(mine, theirs, ...) do { \
	snprintf(call, sizeof(call), __VA_ARGS__); \
	m = (mine); \
	t = errno_of(theirs); \
} while (0)

static bool one_call(void)
{
	static const u32 ids[] = { 0, 10, 20, 50, 60, TREE_KEEP };
	static char p[600], q[600];
	u32 mode = some_mode(), uid = ids[below(6)], gid = ids[below(6)];
	unsigned flags = below(3) ? 0 : (unsigned)below(4);
	int m = 0, t = 0, fd;

	some_path(p);
	some_path(q);
	be(below(3) ? &root_cred : below(2) ? &ann : &bob);
	switch (below(13)) {
	case 0:
	case 1:
		both(my_open(p, true, mode), fd = open(p, O_CREAT | O_EXCL | O_RDONLY, mode), "open excl %s %o", p, mode);
		if (!t)
			close(fd);
		break;
	case 2:
		both(my_open(p, false, mode), fd = open(p, O_CREAT | O_RDONLY, mode), "open %s %o", p, mode);
		if (!t)
			close(fd);
		break;
	case 3:
	case 4:
		both(my_mkdir(p, mode & 01777), mkdir(p, mode & 01777), "mkdir %s %o", p, mode);
		break;
	case 5:
		both(my_symlink(q, p), symlink(q, p), "symlink %s %s", q, p);
		break;
	case 6:
		if (hardlinks_protected)
			be(&root_cred);
		both(my_link(q, p), link(q, p), "link %s %s", q, p);
		break;
	case 7:
		both(my_unlink(p), unlink(p), "unlink %s", p);
		break;
	case 8:
		both(my_rmdir(p), rmdir(p), "rmdir %s", p);
		break;
	case 9:
	case 10:
		/* Linux looks for both parents and the old name before it finds a last name too long; the tree does not. */
		p[strcspn(p, "z")] = q[strcspn(q, "z")] = 0;
		both(my_rename(p, q, flags), renameat2(AT_FDCWD, p, AT_FDCWD, q, flags), "rename %s %s %u", p, q, flags);
		break;
	case 11:
		both(my_chmod(p, mode), chmod(p, mode), "chmod %s %o", p, mode);
		break;
	default:
		both(my_lchown(p, uid, gid), lchown(p, uid, gid), "lchown %s %d %d", p, (int)uid, (int)gid);
	}
	if (m != t)
		printf("# %s as %u: tree %d, Linux %d\n", call, C->uid, m, t);
	return m == t;
}

static bool one_stat(void)
{
	static char p[600];
	bool follow = below(2);
	struct tree_walk w;
	struct stat st;
	int m, t;

	some_path(p);
	be(below(3) ? &root_cred : below(2) ? &ann : &bob);
	m = walk(&R.tree, C, p, follow ? TREE_FOLLOW : 0, &w);
	t = errno_of(follow ? stat(p, &st) : lstat(p, &st));
	if (m == t && (m || (w.at.mode == st.st_mode && w.at.uid == st.st_uid && w.at.gid == st.st_gid && w.at.nlink == st.st_nlink)))
		return true;
	printf("# %s %s as %u: tree %d, Linux %d\n", follow ? "stat" : "lstat", p, C->uid, m, t);
	if (!m && !t)
		printf("# tree %o %u:%u %u, Linux %o %u:%u %u\n", w.at.mode, w.at.uid, w.at.gid, w.at.nlink, st.st_mode,
		       st.st_uid, st.st_gid, (unsigned)st.st_nlink);
	return false;
}

static bool protected_hardlinks(void)
{
	FILE *f = fopen("/proc/sys/fs/protected_hardlinks", "r");
	int on = f ? fgetc(f) : '1';

	if (f)
		fclose(f);
	return on != '0';
}

/* In a child whose root is `dir`, empty. */
static bool program(const char *dir, u64 seed, u64 steps)
{
	rng_state = seed * 2 + 1;
	hardlinks_protected = protected_hardlinks();
	umask(0);
	if (chroot(dir) || chdir("/") || chmod("/", 0777) || chown("/", 0, 0))
		return false;
	open_replica(&R);
	do_chmod(&R, &root_cred, "/", 0777);
	for (u64 n = 0; n < steps; n++)
		if (!one_call() || !one_stat() || !one_stat()) {
			printf("# seed %llu, step %llu, last call: %s\n", (unsigned long long)seed, (unsigned long long)n, call);
			return false;
		}
	return checks(&R) && close_replica(&R);
}

int main(int argc, char **argv)
{
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1, steps = argc > 2 ? strtoull(argv[2], NULL, 0) : 20000;

	if (getuid() != 0) {
		printf("ok 1 # SKIP needs root\n1..1\n");
		return 0;
	}
	for (u64 n = seed; n < seed + 3; n++) {
		char dir[] = "/tmp/tree-XXXXXX", clean[64];
		int status = -1;
		pid_t child;

		if (!mkdtemp(dir))
			return 1;
		fflush(stdout);
		child = fork();
		if (child == 0) {
			bool good = program(dir, n, steps);
			fflush(stdout);
			_exit(!good);
		}
		waitpid(child, &status, 0);
		snprintf(clean, sizeof(clean), "rm -rf %s", dir);
		ok(system(clean) == 0 && status == 0, "%llu random calls as Linux, seed %llu", (unsigned long long)steps,
		   (unsigned long long)n);
	}
	return tap_end();
}
