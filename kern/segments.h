/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * System V shared memory: a segment is shared anonymous memory (a struct body) with a number and perhaps a key, which lives
 * until somebody removes it, whether or not it is mapped.
 *
 *	get --> named ---- removed, nobody attached ----------------> gone
 *	          | removed while attached                              ^
 *	          +--> doomed: no key, still to be had by its number ---+ the last page unmapped
 *
 * Who is attached is no count of its own: a body knows how many pages of address spaces map it, so unmap, fork, exec and
 * exit need not know of segments. `attached` is that divided by the segment's pages, rounded up. (Linux counts
 * mappings: there a segment unmapped in its middle counts twice.)
 *
 * One short lock for all; find by key is linear in the segments there are. Errors are those of Linux's shmget and so on.
 */
#ifndef KERN_SEGMENTS_H
#define KERN_SEGMENTS_H

#include "base/types.h"

#define SEGMENTS_MAX 4096u                  /* Linux's shmmni */
#define SEGMENT_SIZE_MAX (~0ul - (1ul << 24)) /* Linux's shmmax, and in pages its shmall */

enum { SEGMENT_DOOMED = 01000, SEGMENT_LOCKED = 02000 }; /* beside the rights in `mode`, as ipcs shows them */

struct body;

struct segment_info {
	s32 id, key;
	u32 uid, gid, cuid, cgid, mode;
	u64 size, pages, attached;          /* bytes as asked for; frames it has; address spaces' mappings */
	s64 atime, dtime, ctime;            /* seconds; attached, detached, changed */
	u32 creator, last;                  /* process ids; who attached or detached last */
};

/* shmget: the number, or -errno. */
long segment_get(s32 key, u64 size, u32 flags);
/* For whoever is about to map it: its body, NULL with *err. It is in use until segment_entered. `want`: rights as S_IRUGO.. */
struct body *segment_enter(s32 id, u32 want, int *err);
void segment_entered(struct body *b);
/* `want`: rights the caller needs, 0: none. */
int segment_stat(s32 id, u32 want, struct segment_info *out);
/* The same of the i-th place of the table, whoever asks: 0, -EINVAL if it is empty. */
int segment_at(u32 i, struct segment_info *out);
u32 segments_top(void);                     /* places beyond are empty */
/* For its owner, its maker and root. */
int segment_set(s32 id, u32 uid, u32 gid, u32 mode);
int segment_remove(s32 id);
int segment_lock(s32 id, bool on);
/* The bytes of the segment whose body is `object`, 0 if it is none; only compares the address. */
u64 segment_size(u64 object, s32 *key);
/* A mapping of b, which is a segment's, came or went; b->mapped says so already. The caller has a reference. */
void segment_mapped(struct body *b, bool came);

#endif
