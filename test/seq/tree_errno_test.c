/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One fact per line: what an operation answers, in the words of Linux. Paths go through tree_walk as the kernel's
 * calls do; a group of facts starts from a fresh tree.
 */
#include "test/seq/tree_common.h"

static struct replica R;
static struct tree_ret ret;

#define is(expr, want) do { int got_ = (expr); ok(got_ == (want), "%s == %s (%d)", #expr, #want, got_); } while (0)

static char long_name[300];

static void fresh(void)
{
	open_replica(&R);
	do_mkdir(&R, &root_cred, "/pub", 0777);
	do_mkdir(&R, &root_cred, "/tmp", 01777);
	do_mkdir(&R, &root_cred, "/closed", 0700);
	do_mkdir(&R, &root_cred, "/look", 0755);
	do_mkdir(&R, &root_cred, "/read", 0744);
	do_create(&R, &root_cred, "/look/file", TREE_IFREG | 0644);
	do_mkdir(&R, &ann, "/pub/a", 0755);
	do_create(&R, &ann, "/pub/f", TREE_IFREG | 0644);
	do_create(&R, &ann, "/tmp/ann", TREE_IFREG | 0644);
	do_mkdir(&R, &ann, "/tmp/anndir", 0755);
}

static void done(void)
{
	ok(checks(&R), "invariants hold");
	ok(close_replica(&R), "all memory came back");
}

static void creating(void)
{
	char path[400];

	fresh();
	is(do_create(&R, &ann, "/pub/x", TREE_IFREG | 0600), 0);
	is(do_create(&R, &ann, "/pub/x", TREE_IFREG | 0600), -EEXIST);
	is(do_mkdir(&R, &ann, "/look", 0755), -EEXIST);
	is(do_create(&R, &ann, "/look/new", TREE_IFREG | 0600), -EACCES);
	is(do_create(&R, &ann, "/look/file", TREE_IFREG | 0600), -EEXIST);
	is(do_create(&R, &ann, "/closed/x", TREE_IFREG | 0600), -EACCES);
	is(do_create(&R, &ann, "/none/x", TREE_IFREG | 0600), -ENOENT);
	is(do_create(&R, &ann, "/pub/f/x", TREE_IFREG | 0600), -ENOTDIR);
	is(do_create(&R, &ann, "/pub/y", 0600), -EINVAL);
	is(do_mkdir(&R, &ann, "/pub/d/", 0755), 0);
	is(do_symlink(&R, &ann, "target", "/pub/s"), 0);
	is(do_symlink(&R, &ann, "target", "/pub/s"), -EEXIST);
	is(do_symlink(&R, &ann, "", "/pub/s2"), -ENOENT);
	is(do_mkdir(&R, &ann, "/pub/s", 0755), -EEXIST);
	memset(long_name, 'n', 256);
	snprintf(path, sizeof(path), "/pub/%s", long_name);
	is(do_mkdir(&R, &ann, path, 0755), -ENAMETOOLONG);
	path[5 + 255] = 0;
	is(do_mkdir(&R, &ann, path, 0755), 0);
	is(do_mkdir(&R, &ann, path, 0755), -EEXIST);
	done();
}

static void racing_open(void)
{
	u64 op[TREE_OP_MAX / 8], pub, f;
	int len;

	fresh();
	pub = ino_of(&R, "/pub");
	f = ino_of(&R, "/pub/f");
	len = tree_op_create(op, &ann, pub, "f", 1, TREE_IFREG | 0600, 0, 99, 0);
	is(apply(&R, op, len, &ret), 0);
	ok(ret.existed && ret.at.ino == f && ret.at.body == 7, "open(O_CREAT) of what exists says what it is");
	len = tree_op_create(op, &ann, ino_of(&R, "/look"), "file", 4, TREE_IFREG | 0600, 0, 99, 0);
	is(apply(&R, op, len, &ret), 0);
	len = tree_op_create(op, &ann, ino_of(&R, "/closed"), "file", 4, TREE_IFREG | 0600, 0, 99, 0);
	is(apply(&R, op, len, &ret), -EACCES);
	len = tree_op_create(op, &ann, pub, "g", 1, TREE_IFREG | 0600, 5, 99, 0);
	is(apply(&R, op, len, &ret), 0);
	ok(!ret.existed && ret.at.body == 99 && ret.at.uid == 10 && ret.at.nlink == 1 && ret.at.rdev == 5, "its attributes");
	is(apply(&R, op, 10, &ret), -EINVAL);
	is(apply(&R, op, len - 1, &ret), -EINVAL);
	is(tree_op_create(op, &ann, pub, ".", 1, TREE_IFREG, 0, 1, 0), -EINVAL);
	is(tree_op_create(op, &ann, pub, "..", 2, TREE_IFREG, 0, 1, 0), -EINVAL);
	is(tree_op_create(op, &ann, pub, "a/b", 3, TREE_IFREG, 0, 1, 0), -EINVAL);
	is(tree_op_create(op, &ann, pub, "", 0, TREE_IFREG, 0, 1, 0), -ENOENT);
	done();
}

