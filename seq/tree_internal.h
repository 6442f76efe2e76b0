/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The objects of the tree and what its files offer each other. Only seq/tree_*.c includes this.
 *
 *   index --ino--> tree_inode <--inode-- tree_entry --dir--> tree_dir
 *                     | names (list of the entries that name it)  ^ by_name, by_seq (both hold every entry)
 *                     '-------------------------------------------'
 *
 * Every object comes from the pool; an inode's size depends on its type.
 */
#ifndef SEQ_TREE_INTERNAL_H
#define SEQ_TREE_INTERNAL_H

#include "base/errno.h"
#include "base/queue.h"
#include "base/string.h"
#include "base/tree.h"
#include "seq/tree.h"

struct tree_dir;
struct tree_entry;
TAILQ_HEAD(tree_names, tree_entry);
RB_HEAD(tree_by_name, tree_entry);
RB_HEAD(tree_by_seq, tree_entry);

struct tree_inode {
	u64 ino, fs, body;
	struct tree_names names; /* oldest first */
	u32 mode, uid, gid, nlink, rdev;
	bool staged;             /* never had a name yet: may be linked although nlink is 0 */
};

/* A part of a symbolic link's target; long targets have several. */
struct tree_part {
	struct tree_part *next;
	u32 len;
	char text[];
};

struct tree_link {
	struct tree_inode i;
	struct tree_part *target;
	u32 size; /* sum of the parts */
};

struct tree_dir {
	struct tree_inode i;
	struct tree_by_name by_name; /* by (hash, length, bytes) */
	struct tree_by_seq by_seq;
	u64 next_seq; /* of the next entry; never reused, so it is a stable readdir cookie; below TREE_COOKIE_END */
	u64 parent;   /* inode number; kept when deleted; a root: itself */
	u32 entries;
	u32 mount;                /* pseudo file system mounted here, or */
	struct tree_dir *mounted; /* the root mounted here */
	struct tree_dir *covers;  /* a root: where it is mounted */
	u32 mounts;               /* a root: mounts on directories of this file system */
};

struct tree_entry {
	RB_ENTRY(tree_entry) name_link;
	RB_ENTRY(tree_entry) seq_link;
	TAILQ_ENTRY(tree_entry) same_inode;
	struct tree_dir *dir;
	struct tree_inode *inode;
	u64 seq;
	u32 hash;
	u32 len;
	char text[];
};

#define TREE_SEQ_FIRST 3 /* cookies 1 and 2 are "." and ".." */

/* A name with its hash, to look for. */
struct tree_key {
	const char *text;
	u32 len, hash;
};

static inline bool tree_is_dir(const struct tree_inode *i)
{
	return (i->mode & TREE_IFMT) == TREE_IFDIR;
}

static inline bool tree_is_link(const struct tree_inode *i)
{
	return (i->mode & TREE_IFMT) == TREE_IFLNK;
}

static inline bool tree_is_root(const struct tree_inode *i)
{
	return i->fs == i->ino;
}

/* The casts are right because `i` is the first member; i must have the type. */
static inline struct tree_dir *tree_as_dir(const struct tree_inode *i)
{
	return (struct tree_dir *)i;
}

static inline struct tree_link *tree_as_link(const struct tree_inode *i)
{
	return (struct tree_link *)i;
}

/* FNV-1a, a byte at a time, so that the walk hashes while it copies. */
#define TREE_HASH_SEED 2166136261u
static inline u32 tree_hash_byte(u32 h, char c)
{
	return (h ^ (u8)c) * 16777619u;
}

/* tree_ino.c: inode numbers and inodes */
struct tree_inode *tree_ino_find(const struct tree *t, u64 ino);
struct tree_inode *tree_ino_next(const struct tree *t, u64 from); /* the first with a number >= from, or NULL */
int tree_ino_insert(struct tree *t, struct tree_inode *i);        /* 0, -ENOMEM */
void tree_ino_remove(struct tree *t, u64 ino);
size_t tree_ino_mem(void); /* most that one insert allocates */
#define TREE_INO_END ((u64)1 << 50)

