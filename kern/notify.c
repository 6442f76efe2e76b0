/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* inotify: see notify.h. */
#include "kern/notify.h"
#include "arch/user.h"
#include "base/string.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "mem/slab.h"

#define BUCKETS 64u
#define MAX_NOTICES 16384u     /* /proc/sys/fs/inotify (kern/proc_sys.c) */
#define MAX_FILES 128u         /* of a user */
#define MAX_WATCHES 8192u      /* of a user */

#define IN_TOLD (IN_ALL_EVENTS | IN_ISDIR)                        /* what a notice says */
#define IN_KEPT (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT)     /* what a watch remembers of its mask */

struct notice {
	STAILQ_ENTRY(notice) link;
	struct abi_inotify_event event;
	char name[];           /* event.len bytes, filled up with NUL */
};

struct watch {
	LIST_ENTRY(watch) same;  /* in the bucket of its inode, the youngest first */
	LIST_ENTRY(watch) mine;  /* of its owner */
	struct notify *owner;
	u64 ino, serial;
	s32 wd;
	u32 mask;
};

struct notify {
	struct refs refs;      /* its file, and whoever is about to wake those who wait for it */
	LIST_ENTRY(notify) all;
	LIST_HEAD(, watch) watches;
	STAILQ_HEAD(, notice) queue;
	struct notice overflow; /* lies in the queue if `overflown` */
	bool overflown;
	u32 uid, nwatches, count;
	u64 bytes;
	s32 last;              /* the youngest watch's number */
	struct waitq wait;
};

KCACHE(notify_cache, "inotify", struct notify);
KCACHE(watch_cache, "watches", struct watch);

_Atomic u32 notify_watches;
static struct lock notify_lock = LOCK_INIT;
static LIST_HEAD(watch_list, watch) buckets[BUCKETS];
static _Atomic u32 filled[BUCKETS]; /* watches in each, for who only passes by */
static LIST_HEAD(, notify) everybody;
static u64 serials;
static u32 cookies;

static struct watch_list *bucket_of(u64 ino)
{
	return &buckets[ino % BUCKETS];
}

static bool maybe_watched(u64 ino)
{
	return atomic_load_explicit(&filled[ino % BUCKETS], memory_order_relaxed);
}

static void count_watch(u64 ino, s32 change)
{
	atomic_fetch_add(&notify_watches, change);
	atomic_fetch_add(&filled[ino % BUCKETS], change);
}

static void notify_put(struct notify *n)
{
	if (refs_put(&n->refs))
		kcache_free(&notify_cache, n);
}

/* ---- the queue; under the lock */

static bool repeats(const struct notify *n, s32 wd, u32 mask, const char *name)
{
	const struct notice *last = STAILQ_LAST(&n->queue, notice, link);

	if (!last || last->event.wd != wd || last->event.mask != mask)
		return false;
	return name ? last->event.len && !strcmp(last->name, name) : !last->event.len;
}

static void queue_add(struct notify *n, struct notice *x)
{
	STAILQ_INSERT_TAIL(&n->queue, x, link);
	n->count++;
	n->bytes += sizeof(x->event) + x->event.len;
}

static void queue_overflow(struct notify *n)
{
	if (n->overflown)
		return;
	n->overflown = true;
	n->overflow.event = (struct abi_inotify_event){ .wd = -1, .mask = IN_Q_OVERFLOW };
	queue_add(n, &n->overflow);
}

static void queue_notice(struct notify *n, s32 wd, u32 mask, u32 cookie, const char *name)
{
	u32 len = name ? ALIGN_UP(strlen(name) + 1, sizeof(struct abi_inotify_event)) : 0;
	struct notice *x;

	if (repeats(n, wd, mask, name))
		return;
	x = n->count < MAX_NOTICES ? kmalloc(sizeof(*x) + len) : NULL;
	if (!x) {
		queue_overflow(n);
		return;
	}
	x->event = (struct abi_inotify_event){ wd, mask, cookie, len };
	memset(x->name, 0, len);
	if (name)
		memcpy(x->name, name, strlen(name));
	queue_add(n, x);
}

