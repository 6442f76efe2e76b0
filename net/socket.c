/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sockets as files. See socket.h. */
#include "net/socket.h"
#include "arch/mmu.h"
#include "kern/process.h"
#include "net/interfaces.h"

#define DEV_SOCKETS 9 /* st_dev of what lies in no directory */
#define ESOCKTNOSUPPORT 94

static const struct { int family; int (*make)(int type, int protocol, struct socket **out); } families[] = {
	{ AF_INET, inet_socket }, { AF_INET6, inet6_socket }, { AF_UNIX, unix_socket },
};

int socket_new(int family, int type, int protocol, struct socket **out)
{
	int err = -EAFNOSUPPORT;

	for (u32 i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i].family == family)
			err = families[i].make(type, protocol, out);
	return err;
}

int socket_pair(int family, int type, int protocol, struct socket *out[2])
{
	int err;

	if (family == AF_UNIX)
		return unix_pair(type, protocol, out);
	err = socket_new(family, type, protocol, &out[0]);
	if (!err)
		out[0]->ops->release(out[0]);
	return err ? err : -EOPNOTSUPP;
}

static long socket_read(struct file *f, struct io *io, u64 *pos)
{
	struct socket *s = f->data;
	struct socket_msg m = { .flags = file_nonblock(f) ? MSG_DONTWAIT : 0 };

	(void)pos;
	if (!io->left)
		return 0; /* by read(2); recv(2) of nothing waits all the same */
	return s->ops->recv(s, io, &m);
}

static long socket_write(struct file *f, struct io *io, u64 *pos)
{
	struct socket *s = f->data;
	struct socket_msg m = { .flags = file_nonblock(f) ? MSG_DONTWAIT : 0 };

	(void)pos;
	return s->ops->send(s, io, &m);
}

static u32 socket_poll(struct file *f, struct poller *p)
{
	struct socket *s = f->data;

	return s->ops->poll(s, p);
}

static long socket_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct socket *s = f->data;
	long n;
	s32 count;

	if (cmd != FIONREAD)
		return interface_ioctl(cmd, (void __user *)arg);
	n = s->ops->pending(s);
	if (n < 0)
		return n;
	count = n;
	return user_copy_out((void __user *)arg, &count, sizeof(count));
}

u64 socket_ino(const struct socket *s) { return virt_to_phys(s) >> 6; }

static int socket_stat(struct file *f, struct abi_stat *st)
{
	struct socket *s = f->data;
	struct cred *c = &process_current()->cred;

	st->dev = DEV_SOCKETS;
	st->ino = socket_ino(s);
	st->nlink = 1;
	st->mode = S_IFSOCK | 0777;
	st->uid = c->fsuid;
	st->gid = c->fsgid;
	st->blksize = PAGE_SIZE;
	return 0;
}

static void socket_release(struct file *f)
{
	struct socket *s = f->data;

	if (s)
		s->ops->release(s);
}

static const struct file_ops socket_ops = {
	.kind = "socket", .tells = true, .read = socket_read, .write = socket_write, .poll = socket_poll, .ioctl = socket_ioctl,
	.stat = socket_stat, .release = socket_release,
};

struct file *socket_file(struct socket *s, u32 flags)
{
	struct file *f = file_new(&socket_ops, O_RDWR | flags);

	if (f)
		f->data = s;
	else
		s->ops->release(s);
	return f;
}

struct socket *socket_of_file(struct file *f)
{
	return f->ops == &socket_ops ? f->data : NULL;
}