static void dead_directory(void)
{
	u64 op[TREE_OP_MAX / 8], a;

	fresh();
	a = ino_of(&R, "/pub/a");
	is(do_rmdir(&R, &ann, "/pub/a", &ret), 0);
	ok(ret.at.nlink == 0 && ret.at.ino == a, "a removed directory is an orphan");
	is(apply(&R, op, tree_op_create(op, &ann, a, "x", 1, TREE_IFREG, 0, 1, 0), &ret), -ENOENT);
	is(apply(&R, op, tree_op_link(op, &ann, ino_of(&R, "/pub/f"), a, "x", 1), &ret), -ENOENT);
	is(apply(&R, op, tree_op_rename(op, &ann, ino_of(&R, "/pub"), "f", 1, a, "x", 1, 0), &ret), -ENOENT);
	is(do_mount(&R, a, 3, 0), -ENOENT);
	is(do_free(&R, a), 0);
	is(do_free(&R, a), -ENOENT);
	is(apply(&R, op, tree_op_create(op, &ann, a, "x", 1, TREE_IFREG, 0, 1, 0), &ret), -ENOENT);
	done();
}

static void removing(void)
{
	u64 f;

	fresh();
	is(do_unlink(&R, &ann, "/pub/none", &ret), -ENOENT);
	is(do_unlink(&R, &ann, "/pub/a", &ret), -EISDIR);
	is(do_unlink(&R, &ann, "/look/file", &ret), -EACCES);
	is(do_unlink(&R, &bob, "/tmp/ann", &ret), -EPERM);
	is(do_rmdir(&R, &bob, "/tmp/anndir", &ret), -EPERM);
	is(do_unlink(&R, &root_cred, "/tmp/ann", &ret), 0);
	is(do_rmdir(&R, &ann, "/tmp/anndir", &ret), 0);
	is(do_rmdir(&R, &ann, "/pub/f", &ret), -ENOTDIR);
	is(do_mkdir(&R, &ann, "/pub/a/b", 0755), 0);
	is(do_rmdir(&R, &ann, "/pub/a", &ret), -ENOTEMPTY);
	f = ino_of(&R, "/pub/f");
	is(do_link(&R, &ann, "/pub/f", "/pub/f2"), 0);
	is(do_free(&R, f), -EBUSY);
	is(do_unlink(&R, &ann, "/pub/f", &ret), 0);
	ok(ret.at.nlink == 1 && ret.at.ino == f, "one name left");
	is(do_unlink(&R, &bob, "/pub/f2", &ret), 0);
	ok(ret.at.nlink == 0 && ret.at.ino == f && ret.at.body == 7, "the last name makes an orphan");
	is(do_free(&R, f), 0);
	is(do_free(&R, TREE_ROOT), -EBUSY);
	done();
}

