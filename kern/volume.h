/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * volume: what one mounted memory file system (tmpfs, ramfs, devtmpfs, the root) may use and uses.
 *
 * Found by the inode number of its root directory. Each body belongs to one (or to none: shared anonymous memory)
 * and counts as one inode of it; each page of the body counts as one block. A volume lives as long as it is mounted or
 * a body of it is in use.
 *
 * The root's is always there and not counted itself. Its blocks are taken in batches that each core keeps for its
 * next pages, so that writers of big files on many cores do not meet in one word.
 */
#ifndef KERN_VOLUME_H
#define KERN_VOLUME_H

#include "base/abi.h"
#include "base/types.h"

struct volume;

struct volume_options {
	u64 blocks, inodes;          /* limits; 0: none */
	u32 mode, uid, gid;          /* of the root directory */
	bool ramfs, readonly;
};

void volume_start(void);                         /* at boot, once memory is there */
/* From mount(2)'s option text; 0 or -EINVAL. */
int volume_parse(char *text, struct volume_options *o);
/* One reference, not mounted yet; NULL: no memory. */
struct volume *volume_new(const struct volume_options *o);
void volume_publish(struct volume *v, u64 fs);   /* fs: inode of its root directory; the list has a reference */
void volume_forget(u64 fs);                      /* unmounted: the list's reference goes */
/* Unmounted while in use (MNT_DETACH): volume_forget comes later. The i-th of these, 0: no more. */
void volume_detach(u64 fs);
u64 volume_detached(u32 i);
/* The volume of an inode's file system (tree_attr.fs), with a reference. Never NULL: unknown ones are the root's. */
struct volume *volume_of(u64 fs);
void volume_put(struct volume *v);

bool volume_take(struct volume *v);              /* one block; NULL volume: always */
void volume_give(struct volume *v, u64 blocks);
bool volume_has(struct volume *v, u64 blocks);   /* could so many be taken now? */
bool volume_take_inode(struct volume *v);        /* false: used up */
void volume_give_inode(struct volume *v);        /* and the body's reference */
u32 volume_dev(const struct volume *v);          /* st_dev */
void volume_statfs(struct volume *v, struct abi_statfs *out);
/* 0 or -EROFS. */
int volume_writable(u64 fs);
void volume_remount(u64 fs, bool readonly);

#endif
