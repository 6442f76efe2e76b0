/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls on the address space. */
#include "base/string.h"
#include "kern/body.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "kern/space.h"
#include "linux/call.h"

#define PAGE_BITS (PAGE_SIZE - 1)

/* What a file's open mode allows a mapping of it ever to have. */
static int map_file(struct map_request *m, struct file *f)
{
	bool shared = (m->flags & MAP_TYPE) != MAP_PRIVATE;

	if (!file_readable(f))
		return -EACCES;
	if (shared && !file_writable(f)) {
		if (m->prot & PROT_WRITE)
			return -EACCES;
		m->max_rights |= REGIONS_NOWRITE;
	}
	if (!f->ops->mappable)
		return -ENODEV;
	m->body = f->ops->mappable(f);
	m->ino = f->ino;
	return m->body ? 0 : -ENODEV;
}

static int map_check(const u64 *a, u32 flags)
{
	u32 type = flags & MAP_TYPE;

	if (a[5] & PAGE_BITS)
		return -EINVAL;
	if (!a[1])
		return -EINVAL;
	if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (a[1] > USER_END)
		return -ENOMEM;
	if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) && (a[0] & PAGE_BITS))
		return -EINVAL;
	if (type == MAP_SHARED_VALIDATE && (flags & MAP_SYNC))
		return -EOPNOTSUPP;
	if (flags & MAP_HUGETLB)
		return -ENOMEM;
	if (a[5] + a[1] < a[5])
		return -EOVERFLOW;
	return 0;
}

