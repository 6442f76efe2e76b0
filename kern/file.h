/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Open files: what a descriptor names. A channel object: status flags, position, and a table of functions.
 *
 * Descriptor tables are replicated (seq/files); they hold counted references to these. A call borrows a file with
 * file_of_fd, which takes a reference under the table's guard, and gives it back with file_put. The last
 * file_put runs `release` (which may sleep and may call nr).
 *
 * `pos` is used under `pos_lock` by read, write and lseek only (POSIX: they are atomic towards each other).
 */
#ifndef KERN_FILE_H
#define KERN_FILE_H

#include <stdatomic.h>
#include "base/abi.h"
#include "kern/io.h"
#include "kern/mutex.h"
#include "kern/poll.h"
#include "nr/sync/refs.h"

struct async;
struct body;
struct epoll_item;
struct file;
struct process;
struct pseudo_node;
struct tree_attr;

/* Called by readdir for each entry; false: no room, stop before it. */
typedef bool (*dir_emit)(void *ctx, const char *name, size_t len, u64 ino, u64 cookie, u32 type);

struct file_ops {
	const char *kind;                                             /* for /proc/PID/fd links: "pipe", "tty", ... */
	/* Bytes or -errno; *pos is the position to use and to advance. NULL: -EINVAL (directories: -EISDIR). */
	long (*read)(struct file *f, struct io *io, u64 *pos);
	long (*write)(struct file *f, struct io *io, u64 *pos);
	bool seekable;
	bool tells;                                                   /* SIGIO when it may be ready: kern/async.h */
	long (*seek)(struct file *f, s64 off, int whence);            /* NULL: file_seek_plain, if seekable */
	u32 (*poll)(struct file *f, struct poller *p);                /* NULL: always readable and writable */
	long (*ioctl)(struct file *f, u32 cmd, u64 arg);              /* NULL: -ENOTTY */
	int (*readdir)(struct file *f, u64 *cookie, dir_emit emit, void *ctx); /* NULL: -ENOTDIR */
	int (*stat)(struct file *f, struct abi_stat *st);             /* NULL: from the tree by f->ino */
	int (*truncate)(struct file *f, u64 size);                    /* regular files have it, nothing else */
	/* The body to map, with a reference; NULL: -ENODEV. */
	struct body *(*mappable)(struct file *f);
	void (*release)(struct file *f);
};

struct file {
	struct refs refs;
	const struct file_ops *ops;
	_Atomic u32 flags;          /* O_*: access mode and status flags */
	struct mutex pos_lock;
	u64 pos;
	u64 ino;                    /* in the tree; 0: none */
	struct body *body;          /* of a tree file: holds a reference */
	struct pseudo_node *pseudo;      /* of a file in /proc or /sys: see kern/pseudo.h */
	void *data;                 /* for ops */
	LIST_HEAD(, epoll_item) watchers; /* in the sets of epolls: under watch_lock (kern/epoll.c) */
	struct lock watch_lock;
	struct async *async;        /* who is sent SIGIO; NULL: nobody ever asked (kern/async.c) */
	u64 dir_ino;                /* the name it was opened by, for /proc/PID/fd */
	char name[64];              /* cut; enough for most */
};

struct file *file_new(const struct file_ops *ops, u32 flags); /* one reference; NULL: no memory */
static inline void file_get(struct file *f) { refs_get(&f->refs); }
void file_put(struct file *f);                                /* NULL is fine */
static inline bool file_readable(const struct file *f)
{
	u32 m = atomic_load_explicit(&f->flags, memory_order_relaxed);
	return (m & O_ACCMODE) != O_WRONLY && !(m & O_PATH);
}
static inline bool file_writable(const struct file *f)
{
	u32 m = atomic_load_explicit(&f->flags, memory_order_relaxed);
	return (m & O_ACCMODE) != O_RDONLY && (m & O_ACCMODE) != 3 && !(m & O_PATH);
}
static inline bool file_regular(const struct file *f) { return f->ops->truncate; }
static inline bool file_nonblock(const struct file *f)
{
	return atomic_load_explicit(&f->flags, memory_order_relaxed) & O_NONBLOCK;
}