static void linking(void)
{
	u64 op[TREE_OP_MAX / 8], f, tmp;

	fresh();
	is(do_link(&R, &ann, "/pub/f", "/pub/a"), -EEXIST);
	is(do_link(&R, &ann, "/pub/a", "/pub/b"), -EPERM);
	is(do_link(&R, &ann, "/pub/f", "/look/g"), -EACCES);
	is(do_link(&R, &ann, "/none", "/pub/g"), -ENOENT);
	f = ino_of(&R, "/pub/f");
	do_unlink(&R, &ann, "/pub/f", &ret);
	is(apply(&R, op, tree_op_link(op, &ann, f, ino_of(&R, "/pub"), "g", 1), &ret), -ENOENT);
	is(apply(&R, op, tree_op_create(op, &ann, ino_of(&R, "/pub"), NULL, 0, TREE_IFREG | 0600, 0, 5, TREE_UNNAMED), &ret), 0);
	tmp = ret.at.ino;
	ok(ret.at.nlink == 0, "O_TMPFILE has no name");
	is(apply(&R, op, tree_op_link(op, &ann, tmp, ino_of(&R, "/pub"), "g", 1), &ret), 0);
	ok(ret.at.nlink == 1 && ino_of(&R, "/pub/g") == tmp, "and may get one");
	do_unlink(&R, &ann, "/pub/g", &ret);
	is(apply(&R, op, tree_op_link(op, &ann, tmp, ino_of(&R, "/pub"), "g", 1), &ret), -ENOENT);
	is(apply(&R, op, tree_op_create(op, &ann, ino_of(&R, "/look"), NULL, 0, TREE_IFREG | 0600, 0, 5, TREE_UNNAMED), &ret), -EACCES);
	done();
}

static void renaming(void)
{
	u64 f, g;

	fresh();
	do_mkdir(&R, &ann, "/pub/a/b", 0755);
	do_mkdir(&R, &ann, "/pub/empty", 0755);
	do_create(&R, &ann, "/pub/g", TREE_IFREG | 0644);
	f = ino_of(&R, "/pub/f");
	g = ino_of(&R, "/pub/g");
	is(do_rename(&R, &ann, "/pub/none", "/pub/x", 0, &ret), -ENOENT);
	is(do_rename(&R, &ann, "/pub/a", "/pub/a/b/c", 0, &ret), -EINVAL);
	is(do_rename(&R, &ann, "/pub/a", "/pub/a/x", 0, &ret), -EINVAL);
	is(do_rename(&R, &ann, "/pub/a/b", "/pub/a", 0, &ret), -ENOTEMPTY);
	is(do_rename(&R, &ann, "/pub/a/b", "/pub/a", TREE_EXCHANGE, &ret), -EINVAL);
	is(do_rename(&R, &ann, "/pub/f", "/pub/a", 0, &ret), -EISDIR);
	is(do_rename(&R, &ann, "/pub/a", "/pub/f", 0, &ret), -ENOTDIR);
	is(do_rename(&R, &ann, "/pub/empty", "/pub/a", 0, &ret), -ENOTEMPTY);
	is(do_rename(&R, &ann, "/pub/f", "/pub/g", TREE_NOREPLACE, &ret), -EEXIST);
	is(do_rename(&R, &ann, "/pub/f", "/pub/x", TREE_EXCHANGE, &ret), -ENOENT);
	is(do_rename(&R, &ann, "/pub/f", "/pub/x", TREE_EXCHANGE | TREE_NOREPLACE, &ret), -EINVAL);
	is(do_rename(&R, &ann, "/pub/f/", "/pub/x", 0, &ret), -ENOTDIR);
	is(do_rename(&R, &ann, "/pub/f", "/pub/x/", 0, &ret), -ENOTDIR);
	is(do_rename(&R, &ann, "/pub/f", "/look/x", 0, &ret), -EACCES);
	is(do_rename(&R, &ann, "/look/file", "/pub/x", 0, &ret), -EACCES);
	is(do_rename(&R, &bob, "/tmp/ann", "/pub/x", 0, &ret), -EPERM);
	is(do_rename(&R, &bob, "/pub/f", "/tmp/ann", 0, &ret), -EPERM);
	is(do_rename(&R, &bob, "/pub/a", "/tmp/x", 0, &ret), -EACCES);
	is(do_rename(&R, &bob, "/pub/a", "/pub/x", 0, &ret), 0);
	is(do_rename(&R, &bob, "/pub/x/", "/pub/a/", 0, &ret), 0);
	is(do_rename(&R, &ann, "/pub/f", "/pub/f", 0, &ret), 0);
	is(do_rename(&R, &ann, "/pub/f", "/pub/g", 0, &ret), 0);
	ok(ret.victim.ino == g && ret.victim.nlink == 0 && ret.victim.body == 7 && ret.at.ino == f, "the victim is told");
	ok(ino_of(&R, "/pub/g") == f && !ino_of(&R, "/pub/f"), "the name moved");
	is(do_rename(&R, &ann, "/pub/empty", "/pub/a/b", 0, &ret), 0);
	ok(ret.victim.nlink == 0 && ret.victim.ino, "an empty directory is replaced");
	is(do_link(&R, &ann, "/pub/g", "/pub/h"), 0);
	is(do_rename(&R, &ann, "/pub/g", "/pub/h", 0, &ret), 0);
	ok(ino_of(&R, "/pub/g") == f && ino_of(&R, "/pub/h") == f && !ret.victim.ino, "two names of one file: nothing happens");
	is(do_rename(&R, &ann, "/pub/a", "/pub/h", TREE_EXCHANGE, &ret), 0);
	ok(ino_of(&R, "/pub/a") == f && ino_of(&R, "/pub/h/b"), "a directory and a file changed places");
	is(do_rename(&R, &ann, "/pub/h/b", "/tmp/anndir", TREE_EXCHANGE, &ret), 0);
	done();
}

