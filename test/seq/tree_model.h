/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The naive model of the tree: two arrays, linear searches, everything derivable derived (link counts are counted, a
 * parent is searched for). Slow and obvious, so that the real structure can be compared with it.
 */
#ifndef TEST_SEQ_TREE_MODEL_H
#define TEST_SEQ_TREE_MODEL_H

#include "seq/tree.h"

enum { MODEL_INODES = 6000, MODEL_NAMES = 6000 };

enum verb { CREATE, SYMLINK, TARGET, LINK, UNLINK, RMDIR, RENAME, CHMOD, CHOWN, KILLPRIV, FREE, ROOT, MOUNT, UMOUNT, VERBS };

/* One operation before it is bytes; the names of the fields are those of the builders' arguments. */
struct command {
	enum verb verb;
	const struct tree_cred *cred;
	u64 dir, dir2, ino, body;
	char name[400], name2[400];
	u32 mode, rdev, uid, gid, mount;
	unsigned flags;
};

struct model_inode {
	bool live, staged, is_root;
	u64 fs, body, parent, mounted, covers;
	u32 mode, uid, gid, rdev, mount;
	char target[TREE_TARGET_MAX + 1];
};

struct model_name {
	u64 dir, ino;
	char name[TREE_NAME_MAX + 1];
};

struct model {
	u64 next;
	struct model_inode inode[MODEL_INODES]; /* by number */
	unsigned names;
	struct model_name name[MODEL_NAMES];    /* oldest first */
};

void model_init(struct model *m);
void model_attr(const struct model *m, u64 ino, struct tree_attr *out); /* out->ino 0: none */
void model_apply(struct model *m, const struct command *c, struct tree_ret *ret);
/* As tree_walk; rest, if the walk stops at a mount, is copied to `rest`. */
int model_walk(const struct model *m, const struct tree_cred *cred, u64 root, u64 cwd, const char *path, unsigned flags,
	       struct tree_walk *out, char *rest);
/* "/a/b" by which a live directory is reached from root inside and through mounts; 0 or -errno. */
int model_path(const struct model *m, u64 root, u64 dir, char *out);

#endif
