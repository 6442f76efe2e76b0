/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The radix tree under seq/files.c. A node at height h covers 64^(h+1) descriptors; heights 0..3.
 *
 * Invariants (files_check):
 *   leaf:  used == full, cloexec within used, handle[i] != 0 exactly where used
 *   inner: bit i of full: child i has no free slot; of used: child i has an open slot; of cloexec: child i has one
 *          marked; a child exists exactly where used
 */
#ifndef SEQ_FILES_INTERNAL_H
#define SEQ_FILES_INTERNAL_H

#include "seq/files.h"

#define FILES_FANOUT 64u
#define FILES_HEIGHT_MAX 3u
#define FILES_NONE (~0u)

struct files_node {
	u64 full, used, cloexec;
	union {
		u64 handle[FILES_FANOUT];               /* height 0 */
		struct files_node *child[FILES_FANOUT]; /* above */
	};
};

enum files_seek { FILES_FREE, FILES_USED, FILES_MARKED };

/* The lowest descriptor >= from that is free, open, or close-on-exec; FILES_NONE if there is none below FILES_MAX. */
u32 files_seek(const struct files *f, u32 from, enum files_seek what);
struct files_node *files_leaf(const struct files *f, u32 fd); /* NULL if nothing is open near it */
void files_put(struct files *f, u32 fd, u64 handle, bool cloexec); /* fd < FILES_MAX, free or open */
void files_mark(struct files *f, u32 fd, bool cloexec);            /* fd is open */
u64 files_take(struct files *f, u32 fd);                           /* empties an open fd, returns its handle */
#define FILES_PUT_NODES (2 * FILES_HEIGHT_MAX) /* nodes one files_put may need: new roots, then the path below */

#endif