static void owners(void)
{
	fresh();
	is(do_chmod(&R, &bob, "/pub/f", 0600), -EPERM);
	is(do_chmod(&R, &ann, "/pub/f", 06755), 0);
	ok((mode_of(&R, "/pub/f") & 07777) == 06755, "the owner sets set-id bits");
	is(do_chown(&R, &ann, "/pub/f", 20, TREE_KEEP), -EPERM);
	is(do_chown(&R, &ann, "/pub/f", TREE_KEEP, 50), -EPERM);
	is(do_chown(&R, &bob, "/pub/f", TREE_KEEP, TREE_KEEP), -EPERM);
	is(do_chown(&R, &ann, "/pub/f", 10, 10), 0);
	ok((mode_of(&R, "/pub/f") & 07777) == 0755, "chown clears set-id bits");
	is(do_chown(&R, &bob, "/pub/f", TREE_KEEP, TREE_KEEP), 0);
	is(do_chmod(&R, &root_cred, "/pub/f", 02644), 0);
	is(do_chown(&R, &root_cred, "/pub/f", 20, 50), 0);
	ok((mode_of(&R, "/pub/f") & 07777) == 02644, "set-group-id without x (mandatory locking) stays for root");
	is(do_chown(&R, &bob, "/pub/f", TREE_KEEP, 60), 0);
	is(do_chown(&R, &root_cred, "/pub/f", 20, 10), 0);
	is(do_chmod(&R, &bob, "/pub/f", 02755), 0);
	ok((mode_of(&R, "/pub/f") & 07777) == 0755, "no set-group-id for strangers to the group");
	is(do_chmod(&R, &root_cred, "/pub/none", 0), -ENOENT);
	do_chmod(&R, &root_cred, "/pub/a", 06755);
	is(do_chown(&R, &root_cred, "/pub/a", 20, 20), 0);
	ok((mode_of(&R, "/pub/a") & 07777) == 06755, "a directory keeps its bits");
	done();
}

static void set_gid_directories(void)
{
	struct tree_attr a;

	fresh();
	do_mkdir(&R, &root_cred, "/pub/team", 0777);
	do_chown(&R, &root_cred, "/pub/team", 0, 50);
	do_chmod(&R, &root_cred, "/pub/team", 02777);
	is(do_mkdir(&R, &ann, "/pub/team/d", 0755), 0);
	tree_attr(&R.tree, ino_of(&R, "/pub/team/d"), &a);
	ok(a.gid == 50 && a.mode == (TREE_IFDIR | 02755), "a directory inherits group and bit");
	is(do_create(&R, &ann, "/pub/team/f", TREE_IFREG | 02755), 0);
	tree_attr(&R.tree, ino_of(&R, "/pub/team/f"), &a);
	ok(a.gid == 50 && a.mode == (TREE_IFREG | 0755), "a file inherits the group, not the bit of a stranger");
	is(do_create(&R, &bob, "/pub/team/g", TREE_IFREG | 02755), 0);
	tree_attr(&R.tree, ino_of(&R, "/pub/team/g"), &a);
	ok(a.gid == 50 && a.mode == (TREE_IFREG | 02755), "a member keeps the bit");
	done();
}

