/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls on System V shared memory (kern/segments.h). */
#include "base/string.h"
#include "kern/body.h"
#include "kern/process.h"
#include "kern/segments.h"
#include "kern/space.h"
#include "linux/call.h"

#define PAGE_BITS (PAGE_SIZE - 1)

CALL(shmget) { return segment_get(a[0], a[1], a[2]); }

/* ---- attach, detach */

static int attach_place(u64 *addr, u32 flags)
{
	if (!*addr)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (!(*addr & PAGE_BITS))
		return 0;
	if (!(flags & SHM_RND))
		return -EINVAL;
	*addr = ALIGN_DOWN(*addr, PAGE_SIZE);
	return !*addr && flags & SHM_REMAP ? -EINVAL : 0;
}

static long attach(struct body *b, u64 addr, u32 flags)
{
	struct map_request m = { .addr = addr, .len = atomic_load(&b->size), .body = b, .flags = MAP_SHARED | MAP_ANONYMOUS };
	long r;

	m.prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
	if (flags & SHM_RDONLY)
		m.max_rights = REGIONS_NOWRITE;
	if (addr)
		m.flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	if (addr && !(flags & SHM_REMAP) && addr + m.len < addr)
		return -EINVAL;
	if (m.len > USER_END)
		return -ENOMEM;
	r = space_map(process_current()->space, &m);
	return r == -EEXIST ? -EINVAL : r;
}

CALL(shmat)
{
	s32 id = a[0];
	u64 addr = a[1];
	u32 flags = a[2], want = flags & SHM_RDONLY ? 0444 : 0666;
	struct body *b;
	long r;
	int err = id < 0 ? -EINVAL : attach_place(&addr, flags);

	if (err)
		return err;
	b = segment_enter(id, flags & SHM_EXEC ? want | 0111 : want, &err);
	if (!b)
		return err;
	r = attach(b, addr, flags);
	segment_entered(b);
	return r;
}

/* The mapping that began at the address, or what is left of it. */
CALL(shmdt)
{
	struct space *s = process_current()->space;
	u64 at, end = USER_END, object = 0, size = 0;
	struct region r;
	s32 key;

	if (a[0] & PAGE_BITS)
		return -EINVAL;
	for (at = a[0]; at < end && space_next(s, at, &r); at = r.end) {
		if (r.start - a[0] != r.offset || (object && r.object != object))
			continue;
		if (!object && (size = segment_size(r.object, &key)) != 0) {
			object = r.object;
			end = a[0] + size;
		}
		if (object)
			space_unmap(s, r.start, r.end - r.start);
	}
	return object ? 0 : -EINVAL;
}

/* ---- shmctl */

static void to_user(struct abi_shmid_ds *d, const struct segment_info *i)
{
	memset(d, 0, sizeof(*d));
	d->perm = (struct abi_ipc_perm){ .key = i->key, .uid = i->uid, .gid = i->gid, .cuid = i->cuid, .cgid = i->cgid,
					 .mode = i->mode, .seq = i->id >> 15 };
	d->size = i->size;
	d->atime = i->atime;
	d->dtime = i->dtime;
	d->ctime = i->ctime;
	d->creator = i->creator;
	d->last = i->last;
	d->attached = i->attached;
}

/* SHM_STAT and SHM_STAT_ANY take a place of the table and return the number. */
static long control_stat(s32 id, u32 cmd, void __user *to)
{
	struct segment_info info;
	struct abi_shmid_ds d;
	int err = 0;

	if (cmd != IPC_STAT) {
		err = segment_at(id, &info);
		id = info.id;
	}
	if (!err)
		err = segment_stat(id, cmd == SHM_STAT_ANY ? 0 : 0444, &info);
	if (err)
		return err;
	to_user(&d, &info);
	return user_copy_out(to, &d, sizeof(d)) ? -EFAULT : cmd == IPC_STAT ? 0 : id;
}

static long control_set(s32 id, const void __user *from)
{
	struct abi_shmid_ds d;

	if (user_copy_in(&d, from, sizeof(d)))
		return -EFAULT;
	return segment_set(id, d.perm.uid, d.perm.gid, d.perm.mode);
}

/* What IPC_INFO and SHM_INFO return: the highest place in use, for who goes on with SHM_STAT. */
static long last_place(void)
{
	u32 top = segments_top();

	return top ? (long)top - 1 : 0;
}

static long control_limits(void __user *to)
{
	struct abi_shminfo i = { .max = SEGMENT_SIZE_MAX, .min = 1, .segments = SEGMENTS_MAX, .per_process = SEGMENTS_MAX,
				 .all = SEGMENT_SIZE_MAX };

	return user_copy_out(to, &i, sizeof(i)) ? -EFAULT : last_place();
}

static long control_usage(void __user *to)
{
	struct abi_shm_usage u = { 0 };
	struct segment_info info;
	u32 i, top = segments_top();

	for (i = 0; i < top; i++) {
		if (segment_at(i, &info))
			continue;
		u.used++;
		u.pages += ALIGN_UP(info.size, PAGE_SIZE) >> PAGE_SHIFT;
		u.resident += info.pages;
	}
	return user_copy_out(to, &u, sizeof(u)) ? -EFAULT : last_place();
}

CALL(shmctl)
{
	s32 id = a[0], cmd = a[1];

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_RMID:
		return segment_remove(id);
	case IPC_SET:
		return control_set(id, UPTR(2));
	case IPC_STAT: case SHM_STAT: case SHM_STAT_ANY:
		return control_stat(id, cmd, UPTR(2));
	case IPC_INFO:
		return control_limits(UPTR(2));
	case SHM_INFO:
		return control_usage(UPTR(2));
	case SHM_LOCK: case SHM_UNLOCK:
		return segment_lock(id, cmd == SHM_LOCK);
	default:
		return -EINVAL;
	}
}
