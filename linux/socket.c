/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sockets: the calls. What a family does is behind net/socket.h. */
#include "net/socket.h"
#include "arch/clock.h"
#include "base/string.h"
#include "kern/process.h"
#include "linux/call.h"
#include "linux/wait.h"
#include "mem/slab.h"

#define CONTROL_MAX 20480u

struct abi_msghdr {
	void __user *name;
	s32 namelen, pad0;
	struct abi_iovec __user *iov;
	u64 iovlen;
	void __user *control;
	u64 controllen;
	s32 flags, pad1;
};

/* A borrowed file whose data is *s, or NULL with *err. */
static struct file *socket_of_fd(int fd, struct socket **s, long *err)
{
	struct file *f = file_of_fd(fd);

	*s = f ? socket_of_file(f) : NULL;
	*err = *s ? 0 : f ? -ENOTSOCK : -EBADF;
	if (*s)
		return f;
	file_put(f);
	return NULL;
}

static bool file_waits(struct file *f) { return !file_nonblock(f); }

/* ---- addresses */

static int sockaddr_in(struct sockaddr *a, const void __user *from, s32 len)
{
	if (len < 0 || len > SOCKADDR_MAX)
		return -EINVAL;
	memset(a, 0, sizeof(*a));
	a->len = len;
	return user_copy_in(a->bytes, from, len);
}

