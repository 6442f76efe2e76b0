/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pseudo file systems (proc, sysfs): trees that are computed when looked at, not stored.
 *
 * A node names a place by values, not by pointers: it may be kept (a working directory, an open file) while what
 * it names comes and goes; every function checks again and says -ENOENT (or -ESRCH) when it is gone.
 *
 *   lookup    one component below a directory node
 *   show      the text of a regular file, into a growing buffer; called at each read that starts at offset 0
 *   store     what a write does
 *   readlink  the text of a symbolic link
 *   follow    links that lead to an object rather than to a text (/proc/PID/exe, cwd, root, fd/N)
 */
#ifndef KERN_PSEUDO_H
#define KERN_PSEUDO_H

#include "base/types.h"
#include "kern/file.h"

enum pseudo_id { PSEUDO_NONE, PSEUDO_PROC, PSEUDO_SYS, PSEUDO_PTS, PSEUDO_COUNT };

struct pseudo_node {
	u32 fs;        /* enum pseudo_id; 0: not a pseudo node */
	u32 mode;      /* S_IF* and permissions */
	u32 kind;      /* private: which file of the fs */
	u32 pid;       /* private: 0 or a process */
	u64 arg;       /* private: a tid, a descriptor, a node number, ... */
	u64 ino;       /* st_ino */
	u32 uid, gid;
	u32 size;      /* st_size */
	u32 rdev;      /* of devices */
	u64 data;      /* private: a constant pointer */
};

struct text {          /* a growing buffer of one page multiples */
	char *buf;
	size_t len, size;
	bool failed;   /* out of memory: the reader gets -ENOMEM */
};
void text_printf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_add(struct text *t, const char *s, size_t len);
void text_free(struct text *t);

struct path;
struct pseudo_fs {
	const char *name;  /* as in mount(2) and /proc/filesystems */
	u64 magic;         /* statfs f_type */
	void (*root)(struct pseudo_node *out);
	int (*lookup)(const struct pseudo_node *dir, const char *name, size_t len, struct pseudo_node *out);
	/* The parent of a directory node; the root's parent is itself. */
	void (*parent)(const struct pseudo_node *dir, struct pseudo_node *out);
	int (*readdir)(const struct pseudo_node *dir, u64 *cookie, dir_emit emit, void *ctx);
	int (*show)(const struct pseudo_node *n, struct text *t);
	long (*store)(const struct pseudo_node *n, const char *buf, size_t len); /* NULL: -EACCES at open */
	int (*readlink)(const struct pseudo_node *n, char *buf, size_t size);    /* length or -errno */
	int (*follow)(const struct pseudo_node *n, struct path *out);            /* 1: a text link, use readlink */
	int (*path)(const struct pseudo_node *dir, char *buf, size_t size);      /* below the mount, "" for the root */
	/* Opening something that is not a text file; NULL or returning NULL with *err 0: a text file. */
	struct file *(*open)(const struct pseudo_node *n, u32 flags, int *err);
};
extern const struct pseudo_fs proc_fs, sys_fs, pts_fs;
const struct pseudo_fs *pseudo_fs_of(u32 id);

/* An open file on a node (regular or directory). */
struct file *pseudo_open(const struct pseudo_node *n, u32 flags, int *err);
int pseudo_stat(const struct pseudo_node *n, struct abi_stat *st);

#endif