static void notice_free(struct notify *n, struct notice *x)
{
	if (x != &n->overflow)
		kfree(x);
}

static struct notice *queue_take(struct notify *n)
{
	struct notice *x = STAILQ_FIRST(&n->queue);

	STAILQ_REMOVE_HEAD(&n->queue, link);
	n->count--;
	n->bytes -= sizeof(x->event) + x->event.len;
	if (x == &n->overflow)
		n->overflown = false;
	return x;
}

/* ---- watches; under the lock */

static void watch_free(struct watch *w)
{
	LIST_REMOVE(w, same);
	LIST_REMOVE(w, mine);
	w->owner->nwatches--;
	count_watch(w->ino, -1);
	kcache_free(&watch_cache, w);
}

static void watch_end(struct watch *w)
{
	queue_notice(w->owner, w->wd, IN_IGNORED, 0, NULL);
	watch_free(w);
}

static bool wants(const struct watch *w, u32 mask, const char *name)
{
	if (!(w->mask & mask & IN_ALL_EVENTS))
		return false;
	return !(name && (w->mask & mask & IN_EXCL_UNLINK));
}

/* ---- telling */

/* Tells the next watch of ino, in descending order of age; its owner, with a reference, is to be woken. NULL: all are told. */
static struct notify *tell_next(u64 ino, u32 mask, u32 cookie, const char *name, u64 *before)
{
	struct notify *n = NULL;
	struct watch *w;

	lock_acquire(&notify_lock);
	LIST_FOREACH(w, bucket_of(ino), same) {
		if (w->ino == ino && w->serial < *before && wants(w, mask, name))
			break;
	}
	if (w) {
		*before = w->serial;
		n = w->owner;
		refs_get(&n->refs);
		queue_notice(n, w->wd, mask & IN_TOLD, cookie, name);
		if (w->mask & IN_ONESHOT)
			watch_end(w);
	}
	lock_release(&notify_lock);
	return n;
}

static void wake(struct notify *n)
{
	waitq_wake_for(&n->wait, POLLIN);
	notify_put(n);
}

void notify_tell(u64 ino, u32 mask, u32 cookie, const char *name)
{
	u64 before = ~0ul;
	struct notify *n;

	if (!maybe_watched(ino))
		return;
	while ((n = tell_next(ino, mask, cookie, name, &before)) != NULL)
		wake(n);
}

static struct notify *end_next(u64 ino)
{
	struct notify *n = NULL;
	struct watch *w;

	lock_acquire(&notify_lock);
	LIST_FOREACH(w, bucket_of(ino), same) {
		if (w->ino == ino)
			break;
	}
	if (w) {
		n = w->owner;
		refs_get(&n->refs);
		watch_end(w);
	}
	lock_release(&notify_lock);
	return n;
}

void notify_tell_gone(u64 ino)
{
	struct notify *n;

	notify_tell(ino, IN_DELETE_SELF, 0, NULL);
	while ((n = end_next(ino)) != NULL)
		wake(n);
}

u32 notify_cookie(void)
{
	u32 c;

	lock_acquire(&notify_lock);
	c = ++cookies;
	lock_release(&notify_lock);
	return c;
}

/* The last name on the path of ino, which is written to `path`: of a directory, else a name that it has in `dir`. NULL: none. */
static const char *last_name(u64 ino, u64 dir, bool directory, char *path)
{
	const struct tree *t = nr_read_begin(fs_tree(), nr_me(), 0);
	int n = directory ? tree_path(t, TREE_ROOT, ino, path, PAGE_SIZE) :
			    tree_path_of(t, TREE_ROOT, ino, dir, "", 0, path, PAGE_SIZE);

	nr_read_end(fs_tree(), nr_me(), 0);
	return n > 1 ? strrchr(path, '/') + 1 : NULL;
}

static void tell_directory(const struct tree_attr *at, u32 mask)
{
	char *path = at->parent != at->ino ? kmalloc(PAGE_SIZE) : NULL;
	const char *name = path ? last_name(at->ino, 0, true, path) : NULL;

	if (name)
		notify_tell(at->parent, mask | IN_ISDIR, 0, name);
	kfree(path);
	notify_tell(at->ino, mask | IN_ISDIR, 0, NULL);
}