/* As much as there is room for; the length says how much there was. */
static int sockaddr_out(const struct sockaddr *a, void __user *to, s32 __user *len_at)
{
	s32 room, len = a->len;

	if (!to)
		return 0;
	if (user_copy_in(&room, len_at, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (user_copy_out(to, a->bytes, MIN(room, len)))
		return -EFAULT;
	return user_copy_out(len_at, &len, sizeof(len));
}

/* ---- making */

static long install(struct socket *s, u32 flags)
{
	struct file *f = socket_file(s, flags & SOCK_NONBLOCK);

	return f ? fd_install_new(f, flags & SOCK_CLOEXEC) : -ENOMEM;
}

CALL(socket)
{
	u32 flags = (u32)a[1] & ~SOCK_TYPE;
	struct socket *s;
	int err;

	if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
		return -EINVAL;
	err = socket_new(a[0], a[1] & SOCK_TYPE, a[2], &s);
	return err ? err : install(s, flags);
}

static int install_pair(struct socket *s[2], u32 flags, int fd[2])
{
	struct file *f[2] = { socket_file(s[0], flags & SOCK_NONBLOCK), socket_file(s[1], flags & SOCK_NONBLOCK) };
	int err = f[0] && f[1] ? fd_install2(f[0], f[1], flags & SOCK_CLOEXEC, fd) : -ENOMEM;

	if (err) {
		file_put(f[0]);
		file_put(f[1]);
	}
	return err;
}

CALL(socketpair)
{
	u32 flags = (u32)a[1] & ~SOCK_TYPE;
	struct socket *s[2];
	int fd[2], err;

	if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
		return -EINVAL;
	err = socket_pair(a[0], a[1] & SOCK_TYPE, a[2], s);
	if (!err)
		err = install_pair(s, flags, fd);
	if (err)
		return err;
	if (!user_copy_out(UPTR(3), fd, sizeof(fd)))
		return 0;
	fd_close(fd[0]);
	fd_close(fd[1]);
	return -EFAULT;
}

CALL(bind)
{
	struct sockaddr addr;
	struct socket *s;
	long r;
	struct file *f = socket_of_fd(a[0], &s, &r);

	if (!r)
		r = sockaddr_in(&addr, UPTR(1), a[2]);
	if (!r)
		r = s->ops->bind(s, &addr);
	file_put(f);
	return r;
}

CALL(connect)
{
	struct sockaddr addr;
	struct socket *s;
	long r;
	struct file *f = socket_of_fd(a[0], &s, &r);

	if (!r)
		r = sockaddr_in(&addr, UPTR(1), a[2]);
	if (!r)
		r = s->ops->connect(s, &addr, file_waits(f));
	file_put(f);
	return r;
}

CALL(listen)
{
	struct socket *s;
	long r;
	struct file *f = socket_of_fd(a[0], &s, &r);

	if (!r)
		r = s->ops->listen(s, (s32)a[1]);
	file_put(f);
	return r;
}

static long accept_common(const u64 *a, u32 flags)
{
	struct sockaddr peer = { 0 };
	struct socket *s, *fresh;
	long r;
	struct file *f = socket_of_fd(a[0], &s, &r);

	if (!r && (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)))
		r = -EINVAL;
	if (!r)
		r = s->ops->accept(s, file_waits(f), &fresh);
	if (!r) {
		if (a[1] && fresh->ops->name(fresh, true, &peer))
			peer.len = 0;
		r = install(fresh, flags);
		if (r >= 0 && a[1] && sockaddr_out(&peer, UPTR(1), UPTR(2))) {
			fd_close(r);
			r = -EFAULT;
		}
	}
	file_put(f);
	return r;
}

CALL(accept) { return accept_common(a, 0); }
CALL(accept4) { return accept_common(a, a[3]); }

/* ---- names, shutdown */

static long name_common(const u64 *a, bool peer)
{
	struct sockaddr addr = { 0 };
	struct socket *s;
	long r;
	struct file *f = socket_of_fd(a[0], &s, &r);

	if (!r)
		r = s->ops->name(s, peer, &addr);
	if (!r)
		r = a[1] ? sockaddr_out(&addr, UPTR(1), UPTR(2)) : -EFAULT;
	file_put(f);
	return r;
}

CALL(getsockname) { return name_common(a, false); }
CALL(getpeername) { return name_common(a, true); }

CALL(shutdown)
{
	struct socket *s;
	long r;
	struct file *f = socket_of_fd(a[0], &s, &r);

	if (!r)
		r = (u32)a[1] > SHUT_RDWR ? -EINVAL : s->ops->shutdown(s, a[1]);
	file_put(f);
	return r;
}

/* ---- options */

CALL(setsockopt)
{
	u8 value[64] = { 0 };
	s32 len = a[4];
	struct socket *s;
	long r;
	struct file *f = socket_of_fd(a[0], &s, &r);

	if (!r && len < 0)
		r = -EINVAL;
	if (!r)
		r = user_copy_in(value, UPTR(3), MIN((u32)len, sizeof(value)));
	if (!r)
		r = len < 4 && (s32)a[1] == SOL_SOCKET ? -EINVAL : s->ops->set(s, a[1], a[2], value, MIN((u32)len, sizeof(value)));
	file_put(f);
	return r;
}

CALL(getsockopt)
{
	u8 value[SOCKOPT_MAX] = { 0 };
	u32 have = sizeof(value);
	s32 room = 0;
	struct socket *s;
	long r;
	struct file *f = socket_of_fd(a[0], &s, &r);

	if (!r)
		r = user_copy_in(&room, UPTR(4), sizeof(room));
	if (!r)
		r = room < 0 ? -EINVAL : s->ops->get(s, a[1], a[2], value, &have);
	room = MIN((u32)room, have);
	if (!r && (user_copy_out(UPTR(3), value, room) || user_copy_out(UPTR(4), &room, sizeof(room))))
		r = -EFAULT;
	file_put(f);
	return r;
}

/* ---- bytes, without a header */

CALL(sendto)
{
	struct io io = io_user(UPTR(1), MIN(a[2], RW_MAX));
	struct sockaddr to;
	struct socket *s;
	long r;
	struct file *f = socket_of_fd(a[0], &s, &r);
	struct socket_msg m = { .name = a[4] ? &to : NULL, .flags = a[3] };

	if (!r && !user_range_ok(UPTR(1), a[2]))
		r = -EFAULT;
	if (!r && a[4])
		r = sockaddr_in(&to, UPTR(4), a[5]);
	if (!r) {
		m.flags |= file_nonblock(f) ? MSG_DONTWAIT : 0;
		r = s->ops->send(s, &io, &m);
	}
	file_put(f);
	return r;
}

CALL(recvfrom)
{
	struct io io = io_user(UPTR(1), MIN(a[2], RW_MAX));
	struct sockaddr from = { 0 };
	struct socket *s;
	long r;
	struct file *f = socket_of_fd(a[0], &s, &r);
	struct socket_msg m = { .name = a[4] ? &from : NULL, .flags = a[3] };

	if (!r && !user_range_ok(UPTR(1), a[2]))
		r = -EFAULT;
	if (!r) {
		m.flags |= file_nonblock(f) ? MSG_DONTWAIT : 0;
		r = s->ops->recv(s, &io, &m);
	}
	if (r >= 0 && a[4] && a[5] && sockaddr_out(&from, UPTR(4), UPTR(5)))
		r = -EFAULT;
	file_put(f);
	return r;
}

/* ---- sendmsg, recvmsg */

struct message {
	struct abi_msghdr h;
	struct abi_iovec few[8], *iov;
	struct sockaddr addr;
	struct io io;
	struct socket_msg m;
};

static long vector_in(struct message *x)
{
	u64 i, n = x->h.iovlen;

	if (n > IOV_MAX)
		return -EMSGSIZE;
	x->iov = n > ARRAY_SIZE(x->few) ? kmalloc(n * sizeof(*x->iov)) : x->few;
	if (!x->iov)
		return -ENOMEM;
	if (user_copy_in(x->iov, x->h.iov, n * sizeof(*x->iov)))
		return -EFAULT;
	for (i = 0; i < n; i++) {
		if ((s64)x->iov[i].len < 0)
			return -EINVAL;
		if (!user_range_ok(x->iov[i].base, x->iov[i].len))
			return -EFAULT;
		x->iov[i].len = MIN(x->iov[i].len, RW_MAX - x->io.left);
		x->io.left += x->iov[i].len;
	}
	x->io.iov = x->iov;
	x->io.count = n;
	return 0;
}

static long message_in(struct message *x, const void __user *from, u32 flags, bool sends)
{
	long r = user_copy_in(&x->h, from, sizeof(x->h)) ? -EFAULT : vector_in(x);

	x->m.flags = flags;
	if (r || (sends && !x->h.name))
		return r;
	if (x->h.name) {
		x->m.name = &x->addr;
		r = x->h.namelen < 0 ? -EINVAL : sends ? sockaddr_in(&x->addr, x->h.name, MIN(x->h.namelen, SOCKADDR_MAX)) : 0;
	}
	return r;
}

/* Control data, for families that have some. */
static long control_in(struct message *x, bool sends)
{
	u64 len = x->h.controllen;

	if (!x->h.control || !len)
		return 0;
	if (sends && len > CONTROL_MAX)
		return -ENOBUFS;
	x->m.control_len = MIN(len, CONTROL_MAX);
	x->m.control = kzalloc(x->m.control_len);
	if (!x->m.control)
		return -ENOMEM;
	return sends ? user_copy_in(x->m.control, x->h.control, x->m.control_len) : 0;
}

static void message_done(struct message *x)
{
	if (x->iov != x->few)
		kfree(x->iov);
	kfree(x->m.control);
	kfree(x);
}

static long sendmsg_on(struct file *f, struct socket *s, const void __user *header, u32 flags)
{
	struct message *x = kzalloc(sizeof(*x));
	long r;

	if (!x)
		return -ENOMEM;
	r = message_in(x, header, flags | (file_nonblock(f) ? MSG_DONTWAIT : 0), true);
	if (!r)
		r = control_in(x, true);
	if (!r)
		r = s->ops->send(s, &x->io, &x->m);
	message_done(x);
	return r;
}

CALL(sendmsg)
{
	struct socket *s;
	long r;
	struct file *f = socket_of_fd(a[0], &s, &r);

	if (!r)
		r = sendmsg_on(f, s, UPTR(1), a[2]);
	file_put(f);
	return r;
}

/* What a received message says besides its bytes. */
static long header_out(struct message *x, struct abi_msghdr __user *to)
{
	s32 flags = x->m.out_flags, len = x->addr.len;
	u64 control = x->m.control ? x->m.control_len : 0;

	if (x->h.name && (user_copy_out(x->h.name, x->addr.bytes, MIN(x->h.namelen, len)) ||
			  user_copy_out(&to->namelen, &len, sizeof(len))))
		return -EFAULT;
	if (control && user_copy_out(x->h.control, x->m.control, control))
		return -EFAULT;
	if (user_copy_out(&to->controllen, &control, sizeof(control)) || user_copy_out(&to->flags, &flags, sizeof(flags)))
		return -EFAULT;
	return 0;
}

static long recvmsg_on(struct file *f, struct socket *s, void __user *header, u32 flags)
{
	struct message *x = kzalloc(sizeof(*x));
	long r, err;

	if (!x)
		return -ENOMEM;
	r = message_in(x, header, flags | (file_nonblock(f) ? MSG_DONTWAIT : 0), false);
	if (!r)
		r = control_in(x, false);
	if (!r) {
		size_t room = x->m.control_len;

		r = s->ops->recv(s, &x->io, &x->m);
		if (x->m.control_len == room && s->family != AF_UNIX)
			x->m.control_len = 0;
		err = r >= 0 ? header_out(x, header) : 0;
		r = err ? err : r;
	}
	message_done(x);
	return r;
}

CALL(recvmsg)
{
	struct socket *s;
	long r;
	struct file *f = socket_of_fd(a[0], &s, &r);

	if (!r)
		r = recvmsg_on(f, s, UPTR(1), a[2]);
	file_put(f);
	return r;
}

/* ---- many at once: what was done before an error counts, and the error is told if that is nothing */

struct abi_mmsghdr { struct abi_msghdr h; u32 len, pad; };

CALL(sendmmsg)
{
	struct abi_mmsghdr __user *v = UPTR(1);
	u32 n = MIN((u32)a[2], IOV_MAX), i;
	struct socket *s;
	long r;
	struct file *f = socket_of_fd(a[0], &s, &r);

	for (i = 0; !r && i < n; i++) {
		long sent = sendmsg_on(f, s, &v[i].h, a[3]);
		u32 len = sent;

		r = sent < 0 ? sent : user_copy_out(&v[i].len, &len, sizeof(len));
		if (r)
			break;
	}
	file_put(f);
	return i ? (long)i : r;
}

static long recv_many(struct file *f, struct socket *s, struct abi_mmsghdr __user *v, u32 n, u32 flags, u64 deadline)
{
	u32 i;
	long r = 0;

	for (i = 0; i < n; i++) {
		long got = recvmsg_on(f, s, &v[i].h, flags & ~MSG_WAITFORONE);
		u32 len = got;

		r = got < 0 ? got : user_copy_out(&v[i].len, &len, sizeof(len));
		if (r)
			break;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (deadline != FOREVER && clock_ns() >= deadline)
			return i + 1;
	}
	return i ? (long)i : r;
}

/* The time is looked at after each message only, as Linux does. */
CALL(recvmmsg)
{
	u64 deadline;
	struct socket *s;
	struct file *f;
	long r = deadline_of(UPTR(4), &deadline);

	if (r)
		return r;
	f = socket_of_fd(a[0], &s, &r);
	if (!r)
		r = recv_many(f, s, UPTR(1), MIN((u32)a[2], IOV_MAX), a[3], deadline);
	file_put(f);
	if (r >= 0)
		deadline_out(UPTR(4), deadline);
	return r;
}
