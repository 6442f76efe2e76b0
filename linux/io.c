/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls on open files: bytes, positions, descriptors. */
#include "base/string.h"
#include "kern/async.h"
#include "kern/body.h"
#include "kern/fs.h"
#include "kern/notify.h"
#include "kern/process.h"
#include "linux/call.h"
#include "mem/frame.h"
#include "mem/slab.h"

/* The checks that come before any byte is looked at, in Linux's order. `at` < 0: the file's own position. */
static long rw_check(struct file *f, s64 at, bool writes)
{
	if (at >= 0 && !f->ops->seekable)
		return -ESPIPE;
	return (writes ? file_writable(f) : file_readable(f)) ? 0 : -EBADF;
}

/* For /proc/PID/io. */
static long rw_count(long moved, bool writes)
{
	struct thread *t = thread_current();

	*(writes ? &t->writes : &t->reads) += 1;
	*(writes ? &t->wchar : &t->rchar) += MAX(moved, 0l);
	return moved;
}

static long rw_move(struct file *f, struct io *io, s64 at, bool writes)
{
	if (at >= 0 && (s64)(at + io->left) < 0)
		return -EINVAL;
	return rw_count(writes ? file_write(f, io, at) : file_read(f, io, at), writes);
}

static long rw(const u64 *a, s64 at, bool writes)
{
	struct io io = io_user(UPTR(1), MIN(a[2], RW_MAX));
	struct file *f = file_of_fd(a[0]);
	long r;

	if (!f)
		return -EBADF;
	r = rw_check(f, at, writes);
	if (!r)
		r = user_range_ok(UPTR(1), a[2]) ? rw_move(f, &io, at, writes) : -EFAULT;
	file_put(f);
	return r;
}

CALL(read) { return rw(a, -1, false); }
CALL(write) { return rw(a, -1, true); }
CALL(pread64) { return (s64)a[3] < 0 ? -EINVAL : rw(a, a[3], false); }
CALL(pwrite64) { return (s64)a[3] < 0 ? -EINVAL : rw(a, a[3], true); }

/* Copies in and checks the segments; their sum is io->left. */
static long vector_get(struct io *io, struct abi_iovec *iov, const void __user *from, u64 n)
{
	u64 i;

	if (user_copy_in(iov, from, n * sizeof(*iov)))
		return -EFAULT;
	for (i = 0; i < n; i++) {
		if ((s64)iov[i].len < 0)
			return -EINVAL;
		if (!user_range_ok(iov[i].base, iov[i].len))
			return -EFAULT;
		iov[i].len = MIN(iov[i].len, RW_MAX - io->left);
		io->left += iov[i].len;
	}
	io->iov = iov;
	io->count = n;
	return 0;
}

static long vector_move(struct file *f, struct io *io, const u64 *a, s64 at, bool writes)
{
	struct abi_iovec few[8], *iov = few;
	u64 n = a[2];
	long r = rw_check(f, at, writes);

	if (r)
		return r;
	if (n > IOV_MAX)
		return -EINVAL;
	if (n > ARRAY_SIZE(few) && !(iov = kmalloc(n * sizeof(*iov))))
		return -ENOMEM;
	r = vector_get(io, iov, UPTR(1), n);
	if (!r)
		r = rw_move(f, io, at, writes);
	if (iov != few)
		kfree(iov);
	return r;
}

static long rw_vector(const u64 *a, s64 at, bool append, bool writes)
{
	struct file *f = file_of_fd(a[0]);
	struct io io = { .append = append };
	long r;

	if (!f)
		return -EBADF;
	r = vector_move(f, &io, a, at, writes);
	file_put(f);
	return r;
}

CALL(readv) { return rw_vector(a, -1, false, false); }
CALL(writev) { return rw_vector(a, -1, false, true); }
CALL(preadv) { return (s64)a[3] < 0 ? -EINVAL : rw_vector(a, a[3], false, false); }
CALL(pwritev) { return (s64)a[3] < 0 ? -EINVAL : rw_vector(a, a[3], false, true); }

