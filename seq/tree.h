/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * tree: the directory tree and the slow attributes of files, as a sequential, deterministic structure.
 *
 * What is here: names, types, modes, owners, link counts, symbolic link targets, mount points. What is not: sizes,
 * times, pages, open files; they belong to the file's body, an object of the kernel that the tree knows only as
 * a 64-bit handle. (A file's life here does not depend on who has it open: see "orphan" below.)
 *
 * Changes are operations: plain bytes made by a tree_op_* builder, given to tree_apply. Questions are the const
 * functions; they allocate nothing and change nothing. Every permission and existence check of a change is made
 * inside tree_apply, so that callers who raced on an older state get the answer Linux would give. Errors and their
 * precedence follow Linux 6.12 (fs/namei.c, fs/attr.c) where POSIX leaves a choice.
 *
 * An inode's life:
 *
 *   CREATE ----------------> named (nlink > 0) <---- LINK ----.
 *      | TREE_UNNAMED          | UNLINK, RMDIR, RENAME over it |
 *      v                       v                               |
 *   staged (nlink 0) -LINK-> orphan (nlink 0) --FREE--> gone   |
 *      `------------------------------------------------------'  (staged only: an orphan is never linked again)
 *
 * An orphan keeps its attributes for those who have it open. Whoever drops the last use of a body whose inode
 * has nlink 0 submits FREE; if nobody has it open, that is the caller of UNLINK, RMDIR or RENAME. FREE checks again.
 *
 * Costs: a path component is O(log entries of the directory); an inode by number O(log32 of the highest number);
 * an operation is one or two of each plus, for RENAME of a directory to another one, the depth of the target.
 *
 * Context: everything here is sequential; nothing sleeps. Text that comes in is bytes with a length, without a NUL.
 */
#ifndef SEQ_TREE_H
#define SEQ_TREE_H

#include "base/pool.h"
#include "base/types.h"

#define TREE_NAME_MAX 255    /* bytes of one name */
#define TREE_TARGET_MAX 4095 /* bytes of a symbolic link's target */
#define TREE_LINKS_MAX 40    /* symbolic links followed in one walk; one more is -ELOOP */
#define TREE_GROUPS_MAX 32   /* supplementary groups of a credential */
#define TREE_OP_MAX 1024     /* bytes of an operation: buffers of builders have this size */
#define TREE_ROOT ((u64)1)   /* the inode number of the root made by tree_init */
#define TREE_PATH_MAX 4096   /* Linux's PATH_MAX, with its NUL */

/* Linux's S_IF* and mode bits; named apart so that hosted headers do not clash. */
#define TREE_IFMT 0170000u
#define TREE_IFSOCK 0140000u
#define TREE_IFLNK 0120000u
#define TREE_IFREG 0100000u
#define TREE_IFBLK 0060000u
#define TREE_IFDIR 0040000u
#define TREE_IFCHR 0020000u
#define TREE_IFIFO 0010000u
#define TREE_ISUID 04000u
#define TREE_ISGID 02000u
#define TREE_ISVTX 01000u
#define TREE_IXGRP 00010u
#define TREE_PERM 07777u

/* ---- who asks ---- */

#define TREE_CAP_DAC 1u    /* CAP_DAC_OVERRIDE: read, write, search whatever the mode says */
#define TREE_CAP_FOWNER 2u /* CAP_FOWNER: counts as the owner, ignores sticky directories */
#define TREE_CAP_CHOWN 4u  /* CAP_CHOWN */
#define TREE_CAP_FSETID 8u /* CAP_FSETID: keeps set-group-id bits */
#define TREE_CAP_ALL 15u   /* root */

struct tree_cred {
	u32 uid, gid; /* the file system ones (fsuid, fsgid) */
	u32 caps;     /* TREE_CAP_* */
	u32 ngroups;  /* <= TREE_GROUPS_MAX */
	const u32 *groups;
};

/* ---- what an inode is ---- */

struct tree_attr {
	u64 ino;          /* never reused, never 0 */
	u64 fs;           /* inode number of the root of its file system (st_dev; rename and link stay inside) */
	u64 parent;       /* directories: where ".." leads inside the file system; a root: itself; others: 0 */
	u64 body;         /* the kernel's handle */
	u64 mounted_root; /* directories: root inode mounted on it, or 0 */
	u64 covers;       /* roots: the directory it is mounted on, or 0 */
	u32 mount;        /* directories: id of the pseudo file system mounted on it, or 0 */
	u32 mode;         /* type and permissions, as st_mode */
	u32 uid, gid, nlink;
	u32 rdev;         /* devices; 32-bit encoding, opaque here */
	u32 size;         /* symbolic links: bytes of the target; directories: number of entries; others: 0 */
};

/* ---- the state ---- */

struct tree_node;

struct tree {
	struct pool *mem;
	struct tree_node *index; /* inode number -> inode: radix tree, see tree_ino.c */
	u32 height;              /* its levels; 0: empty */
	u64 next_ino;
	u64 inodes, names;       /* how many exist */
};

struct tree_init_arg {
	u32 mode, uid, gid; /* of the root directory; mode without the type */
	u64 body;
};

/* Makes the state with one directory, TREE_ROOT. arg: struct tree_init_arg or NULL (0755, root). 0 or -ENOMEM. */
int tree_init(struct tree *t, struct pool *mem, const void *arg);
/* dst becomes equal to src, in its own memory. 0 or -ENOMEM (dst is then useless; drop its pool). */
int tree_clone(struct tree *dst, struct pool *mem, const struct tree *src);
/* Gives every object back to the pool (a pool that is dropped anyway needs no destroy). */
void tree_destroy(struct tree *t);
/* Equal states have equal hashes, wherever their objects lie. O(state). */
u64 tree_hash(const struct tree *t);
/* Every invariant listed in tree_check.c. 0, or -EINVAL; `what`, if not NULL, then names the broken one. O(state). */
int tree_check(const struct tree *t, const char **what);

/* ---- changes ---- */

/* What tree_apply says. Fields not named for an operation are 0. Another core may fill it in, and each line of it costs
 * that core a miss, while all others wait. */
struct tree_ret {
	_Alignas(64) int err; /* 0 or -errno; with an error, nothing has changed */
	bool existed;        /* CREATE without TREE_EXCL: the name was there, `at` is what it names, nothing changed */
	struct tree_attr at; /* the inode created, linked, moved, changed; for UNLINK, RMDIR, FREE: as it was left */
	struct {
		u64 ino, body;
		u32 nlink, mode; /* nlink 0: an orphan now; FREE it if nobody has it open */
	} victim;            /* RENAME: what the target name named before; ino 0: nothing */
	u32 mount;           /* UMOUNT: what was mounted */
	u64 mounted_root;
};

/* Applies one operation. ret may be NULL. An operation with broken framing is -EINVAL. */
void tree_apply(struct tree *t, const void *op, size_t len, struct tree_ret *ret);
/* Upper bound of the bytes tree_apply takes from the pool for this operation (sum of pool_rounded). */
size_t tree_op_mem(const void *op, size_t len);
/* The largest value tree_op_mem returns. */
size_t tree_op_mem_max(void);

/* Room for an operation, on as few lines as it can be, for the same reason. */
typedef u64 tree_op_buffer[TREE_OP_MAX / 8] __attribute__((aligned(64)));

/*
 * Builders: write an operation into buf (a tree_op_buffer, or 8-byte aligned), return its length or
 * -ENAMETOOLONG (name over TREE_NAME_MAX), -ENOENT (empty name or target), -EINVAL (name is "." or ".." or has a '/'
 * or NUL, unknown flag), -E2BIG (tree_op_symlink: target does not fit, stage it).
 */
#define TREE_NOREPLACE 1u  /* RENAME: the value of RENAME_NOREPLACE */
#define TREE_EXCHANGE 2u   /* RENAME: the value of RENAME_EXCHANGE */
#define TREE_OLD_SLASH 4u  /* RENAME: the old path ended in '/': must name a directory */
#define TREE_NEW_SLASH 8u  /* RENAME: the new path ended in '/' */
#define TREE_EXCL 16u      /* CREATE: an existing name is -EEXIST; with TREE_UNNAMED: never to be linked */
#define TREE_UNNAMED 32u   /* CREATE: no name yet (O_TMPFILE, long symlinks): staged, nlink 0 */

/*
 * A file, directory, fifo, socket or device node (by the type in mode; umask already applied) in directory dir.
 * Needs write and search permission there. Owner is cred; a set-group-id directory passes on its group (and the bit, to
 * directories). TREE_UNNAMED: name is ignored. On success the inode owns `body`.
 * Errors: -EEXIST, -ENOENT (dir gone or deleted), -ENOTDIR, -EACCES, -ENOSPC (inode numbers used up), -EINVAL (type).
 */
int tree_op_create(void *buf, const struct tree_cred *cred, u64 dir, const char *name, size_t len, u32 mode, u32 rdev,
		   u64 body, unsigned flags);
/*
 * A symbolic link; errors as CREATE with TREE_EXCL. A target that does not fit beside the name (about 600 bytes) is
 * -E2BIG and is staged: tree_op_symlink with TREE_UNNAMED and the first part, tree_op_target for each further
 * part (up to TREE_PART_MAX bytes), then tree_op_link, and FREE if that fails. Nobody sees half a target.
 */
#define TREE_PART_MAX 768
int tree_op_symlink(void *buf, const struct tree_cred *cred, u64 dir, const char *name, size_t len,
		    const char *target, size_t target_len, u64 body, unsigned flags);
/* Appends to the target of a staged symbolic link. -ENOENT, -EINVAL (not a staged symlink), -ENAMETOOLONG. */
int tree_op_target(void *buf, u64 ino, const char *part, size_t len);
/* A further name for ino (first name of a staged one). -EEXIST, -ENOENT, -EXDEV, -EPERM (directory), -EACCES, -EMLINK. */
int tree_op_link(void *buf, const struct tree_cred *cred, u64 ino, u64 dir, const char *name, size_t len);
/* Removes a name of a non-directory. ret->at.nlink 0: now an orphan. -ENOENT, -EACCES, -EPERM (sticky), -EISDIR. */
int tree_op_unlink(void *buf, const struct tree_cred *cred, u64 dir, const char *name, size_t len);
/* Removes an empty directory; it becomes an orphan. -ENOENT, -EACCES, -EPERM, -ENOTDIR, -EBUSY (mount), -ENOTEMPTY. */
int tree_op_rmdir(void *buf, const struct tree_cred *cred, u64 dir, const char *name, size_t len);
/*
 * Moves old_dir/old to new_dir/new. Both names of one inode: success, nothing happens (POSIX). flags: TREE_NOREPLACE,
 * TREE_EXCHANGE, TREE_OLD_SLASH, TREE_NEW_SLASH. -ENOENT, -EEXIST, -EXDEV, -EINVAL (into itself; both flags), -ENOTEMPTY,
 * -EISDIR, -ENOTDIR, -EBUSY (mount), -EACCES, -EPERM (sticky).
 */
int tree_op_rename(void *buf, const struct tree_cred *cred, u64 old_dir, const char *old, size_t old_len, u64 new_dir,
		   const char *new, size_t new_len, unsigned flags);
/* chmod (permission bits of mode). -ENOENT, -EPERM (not the owner). Drops set-group-id for strangers to the group. */
int tree_op_chmod(void *buf, const struct tree_cred *cred, u64 ino, u32 mode);
/* chown; TREE_KEEP leaves one as it is. Drops set-id bits of non-directories. -ENOENT, -EPERM. */
#define TREE_KEEP ((u32)-1)
int tree_op_chown(void *buf, const struct tree_cred *cred, u64 ino, u32 uid, u32 gid);
/* What a write by someone without CAP_FSETID does to set-id bits. No permission check. -ENOENT. */
int tree_op_killpriv(void *buf, const struct tree_cred *cred, u64 ino);
/* Forgets an orphan, a staged inode, or an empty root that is not mounted. -ENOENT, -EBUSY (it has names or a use). */
int tree_op_free(void *buf, u64 ino);
/* A new file system in the tree (tmpfs): its root directory, not mounted yet. ret->at is the root. */
int tree_op_root(void *buf, u32 mode, u32 uid, u32 gid, u64 body);
/*
 * Mounts on directory dir: either a pseudo file system (mount != 0, root 0) or a root made by tree_op_root (mount 0). No
 * permission check. -ENOENT (gone, deleted), -ENOTDIR, -EBUSY (something is mounted on dir, or root is mounted
 * elsewhere: mount on the walk's result to stack), -EINVAL (root is no root).
 */
int tree_op_mount(void *buf, u64 dir, u32 mount, u64 root);
/* Takes away what is mounted on dir (ret->mount, ret->mounted_root). -ENOENT, -EINVAL (nothing), -EBUSY (mounts inside). */
int tree_op_umount(void *buf, u64 dir);

/* ---- questions ---- */

/* -ENOENT: no such inode. */
int tree_attr(const struct tree *t, u64 ino, struct tree_attr *out);
/* The inode with the lowest number >= from: for those who go through all. -ENOENT: none. */
int tree_next(const struct tree *t, u64 from, struct tree_attr *out);
/* One name, no permission check, no mounts, no "." and "..". -ENOENT, -ENOTDIR, -ENAMETOOLONG. */
int tree_lookup(const struct tree *t, u64 dir, const char *name, size_t len, struct tree_attr *out);
/* Copies at most size bytes of the target. Bytes copied, -ENOENT, -EINVAL (not a symlink). */
int tree_readlink(const struct tree *t, u64 ino, char *buf, size_t size);

/* Does cred have all of `want` (4 read, 2 write, 1 execute or search)? 0 or -EACCES, as Linux's inode_permission. */
int tree_may(const struct tree_attr *at, const struct tree_cred *cred, unsigned want);
bool tree_in_group(const struct tree_cred *cred, u32 gid);

#define TREE_FOLLOW 1u    /* follow a symbolic link at the end */
#define TREE_PARENT 2u    /* the last component need not exist; without TREE_FOLLOW a mount on it is not crossed */
#define TREE_DIRECTORY 4u /* the result must be a directory: -ENOTDIR (ignored with TREE_PARENT) */
#define TREE_EMPTY 8u     /* an empty path means `cwd` itself, of whatever type (AT_EMPTY_PATH) */

enum tree_last {
	TREE_LAST_NAME,   /* an ordinary name */
	TREE_LAST_ROOT,   /* the path is only slashes (or, with TREE_EMPTY, empty) */
	TREE_LAST_DOT,
	TREE_LAST_DOTDOT,
};

struct tree_walk {
	/* in, and out for `links`; zero them unless a walk goes on */
	u32 links;      /* symbolic links followed so far: pass on when a walk continues after a pseudo file system */
	char *buf;      /* where `rest` may be assembled when it comes out of a symbolic link; may be NULL (then */
	size_t size;    /* such a path is -ENAMETOOLONG). TREE_PATH_MAX is enough for all that Linux would accept. */

	/* out */
	u32 mount;      /* not 0: the walk came to this pseudo file system and stopped; see below */
	struct tree_attr at;  /* what the path names; at.ino 0: does not exist (TREE_PARENT only) */
	struct tree_attr dir; /* the directory that holds the last component; for ROOT, DOT, DOTDOT: the same as at */
	enum tree_last kind;
	bool slash;     /* the last component was followed by '/': it must be a directory */
	u16 last_len;
	char last[TREE_NAME_MAX + 1]; /* the last component (kind NAME), a copy: it may come from a symbolic link */
	const char *rest; /* with mount: what is still to walk, inside `path` or `buf`, without leading '/', may be empty */
	size_t rest_len;
};

/*
 * Resolves path (len bytes) for cred, from root if it starts with '/', else from cwd; ".." never leaves root.
 * A trailing '/' means: follow, and must be a directory. With TREE_PARENT it means: do not follow, only set `slash`
 * (open(O_CREAT) then is -EISDIR). Neither root nor cwd is crossed at the start if something is mounted on them.
 *
 * Returns 0; -ENOENT, -ENOTDIR, -EACCES (no search permission on a directory passed), -ELOOP, -ENAMETOOLONG.
 * With TREE_PARENT, a missing last component is 0 with at.ino 0.
 *
 * 0 with out->mount: the path leads into a pseudo file system mounted on directory out->at.ino; the caller walks
 * `rest` there from its root, with the same flags (`slash` is set if the whole path ended in '/'). Should `rest` climb out of it by
 * "..", continue with tree_walk(cwd = out->at.ino, path = ".." and what follows): the directory under the mount is
 * where ".." starts. A symbolic link found there continues with tree_walk on its target, a '/' and the rest.
 */
int tree_walk(const struct tree *t, const struct tree_cred *cred, u64 root, u64 cwd, const char *path, size_t len,
	      unsigned flags, struct tree_walk *out);

#define TREE_COOKIE_END 0x7fffffffffffffffull

struct tree_dirent {
	u64 ino;
	u64 cookie; /* give this to tree_readdir to go on after this entry: d_off; TREE_COOKIE_END after the last */
	u32 type;   /* mode & TREE_IFMT */
	u32 len;
	const char *name; /* valid during the call */
};
/*
 * Calls emit for entries from `cookie` on (0: from the start, "." and ".." first), newest first as Linux's tmpfs does, until
 * it returns false (that entry counts as not taken) or the end. An entry that exists during a whole scan is seen exactly
 * once, whatever is created or removed between calls, unless it is renamed. ".." is tree_attr.parent (root: itself).
 * 0, -ENOENT (no such inode, or it is a deleted directory, as Linux), -ENOTDIR.
 */
int tree_readdir(const struct tree *t, u64 dir, u64 cookie, bool (*emit)(void *ctx, const struct tree_dirent *e),
		 void *ctx);

/*
 * The absolute path of a directory as seen from root, through mounts, for getcwd, with a NUL. Returns the length without
 * it. Not below root: "(unreachable)/..." as Linux. -ENOENT (gone or deleted), -ENOTDIR, -ERANGE (size is too small).
 */
int tree_path(const struct tree *t, u64 root, u64 dir, char *buf, size_t size);
/*
 * The same for any inode, for /proc/PID/{exe,cwd,fd}: by the name (dir, name, len) it was opened under if that still names
 * it, else by its oldest name; deleted: the name it had (if dir still has a path), followed by " (deleted)". len 0: no name
 * known. -ENOENT (gone, or deleted and no name known), -ERANGE.
 */
int tree_path_of(const struct tree *t, u64 root, u64 ino, u64 dir, const char *name, size_t len, char *buf, size_t size);

#endif
