/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The file tree through nr, and everything that starts with a path.
 *
 * Names and attributes: seq/tree, one instance. Contents, size, times: struct body, whose address is the tree's
 * handle; the tree holds one reference while the inode exists. body_put of the last reference of an inode
 * without names submits the tree's FREE (fs_forget).
 *
 * A path is resolved under one read guard as far as the tree goes; in a pseudo file system component by
 * component; links between the two go back and forth (path_walk).
 */
#ifndef KERN_FS_H
#define KERN_FS_H

#include "kern/body.h"
#include "kern/file.h"
#include "kern/pseudo.h"
#include "seq/tree.h"

struct fs;
struct nr;
struct process;

/* What a path names: a place in the tree (at, body), or a pseudo node, or an open object reached through /proc. */
struct path {
	struct tree_attr at;
	struct body *body;          /* with a reference, if in the tree */
	struct pseudo_node node;    /* node.fs != 0: a pseudo node */
	struct file *file;          /* an open file without a name (pipe) behind /proc/PID/fd/N; with a reference */
	u64 dir;                    /* where the name was found */
	char last[TREE_NAME_MAX + 1];
};
static inline bool path_pseudo(const struct path *p) { return p->node.fs != 0; }

/* flags: TREE_FOLLOW, TREE_DIRECTORY, TREE_EMPTY. 0 or -errno; path_drop after use. With the caller's fsuid, or as `cred`. */
int path_walk(int dirfd, const char *name, unsigned flags, struct path *out);
int path_walk_as(const struct tree_cred *cred, int dirfd, const char *name, unsigned flags, struct path *out);
int path_of_fd(int fd, struct path *out);        /* what a descriptor is open on; -EBADF */
void path_of_file(struct file *f, struct path *out); /* the same of an open file, whose reference it takes over; out is blank */
/* The same as the *at calls have it: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH ("" means the descriptor itself). */
int path_at(int dirfd, const char *name, u32 at_flags, struct path *out);
void path_drop(struct path *p);
int path_stat(const struct path *p, struct abi_stat *st);
/* The directory that holds the last component, which need not exist. */
struct path_parent {
	struct tree_attr dir, at;   /* at.ino 0: absent */
	enum tree_last kind;
	bool slash;
	u16 len;
	char last[TREE_NAME_MAX + 1];
	struct pseudo_node pseudo;  /* the parent is in a pseudo file system; `last` is what is looked for there */
	bool pseudo_exists;
};
int path_parent(int dirfd, const char *name, unsigned flags, struct path_parent *out);

void initramfs_unpack(void);                     /* fills the tree from the boot image; in pid 1, before its exec */
void fs_forget(u64 ino);                         /* the last use of an orphan went away */
int fs_attr(u64 ino, struct tree_attr *out);
void fs_cred(const struct process *p, struct tree_cred *out);
void fs_cred_real(const struct process *p, struct tree_cred *out); /* access(2) */
struct nr *fs_tree(void);
void fs_tree_start(void);
/* The tree's reference of an inode that lost its last name. */
void fs_lost_name(u64 ino, u64 body, u32 nlink, bool directory);
void fs_touch_dir(const struct tree_attr *dir);
void fs_kill_privileges(u64 ino);                /* what a change by someone unprivileged does to set-id bits */
/* A body for a new inode of file system `fs`; NULL with *err: -ENOMEM, -ENOSPC (no inodes left), -EROFS. */
struct body *fs_body_new(u64 fs, int *err);
/* One update of the tree; op_len as a builder returned it (negative: that error). */
int fs_update(const void *op, int op_len, struct tree_ret *ret);
/* The same for what takes something out of it (UNLINK, RMDIR, FREE, UMOUNT): afterwards nobody is looking at that, so its
 * references may be dropped. A RENAME does this by itself if it had a victim. */
int fs_remove(const void *op, int op_len, struct tree_ret *ret);

/* open(2) and friends. A new file or NULL with *err. */
struct file *fs_open(int dirfd, const char *name, u32 flags, u32 mode, int *err);
struct file *fs_open_path(struct path *p, u32 flags, int *err); /* what exists; takes over p's references */
struct file *fs_memfd(const char *name, int *err);
int fs_mknod(int dirfd, const char *name, u32 mode, u32 rdev);
int fs_mkdir(int dirfd, const char *name, u32 mode);
int fs_symlink(const char *target, int dirfd, const char *name);
int fs_link(int olddir, const char *old, int newdir, const char *new, u32 at_flags);
int fs_unlink(int dirfd, const char *name);
int fs_rmdir(int dirfd, const char *name);
int fs_rename(int olddir, const char *old, int newdir, const char *new, u32 flags);
int fs_readlink(int dirfd, const char *name, char *buf, size_t size);  /* length */
int fs_access(int dirfd, const char *name, u32 mode, u32 at_flags);
int fs_chmod(struct path *p, u32 mode);
int fs_chown(struct path *p, u32 uid, u32 gid);
int fs_truncate(const char *name, u64 size);
#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe
int fs_utimes(struct path *p, const struct abi_timespec times[2]);     /* NULL: now */
int fs_statfs(struct path *p, struct abi_statfs *out);
int fs_chdir(struct path *p);                    /* takes over p's references on success */
int fs_chroot(struct path *p);
int fs_getcwd(char *buf, size_t size);           /* length without NUL, or -ERANGE, -ENOENT */
struct mount_request {
	const char *source, *type, *target;
	char *data;         /* the options, or NULL; cut up while they are read */
	u32 flags;          /* MS_* */
};
int fs_mount(const struct mount_request *m);
int fs_remount(const char *target, u32 flags);
int fs_umount(const char *target, u32 flags);
/* The absolute name of an open file for /proc/PID/fd, as length or -errno. */
int fs_name_of(const struct file *f, char *buf, size_t size);
void fs_umask_apply(u32 *mode);

/* Character devices by number (kern/devices.c): a file or NULL with *err (-ENXIO). */
struct file *device_open(u32 rdev, u32 flags, int *err);
void devices_start(void);
struct device_name { const char *name; u32 mode, rdev; };
extern const struct device_name device_names[];
/* st_dev of what is no mount of the tree: minor numbers of major 0, as on Linux. */
#define DEV_NAMELESS 16 /* anonymous inodes */
#define DEV_PIPES 15
#define DEV_PSEUDO(id) (25u - (id)) /* /proc 24, /sys 23 */
#define RDEV(major, minor) ((u32)((major) << 8 | (minor)))

#endif
