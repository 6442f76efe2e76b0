/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The initial archive becomes the first tree: each member of the cpio image is made by the same calls that a
 * program would use, with umask 0. A later member replaces an earlier one of the same name; a directory that
 * exists only takes on mode and owner. Hard links arrive as several members with one inode number.
 *
 * A damaged image is one clear line and the end: without a root there is nothing to run.
 */
#include "arch/boot.h"
#include "base/cpio.h"
#include "base/print.h"
#include "base/string.h"
#include "dev/dev.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "mem/frame.h"
#include "mem/slab.h"

#define LINKS_MAX 256

/* Members with several names: where the first of them was made. */
struct seen {
	u32 archive, ino, major, minor;
	char name[256];
};

struct unpack {
	struct seen *seen;
	u32 nseen;
};

static const char *unpack_earlier(struct unpack *u, const struct cpio_file *f)
{
	struct seen *s;
	u32 i;

	for (i = 0; i < u->nseen; i++) {
		s = &u->seen[i];
		if (s->archive == f->archive && s->ino == f->ino && s->major == f->dev_major && s->minor == f->dev_minor)
			return s->name;
	}
	if (u->nseen < LINKS_MAX) {
		s = &u->seen[u->nseen++];
		*s = (struct seen){ f->archive, f->ino, f->dev_major, f->dev_minor, "" };
		strlcpy(s->name, f->name, sizeof(s->name));
	}
	return NULL;
}

static int unpack_contents(const char *name, const struct cpio_file *f)
{
	struct io io = io_kernel((void *)f->data, f->size);
	struct file *file;
	long n;
	int err;

	file = fs_open(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC | O_NOFOLLOW, f->mode & 07777, &err);
	if (!file)
		return err;
	n = f->size ? file_write(file, &io, 0) : 0;
	file_put(file);
	return n < 0 ? (int)n : (u64)n < f->size ? -ENOSPC : 0;
}

static int unpack_file(struct unpack *u, const char *name, const struct cpio_file *f)
{
	const char *earlier = f->nlink > 1 ? unpack_earlier(u, f) : NULL;
	int err;

	fs_unlink(AT_FDCWD, name);
	if (earlier) {
		err = fs_link(AT_FDCWD, earlier, AT_FDCWD, name, 0);
		return err || !f->size ? err : unpack_contents(name, f);
	}
	return unpack_contents(name, f);
}

static int unpack_link(const char *name, const struct cpio_file *f)
{
	char target[4096];

	if (f->size >= sizeof(target))
		return -ENAMETOOLONG;
	memcpy(target, f->data, f->size);
	target[f->size] = 0;
	fs_unlink(AT_FDCWD, name);
	return fs_symlink(target, AT_FDCWD, name);
}

static void unpack_attributes(const char *name, const struct cpio_file *f)
{
	bool link = (f->mode & S_IFMT) == S_IFLNK;
	struct path p;

	if (path_walk(AT_FDCWD, name, link ? 0 : TREE_FOLLOW, &p))
		return;
	if (f->uid || f->gid || (p.at.uid | p.at.gid))
		fs_chown(&p, f->uid, f->gid);
	if (!link && (p.at.mode & 07777) != (f->mode & 07777))
		fs_chmod(&p, f->mode);
	if (p.body)
		p.body->mtime = p.body->atime = (u64)f->mtime * 1000000000;
	path_drop(&p);
}

static int unpack_member(struct unpack *u, const struct cpio_file *f)
{
	const char *name = f->name;
	int err;

	switch (f->mode & S_IFMT) {
	case S_IFDIR:
		err = fs_mkdir(AT_FDCWD, name, f->mode & 07777);
		err = err == -EEXIST ? 0 : err;
		break;
	case S_IFREG:
		err = unpack_file(u, name, f);
		break;
	case S_IFLNK:
		err = unpack_link(name, f);
		break;
	default:
		fs_unlink(AT_FDCWD, name);
		err = fs_mknod(AT_FDCWD, name, f->mode, RDEV(f->rdev_major, f->rdev_minor));
	}
	if (!err)
		unpack_attributes(name, f);
	return err;
}

/* Bad input, not a broken kernel: one line, and the end. */
static _Noreturn void unpack_refuse(const char *what, u64 number)
{
	kerror("%s %lu", what, number);
	dev_drain(1000000000);
	machine_exit_debug(PRINT_PANIC_STATUS);
}

static void unpack_all(struct unpack *u)
{
	struct cpio c;
	struct cpio_file f;
	int r, err;

	cpio_open(&c, boot_info.initrd, boot_info.initrd_size);
	while ((r = cpio_next(&c, &f)) > 0) {
		err = unpack_member(u, &f);
		if (err == -ENOSPC || err == -ENOMEM)
			unpack_refuse("the image does not fit in memory; bytes", boot_info.initrd_size);
		if (err)
			kwarn("image: %s: error %d", f.name, -err);
	}
	if (r < 0)
		unpack_refuse("the image is damaged or cut off at byte", c.at);
}

void initramfs_unpack(void)
{
	struct unpack u = { .seen = kmalloc(LINKS_MAX * sizeof(struct seen)) };

	if (!boot_info.initrd || !u.seen)
		panic("no root: give an image with -initrd");
	process_current()->fs->umask = 0;
	unpack_all(&u);
	process_current()->fs->umask = 022;
	kfree(u.seen);
	boot_each_node(boot_info.initrd_phys, boot_info.initrd_phys + boot_info.initrd_size, frame_donate);
}
