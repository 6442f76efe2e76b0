/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Volumes: see volume.h. A mounted one is in a list under a short lock; creating a file looks its volume up there,
 * except for the root's, which is at hand.
 */
#include "kern/volume.h"
#include "base/errno.h"
#include "base/queue.h"
#include "base/string.h"
#include "kern/body.h"
#include "kern/percore.h"
#include "mem/frame.h"
#include "mem/slab.h"
#include "nr/sync/lock.h"
#include "nr/sync/refs.h"
#include "seq/tree.h"

#define TMPFS_MAGIC 0x01021994
#define RAMFS_MAGIC 0x858458f6
#define STATFS_VALID 0x20
#define STATFS_RELATIME 0x1000
#define STATFS_RDONLY 1

#define BATCH 64 /* blocks of the root that a core takes at once */

struct volume {
	struct refs refs;
	SLIST_ENTRY(volume) link;
	u64 fs;
	u32 dev;
	bool ramfs, detached;
	_Atomic bool readonly;
	u64 max_blocks, max_inodes;      /* 0: no limit */
	_Atomic u64 blocks, inodes;
};

static struct volume root = { .fs = TREE_ROOT, .dev = 2 };
static struct lock list_lock = LOCK_INIT;
static SLIST_HEAD(, volume) list = SLIST_HEAD_INITIALIZER(list);
static u32 last_dev = 24;
static _Atomic u32 readonly_volumes; /* nearly always 0: then no call needs to look */

KCACHE(volume_cache, "volumes", struct volume);

void volume_start(void)
{
	root.max_blocks = frame_total() / 2; /* as tmpfs */
	root.max_inodes = frame_total() / 2;
}

struct volume *volume_new(const struct volume_options *o)
{
	struct volume *v = kcache_alloc(&volume_cache);

	if (!v)
		return NULL;
	refs_init(&v->refs, 1);
	v->ramfs = o->ramfs;
	v->max_blocks = o->blocks;
	v->max_inodes = o->inodes;
	if (o->readonly) {
		atomic_store(&v->readonly, true);
		atomic_fetch_add(&readonly_volumes, 1);
	}
	lock_acquire(&list_lock);
	v->dev = ++last_dev;
	lock_release(&list_lock);
	return v;
}

void volume_put(struct volume *v)
{
	if (!v || v == &root || !refs_put(&v->refs))
		return;
	if (atomic_load(&v->readonly))
		atomic_fetch_sub(&readonly_volumes, 1);
	kcache_free(&volume_cache, v);
}

void volume_publish(struct volume *v, u64 fs)
{
	refs_get(&v->refs);
	lock_acquire(&list_lock);
	v->fs = fs;
	SLIST_INSERT_HEAD(&list, v, link);
	lock_release(&list_lock);
}

void volume_forget(u64 fs)
{
	struct volume *v;

	lock_acquire(&list_lock);
	SLIST_FOREACH(v, &list, link)
		if (v->fs == fs)
			break;
	if (v)
		SLIST_REMOVE(&list, v, volume, link);
	lock_release(&list_lock);
	volume_put(v);
}

void volume_detach(u64 fs)
{
	struct volume *v = volume_of(fs);

	v->detached = true;
	volume_put(v);
}

u64 volume_detached(u32 i)
{
	struct volume *v;
	u64 fs = 0;

	lock_acquire(&list_lock);
	SLIST_FOREACH(v, &list, link)
		if (v->detached && !i--)
			break;
	if (v)
		fs = v->fs;
	lock_release(&list_lock);
	return fs;
}

struct volume *volume_of(u64 fs)
{
	struct volume *v;

	if (fs == TREE_ROOT)
		return &root;
	lock_acquire(&list_lock);
	SLIST_FOREACH(v, &list, link)
		if (v->fs == fs)
			break;
	if (v)
		refs_get(&v->refs);
	lock_release(&list_lock);
	return v ? v : &root;
}

/* ---- counting */

static bool take_exactly(struct volume *v, u64 n)
{
	if (atomic_fetch_add_explicit(&v->blocks, n, memory_order_relaxed) + n <= v->max_blocks || !v->max_blocks)
		return true;
	atomic_fetch_sub_explicit(&v->blocks, n, memory_order_relaxed);
	return false;
}

bool volume_take(struct volume *v)
{
	u32 *spare = &percore()->spare_blocks;

	if (!v)
		return true;
	if (v != &root)
		return take_exactly(v, 1);
	if (*spare) {
		--*spare;
		return true;
	}
	if (!take_exactly(v, BATCH))
		return take_exactly(v, 1);
	*spare = BATCH - 1;
	return true;
}

void volume_give(struct volume *v, u64 blocks)
{
	u32 *spare = &percore()->spare_blocks;

	if (!v)
		return;
	if (v == &root) {
		u64 all = *spare + blocks;

		*spare = MIN(all, (u64)BATCH);
		blocks = all - *spare;
	}
	if (blocks)
		atomic_fetch_sub_explicit(&v->blocks, blocks, memory_order_relaxed);
}

