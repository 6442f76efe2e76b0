/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* System V shared memory: see segments.h. */
#include "kern/segments.h"
#include "arch/mmu.h"
#include "base/abi.h"
#include "base/errno.h"
#include "kern/body.h"
#include "kern/clock.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "mem/frame.h"
#include "mem/slab.h"

#define INDEX_BITS 15          /* of a number; above it, how often the places were gone through */
#define GENERATIONS 65536u
#define PLACES_MIN 64u         /* numbers come back no sooner */

struct segment {
	s32 key;
	u32 index, generation;
	u32 uid, gid, cuid, cgid, mode;
	u64 size;
	s64 atime, dtime, ctime;
	u32 creator, last;
	u32 entering;          /* callers between segment_enter and segment_entered */
	struct body *body;     /* with a reference; body->segment is index + 1 */
};

KCACHE(segment_cache, "segments", struct segment);
static struct lock segments_lock = LOCK_INIT;
static struct segment *places[SEGMENTS_MAX];
static u32 used, next_place, generation, top;

static s64 now_seconds(void)
{
	return wall_ns() / 1000000000;
}

static u32 current_pid(void)
{
	const struct process *p = process_current();

	return p ? p->pid : 0;
}

/* ---- rights */

static bool owner(const struct segment *s, const struct cred *c)
{
	return c->euid == s->uid || c->euid == s->cuid;
}

/* `want` as the bits of a mode: only which rights matters, not whose. */
static bool allowed(const struct segment *s, u32 want)
{
	const struct cred *c = &process_current()->cred;
	struct tree_cred groups;
	u32 granted = s->mode;

	fs_cred(process_current(), &groups);
	if (owner(s, c))
		granted >>= 6;
	else if (tree_in_group(&groups, s->cgid) || tree_in_group(&groups, s->gid))
		granted >>= 3;
	return !((want >> 6 | want >> 3 | want) & 7 & ~granted) || cred_capable(c);
}

/* ---- the table; under its lock */

static struct segment *find(s32 id)
{
	u32 i = (u32)id & ((1u << INDEX_BITS) - 1);
	struct segment *s = i < SEGMENTS_MAX ? places[i] : NULL;

	return s && s->generation == (u32)id >> INDEX_BITS ? s : NULL;
}

/* The one with that number, if its rights allow what is wanted; NULL with *err. */
static struct segment *find_allowed(s32 id, u32 want, int *err)
{
	struct segment *s = find(id);

	*err = !s ? -EINVAL : !allowed(s, want) ? -EACCES : 0;
	return *err ? NULL : s;
}

static struct segment *find_key(s32 key)
{
	u32 i;

	for (i = 0; i < top; i++) {
		if (places[i] && places[i]->key == key)
			return places[i];
	}
	return NULL;
}

static s32 number(const struct segment *s)
{
	return s->generation << INDEX_BITS | s->index;
}

/* The number it gets, -ENOSPC. Places are gone through in turn, so that a number is not soon another segment's. */
static long settle(struct segment *s)
{
	u32 limit = MIN(MAX(used + used / 2, PLACES_MIN), SEGMENTS_MAX), n = 0;

	if (used == SEGMENTS_MAX)
		return -ENOSPC;
	while (places[(next_place + n) % limit])
		n++;
	s->index = (next_place + n) % limit;
	if (s->index < next_place)
		generation = (generation + 1) % GENERATIONS;
	s->generation = generation;
	s->body->segment = s->index + 1;
	places[s->index] = s;
	next_place = s->index + 1;
	top = MAX(top, next_place);
	used++;
	return number(s);
}

/* s, if nobody needs it any more: no longer in the table, for `discard` once the lock is released. Else NULL. */
static struct segment *retire(struct segment *s)
{
	if (!(s->mode & SEGMENT_DOOMED) || s->entering || atomic_load(&s->body->mapped))
		return NULL;
	places[s->index] = NULL;
	while (top && !places[top - 1])
		top--;
	used--;
	return s;
}

static void discard(struct segment *s)
{
	if (!s)
		return;
	body_put(s->body);
	kcache_free(&segment_cache, s);
}

/* ---- shmget */

static struct segment *segment_new(s32 key, u64 size, u32 flags, int *err)
{
	const struct cred *c = &process_current()->cred;
	struct segment *s = kcache_alloc(&segment_cache);

	*err = -ENOMEM;
	if (!s)
		return NULL;
	s->body = body_new(NULL);
	if (!s->body) {
		kcache_free(&segment_cache, s);
		return NULL;
	}
	atomic_store(&s->body->size, ALIGN_UP(size, PAGE_SIZE));
	s->key = key;
	s->size = size;
	s->mode = flags & 0777;
	s->uid = s->cuid = c->euid;
	s->gid = s->cgid = c->egid;
	s->creator = current_pid();
	s->ctime = now_seconds();
	return s;
}

/* Could there be such a segment? */
static int size_check(u64 size, u32 flags)
{
	if (!size || size > SEGMENT_SIZE_MAX)
		return -EINVAL;
	if (flags & SHM_HUGETLB)
		return cred_capable(&process_current()->cred) ? -ENOMEM : -EPERM;
	if (size >> 63)
		return -EINVAL;
	return !(flags & SHM_NORESERVE) && size >> PAGE_SHIFT > frame_total() ? -ENOMEM : 0;
}

/* Under the lock: what the key stands for already, -ENOENT: nothing. */
static long get_found(s32 key, u64 size, u32 flags)
{
	struct segment *s = key == IPC_PRIVATE ? NULL : find_key(key);

	if (!s)
		return -ENOENT;
	if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
		return -EEXIST;
	if (size > s->size)
		return -EINVAL;
	return allowed(s, flags) ? number(s) : -EACCES;
}

