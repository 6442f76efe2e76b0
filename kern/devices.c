/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Character devices: null, zero, full, random, kmsg, and the ports of the virtio console. Terminals are in tty.c. */
#include "base/print.h"
#include "base/string.h"
#include "dev/rng.h"
#include "dev/vconsole.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "kern/tty.h"
#include "mem/slab.h"

const struct device_name device_names[] = {
	{ "null", S_IFCHR | 0666, RDEV(1, 3) }, { "zero", S_IFCHR | 0666, RDEV(1, 5) }, { "full", S_IFCHR | 0666, RDEV(1, 7) },
	{ "random", S_IFCHR | 0666, RDEV(1, 8) }, { "urandom", S_IFCHR | 0666, RDEV(1, 9) },
	{ "kmsg", S_IFCHR | 0644, RDEV(1, 11) }, { "tty", S_IFCHR | 0666, RDEV(5, 0) },
	{ "ptmx", S_IFCHR | 0666, RDEV(5, 2) },
	{ "console", S_IFCHR | 0600, RDEV(5, 1) }, { "ttyS0", S_IFCHR | 0660, RDEV(4, 64) },
	{ "vport0p1", S_IFCHR | 0600, RDEV(244, 1) }, { "vport0p2", S_IFCHR | 0600, RDEV(244, 2) },
	{ "vport0p3", S_IFCHR | 0600, RDEV(244, 3) }, { "vport0p4", S_IFCHR | 0600, RDEV(244, 4) },
	{ NULL, 0, 0 },
};

/* ---- memory devices */

static long null_read(struct file *f, struct io *io, u64 *pos)
{
	(void)f; (void)io; (void)pos;
	return 0;
}

static long swallow(struct file *f, struct io *io, u64 *pos)
{
	(void)f; (void)pos;
	return io->left;
}

static long zero_read(struct file *f, struct io *io, u64 *pos)
{
	size_t want = io->left, done = 0;

	(void)f; (void)pos;
	while (done < want) {
		size_t n = MIN(want - done, PAGE_SIZE), moved = io_zeros(io, n);

		done += moved;
		if (moved < n)
			return done ? (long)done : -EFAULT;
		if (signal_pending_current())
			break;
	}
	return done;
}

static long full_write(struct file *f, struct io *io, u64 *pos)
{
	(void)f; (void)io; (void)pos;
	return -ENOSPC;
}

static long random_read(struct file *f, struct io *io, u64 *pos)
{
	u8 buf[256];
	size_t done = 0, n, moved;

	(void)f; (void)pos;
	while (io->left) {
		n = MIN(io->left, sizeof(buf));
		random_fill(buf, n);
		moved = io_out(io, buf, n);
		done += moved;
		if (moved < n)
			return done ? (long)done : -EFAULT;
		if (done >= PAGE_SIZE && signal_pending_current())
			break;
	}
	return done;
}

static long random_write(struct file *f, struct io *io, u64 *pos)
{
	u8 buf[256];
	size_t done = 0, n;

	(void)f; (void)pos;
	while (io->left) {
		n = MIN(io->left, sizeof(buf));
		if (io_in(io, buf, n) < n)
			return done ? (long)done : -EFAULT;
		random_mix(buf, n);
		done += n;
	}
	return done;
}

static long null_seek(struct file *f, s64 off, int whence)
{
	(void)f; (void)off; (void)whence;
	return 0;
}

static int device_stat(struct file *f, struct abi_stat *st)
{
	struct path p = { .body = f->body };
	int err = fs_attr(f->ino, &p.at);

	return err ? err : path_stat(&p, st);
}

/* Each mapping of /dev/zero is memory of its own. */
static struct body *zero_mappable(struct file *f)
{
	struct body *b = body_new(NULL);

	(void)f;
	if (b)
		atomic_store(&b->size, BODY_MAX);
	return b;
}