#define RWF_HARMLESS 15u /* HIPRI, DSYNC, SYNC, NOWAIT: nothing here is on a disk */
#define RWF_APPEND 16u

static long rw_vector2(const u64 *a, bool writes)
{
	u32 flags = a[5];

	if (flags & ~(RWF_HARMLESS | (writes ? RWF_APPEND : 0)))
		return -EOPNOTSUPP;
	return (s64)a[3] < -1 ? -EINVAL : rw_vector(a, a[3], flags & RWF_APPEND, writes);
}

CALL(preadv2) { return rw_vector2(a, false); }
CALL(pwritev2) { return rw_vector2(a, true); }

CALL(lseek)
{
	struct file *f = file_of_fd(a[0]);
	long r;

	if (!f)
		return -EBADF;
	r = file_seek(f, a[1], (u32)a[2]);
	file_put(f);
	return r;
}

CALL(close) { return fd_close(a[0]); }

CALL(close_range)
{
	if (a[2] & ~6ul)
		return -EINVAL;
	return fd_close_range(a[0], a[1], a[2] & 4);
}

CALL(dup) { return fd_dup1(a[0]); }
CALL(dup2) { return fd_dup2(a[0], a[1], false, false); }

CALL(dup3)
{
	if ((u32)a[2] & ~O_CLOEXEC)
		return -EINVAL;
	return fd_dup2(a[0], a[1], true, a[2] & O_CLOEXEC);
}

static long pipe_common(void __user *out, u32 flags)
{
	struct file *end[2];
	int fd[2], err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	err = pipe_new(end, flags & O_NONBLOCK);
	if (err)
		return err;
	err = fd_install2(end[0], end[1], flags & O_CLOEXEC, fd);
	if (err) {
		file_put(end[0]);
		file_put(end[1]);
		return err;
	}
	if (user_copy_out(out, fd, sizeof(fd))) {
		fd_close(fd[0]);
		fd_close(fd[1]);
		return -EFAULT;
	}
	return 0;
}

CALL(pipe) { return pipe_common(UPTR(0), 0); }
CALL(pipe2) { return pipe_common(UPTR(0), a[1]); }

/* ---- ioctl */

static long ioctl_nonblock(struct file *f, u64 arg)
{
	s32 on;

	if (user_copy_in(&on, (void __user *)arg, sizeof(on)))
		return -EFAULT;
	if (on)
		atomic_fetch_or(&f->flags, O_NONBLOCK);
	else
		atomic_fetch_and(&f->flags, ~O_NONBLOCK);
	return 0;
}

static long ioctl_async(struct file *f, u64 arg)
{
	s32 on;

	if (user_copy_in(&on, (void __user *)arg, sizeof(on)))
		return -EFAULT;
	return async_set(f, on);
}

/* Two files that share their blocks: what could never be says so before that no file system here has it. */
static long ioctl_clone(struct file *to, u64 fd)
{
	struct file *from = file_of_fd(fd);
	long r = -EOPNOTSUPP;

	if (!from)
		return -EBADF;
	if (!from->body || !to->body || from->body->volume != to->body->volume)
		r = -EXDEV;
	else if (from->ops->readdir || to->ops->readdir)
		r = -EISDIR;
	else if (!file_regular(from) || !file_regular(to))
		r = -EINVAL;
	else if (!file_readable(from) || !file_writable(to) || (to->flags & O_APPEND))
		r = -EBADF;
	file_put(from);
	return r;
}

static long ioctl_regular(struct file *f, u32 cmd, u64 arg)
{
	struct abi_stat st;
	s32 n;

	if (cmd == FICLONE)
		return ioctl_clone(f, arg);
	if (cmd == FIEMAP)
		return -EOPNOTSUPP;
	if (cmd != FIONREAD || !f->body || file_stat(f, &st) || (st.mode & S_IFMT) != S_IFREG)
		return -ENOTTY;
	n = st.size - f->pos;
	return user_copy_out((void __user *)arg, &n, sizeof(n));
}

