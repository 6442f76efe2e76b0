/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * body: what a file contains, and everything about it that changes often: pages, size, times.
 *
 * Names and attributes of a file are replicated (seq/tree); its body is one channel object that the parties
 * really share, so that neither an overwrite nor an append touches a log. A shared anonymous mapping is a body
 * without a name.
 *
 * Pages hang in a radix tree by page index, grown under `lock`, read without it. A page found is returned with a
 * reference of its own; read(2) copies without one, pinned to the body (nr/sync/pin.h). Holes read as zeros and own
 * nothing.
 *
 * Life: the tree's inode holds one reference while it exists with a name or is an orphan in use; open files,
 * working directories and mappings hold one each. body_put of the last one frees pages; if the body belongs to
 * an inode without names it submits the tree's FREE.
 *
 *   size                 under `lock`, but for growing by who has `writer`
 *   times                last one wins; in steps of Linux's clock tick (body_time), so that who changes a file a thousand
 *                        times a tick writes them once
 *   write, truncate      serialised by `writer`, which may sleep; reads run beside them
 *   overwrite            inside one page, when several do that to one file: beside each other (body_io.c). Who changes size or pages of
 *                        a file, or writes to more than one page, has it for himself: body_alone
 */
#ifndef KERN_BODY_H
#define KERN_BODY_H

#include <stdatomic.h>
#include "arch/mmu.h"
#include "kern/io.h"
#include "kern/mutex.h"
#include "nr/sync/lock.h"
#include "nr/sync/refs.h"

struct pipe;
struct volume;
struct body_locks;

struct body {
	struct refs64 refs;      /* one per mapped page, too */
	u64 ino;                 /* 0: anonymous */
	struct volume *volume;   /* the file system that pays for its pages; NULL: none (kern/volume.h) */
	_Atomic u64 mapped;      /* pages of address spaces that map it: who shrinks it must look for them */
	u32 segment;             /* its place among the segments, counted from 1 (kern/segments.h); 0: it is none. Set once */
	struct lock lock;
	struct mutex writer;
	_Atomic u32 met;         /* overwrites that found somebody writing, since the last that was alone; MET at most */
	_Atomic u64 size;        /* bytes */
	_Atomic u64 pages;       /* frames owned */
	u32 height;              /* levels of tables above the pages; under lock */
	_Atomic u64 root;        /* height << 60 | frame of the top table, or of page 0 if height is 0; 0: empty */
	_Atomic bool beside;     /* overwrites may go beside each other; changes under writer */
	s64 atime, mtime, ctime, btime; /* ns since 1970 */
	struct pipe *fifo;       /* a named pipe's buffer, while it is open */
	_Atomic(struct body_locks *) locks; /* kern/locks.c; NULL until somebody locks */
	_Atomic s32 writers;     /* > 0: descriptors open for writing; < 0: spaces that run it. Never both: -ETXTBSY */
};

struct body *body_new(struct volume *v);           /* one reference; takes over the one of v; NULL: no memory */
static inline void body_get(struct body *b) { refs64_add(&b->refs, 1); }
/* For whoever finds a body through an inode that nobody need have in use: false, it is going away. Under the tree's guard. */
static inline bool body_tryget(struct body *b) { return refs64_get_unless_zero(&b->refs); }
void body_put(struct body *b);

/* Somebody opens it for writing, or runs it: 0, or -ETXTBSY while it is run, or written. Each success needs its end. */
int body_write_begin(struct body *b);
int body_exec_begin(struct body *b);
static inline void body_write_end(struct body *b) { atomic_fetch_sub(&b->writers, 1); }
static inline void body_exec_end(struct body *b) { atomic_fetch_add(&b->writers, 1); }

/* The frame of page `index` with one more reference, 0 if it is a hole. Lock-free but for a short retry. */
paddr_t body_page(struct body *b, u64 index);
/* The frame without a reference: for who is pinned to b. */
paddr_t body_look(struct body *b, u64 index);
/* After pages were taken out (store seq_cst): waits until nobody who is pinned to b can have them. May be called with b's lock. */
void body_look_wait(const struct body *b);
/* As body_page, filling a hole with zeros; 0: no memory, or the volume is full. */
paddr_t body_page_make(struct body *b, u64 index);
/* The same for a page of the file as long as it is now; 0 also if it ends before. */
paddr_t body_page_inside(struct body *b, u64 index);
/* Takes pages [from, to) out. Mappings keep theirs. */
void body_cut_pages(struct body *b, u64 from, u64 to);

/* Bytes moved, 0 at the end of file, -EFAULT if none could be. */
long body_read(struct body *b, u64 pos, struct io *io);
/* Takes `writer`, and keeps everybody out who would overwrite beside it. Released as that. */
void body_alone(struct body *b);
/* Takes `writer`, if it must; extends the file. `append` makes *pos the end first; *pos ends behind what was written. Bytes,
 * -ENOSPC, -EFBIG (at or beyond limit), -EFAULT. */
long body_write(struct body *b, u64 *pos, struct io *io, bool append, u64 limit);
/* Alone. Frees pages beyond, zeroes the rest of the last one; mappings of what is gone fault from now on. */
int body_truncate(struct body *b, u64 size);
/* Alone. Bytes [start, end) become a hole. */
void body_punch(struct body *b, u64 start, u64 end);
/* Alone. Fills the holes of [start, end); all or nothing: 0 or -ENOSPC. `extend`: the file reaches to end. */
int body_reserve(struct body *b, u64 start, u64 end, bool extend);
/* SEEK_DATA / SEEK_HOLE: offset or -ENXIO. */
long body_seek(struct body *b, u64 from, bool data);
s64 body_time(void);                               /* what files take for now */
void body_touch(struct body *b, bool a, bool m, bool c);
u64 body_total_pages(void);                        /* of all volumes */

#define BODY_MAX 0x7ffffffffffffffful

#endif