long segment_get(s32 key, u64 size, u32 flags)
{
	struct segment *fresh;
	long r;
	int err;

	lock_acquire(&segments_lock);
	r = get_found(key, size, flags);
	lock_release(&segments_lock);
	if (r != -ENOENT || !(key == IPC_PRIVATE || flags & IPC_CREAT))
		return r;
	err = size_check(size, flags);
	if (err)
		return err;
	fresh = segment_new(key, size, flags, &err);
	if (!fresh)
		return err;
	lock_acquire(&segments_lock);
	r = get_found(key, size, flags); /* another may have been quicker */
	if (r == -ENOENT) {
		r = settle(fresh);
		fresh = r < 0 ? fresh : NULL;
	}
	lock_release(&segments_lock);
	discard(fresh);
	return r;
}

/* ---- attached, detached */

struct body *segment_enter(s32 id, u32 want, int *err)
{
	struct body *b = NULL;
	struct segment *s;

	lock_acquire(&segments_lock);
	s = find_allowed(id, want, err);
	if (s) {
		s->entering++;
		b = s->body;
		body_get(b);
	}
	lock_release(&segments_lock);
	return b;
}

/* Under the lock: the segment of b, NULL if that is gone. */
static struct segment *of_body(const struct body *b)
{
	struct segment *s = places[b->segment - 1];

	return s && s->body == b ? s : NULL;
}

void segment_entered(struct body *b)
{
	struct segment *s;

	lock_acquire(&segments_lock);
	s = of_body(b);
	s->entering--;
	s = retire(s);
	lock_release(&segments_lock);
	discard(s);
	body_put(b);
}

void segment_mapped(struct body *b, bool came)
{
	struct segment *s;

	lock_acquire(&segments_lock);
	s = of_body(b);
	if (s) {
		*(came ? &s->atime : &s->dtime) = now_seconds();
		s->last = current_pid();
		s = retire(s);
	}
	lock_release(&segments_lock);
	discard(s);
}

u64 segment_size(u64 object, s32 *key)
{
	u64 size = 0;
	u32 i;

	lock_acquire(&segments_lock);
	for (i = 0; object && i < top && !size; i++) {
		if (!places[i] || (u64)places[i]->body != object)
			continue;
		size = places[i]->size;
		*key = places[i]->key;
	}
	lock_release(&segments_lock);
	return size;
}

/* ---- shmctl */

static void describe(const struct segment *s, struct segment_info *out)
{
	u64 pages = ALIGN_UP(s->size, PAGE_SIZE) >> PAGE_SHIFT;

	*out = (struct segment_info){
		.id = number(s), .key = s->key, .uid = s->uid, .gid = s->gid, .cuid = s->cuid, .cgid = s->cgid, .mode = s->mode,
		.size = s->size, .pages = atomic_load(&s->body->pages), .attached = (atomic_load(&s->body->mapped) + pages - 1) / pages,
		.atime = s->atime, .dtime = s->dtime, .ctime = s->ctime, .creator = s->creator, .last = s->last,
	};
}

int segment_stat(s32 id, u32 want, struct segment_info *out)
{
	struct segment *s;
	int err;

	lock_acquire(&segments_lock);
	s = find_allowed(id, want, &err);
	if (s)
		describe(s, out);
	lock_release(&segments_lock);
	return err;
}

int segment_at(u32 i, struct segment_info *out)
{
	struct segment *s;

	lock_acquire(&segments_lock);
	s = i < SEGMENTS_MAX ? places[i] : NULL;
	if (s)
		describe(s, out);
	lock_release(&segments_lock);
	return s ? 0 : -EINVAL;
}

u32 segments_top(void)
{
	u32 n;

	lock_acquire(&segments_lock);
	n = top;
	lock_release(&segments_lock);
	return n;
}

/* The lock is held afterwards if there is no error. */
static struct segment *find_own(s32 id, int *err)
{
	const struct cred *c = &process_current()->cred;
	struct segment *s;

	lock_acquire(&segments_lock);
	s = find(id);
	*err = !s ? -EINVAL : !owner(s, c) && !cred_capable(c) ? -EPERM : 0;
	if (!*err)
		return s;
	lock_release(&segments_lock);
	return NULL;
}

int segment_set(s32 id, u32 uid, u32 gid, u32 mode)
{
	int err;
	struct segment *s = find_own(id, &err);

	if (!s)
		return err;
	if (uid == ~0u || gid == ~0u) {
		err = -EINVAL;
	} else {
		s->uid = uid;
		s->gid = gid;
		s->mode = (s->mode & ~0777u) | (mode & 0777);
		s->ctime = now_seconds();
	}
	lock_release(&segments_lock);
	return err;
}

int segment_remove(s32 id)
{
	int err;
	struct segment *s = find_own(id, &err);

	if (!s)
		return err;
	s->mode |= SEGMENT_DOOMED;
	s->key = IPC_PRIVATE;
	s = retire(s);
	lock_release(&segments_lock);
	discard(s);
	return 0;
}

/* Nothing here is ever swapped out: only to be seen. */
int segment_lock(s32 id, bool on)
{
	const struct process *p = process_current();
	int err;
	struct segment *s = find_own(id, &err);

	if (!s)
		return err;
	if (on && !cred_capable(&p->cred) && !p->limit[RLIMIT_MEMLOCK].cur)
		err = -EPERM;
	else
		s->mode = on ? s->mode | SEGMENT_LOCKED : s->mode & ~(u32)SEGMENT_LOCKED;
	lock_release(&segments_lock);
	return err;
}
