/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* fcntl and flock: flags of descriptors and open files, file locks. */
#include "kern/async.h"
#include "kern/body.h"
#include "kern/file.h"
#include "kern/locks.h"
#include "kern/process.h"
#include "linux/call.h"

/* ---- locks */

#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38

struct abi_flock { s16 type, whence; u32 pad; s64 start, len; s32 pid; u32 pad2; };

/* Where l->start counts from. */
static int lock_base(struct file *f, s16 whence, s64 *base)
{
	*base = 0;
	if (whence == SEEK_CUR)
		*base = f->pos;
	else if (whence == SEEK_END)
		*base = f->body ? (s64)atomic_load(&f->body->size) : 0;
	return whence < 0 || whence > SEEK_END ? -EINVAL : 0;
}

static int lock_range(struct file *f, const struct abi_flock *l, struct lock_request *r)
{
	s64 start, end = LOCKS_END;
	int err = lock_base(f, l->whence, &start);

	if (err)
		return err;
	if (__builtin_add_overflow(start, l->start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	if (l->len > 0 && __builtin_add_overflow(start, l->len - 1, &end))
		return -EOVERFLOW;
	if (l->len < 0) {
		end = start - 1;
		start += l->len;
	}
	r->start = start;
	r->end = end;
	return start < 0 ? -EINVAL : 0;
}

static int lock_get(struct file *f, u64 arg, bool open_file, struct abi_flock *l, struct lock_request *r)
{
	if (user_copy_in(l, (void __user *)arg, sizeof(*l)))
		return -EFAULT;
	if (open_file && l->pid)
		return -EINVAL;
	r->kind = open_file ? LOCKS_OPEN_FILE : LOCKS_PROCESS;
	r->type = l->type;
	return lock_range(f, l, r);
}

static long lock_query(struct file *f, u64 arg, bool open_file)
{
	struct lock_request r;
	struct abi_flock l;
	int err = lock_get(f, arg, open_file, &l, &r);

	if (err)
		return err;
	if (l.type != F_RDLCK && l.type != F_WRLCK)
		return -EINVAL;
	if (!locks_find(f, &r))
		l.type = F_UNLCK;
	else
		l = (struct abi_flock){ .type = r.type, .start = r.start, .pid = r.pid,
					.len = r.end == LOCKS_END ? 0 : r.end - r.start + 1 };
	return user_copy_out((void __user *)arg, &l, sizeof(l));
}

static long lock_change(struct file *f, u64 arg, bool open_file, bool wait)
{
	struct lock_request r;
	struct abi_flock l;
	int err = lock_get(f, arg, open_file, &l, &r);

	if (err)
		return err;
	if (l.type != F_RDLCK && l.type != F_WRLCK && l.type != F_UNLCK)
		return -EINVAL;
	if ((l.type == F_RDLCK && !file_readable(f)) || (l.type == F_WRLCK && !file_writable(f)))
		return -EBADF;
	return locks_set(f, &r, wait);
}

CALL(flock)
{
	struct lock_request r = { .kind = LOCKS_FLOCK, .end = LOCKS_END };
	struct file *f = file_of_fd(a[0]);
	u32 op = a[1] & ~4u;
	long err;

	if (!f)
		return -EBADF;
	r.type = op == 1 ? F_RDLCK : op == 2 ? F_WRLCK : F_UNLCK;
	err = op == 1 || op == 2 || op == 8 ? locks_set(f, &r, !(a[1] & 4)) : -EINVAL;
	file_put(f);
	return err;
}

/* ---- fcntl */

#define F_GETSIG 11
#define F_GETLEASE 1025
#define F_GET_SEALS 1034
#define SETTABLE (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

/* The other flags stay what they are, whoever changes them meanwhile (FIOASYNC). */
static long flags_set(struct file *f, u64 arg)
{
	u32 flags;

	if (((f->flags ^ arg) & O_ASYNC) && f->ops->tells && async_set(f, arg & O_ASYNC))
		return -ENOMEM;
	flags = atomic_load(&f->flags);
	while (!atomic_compare_exchange_weak(&f->flags, &flags, (flags & ~SETTABLE) | (arg & SETTABLE)))
		;
	return 0;
}

static long fcntl_file(struct file *f, u32 cmd, u64 arg)
{
	switch (cmd) {
	case F_GETFL:
		return f->flags;
	case F_SETFL:
		return flags_set(f, arg);
	case F_GETLK:
	case F_OFD_GETLK:
		return lock_query(f, arg, cmd == F_OFD_GETLK);
	case F_SETLK:
	case F_SETLKW:
		return lock_change(f, arg, false, cmd == F_SETLKW);
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return lock_change(f, arg, true, cmd == F_OFD_SETLKW);
	case F_GETLEASE:
		return F_UNLCK;
	case F_GET_SEALS:
		return file_regular(f) ? 1 : -EINVAL; /* F_SEAL_SEAL: nothing can be sealed */
	case F_GETSIG:
		return 0;
	case F_SETOWN:
		return async_own(f, arg);
	case F_GETOWN:
		return async_owner(f);
	case F_GETPIPE_SZ:
		return file_is_pipe(f) ? pipe_size(f) : -EBADF;
	case F_SETPIPE_SZ:
		return file_is_pipe(f) ? pipe_resize(f, (u32)arg) : -EBADF;
	default:
		return -EINVAL;
	}
}

CALL(fcntl)
{
	u32 cmd = a[1];
	struct file *f;
	long r;

	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return (s64)(s32)a[2] < 0 ? (file_of_fd_check(a[0]) ? -EINVAL : -EBADF) :
					    fd_dup_from(a[0], a[2], cmd == F_DUPFD_CLOEXEC);
	case F_GETFD:
		r = fd_get_cloexec(a[0]);
		return r < 0 ? r : r ? FD_CLOEXEC : 0;
	case F_SETFD:
		return fd_set_cloexec(a[0], a[2] & FD_CLOEXEC);
	}
	f = cmd == F_GETFL ? file_of_fd_path(a[0]) : file_of_fd(a[0]);
	if (!f)
		return -EBADF;
	r = fcntl_file(f, cmd, a[2]);
	file_put(f);
	return r;
}