/* tree_inode.c: their objects */
size_t tree_inode_size(u32 mode);
struct tree_inode *tree_inode_new(struct tree *t, u64 ino, u32 mode); /* in the index; no name, nlink 0; or NULL */
void tree_inode_free(struct tree *t, struct tree_inode *i);
int tree_link_append(struct tree *t, struct tree_link *l, const char *text, size_t len); /* 0, -ENOMEM */
void tree_inode_attr(const struct tree_inode *i, struct tree_attr *out);
int tree_inode_may(const struct tree_inode *i, const struct tree_cred *cred, unsigned want);

/* tree_dir.c: entries */
struct tree_key tree_key(const char *text, size_t len);
struct tree_entry *tree_entry_find(const struct tree_dir *d, const struct tree_key *k);
struct tree_entry *tree_entry_upto(const struct tree_dir *d, u64 seq); /* the last with no larger seq */
struct tree_entry *tree_entry_new(struct tree *t, const struct tree_key *k); /* in no directory yet; or NULL */
void tree_entry_free(struct tree *t, struct tree_entry *e);
void tree_entry_attach(struct tree *t, struct tree_entry *e, struct tree_dir *d, struct tree_inode *i);
void tree_entry_attach_at(struct tree *t, struct tree_entry *e, struct tree_dir *d, struct tree_inode *i, u64 seq);
void tree_entry_renew(struct tree_entry *e); /* becomes the newest of its directory */
void tree_entry_remove(struct tree *t, struct tree_entry *e); /* detaches and frees */
struct tree_inode *tree_entry_point(struct tree_entry *e, struct tree_inode *i); /* e names i now; the old one */
size_t tree_entry_mem(size_t len);
RB_PROTOTYPE(tree_by_name, tree_entry, name_link, tree_name_cmp)
RB_PROTOTYPE(tree_by_seq, tree_entry, seq_link, tree_seq_cmp)

/* The bytes of an operation: this head, ngroups u32, name_len bytes, text_len bytes. */
enum tree_kind {
	TREE_OP_CREATE = 1, TREE_OP_TARGET, TREE_OP_LINK, TREE_OP_UNLINK, TREE_OP_RMDIR, TREE_OP_RENAME,
	TREE_OP_CHMOD, TREE_OP_CHOWN, TREE_OP_KILLPRIV, TREE_OP_FREE, TREE_OP_ROOT, TREE_OP_MOUNT, TREE_OP_UMOUNT,
};

struct tree_head {
	u8 kind, caps, ngroups, name_len;
	u16 flags, text_len;
	u32 uid, gid;
	u64 dir; /* CREATE, LINK, UNLINK, RMDIR, RENAME, MOUNT, UMOUNT: the directory; others: the inode */
	union {
		struct { u32 mode, rdev; u64 body; } create; /* ROOT too */
		struct { u64 ino; } link;
		struct { u64 dir; } rename;
		struct { u32 mode; } chmod;
		struct { u32 uid, gid; } chown;
		struct { u64 root; u32 mount; } mount;
	};
};

/* An operation taken apart, while it is applied. */
struct tree_change {
	struct tree *t;
	struct tree_head h;
	u32 groups[TREE_GROUPS_MAX];
	struct tree_cred cred;
	const char *name, *text;
	struct tree_ret *ret;
};

/* tree_op.c: 0 or -EINVAL; cred.groups points into the result, which therefore must not be copied. */
int tree_op_decode(const void *op, size_t len, struct tree_change *c);

/* tree_apply.c: what the families of operations share; each operation is 0 or -errno */
int tree_change_dir(const struct tree_change *c, u64 ino, struct tree_dir **out); /* exists and may be searched */
int tree_may_create(const struct tree_change *c, const struct tree_dir *d);
int tree_may_delete(const struct tree_change *c, const struct tree_entry *e);
void tree_drop_name(struct tree_inode *i, struct tree_dir *from); /* link counts: a name of i in from goes for good */
void tree_gain_name(struct tree_inode *i, struct tree_dir *to);   /* and a name in `to` is new */
int tree_apply_rename(struct tree_change *c);   /* tree_rename.c */
int tree_apply_chmod(struct tree_change *c);    /* tree_attr.c */
int tree_apply_chown(struct tree_change *c);
int tree_apply_killpriv(struct tree_change *c);
int tree_apply_root(struct tree_change *c);     /* tree_mount.c */
int tree_apply_mount(struct tree_change *c);
int tree_apply_umount(struct tree_change *c);

#endif
