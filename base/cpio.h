/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * cpio: reads "newc" archives (cpio(5); Linux's Documentation/driver-api/early-userspace/buffer-format.rst), the format of
 * an initial root file system. Nothing is copied: names and data point into the image.
 *
 *   image := { zero bytes, archive }*      archive := member* trailer      member := header name pad data pad
 *
 * Headers lie at multiples of 4 from the start of the image. The magic 070702 carries a checksum, which is
 * verified for the data of regular files. A name may be padded with NULs inside its field (to align the data). Whatever
 * bytes the image holds, nothing outside it is read.
 *
 * Context: any; no state but the cursor. O(1) a member, O(size) with a checksum.
 */
#ifndef BASE_CPIO_H
#define BASE_CPIO_H

#include "base/types.h"

#define CPIO_NAME_MAX 4095 /* bytes of a member's path */

struct cpio {
	const u8 *image;
	size_t size, at;
	u32 archive;   /* number of the archive the cursor is in */
	bool inside;   /* between the first header of an archive and its trailer */
};

struct cpio_file {
	const char *name; /* as stored, NUL-terminated: may start with '/' or "./", may hold ".."; never empty */
	size_t name_len;
	const u8 *data;   /* a symbolic link's target, a file's contents */
	u64 size;
	u32 mode;         /* type and permissions as st_mode */
	u32 uid, gid, nlink, mtime;
	u32 rdev_major, rdev_minor;
	/* Members with nlink > 1 and the same four numbers are names of one file; usually only the last has the data. */
	u32 archive, ino, dev_major, dev_minor;
};

void cpio_open(struct cpio *c, const void *image, size_t size);
/* The next member: 1; the end of the image after whole archives: 0; -EINVAL: not a cpio image, damaged, or cut off (the cursor
 * then stays where the damage is: image + at). Trailers are not members. */
int cpio_next(struct cpio *c, struct cpio_file *out);

#endif
