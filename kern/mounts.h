/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is mounted where, as mount(2) was told, for /proc/PID/mounts and mountinfo. That a directory is a mount
 * point is the tree's knowledge (seq/tree); this list only remembers names and options in the order of mounting.
 */
#ifndef KERN_MOUNTS_H
#define KERN_MOUNTS_H

#include "base/types.h"

struct mount_info {
	u32 id;
	u64 dir;              /* inode mounted on; 0: the root file system */
	u32 dev;              /* st_dev of what is mounted */
	char type[16], source[64], options[64];
};

/* The caller has mounted, or unmounted. A full list forgets nothing but does not grow: -ENOSPC before mounting. */
int mounts_room(void);
void mounts_add(u64 dir, u32 dev, const char *type, const char *source, const char *options);
void mounts_remove(u64 dir);
/* The i-th; false beyond the end. */
bool mounts_get(u32 i, struct mount_info *out);

#endif