static const struct file_ops null_ops = { .kind = "null", .read = null_read, .write = swallow, .seekable = true,
	.seek = null_seek, .stat = device_stat };
static const struct file_ops zero_ops = { .kind = "zero", .read = zero_read, .write = swallow, .seekable = true,
	.mappable = zero_mappable,
	.seek = null_seek, .stat = device_stat };
static const struct file_ops full_ops = { .kind = "full", .read = zero_read, .write = full_write, .seekable = true,
	.seek = null_seek, .stat = device_stat };
static const struct file_ops random_ops = { .kind = "random", .read = random_read, .write = random_write,
	.seekable = true, .seek = null_seek, .stat = device_stat };

/* ---- the message ring */

struct kmsg {
	struct print_cursor at;
};

static long kmsg_read(struct file *f, struct io *io, u64 *pos)
{
	struct kmsg *k = f->data;
	struct print_record r;
	char text[PRINT_LINE], line[PRINT_LINE + 64];
	int got, n;

	(void)pos;
	got = print_ring_read(&k->at, &r, text, sizeof(text));
	if (got < 0)
		return got;
	if (!got)
		return -EAGAIN; /* nobody waits for the kernel to speak */
	n = snprintf(line, sizeof(line), "%u,%lu,%lu,-;%.*s\n", r.level, r.seq, r.ns / 1000, (int)r.len, text);
	if ((size_t)n > io->left)
		return -EINVAL;
	return io_out(io, line, n) == (size_t)n ? n : -EFAULT;
}

static long kmsg_write(struct file *f, struct io *io, u64 *pos)
{
	char line[PRINT_LINE];
	size_t all = io->left, n = MIN(all, sizeof(line) - 1);
	char *text = line;

	(void)f; (void)pos;
	if (io_in(io, line, n) < n)
		return -EFAULT;
	line[n] = 0;
	if (n > 3 && line[0] == '<' && line[2] == '>')
		text += 3;
	kprintf("%s", text);
	return all;
}

static void kmsg_release(struct file *f)
{
	kfree(f->data);
}

/* To the oldest message, or behind the newest. */
static long kmsg_seek(struct file *f, s64 off, int whence)
{
	struct kmsg *k = f->data;

	if (off)
		return -ESPIPE;
	if (whence == SEEK_END)
		k->at = print_ring_end();
	else if (whence == SEEK_SET || whence == SEEK_DATA)
		memset(k, 0, sizeof(*k));
	else
		return -EINVAL;
	return 0;
}

static const struct file_ops kmsg_ops = { .kind = "kmsg", .read = kmsg_read, .write = kmsg_write, .stat = device_stat,
	.seekable = true, .seek = kmsg_seek,
	.release = kmsg_release };

/* ---- ports: bytes to and from the host, bounced through kernel memory */

#define PORTS 8
#define PORT_BOUNCE 4096

static struct waitq port_wait[PORTS];

static void port_notify(struct vport *p, void *ctx)
{
	(void)p;
	waitq_wake(ctx);
}

static long port_read(struct file *f, struct io *io, u64 *pos)
{
	struct vport *p = f->data;
	struct waitq *q = &port_wait[vport_number(p)];
	size_t want = MIN(io->left, (size_t)PORT_BOUNCE);
	u8 *bounce = kmalloc(PORT_BOUNCE);
	long n = -ENOMEM;

	(void)pos;
	while (bounce) {
		n = vport_read(p, bounce, want);
		if (n != -EAGAIN || file_nonblock(f))
			break;
		n = WAIT_UNTIL(q, FOREVER, vport_poll(p) & VPORT_READABLE);
		if (n)
			break;
	}
	if (n > 0 && io_out(io, bounce, n) < (size_t)n)
		n = -EFAULT;
	kfree(bounce);
	return n;
}

