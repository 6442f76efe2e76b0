/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * inotify: programs that are told what happens to files, and to names in directories.
 *
 * A file (struct file) holds watches, each on one inode with a mask of IN_* bits, and a queue of notices, which read(2) takes. What
 * happens to an object is told twice: to those who watch it, and, with its name, to those who watch its directory. Who does
 * something to a file calls one of the functions below, once it is done and with no lock held.
 *
 *	nobody watches anything    one load of a word that then nobody writes
 *	else                       one load more for each inode; those that may be watched are looked up in a table, under one short
 *	                           lock for all watches and queues
 *
 * Two equal notices in a row are one; MAX_NOTICES in a queue are followed by IN_Q_OVERFLOW and nothing more until some are read.
 * A watch does not keep its inode: with the last use of that it says IN_DELETE_SELF, IN_IGNORED, and is gone.
 *
 * An open file tells its directory by the name and place it was opened under. (Linux: where it is now.)
 */
#ifndef KERN_NOTIFY_H
#define KERN_NOTIFY_H

#include <stdatomic.h>
#include "base/abi.h"
#include "base/types.h"

struct file;
struct path;

/* ---- those who want to know */

/* flags: O_NONBLOCK. NULL with *err: -ENOMEM, -EMFILE (the user has too many). */
struct file *notify_new(u32 flags, int *err);
bool file_is_notify(const struct file *f);
/* A watch's number, or -errno. The caller has a reference on the inode's body. */
int notify_watch(struct file *f, u64 ino, u32 mask);
int notify_unwatch(struct file *f, s32 wd);

/* ---- those who do something. Masks with IN_ISDIR if the object is a directory */

extern _Atomic u32 notify_watches;
static inline bool notify_anybody(void) { return unlikely(atomic_load_explicit(&notify_watches, memory_order_relaxed)); }

static inline u32 notify_kind(u32 mode) { return (mode & S_IFMT) == S_IFDIR ? IN_ISDIR : 0; }
void notify_tell(u64 ino, u32 mask, u32 cookie, const char *name);
void notify_tell_file(struct file *f, u32 mask);
void notify_tell_path(const struct path *p, u32 mask);
void notify_tell_gone(u64 ino);
u32 notify_cookie(void);

/* Something happened to the name in the directory; to the inode itself; to what is open or was found (both). */
static inline void notify_name(u64 dir, const char *name, u32 mask)
{
	if (notify_anybody())
		notify_tell(dir, mask, 0, name);
}
static inline void notify_self(u64 ino, u32 mask)
{
	if (notify_anybody())
		notify_tell(ino, mask, 0, NULL);
}
static inline void notify_file(struct file *f, u32 mask)
{
	if (notify_anybody())
		notify_tell_file(f, mask);
}
static inline void notify_path(const struct path *p, u32 mask)
{
	if (notify_anybody())
		notify_tell_path(p, mask);
}
/* Nobody can reach the inode any more. */
static inline void notify_gone(u64 ino)
{
	if (notify_anybody())
		notify_tell_gone(ino);
}

#endif
