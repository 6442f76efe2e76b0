/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The one table of calls. linux/calls.def lists them all by number: HAVE for those that exist, LACK for those that
 * answer -ENOSYS (each is named once in a while in the log, and counted), QUIET for those that answer it silently.
 */
#include "linux/call.h"
#include <stdatomic.h>
#include "arch/trap.h"
#include "base/print.h"
#include "kern/process.h"
#include "mem/slab.h"

#define HAVE(nr, name) long sys_##name(const u64 *a);
#define LACK(nr, name)
#define QUIET(nr, name)
#include "linux/calls.def"
#undef HAVE
#undef LACK
#undef QUIET

static long call_quietly_missing(const u64 *a)
{
	(void)a;
	return -ENOSYS;
}

#define HAVE(nr, name) [nr] = { sys_##name, #name },
#define LACK(nr, name) [nr] = { NULL, #name },
#define QUIET(nr, name) [nr] = { call_quietly_missing, #name },
const struct call_entry call_table[] = {
#include "linux/calls.def"
};
#undef HAVE
#undef LACK
#undef QUIET
const u32 call_count = ARRAY_SIZE(call_table);

_Atomic u64 calls_unknown;

static long call_missing(u64 nr)
{
	const char *name = nr < call_count && call_table[nr].name ? call_table[nr].name : "unknown";

	atomic_fetch_add_explicit(&calls_unknown, 1, memory_order_relaxed);
	kprintf_limited("process %u (%s): system call %lu (%s) is not implemented", process_current()->pid,
			process_current()->comm, nr, name);
	return -ENOSYS;
}

void call_dispatch(struct trapframe *f)
{
	u64 args[6] = { f->di, f->si, f->dx, f->r10, f->r8, f->r9 };
	u64 nr = f->orig_ax;

	if (likely(nr < call_count && call_table[nr].fn))
		f->ax = call_table[nr].fn(args);
	else
		f->ax = call_missing(nr);
}

/* Calls that are timed each time: their work is at least some microseconds, or depends on what they are given. */
#define HAVE(nr, name) NR_##name = nr,
#define LACK(nr, name)
#define QUIET(nr, name)
enum {
#include "linux/calls.def"
};
#undef HAVE
#undef LACK
#undef QUIET

#define LONG(nr) (1ul << (nr) % 64)
static const u64 call_long[] = {
	[0] = LONG(NR_mmap) | LONG(NR_munmap) | LONG(NR_mremap) | LONG(NR_clone) | LONG(NR_fork) | LONG(NR_vfork) |
	      LONG(NR_execve) | LONG(NR_exit) | LONG(NR_wait4),
	[1] = LONG(NR_getdents) | LONG(NR_rename) | LONG(NR_mkdir) | LONG(NR_unlink),
	[3] = LONG(NR_getdents64) | LONG(NR_exit_group),
	[4] = LONG(NR_openat) | LONG(NR_unlinkat),
	[5] = LONG(NR_execveat),
	[6] = LONG(NR_clone3),
};
#define LONG_TRANSFER 4096 /* read and write of more */

bool call_is_long(const struct trapframe *f)
{
	u64 nr = f->orig_ax;

	if (nr <= 1)
		return f->dx > LONG_TRANSFER;
	return nr / 64 < ARRAY_SIZE(call_long) && (call_long[nr / 64] & LONG(nr));
}

#define NAME_SHORT 256 /* most paths fit: one small object instead of a page */

static char *name_copy(const void __user *p, size_t size, int *err)
{
	char *buf = kmalloc(size);
	long n = buf ? user_copy_string(buf, p, size) : -ENOMEM;

	*err = n < 0 ? n : 0;
	if (n >= 0)
		return buf;
	kfree(buf);
	return NULL;
}

char *name_get(const void __user *p, int *err)
{
	char *name = name_copy(p, NAME_SHORT, err);

	return *err == -ENAMETOOLONG ? name_copy(p, PATH_SIZE, err) : name;
}

void name_put(char *name)
{
	kfree(name);
}