CALL(mmap)
{
	struct map_request m = { .addr = a[0], .len = a[1], .prot = a[2], .flags = a[3], .offset = a[5] };
	struct file *f = NULL;
	long r = map_check(a, a[3]);

	if (!(m.flags & MAP_ANONYMOUS)) {
		f = file_of_fd(a[4]);
		if (!f)
			return a[5] & PAGE_BITS ? -EINVAL : -EBADF;
		if (!r)
			r = map_file(&m, f);
	} else if (!r && (m.flags & MAP_TYPE) != MAP_PRIVATE) {
		m.offset = 0;
		m.body = body_new(NULL); /* shared anonymous memory is an object from the start */
		if (!m.body)
			r = -ENOMEM;
		else
			atomic_store(&m.body->size, ALIGN_UP(m.len, PAGE_SIZE));
	} else {
		m.offset = 0;
	}
	if (!r) {
		if (!(m.flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
			m.addr = ALIGN_DOWN(m.addr, PAGE_SIZE);
		r = space_map(process_current()->space, &m);
	}
	body_put(m.body);
	file_put(f);
	return r;
}

static int range_check(u64 addr, u64 len)
{
	if (addr & PAGE_BITS)
		return -EINVAL;
	return addr > USER_END || len > USER_END - addr ? -ENOMEM : 0;
}

CALL(munmap)
{
	u64 len = ALIGN_UP(a[1], PAGE_SIZE);

	if (!a[1] || len < a[1] || range_check(a[0], len))
		return -EINVAL;
	return space_unmap(process_current()->space, a[0], len);
}

CALL(mprotect)
{
	u64 len = ALIGN_UP(a[1], PAGE_SIZE);
	int err;

	if (a[2] & ~(PROT_READ | PROT_WRITE | PROT_EXEC | 8u | PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	if (a[0] & PAGE_BITS)
		return -EINVAL;
	if (!a[1])
		return 0;
	if (len < a[1])
		return -ENOMEM;
	err = range_check(a[0], len);
	return err ? err : space_protect(process_current()->space, a[0], len, a[2] & 7);
}

CALL(brk) { return space_brk(process_current()->space, a[0]); }

CALL(mremap)
{
	u64 old = ALIGN_UP(a[1], PAGE_SIZE), new = ALIGN_UP(a[2], PAGE_SIZE);
	u32 flags = a[3];

	if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED)) || (a[0] & PAGE_BITS) || !new)
		return -EINVAL;
	if ((flags & MREMAP_FIXED) && (!(flags & MREMAP_MAYMOVE) || (a[4] & PAGE_BITS)))
		return -EINVAL;
	if (!old || range_check(a[0], old))
		return old ? -EFAULT : -EINVAL;
	return space_remap(process_current()->space, a[0], old, new, flags, a[4]);
}

CALL(madvise)
{
	u64 len = ALIGN_UP(a[1], PAGE_SIZE);

	if ((a[0] & PAGE_BITS) || (a[1] && len < a[1]))
		return -EINVAL;
	if (range_check(a[0], len))
		return -EINVAL;
	if (!len)
		return 0;
	return space_advise(process_current()->space, a[0], len, (s32)a[2]);
}

static long msync_check(struct space *s, u64 addr, u64 len)
{
	const struct regions *r = nr_read_begin(s->nr, nr_me(), 0);
	int err = regions_check_range(r, addr, len, 0);

	nr_read_end(s->nr, nr_me(), 0);
	return err == -EACCES ? 0 : err;
}

CALL(msync)
{
	u64 len = ALIGN_UP(a[1], PAGE_SIZE);

	if ((a[2] & ~7ul) || (a[0] & PAGE_BITS) || (a[2] & 5) == 5)
		return -EINVAL;
	if (len < a[1] || range_check(a[0], len))
		return -ENOMEM;
	return len ? msync_check(process_current()->space, a[0], len) : 0;
}

CALL(mincore)
{
	u64 len = ALIGN_UP(a[1], PAGE_SIZE), at;
	struct space *s = process_current()->space;

	if (a[0] & PAGE_BITS)
		return -EINVAL;
	if (range_check(a[0], len) || msync_check(s, a[0], len))
		return -ENOMEM;
	for (at = 0; at < len; at += PAGE_SIZE) {
		u8 in = space_resident(s, a[0] + at, a[0] + at + PAGE_SIZE) != 0;

		if (user_copy_out((u8 __user *)UPTR(2) + (at >> PAGE_SHIFT), &in, 1))
			return -EFAULT;
	}
	return 0;
}

static long lock_range(const u64 *a, u32 set, u32 clear)
{
	u64 start = ALIGN_DOWN(a[0], PAGE_SIZE), len = ALIGN_UP(a[1] + (a[0] & PAGE_BITS), PAGE_SIZE);
	struct space *s = process_current()->space;
	long err;

	if (len < a[1] || range_check(start, len))
		return -ENOMEM;
	if (!len)
		return 0;
	err = space_set_flags(s, start, len, set, clear);
	if (!err && set && space_populate(s, start, len))
		err = -ENOMEM;
	return err;
}

CALL(mlock) { return lock_range(a, REGIONS_LOCKED, 0); }
CALL(munlock) { return lock_range(a, 0, REGIONS_LOCKED); }
CALL(mlock2) { return a[2] & ~1ul ? -EINVAL : lock_range(a, REGIONS_LOCKED, 0); }
CALL(mlockall) { return !a[0] || (a[0] & ~7ul) || a[0] == 4 ? -EINVAL : 0; }
CALL(munlockall) { (void)a; return 0; }

/* ---- barriers on other cores */

enum { MEMBARRIER_QUERY = 0, MEMBARRIER_GLOBAL = 1, MEMBARRIER_GLOBAL_EXPEDITED = 2, MEMBARRIER_REGISTER_GLOBAL_EXPEDITED = 4,
       MEMBARRIER_PRIVATE_EXPEDITED = 8, MEMBARRIER_REGISTER_PRIVATE_EXPEDITED = 16 };

CALL(membarrier)
{
	struct space *s = process_current()->space;

	if ((u32)a[1])
		return -EINVAL;
	switch ((s32)a[0]) {
	case MEMBARRIER_QUERY:
		return MEMBARRIER_GLOBAL | MEMBARRIER_GLOBAL_EXPEDITED | MEMBARRIER_REGISTER_GLOBAL_EXPEDITED |
		       MEMBARRIER_PRIVATE_EXPEDITED | MEMBARRIER_REGISTER_PRIVATE_EXPEDITED;
	case MEMBARRIER_GLOBAL: case MEMBARRIER_GLOBAL_EXPEDITED:
		flush_barrier_all();
		return 0;
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
		s->expedited = true;
		return 0;
	case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
		return 0;
	case MEMBARRIER_PRIVATE_EXPEDITED:
		if (!s->expedited)
			return -EPERM;
		flush_barrier(s);
		return 0;
	default:
		return -EINVAL;
	}
}