static void tell_both(const struct tree_attr *at, u64 dir, const char *name, u32 mask)
{
	if ((at->mode & S_IFMT) == S_IFDIR) {
		tell_directory(at, mask);
		return;
	}
	if (name[0])
		notify_tell(dir, mask | (at->nlink ? 0 : IN_EXCL_UNLINK), 0, name);
	notify_tell(at->ino, mask, 0, NULL);
}

void notify_tell_file(struct file *f, u32 mask)
{
	char *path = NULL;
	const char *name = f->name;
	struct tree_attr at;

	if (!f->ops->readdir && !maybe_watched(f->ino) && !maybe_watched(f->dir_ino))
		return;
	if (!f->ino || f->pseudo || (f->flags & O_PATH) || fs_attr(f->ino, &at))
		return;
	if (strlen(f->name) == sizeof(f->name) - 1) /* it is cut; the directory has it whole */
		path = kmalloc(PAGE_SIZE);
	if (path)
		name = last_name(f->ino, f->dir_ino, false, path);
	tell_both(&at, f->dir_ino, name ? name : f->name, mask);
	kfree(path);
}

void notify_tell_path(const struct path *p, u32 mask)
{
	if (!path_pseudo(p) && p->at.ino)
		tell_both(&p->at, p->dir, p->last, mask);
}

/* ---- the file */

/* The first notice, if `room` holds it: 0, -EAGAIN: none is there, -EINVAL. */
static int take(struct notify *n, size_t room, struct notice **out)
{
	struct notice *x;
	int err = -EAGAIN;

	lock_acquire(&notify_lock);
	x = STAILQ_FIRST(&n->queue);
	if (x)
		err = sizeof(x->event) + x->event.len > room ? -EINVAL : 0;
	if (!err)
		*out = queue_take(n);
	lock_release(&notify_lock);
	return err;
}

static bool pending(struct notify *n)
{
	bool any;

	lock_acquire(&notify_lock);
	any = n->count;
	lock_release(&notify_lock);
	return any;
}

static long notify_read(struct file *f, struct io *io, u64 *pos)
{
	struct notify *n = f->data;
	struct notice *x;
	long done = 0;
	int err;

	(void)pos;
	while ((err = take(n, io->left, &x)) == 0) {
		size_t size = sizeof(x->event) + x->event.len;
		bool whole = io_out(io, &x->event, size) == size;

		notice_free(n, x);
		if (!whole)
			return -EFAULT;
		done += size;
	}
	return done ? done : err;
}

static long notify_read_wait(struct file *f, struct io *io, u64 *pos)
{
	struct notify *n = f->data;
	long r;
	int err = 0;

	while (!err) {
		r = notify_read(f, io, pos);
		if (r != -EAGAIN || file_nonblock(f))
			return r;
		err = WAIT_UNTIL(&n->wait, FOREVER, pending(n));
	}
	return err;
}

static u32 notify_poll(struct file *f, struct poller *p)
{
	struct notify *n = f->data;

	poller_wait(p, &n->wait);
	return pending(n) ? POLLIN | POLLRDNORM : 0;
}

static long notify_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct notify *n = f->data;
	s32 bytes;

	if (cmd != FIONREAD)
		return -ENOTTY;
	lock_acquire(&notify_lock);
	bytes = n->bytes;
	lock_release(&notify_lock);
	return user_copy_out((void __user *)arg, &bytes, sizeof(bytes));
}

static bool drop_one(struct notify *n)
{
	struct watch *w;
	struct notice *x = NULL;

	lock_acquire(&notify_lock);
	w = LIST_FIRST(&n->watches);
	if (w)
		watch_free(w);
	else if (n->count)
		x = queue_take(n);
	else
		LIST_REMOVE(n, all);
	lock_release(&notify_lock);
	if (x)
		notice_free(n, x);
	return w || x;
}