/* read(2), write(2) and friends on a borrowed file: checks the mode, takes the position lock. `at` < 0: use pos. */
long file_read(struct file *f, struct io *io, s64 at);
long file_write(struct file *f, struct io *io, s64 at);
long file_seek(struct file *f, s64 off, int whence);
/* SEEK_SET, _CUR, _END by the size from stat; sets f->pos. Under pos_lock: for seek functions of ops. */
long file_seek_plain(struct file *f, s64 off, int whence);
int file_stat(struct file *f, struct abi_stat *st);
int file_stat_nameless(struct file *f, struct abi_stat *st);   /* for ops: a file of no type, in no directory */
u32 file_poll(struct file *f, struct poller *p);

/* ---- descriptor tables (kern/files.c) */
struct fdtable;
struct fdtable *files_new(void);
struct fdtable *files_fork(struct fdtable *f);                    /* counts every file once more */
void files_get_table(struct fdtable *f);
void fdtable_put(struct fdtable *f);                              /* the last one closes everything */
void files_close_on_exec(struct fdtable *f);
struct fdtable *files_unshare(struct fdtable *f);                 /* exec: f, or a copy if f is shared: the caller then drops f */
bool files_shared(struct fdtable *f);

/* The calling process's table. A borrowed reference or NULL (-EBADF). O_PATH files only if asked. */
struct file *file_of_fd(int fd);
struct file *file_of_fd_path(int fd);
struct file *file_of_fd_in(struct fdtable *t, int fd, bool *cloexec);
/* Lowest free descriptor >= min for f; takes over the caller's reference on success. fd or -EMFILE, -ENOMEM. */
int fd_install(struct file *f, int min, bool cloexec);
int fd_install_new(struct file *f, bool cloexec); /* the lowest number; or f is put */
int fd_install2(struct file *a, struct file *b, bool cloexec, int fd[2]);
bool file_of_fd_check(int fd);
int fd_close(int fd);
int fd_close_range(u32 first, u32 last, bool cloexec);
int fd_dup1(int fd);
int fd_dup_from(int fd, u32 min, bool cloexec);
int fd_dup2(int old, int new, bool dup3, bool cloexec);
int fd_set_cloexec(int fd, bool cloexec);
int fd_get_cloexec(int fd);
/* The first descriptor >= from in use, -1: none. */
int files_next(struct fdtable *t, int from);
struct nr *files_nr(struct fdtable *t);

/* ---- makers of files */
bool file_is_pipe(const struct file *f);
u64 pipe_ino(const struct file *f);
int pipe_new(struct file *end[2], u32 flags);                 /* 0 or -ENOMEM, -ENFILE */
struct file *pipe_reopen(struct file *old, u32 flags, int *err); /* one more end: open(2) of /proc/PID/fd/N */
long pipe_size(const struct file *f);                         /* bytes of room in all */
long pipe_resize(struct file *f, u64 bytes);                  /* the new size, -EBUSY, -EPERM, -ENOMEM */
/*
 * splice(2): up to len bytes between a pipe and whatever the mover stands for. Bytes; 0: the other end is closed, or the
 * mover's is; -errno if none were moved. A mover says how many bytes it took or gave: 0 and -errno end it.
 */
typedef long (*pipe_mover)(void *arg, void *bytes, size_t n);
long pipe_drain(struct file *f, u64 len, bool nonblock, pipe_mover give, void *arg);
/* `one`: the mover might wait, so it is not asked again once it has given something. */
long pipe_pour(struct file *f, u64 len, bool nonblock, bool one, pipe_mover take, void *arg);
struct file *fifo_open(struct body *b, u32 flags, int *err);  /* sleeps as open(2) of a FIFO does */

#endif