static u64 blocks_used(struct volume *v)
{
	u64 n = atomic_load(&v->blocks);
	u32 core;

	for (core = 0; v == &root && core < cores_count(); core++)
		n -= percore_of(core)->spare_blocks;
	return n;
}

bool volume_has(struct volume *v, u64 blocks)
{
	return blocks <= frame_free_count() && (!v || !v->max_blocks || blocks_used(v) + blocks <= v->max_blocks);
}

bool volume_take_inode(struct volume *v)
{
	if (!v || v == &root || !v->max_inodes)
		return true;
	if (atomic_fetch_add(&v->inodes, 1) < v->max_inodes)
		return true;
	atomic_fetch_sub(&v->inodes, 1);
	return false;
}

void volume_give_inode(struct volume *v)
{
	if (v && v != &root && v->max_inodes)
		atomic_fetch_sub(&v->inodes, 1);
	volume_put(v);
}

u64 body_total_pages(void)
{
	struct volume *v;
	u64 n = blocks_used(&root);

	lock_acquire(&list_lock);
	SLIST_FOREACH(v, &list, link)
		n += blocks_used(v);
	lock_release(&list_lock);
	return n;
}

/* ---- what others ask */

u32 volume_dev(const struct volume *v)
{
	return v ? v->dev : 1;
}

void volume_statfs(struct volume *v, struct abi_statfs *out)
{
	u64 used = MIN(blocks_used(v), v->max_blocks);

	out->type = v->ramfs ? RAMFS_MAGIC : TMPFS_MAGIC;
	out->flags = STATFS_VALID | (v == &root ? 0 : STATFS_RELATIME) | (atomic_load(&v->readonly) ? STATFS_RDONLY : 0);
	out->fsid[0] = v->dev;
	if (v->ramfs)
		return;
	out->blocks = v->max_blocks;
	out->bfree = out->bavail = v->max_blocks - used;
	out->files = v->max_inodes;
	out->ffree = v->max_inodes - atomic_load(&v->inodes);
}

int volume_writable(u64 fs)
{
	struct volume *v;
	bool readonly;

	if (!atomic_load_explicit(&readonly_volumes, memory_order_relaxed))
		return 0;
	v = volume_of(fs);
	readonly = atomic_load(&v->readonly);
	volume_put(v);
	return readonly ? -EROFS : 0;
}

void volume_remount(u64 fs, bool readonly)
{
	struct volume *v = volume_of(fs);

	if (atomic_exchange(&v->readonly, readonly) != readonly)
		atomic_fetch_add(&readonly_volumes, readonly ? 1 : -1u);
	volume_put(v);
}

/* ---- options */

/* A number with k, m, g or, for sizes, %; false: not one. */
static bool parse_size(const char *s, u64 whole, u64 *out)
{
	u64 n = 0;

	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + *s - '0';
	switch (*s) {
	case 'g': case 'G': n <<= 10; /* fallthrough */
	case 'm': case 'M': n <<= 10; /* fallthrough */
	case 'k': case 'K': n <<= 10; s++; break;
	case '%': n = whole ? n * whole / 100 : n; s += !!whole; break;
	}
	*out = n;
	return !*s;
}

static bool parse_number(const char *s, u32 base, u32 *out)
{
	u32 n = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s >= (char)('0' + base))
			return false;
		n = n * base + *s - '0';
	}
	*out = n;
	return true;
}

static bool parse_option(const char *name, const char *value, struct volume_options *o)
{
	u64 n;

	if (!strcmp(name, "size")) {
		if (!parse_size(value, frame_total() * PAGE_SIZE, &n))
			return false;
		o->blocks = ALIGN_UP(n, PAGE_SIZE) / PAGE_SIZE;
		return true;
	}
	if (!strcmp(name, "nr_blocks"))
		return parse_size(value, 0, &o->blocks);
	if (!strcmp(name, "nr_inodes"))
		return parse_size(value, 0, &o->inodes);
	if (!strcmp(name, "mode"))
		return parse_number(value, 8, &o->mode);
	if (!strcmp(name, "uid"))
		return parse_number(value, 10, &o->uid);
	if (!strcmp(name, "gid"))
		return parse_number(value, 10, &o->gid);
	return o->ramfs || !strcmp(name, "huge") || !strcmp(name, "source");
}

int volume_parse(char *text, struct volume_options *o)
{
	char *next, *value;

	for (; text && *text; text = next) {
		next = strchr(text, ',');
		if (next)
			*next++ = 0;
		value = strchr(text, '=');
		if (value)
			*value++ = 0;
		if (*text && !parse_option(text, value ? value : "", o))
			return -EINVAL;
	}
	return 0;
}