static void drop_all(struct notify *n)
{
	while (drop_one(n))
		;
	notify_put(n);
}

static void notify_release(struct file *f)
{
	drop_all(f->data);
}

static const struct file_ops notify_ops = {
	.kind = "inotify", .read = notify_read_wait, .poll = notify_poll, .ioctl = notify_ioctl, .stat = file_stat_nameless,
	.release = notify_release,
};

bool file_is_notify(const struct file *f)
{
	return f->ops == &notify_ops;
}

/* Under the lock: files and watches that a user has. */
static void user_has(u32 uid, u32 *files, u32 *watches)
{
	struct notify *n;

	*files = *watches = 0;
	LIST_FOREACH(n, &everybody, all) {
		*files += n->uid == uid;
		*watches += n->uid == uid ? n->nwatches : 0;
	}
}

static int enlist(struct notify *n)
{
	u32 files, watches;

	lock_acquire(&notify_lock);
	user_has(n->uid, &files, &watches);
	if (files < MAX_FILES)
		LIST_INSERT_HEAD(&everybody, n, all);
	lock_release(&notify_lock);
	return files < MAX_FILES ? 0 : -EMFILE;
}

struct file *notify_new(u32 flags, int *err)
{
	struct notify *n = kcache_alloc(&notify_cache);
	struct file *f;

	*err = -ENOMEM;
	if (!n)
		return NULL;
	refs_init(&n->refs, 1);
	STAILQ_INIT(&n->queue);
	waitq_init(&n->wait);
	n->uid = process_current()->cred.euid;
	*err = enlist(n);
	if (*err) {
		notify_put(n);
		return NULL;
	}
	f = file_new(&notify_ops, O_RDONLY | flags);
	if (f)
		f->data = n;
	else
		drop_all(n);
	*err = f ? 0 : -ENOMEM;
	return f;
}

/* Under the lock. */
static struct watch *find_ino(struct notify *n, u64 ino)
{
	struct watch *w;

	LIST_FOREACH(w, bucket_of(ino), same) {
		if (w->ino == ino && w->owner == n)
			return w;
	}
	return NULL;
}

/* Under the lock: another mask for a watch that exists, or -EEXIST. */
static int watch_again(struct watch *w, u32 mask)
{
	if (mask & IN_MASK_CREATE)
		return -EEXIST;
	w->mask = (mask & IN_MASK_ADD ? w->mask : 0) | (mask & IN_KEPT);
	return w->wd;
}

/* Under the lock. */
static int watch_begin(struct notify *n, struct watch *w, u64 ino, u32 mask)
{
	u32 files, watches;

	user_has(n->uid, &files, &watches);
	if (watches >= MAX_WATCHES)
		return -ENOSPC;
	*w = (struct watch){ .owner = n, .ino = ino, .serial = ++serials, .wd = ++n->last, .mask = mask & IN_KEPT };
	LIST_INSERT_HEAD(bucket_of(ino), w, same);
	LIST_INSERT_HEAD(&n->watches, w, mine);
	n->nwatches++;
	count_watch(ino, 1);
	return w->wd;
}

int notify_watch(struct file *f, u64 ino, u32 mask)
{
	struct watch *fresh = kcache_alloc(&watch_cache), *w;
	struct notify *n = f->data;
	int r;

	if (!fresh)
		return -ENOMEM;
	lock_acquire(&notify_lock);
	w = find_ino(n, ino);
	r = w ? watch_again(w, mask) : watch_begin(n, fresh, ino, mask);
	lock_release(&notify_lock);
	if (w || r < 0)
		kcache_free(&watch_cache, fresh);
	return r;
}

int notify_unwatch(struct file *f, s32 wd)
{
	struct notify *n = f->data;
	struct watch *w;

	lock_acquire(&notify_lock);
	LIST_FOREACH(w, &n->watches, mine) {
		if (w->wd == wd)
			break;
	}
	if (w)
		watch_end(w);
	lock_release(&notify_lock);
	if (!w)
		return -EINVAL;
	waitq_wake_for(&n->wait, POLLIN);
	return 0;
}