static void writing_to_setuid(void)
{
	u64 op[TREE_OP_MAX / 8], f;

	fresh();
	f = ino_of(&R, "/pub/f");
	do_chmod(&R, &root_cred, "/pub/f", 06755);
	is(apply(&R, op, tree_op_killpriv(op, &root_cred, f), &ret), 0);
	ok((ret.at.mode & 07777) == 06755, "root's write keeps set-id bits");
	is(apply(&R, op, tree_op_killpriv(op, &bob, f), &ret), 0);
	ok((ret.at.mode & 07777) == 0755, "another's does not");
	is(apply(&R, op, tree_op_killpriv(op, &bob, 9999), &ret), -ENOENT);
	done();
}

static void mounting(void)
{
	u64 op[TREE_OP_MAX / 8], a, top, sub;

	fresh();
	a = ino_of(&R, "/pub/a");
	is(do_mount(&R, a, 3, 0), 0);
	is(do_mount(&R, a, 4, 0), -EBUSY);
	is(do_rmdir(&R, &ann, "/pub/a", &ret), -EBUSY);
	is(do_rename(&R, &ann, "/pub/a", "/pub/z", 0, &ret), -EBUSY);
	do_mkdir(&R, &ann, "/pub/other", 0755);
	is(do_rename(&R, &ann, "/pub/other", "/pub/a", 0, &ret), -EBUSY);
	is(do_rename(&R, &ann, "/pub/f", "/pub/a", TREE_EXCHANGE, &ret), -EBUSY);
	is(do_umount(&R, a), 0);
	is(do_umount(&R, a), -EINVAL);
	is(do_mount(&R, ino_of(&R, "/pub/f"), 3, 0), -ENOTDIR);
	is(do_mount(&R, 9999, 3, 0), -ENOENT);
	is(do_mount(&R, a, 0, 0), -EINVAL);
	is(do_mount(&R, a, 0, ino_of(&R, "/pub")), -EINVAL);
	is(do_mount(&R, a, 0, TREE_ROOT), -EINVAL);
	top = do_root(&R);
	sub = do_root(&R);
	is(do_mount(&R, a, 0, top), 0);
	is(do_mount(&R, ino_of(&R, "/look"), 0, top), -EBUSY);
	ok(ino_of(&R, "/pub/a") == top, "the path leads into the mounted root");
	is(do_mkdir(&R, &root_cred, "/pub/a/in", 0755), 0);
	is(do_mount(&R, ino_of(&R, "/pub/a/in"), 0, sub), 0);
	is(do_umount(&R, a), -EBUSY);
	is(do_rename(&R, &root_cred, "/pub/f", "/pub/a/f", 0, &ret), -EXDEV);
	is(do_link(&R, &root_cred, "/pub/f", "/pub/a/f"), -EXDEV);
	is(do_umount(&R, a), -EBUSY);
	tree_apply(&R.tree, op, (size_t)tree_op_umount(op, ino_of(&R, "/pub/a/in")), &ret);
	ok(ret.err == -EINVAL, "the path names the upper side, which has no mount");
	struct tree_attr under;
	tree_lookup(&R.tree, top, "in", 2, &under);
	is(do_umount(&R, under.ino), 0);
	is(do_mount(&R, sub, 0, sub), -ELOOP);
	is(do_free(&R, top), -EBUSY);
	is(do_umount(&R, a), 0);
	is(do_mount(&R, sub, 0, top), 0);
	is(do_mount(&R, under.ino, 0, sub), -ELOOP);
	is(do_umount(&R, sub), 0);
	is(do_free(&R, top), -EBUSY);
	is(apply(&R, op, tree_op_rmdir(op, &root_cred, top, "in", 2), &ret), 0);
	is(do_free(&R, ret.at.ino), 0);
	is(do_free(&R, top), 0);
	is(do_free(&R, sub), 0);
	done();
}

