/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* splice(2): bytes between a pipe and another file. (tee(2) and vmsplice(2) are not here.) */
#include "kern/fs.h"
#include "kern/process.h"
#include "linux/call.h"

#define SPLICE_F_NONBLOCK 2u
#define SPLICE_F_ALL 15u

/* The side that is no pipe, or the second pipe. */
struct side {
	struct file *file;
	s64 at;         /* < 0: the file's own position */
	bool nonblock;
};

static void advance(struct side *s, long n)
{
	if (s->at >= 0 && n > 0)
		s->at += n;
}

static long give(void *arg, void *bytes, size_t n)
{
	struct side *s = arg;
	struct io io = io_kernel(bytes, n);
	long r;

	if (s->nonblock && file_is_pipe(s->file) && !(file_poll(s->file, NULL) & (POLLOUT | POLLERR)))
		return -EAGAIN;
	r = file_write(s->file, &io, s->at);
	advance(s, r);
	return r;
}

static long take(void *arg, void *bytes, size_t n)
{
	struct side *s = arg;
	struct io io = io_kernel(bytes, n);
	long r = file_read(s->file, &io, s->at);

	advance(s, r);
	return r;
}

/* Files that hold an event or the like have no bytes to move. */
static bool has_bytes(const struct file *f)
{
	return f->ops->stat != file_stat_nameless;
}

static long from_pipe(struct file *in, struct file *out, s64 *to, u64 len, bool nonblock)
{
	struct side s = { out, *to, nonblock };
	long r;

	if (file_is_pipe(out) && out->data == in->data)
		return -EINVAL;
	if (!out->ops->write || !has_bytes(out) || (out->flags & O_APPEND))
		return -EINVAL;
	r = pipe_drain(in, len, nonblock || (file_is_pipe(out) && file_nonblock(out)), give, &s);
	*to = s.at;
	return r;
}

static long to_pipe(struct file *in, s64 *from, struct file *out, u64 len, bool nonblock)
{
	struct side s = { in, *from, nonblock };
	long r;

	if (!in->ops->read || !has_bytes(in))
		return -EINVAL;
	r = pipe_pour(out, len, nonblock, !file_regular(in), take, &s);
	*from = s.at;
	return r;
}

/* An offset of the program's, for a file that has positions. */
static int offset_in(struct file *f, const void __user *from, s64 *at)
{
	*at = -1;
	if (!from)
		return 0;
	if (file_is_pipe(f))
		return -ESPIPE;
	if (!f->ops->seekable)
		return -EINVAL;
	if (user_copy_in(at, from, sizeof(*at)))
		return -EFAULT;
	return *at < 0 ? -EINVAL : 0;
}

static long splice(struct file *in, void __user *in_at, struct file *out, void __user *out_at, u64 len, u32 flags)
{
	s64 from, to;
	long r;

	if (!file_readable(in) || !file_writable(out))
		return -EBADF;
	if (!file_is_pipe(in) && !file_is_pipe(out))
		return -EINVAL;
	r = offset_in(in, in_at, &from);
	if (!r)
		r = offset_in(out, out_at, &to);
	if (r)
		return r;
	len = MIN(len, RW_MAX);
	if (file_is_pipe(in))
		r = from_pipe(in, out, &to, len, flags & SPLICE_F_NONBLOCK);
	else
		r = to_pipe(in, &from, out, len, flags & SPLICE_F_NONBLOCK);
	if (r > 0 && ((in_at && user_copy_out(in_at, &from, 8)) || (out_at && user_copy_out(out_at, &to, 8))))
		return -EFAULT;
	return r;
}

CALL(splice)
{
	struct file *in, *out;
	u32 flags = a[5];
	long r = -EBADF;

	if (!a[4])
		return 0;
	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	in = file_of_fd(a[0]);
	out = file_of_fd(a[2]);
	if (in && out)
		r = splice(in, UPTR(1), out, UPTR(3), a[4], flags);
	file_put(in);
	file_put(out);
	return r;
}