static long port_send(struct file *f, const u8 *bytes, size_t n)
{
	struct vport *p = f->data;
	struct waitq *q = &port_wait[vport_number(p)];
	long sent;

	for (;;) {
		sent = vport_write(p, bytes, n);
		if (sent != -EAGAIN || file_nonblock(f))
			return sent;
		sent = WAIT_UNTIL(q, FOREVER, vport_poll(p) & (VPORT_WRITABLE | VPORT_HANGUP));
		if (sent)
			return sent;
		if (vport_poll(p) & VPORT_HANGUP)
			return -EPIPE;
	}
}

static long port_write(struct file *f, struct io *io, u64 *pos)
{
	u8 *bounce = kmalloc(PORT_BOUNCE);
	size_t done = 0;
	long n = bounce ? 0 : -ENOMEM;

	(void)pos;
	while (n >= 0 && io->left) {
		size_t part = MIN(io->left, (size_t)PORT_BOUNCE), at = 0;

		if (io_in(io, bounce, part) < part) {
			n = -EFAULT;
			break;
		}
		while (at < part && (n = port_send(f, bounce + at, part - at)) > 0)
			at += n;
		done += at;
		if (at < part)
			break;
	}
	kfree(bounce);
	return done ? (long)done : n;
}

static u32 port_poll(struct file *f, struct poller *poller)
{
	struct vport *p = f->data;
	unsigned s;

	poller_wait(poller, &port_wait[vport_number(p)]);
	s = vport_poll(p);
	return (s & VPORT_READABLE ? POLLIN | POLLRDNORM : 0) | (s & VPORT_WRITABLE ? POLLOUT | POLLWRNORM : 0) |
	       (s & VPORT_HANGUP ? POLLHUP : 0);
}

static void port_release(struct file *f)
{
	vport_close(f->data);
}

static const struct file_ops port_ops = { .kind = "port", .read = port_read, .write = port_write, .poll = port_poll,
	.stat = device_stat, .release = port_release };

static struct file *port_open(unsigned n, u32 flags, int *err)
{
	struct vport *p = n < PORTS ? vport_get(n) : NULL;
	struct file *f;

	*err = p ? vport_open(p) : -ENXIO;
	if (*err)
		return NULL;
	f = file_new(&port_ops, flags);
	if (!f) {
		vport_close(p);
		*err = -ENOMEM;
		return NULL;
	}
	f->data = p;
	return f;
}

/* ---- by number */

static struct file *kmsg_open(u32 flags, int *err)
{
	struct file *f = file_new(&kmsg_ops, flags);

	*err = -ENOMEM;
	if (!f)
		return NULL;
	f->data = kzalloc(sizeof(struct kmsg));
	if (!f->data) {
		file_put(f);
		return NULL;
	}
	*err = 0;
	return f;
}

static const struct file_ops *memory_device(u32 minor)
{
	switch (minor) {
	case 3: return &null_ops;
	case 5: return &zero_ops;
	case 7: return &full_ops;
	case 8: case 9: return &random_ops;
	default: return NULL;
	}
}

struct file *device_open(u32 rdev, u32 flags, int *err)
{
	u32 major = rdev >> 8 & 0xfff, minor = (rdev & 0xff) | (rdev >> 12 & 0xfff00);
	const struct file_ops *ops = major == 1 ? memory_device(minor) : NULL;
	struct file *f;

	*err = -ENXIO;
	if (major == 4 || major == 5 || major == 136)
		return tty_open(rdev, flags, err);
	if (major == 244)
		return port_open(minor, flags, err);
	if (major == 1 && minor == 11)
		return kmsg_open(flags, err);
	if (!ops)
		return NULL;
	f = file_new(ops, flags);
	*err = f ? 0 : -ENOMEM;
	return f;
}

void devices_start(void)
{
	unsigned i;

	for (i = 0; i < PORTS; i++) {
		struct vport *p = vport_get(i);

		waitq_init(&port_wait[i]);
		if (p)
			vport_listen(p, port_notify, &port_wait[i]);
	}
}