CALL(ioctl)
{
	struct file *f = file_of_fd(a[0]);
	u32 cmd = a[1];
	long r;

	if (!f)
		return -EBADF;
	if (cmd == FIOCLEX || cmd == FIONCLEX)
		r = fd_set_cloexec(a[0], cmd == FIOCLEX);
	else if (cmd == FIONBIO)
		r = ioctl_nonblock(f, a[2]);
	else if (cmd == FIOASYNC)
		r = ioctl_async(f, a[2]);
	else if (f->ops->ioctl)
		r = f->ops->ioctl(f, cmd, a[2]);
	else
		r = ioctl_regular(f, cmd, a[2]);
	file_put(f);
	return r;
}

/* ---- sendfile, copy_file_range: through a page of kernel memory */

static long copy_bytes(struct file *in, s64 *in_at, struct file *out, s64 *out_at, u64 count)
{
	u8 *page = kmalloc(PAGE_SIZE * 4);
	u64 done = 0;
	long n = page ? 0 : -ENOMEM;

	while (page && done < count) {
		struct io io = io_kernel(page, MIN(count - done, PAGE_SIZE * 4));
		long m;

		n = file_read(in, &io, *in_at);
		if (n <= 0)
			break;
		io = io_kernel(page, n);
		m = file_write(out, &io, *out_at);
		if (m > 0) {
			done += m;
			*in_at += *in_at >= 0 ? m : 0;
			*out_at += *out_at >= 0 ? m : 0;
		}
		if (m < n) {
			if (in->ops->seekable && *in_at < 0)
				file_seek(in, (m > 0 ? m : 0) - n, SEEK_CUR);
			n = m;
			break;
		}
	}
	kfree(page);
	return done ? (long)done : n;
}

CALL(sendfile)
{
	struct file *out = file_of_fd(a[0]), *in = file_of_fd(a[1]);
	s64 at = -1, none = -1;
	long r = -EBADF;

	if (!in || !out || !file_readable(in) || !file_writable(out))
		goto done;
	r = -EINVAL;
	if (!in->ops->seekable || !in->ops->read || !out->ops->write || (out->flags & O_APPEND))
		goto done;
	r = -EFAULT;
	if (a[2] && user_copy_in(&at, UPTR(2), sizeof(at)))
		goto done;
	r = (a[2] && at < 0) || (s64)a[3] < 0 ? -EINVAL : copy_bytes(in, &at, out, &none, MIN(a[3], RW_MAX));
	rw_count(rw_count(r, false), true);
	if (a[2] && r > 0 && user_copy_out(UPTR(2), &at, sizeof(at)))
		r = -EFAULT;
done:
	file_put(in);
	file_put(out);
	return r;
}

static long copy_check(struct file *in, u64 from, struct file *out, u64 to, u64 count)
{
	if (from + count < from || to + count < to)
		return -EOVERFLOW;
	if (in->body == out->body && from < to + count && to < from + count)
		return -EINVAL; /* they overlap */
	return (s64)from < 0 || (s64)to < 0 ? -EINVAL : 0;
}

CALL(copy_file_range)
{
	struct file *in = file_of_fd(a[0]), *out = file_of_fd(a[2]);
	s64 from = -1, to = -1;
	long r = -EBADF;

	if (!in || !out || !file_readable(in) || !file_writable(out) || (out->flags & O_APPEND))
		goto done;
	r = in->ops->readdir || out->ops->readdir ? -EISDIR : -EINVAL;
	if ((u32)a[5] || !file_regular(in) || !file_regular(out))
		goto done;
	r = -EFAULT;
	if ((a[1] && user_copy_in(&from, UPTR(1), 8)) || (a[3] && user_copy_in(&to, UPTR(3), 8)))
		goto done;
	r = copy_check(in, from < 0 && !a[1] ? in->pos : (u64)from, out, to < 0 && !a[3] ? out->pos : (u64)to, a[4]);
	if (!r)
		r = rw_count(rw_count(copy_bytes(in, &from, out, &to, MIN(a[4], RW_MAX)), false), true);
	if (r > 0 && ((a[1] && user_copy_out(UPTR(1), &from, 8)) || (a[3] && user_copy_out(UPTR(3), &to, 8))))
		r = -EFAULT;
done:
	file_put(in);
	file_put(out);
	return r;
}