static void long_symlinks(void)
{
	u64 op[TREE_OP_MAX / 8], pub, link;
	static char target[5000], back[5000];
	struct tree_cred crowd = bob;
	u32 groups[TREE_GROUPS_MAX] = { 1 };
	int len;

	fresh();
	pub = ino_of(&R, "/pub");
	for (unsigned n = 0; n < sizeof(target); n++)
		target[n] = n % 2 ? '.' : '/';
	crowd.ngroups = TREE_GROUPS_MAX;
	crowd.groups = groups;
	memset(long_name, 'n', 255);
	is(tree_op_symlink(op, &crowd, pub, long_name, 255, target, TREE_PART_MAX, 1, 0), -E2BIG);
	ok(tree_op_symlink(op, &crowd, pub, long_name, 255, target, 590, 1, 0) > 0, "590 bytes always fit");
	len = tree_op_rename(op, &crowd, pub, long_name, 255, pub, long_name, 255, 0);
	ok(len > 0, "the longest rename fits");
	len = tree_op_symlink(op, &crowd, pub, NULL, 0, target, TREE_PART_MAX, 1, TREE_UNNAMED);
	ok(len > 0, "the first part fits");
	is(apply(&R, op, len, &ret), 0);
	link = ret.at.ino;
	for (unsigned at = TREE_PART_MAX; at < TREE_TARGET_MAX; at += TREE_PART_MAX) {
		unsigned n = MIN((unsigned)TREE_PART_MAX, TREE_TARGET_MAX - at);
		is(apply(&R, op, tree_op_target(op, link, target + at, n), &ret), 0);
	}
	is(apply(&R, op, tree_op_target(op, link, target, 1), &ret), -ENAMETOOLONG);
	is(apply(&R, op, tree_op_link(op, &crowd, link, pub, "long", 4), &ret), 0);
	is(apply(&R, op, tree_op_target(op, link, target, 1), &ret), -EINVAL);
	is(apply(&R, op, tree_op_target(op, 9999, target, 1), &ret), -ENOENT);
	is(tree_readlink(&R.tree, link, back, sizeof(back)), TREE_TARGET_MAX);
	ok(!memcmp(back, target, TREE_TARGET_MAX), "the target comes back whole");
	is(tree_readlink(&R.tree, link, back, 1000), 1000);
	is(tree_readlink(&R.tree, pub, back, 10), -EINVAL);
	is(tree_readlink(&R.tree, 9999, back, 10), -ENOENT);
	ok(ino_of(&R, "/pub/long/") == TREE_ROOT, "and is walked");
	is(do_chmod(&R, &root_cred, "/pub/long", 0600), -EOPNOTSUPP);
	done();
}

/* Two states that differ only in whether an inode without a name may still get one. */
static void hashing(void)
{
	u64 op[TREE_OP_MAX / 8], pub, f, staged;

	fresh();
	pub = ino_of(&R, "/pub");
	f = ino_of(&R, "/pub/f");
	apply(&R, op, tree_op_create(op, &ann, pub, NULL, 0, TREE_IFREG, 0, 1, TREE_UNNAMED), &ret);
	apply(&R, op, tree_op_link(op, &ann, f, pub, "q", 1), &ret);
	do_unlink(&R, &ann, "/pub/q", &ret);
	staged = tree_hash(&R.tree);
	done();
	fresh();
	apply(&R, op, tree_op_create(op, &ann, pub, "q", 1, TREE_IFREG, 0, 1, 0), &ret);
	do_unlink(&R, &ann, "/pub/q", &ret);
	ok(tree_hash(&R.tree) != staged, "the hash tells staged from orphan");
	done();
}

/* Without memory an operation is -ENOMEM and leaves no trace. */
static void no_memory(void)
{
	u64 op[TREE_OP_MAX / 8], before;
	int failed = 0, len;
	bool same = true;

	fresh();
	memset(long_name, 'n', 255);
	for (int n = 0; n < 3000; n++) {
		snprintf(long_name, sizeof(long_name), "%d", n);
		long_name[strlen(long_name)] = 'x';
		R.pages_left = n % 50 == 0 ? 1 : 0;
		before = tree_hash(&R.tree);
		if (n % 3)
			len = tree_op_create(op, &root_cred, TREE_ROOT, long_name, 255, TREE_IFDIR, 0, 1, TREE_EXCL);
		else
			len = tree_op_symlink(op, &root_cred, TREE_ROOT, long_name, 255, "t", 1, 1, 0);
		if (apply(&R, op, len, &ret) == -ENOMEM) {
			failed++;
			same &= tree_hash(&R.tree) == before;
		}
		if (n % 500 == 0)
			same &= checks(&R);
	}
	ok(failed > 0 && failed < 3000, "%d of 3000 found no memory", failed);
	ok(same, "those changed nothing");
	done();
}

int main(void)
{
	creating();
	racing_open();
	dead_directory();
	removing();
	linking();
	renaming();
	owners();
	set_gid_directories();
	writing_to_setuid();
	mounting();
	long_symlinks();
	hashing();
	no_memory();
	return tap_end();
}