/* ---- the rest */

static long sync_fd(int fd)
{
	struct file *f = file_of_fd(fd);
	long r = !f ? -EBADF : file_regular(f) || f->ops->readdir ? 0 : -EINVAL;

	file_put(f);
	return r;
}

CALL(fsync) { return sync_fd(a[0]); }
CALL(fdatasync) { return sync_fd(a[0]); }
CALL(syncfs) { return file_of_fd_check(a[0]) ? 0 : -EBADF; }

CALL(sync_file_range)
{
	long r = sync_fd(a[0]);

	if (r == -EBADF)
		return r;
	if (((u32)a[3] & ~7u) || (s64)a[1] < 0 || (s64)a[2] < 0)
		return -EINVAL;
	return r ? -ESPIPE : 0;
}

CALL(sync) { (void)a; return 0; }

CALL(ftruncate)
{
	struct file *f = file_of_fd(a[0]);
	long r;

	if ((s64)a[1] < 0) {
		file_put(f);
		return -EINVAL;
	}
	if (!f)
		return -EBADF;
	r = !f->ops->truncate || !file_writable(f) ? -EINVAL : f->ops->truncate(f, a[1]);
	file_put(f);
	return r;
}

CALL(fadvise64)
{
	struct file *f = file_of_fd(a[0]);
	long r = !f ? -EBADF : !f->ops->seekable ? -ESPIPE : (u32)a[3] > 5 || (s64)a[2] < 0 ? -EINVAL : 0;

	file_put(f);
	return r;
}

CALL(readahead)
{
	struct file *f = file_of_fd(a[0]);
	long r = !f || !file_readable(f) ? -EBADF : !file_regular(f) ? -EINVAL : 0;

	file_put(f);
	return r;
}

#define FALLOC_KEEP_SIZE 1u
#define FALLOC_PUNCH_HOLE 2u
#define FALLOC_KNOWN 0x7fu

static long fallocate_file(struct file *f, u32 mode, s64 start, s64 len)
{
	bool punch = mode & FALLOC_PUNCH_HOLE, keep = mode & FALLOC_KEEP_SIZE;
	u64 end = (u64)start + len;

	if (!file_regular(f))
		return file_is_pipe(f) ? -ESPIPE : f->ops->readdir ? -EISDIR : -ENODEV;
	if (mode & ~(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE))
		return -EOPNOTSUPP;
	if (end > BODY_MAX)
		return -EFBIG;
	if (punch) {
		body_punch(f->body, start, end);
		return 0;
	}
	if (!keep && end > atomic_load(&f->body->size) && end > process_current()->limit[RLIMIT_FSIZE].cur) {
		signal_kernel(process_current(), SIGXFSZ);
		return -EFBIG;
	}
	return body_reserve(f->body, start, end, !keep);
}

CALL(fallocate)
{
	struct file *f = file_of_fd(a[0]);
	u32 mode = a[1];
	long r;

	if (!f)
		return -EBADF;
	if ((s64)a[2] < 0 || (s64)a[3] <= 0)
		r = -EINVAL;
	else if ((mode & ~FALLOC_KNOWN) || (mode & 3) == FALLOC_PUNCH_HOLE)
		r = -EOPNOTSUPP;
	else
		r = file_writable(f) ? fallocate_file(f, mode, a[2], a[3]) : -EBADF;
	if (!r)
		notify_file(f, IN_MODIFY);
	file_put(f);
	return r;
}
