/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Changing names and attributes: each is a walk to the parent, one operation on the tree, and then, once, what
 * the operation left behind: times of directories, references of inodes that lost their last name.
 */
#include "base/string.h"
#include "kern/fs.h"
#include "kern/notify.h"
#include "kern/process.h"
#include "kern/volume.h"

/* The times of an inode that nobody here has a reference to. */
static void fs_touch(u64 ino, bool m, bool c)
{
	const struct tree *t = nr_read_begin(fs_tree(), nr_me(), 0);
	struct tree_attr at;
	struct body *b = NULL;

	if (!tree_attr(t, ino, &at) && body_tryget((struct body *)at.body))
		b = (struct body *)at.body;
	nr_read_end(fs_tree(), nr_me(), 0);
	if (b)
		body_touch(b, false, m, c);
	body_put(b);
}

void fs_touch_dir(const struct tree_attr *dir)
{
	fs_touch(dir->ino, true, true);
}

/* An inode lost a name; with the last one, the tree's reference. */
void fs_lost_name(u64 ino, u64 body, u32 nlink, bool directory)
{
	fs_touch(ino, false, true); /* with names left, whoever takes the last one may have freed the body by now */
	if (nlink == 0 || directory)
		body_put((struct body *)body);
}

/* Parent of a name to be made. */
static int create_parent(int dirfd, const char *name, bool directory, struct path_parent *out)
{
	int err = path_parent(dirfd, name, 0, out);

	if (err)
		return err;
	if (out->pseudo.fs)
		return out->pseudo_exists ? -EEXIST : out->pseudo.fs == PSEUDO_SYS ? -EPERM : -ENOENT;
	if (out->kind != TREE_LAST_NAME || out->at.ino)
		return -EEXIST;
	if (out->slash && !directory)
		return -ENOENT;
	return 0;
}

static int fs_create(int dirfd, const char *name, u32 mode, u32 rdev)
{
	struct path_parent parent;
	tree_op_buffer op;
	struct tree_cred cred;
	struct tree_ret ret;
	struct body *b;
	int err = create_parent(dirfd, name, (mode & S_IFMT) == S_IFDIR, &parent);

	if (err)
		return err;
	fs_cred(process_current(), &cred);
	if (((mode & S_IFMT) == S_IFCHR || (mode & S_IFMT) == S_IFBLK) && !cred_capable(&process_current()->cred))
		return tree_may(&parent.dir, &cred, 3) ? -EACCES : -EPERM;
	b = fs_body_new(parent.dir.fs, &err);
	if (!b)
		return err;
	body_get(b);
	err = fs_update(op, tree_op_create(op, &cred, parent.dir.ino, parent.last, parent.len, mode, rdev, (u64)b, TREE_EXCL),
			&ret);
	if (!err) {
		b->ino = ret.at.ino;
		fs_touch_dir(&parent.dir);
		notify_name(parent.dir.ino, parent.last, IN_CREATE | notify_kind(mode));
	} else {
		body_put(b);
	}
	body_put(b);
	return err;
}

int fs_mknod(int dirfd, const char *name, u32 mode, u32 rdev)
{
	u32 type = mode & S_IFMT, perm = mode & 07777;

	if (type == 0)
		type = S_IFREG;
	if (type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO && type != S_IFSOCK)
		return type == S_IFDIR ? -EPERM : -EINVAL;
	fs_umask_apply(&perm);
	return fs_create(dirfd, name, type | perm, rdev);
}

int fs_mkdir(int dirfd, const char *name, u32 mode)
{
	mode &= 01777;
	fs_umask_apply(&mode);
	return fs_create(dirfd, name, S_IFDIR | mode, 0);
}

/* A target too long for one operation: staged in parts, then linked. */
static int symlink_staged(const struct tree_cred *cred, const struct path_parent *parent, const char *target, size_t len,
			  struct body *b, struct tree_ret *ret)
{
	tree_op_buffer op;
	size_t at = TREE_PART_MAX / 2;
	int err = fs_update(op, tree_op_symlink(op, cred, parent->dir.ino, "", 0, target, at, (u64)b, TREE_UNNAMED), ret);
	u64 ino = ret->at.ino;

	if (err)
		return err;
	for (; !err && at < len; at += TREE_PART_MAX)
		err = fs_update(op, tree_op_target(op, ino, target + at, MIN(len - at, (size_t)TREE_PART_MAX)), ret);
	if (!err)
		err = fs_update(op, tree_op_link(op, cred, ino, parent->dir.ino, parent->last, parent->len), ret);
	if (err) {
		struct tree_ret dropped;

		fs_remove(op, tree_op_free(op, ino), &dropped);
	}
	return err;
}

int fs_symlink(const char *target, int dirfd, const char *name)
{
	struct path_parent parent;
	tree_op_buffer op;
	struct tree_cred cred;
	struct tree_ret ret;
	struct body *b;
	size_t len = strlen(target);
	int err;

	if (!len)
		return -ENOENT;
	err = create_parent(dirfd, name, false, &parent);
	if (err)
		return err;
	b = fs_body_new(parent.dir.fs, &err);
	if (!b)
		return err;
	fs_cred(process_current(), &cred);
	body_get(b);
	err = tree_op_symlink(op, &cred, parent.dir.ino, parent.last, parent.len, target, len, (u64)b, TREE_EXCL);
	if (err == -E2BIG)
		err = symlink_staged(&cred, &parent, target, len, b, &ret);
	else
		err = fs_update(op, err, &ret);
	if (!err) {
		b->ino = ret.at.ino;
		fs_touch_dir(&parent.dir);
		notify_name(parent.dir.ino, parent.last, IN_CREATE);
	} else {
		body_put(b);
	}
	body_put(b);
	return err;
}

/* Linux's protected_hardlinks, which Debian sets: nobody links to what he could not have written himself. */
static bool may_link(const struct tree_attr *at, const struct tree_cred *cred)
{
	u32 both = S_ISGID | 010;

	if ((cred->caps & TREE_CAP_FOWNER) || cred->uid == at->uid)
		return true;
	return (at->mode & S_IFMT) == S_IFREG && !(at->mode & S_ISUID) && (at->mode & both) != both && !tree_may(at, cred, 6);
}

int fs_link(int olddir, const char *old, int newdir, const char *new, u32 at_flags)
{
	struct path p;
	struct path_parent parent;
	tree_op_buffer op;
	struct tree_cred cred;
	struct tree_ret ret;
	int err = path_at(olddir, old, (at_flags & AT_EMPTY_PATH) | (at_flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW), &p);

	if (err)
		return err;
	fs_cred(process_current(), &cred);
	err = create_parent(newdir, new, false, &parent);
	if (!err && (path_pseudo(&p) || p.file))
		err = -EXDEV;
	if (!err && !may_link(&p.at, &cred))
		err = -EPERM;
	if (!err)
		err = volume_writable(parent.dir.fs);
	if (!err) {
		body_get(p.body);
		err = fs_update(op, tree_op_link(op, &cred, p.at.ino, parent.dir.ino, parent.last, parent.len), &ret);
		if (err || ret.at.nlink != 1) /* else it is its first name: the tree holds it from now on */
			body_put(p.body);
	}
	if (!err) {
		body_touch(p.body, false, false, true);
		fs_touch_dir(&parent.dir);
		notify_self(p.at.ino, IN_ATTRIB);
		notify_name(parent.dir.ino, parent.last, IN_CREATE);
	}
	path_drop(&p);
	return err;
}

/* Takes the name away that parent holds, of a file or of a directory, and lets go of what it named. */
static int remove_name(struct path_parent *parent, bool directory)
{
	tree_op_buffer op;
	struct tree_cred cred;
	struct tree_ret ret;
	int len, err = parent->at.ino ? volume_writable(parent->dir.fs) : 0;

	if (err)
		return err;
	fs_cred(process_current(), &cred);
	len = directory ? tree_op_rmdir(op, &cred, parent->dir.ino, parent->last, parent->len) :
			  tree_op_unlink(op, &cred, parent->dir.ino, parent->last, parent->len);
	err = fs_remove(op, len, &ret);
	if (err)
		return err;
	fs_touch_dir(&parent->dir);
	if (!directory)
		notify_self(ret.at.ino, IN_ATTRIB);
	fs_lost_name(ret.at.ino, ret.at.body, directory ? 0 : ret.at.nlink, directory);
	notify_name(parent->dir.ino, parent->last, IN_DELETE | (directory ? IN_ISDIR : 0));
	return 0;
}

int fs_unlink(int dirfd, const char *name)
{
	struct path_parent parent;
	int err = path_parent(dirfd, name, 0, &parent);

	if (err)
		return err;
	if (parent.pseudo.fs)
		return parent.pseudo_exists ? -EPERM : -ENOENT;
	if (parent.kind != TREE_LAST_NAME)
		return -EISDIR;
	if (parent.slash)
		return !parent.at.ino ? -ENOENT : (parent.at.mode & S_IFMT) == S_IFDIR ? -EISDIR : -ENOTDIR;
	return remove_name(&parent, false);
}

int fs_rmdir(int dirfd, const char *name)
{
	struct path_parent parent;
	int err = path_parent(dirfd, name, 0, &parent);

	if (err)
		return err;
	if (parent.pseudo.fs)
		return parent.pseudo_exists ? -EPERM : -ENOENT;
	if (parent.kind != TREE_LAST_NAME)
		return parent.kind == TREE_LAST_DOT ? -EINVAL : parent.kind == TREE_LAST_DOTDOT ? -ENOTEMPTY : -EBUSY;
	return remove_name(&parent, true);
}

static void tell_move(const struct path_parent *from, const struct path_parent *to, u64 ino, u32 mode, u64 victim, u32 victim_mode)
{
	u32 cookie = notify_cookie(), kind = notify_kind(mode);

	notify_tell(from->dir.ino, IN_MOVED_FROM | kind, cookie, from->last);
	notify_tell(to->dir.ino, IN_MOVED_TO | kind, cookie, to->last);
	if (victim)
		notify_self(victim, IN_ATTRIB | notify_kind(victim_mode));
	notify_self(ino, IN_MOVE_SELF);
}

static void tell_moved(const struct path_parent *from, const struct path_parent *to, const struct tree_ret *ret, u32 flags)
{
	bool swap = flags & RENAME_EXCHANGE;

	if (!notify_anybody())
		return;
	tell_move(from, to, ret->at.ino, ret->at.mode, swap ? 0 : ret->victim.ino, ret->victim.mode);
	if (swap)
		tell_move(to, from, to->at.ino, to->at.mode, 0, 0);
}

int fs_rename(int olddir, const char *old, int newdir, const char *new, u32 flags)
{
	struct path_parent from, to;
	tree_op_buffer op;
	struct tree_cred cred;
	struct tree_ret ret;
	int err;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if ((flags & (RENAME_NOREPLACE | RENAME_EXCHANGE)) == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	err = path_parent(olddir, old, 0, &from);
	if (!err)
		err = path_parent(newdir, new, 0, &to);
	if (err)
		return err;
	if (from.pseudo.fs != to.pseudo.fs)
		return -EXDEV;
	if (from.pseudo.fs)
		return from.pseudo_exists && to.pseudo_exists ? -EPERM : -ENOENT;
	if (from.kind != TREE_LAST_NAME || to.kind != TREE_LAST_NAME)
		return flags & RENAME_NOREPLACE && to.kind != TREE_LAST_NAME ? -EEXIST : -EBUSY;
	err = volume_writable(from.dir.fs);
	if (err)
		return err;
	flags |= (from.slash ? TREE_OLD_SLASH : 0) | (to.slash ? TREE_NEW_SLASH : 0);
	fs_cred(process_current(), &cred);
	err = fs_update(op, tree_op_rename(op, &cred, from.dir.ino, from.last, from.len, to.dir.ino, to.last, to.len, flags),
			&ret);
	if (err)
		return err;
	if (ret.at.ino == to.at.ino)
		return 0; /* two names of one file: nothing happened */
	fs_touch_dir(&from.dir);
	fs_touch_dir(&to.dir);
	fs_touch(ret.at.ino, false, true);
	if (flags & RENAME_EXCHANGE)
		fs_touch(to.at.ino, false, true);
	tell_moved(&from, &to, &ret, flags);
	if (ret.victim.ino && !(flags & RENAME_EXCHANGE))
		fs_lost_name(ret.victim.ino, ret.victim.body, ret.victim.nlink, (ret.victim.mode & S_IFMT) == S_IFDIR);
	return 0;
}

int fs_readlink(int dirfd, const char *name, char *buf, size_t size)
{
	struct path p;
	const struct tree *t;
	int none = name[0] ? -EINVAL : -ENOENT; /* "" is for a descriptor of a link */
	int r = path_walk(dirfd, name, TREE_EMPTY, &p);

	if (r)
		return r == -ENOTDIR && !name[0] ? -ENOENT : r;
	if (p.file) {
		r = none;
	} else if (path_pseudo(&p)) {
		const struct pseudo_fs *fs = pseudo_fs_of(p.node.fs);

		r = (p.node.mode & S_IFMT) == S_IFLNK ? fs->readlink(&p.node, buf, size) : none;
	} else {
		t = nr_read_begin(fs_tree(), nr_me(), 0);
		r = (p.at.mode & S_IFMT) == S_IFLNK ? tree_readlink(t, p.at.ino, buf, size) : none;
		nr_read_end(fs_tree(), nr_me(), 0);
		if (r > 0)
			body_touch(p.body, true, false, false);
	}
	path_drop(&p);
	return r;
}

int fs_access(int dirfd, const char *name, u32 mode, u32 at_flags)
{
	unsigned flags = (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : TREE_FOLLOW) | (at_flags & AT_EMPTY_PATH ? TREE_EMPTY : 0);
	struct tree_attr at;
	struct tree_cred cred;
	struct path p;
	int err;

	if (at_flags & AT_EACCESS)
		fs_cred(process_current(), &cred);
	else
		fs_cred_real(process_current(), &cred); /* the walk too is made with the real ids */
	err = path_walk_as(&cred, dirfd, name, flags, &p);
	if (err)
		return err;
	at = p.at;
	if (path_pseudo(&p))
		at = (struct tree_attr){ .mode = p.node.mode, .uid = p.node.uid, .gid = p.node.gid };
	if (!p.file)
		err = tree_may(&at, &cred, mode);
	if (!err && (mode & 2) && at.ino && (at.mode & S_IFMT) != S_IFCHR)
		err = volume_writable(at.fs);
	path_drop(&p);
	return err;
}

int fs_chmod(struct path *p, u32 mode)
{
	tree_op_buffer op;
	struct tree_cred cred;
	struct tree_ret ret;
	int err;

	if (p->file)
		return 0;
	if (path_pseudo(p))
		return -EPERM;
	err = volume_writable(p->at.fs);
	if (err)
		return err;
	fs_cred(process_current(), &cred);
	err = fs_update(op, tree_op_chmod(op, &cred, p->at.ino, mode & 07777), &ret);
	if (!err && p->body)
		body_touch(p->body, false, false, true);
	if (!err)
		notify_path(p, IN_ATTRIB);
	return err;
}

int fs_chown(struct path *p, u32 uid, u32 gid)
{
	tree_op_buffer op;
	struct tree_cred cred;
	struct tree_ret ret;
	int err;

	if (p->file)
		return 0;
	if (path_pseudo(p))
		return -EPERM;
	err = volume_writable(p->at.fs);
	if (err)
		return err;
	fs_cred(process_current(), &cred);
	err = fs_update(op, tree_op_chown(op, &cred, p->at.ino, uid, gid), &ret);
	if (!err && p->body)
		body_touch(p->body, false, false, true);
	if (!err)
		notify_path(p, IN_ATTRIB);
	return err;
}

int fs_truncate(const char *name, u64 size)
{
	struct path p;
	struct tree_cred cred;
	int err = path_walk(AT_FDCWD, name, TREE_FOLLOW, &p);

	if (err)
		return err;
	fs_cred(process_current(), &cred);
	if (path_pseudo(&p) || p.file)
		err = -EINVAL;
	else if ((p.at.mode & S_IFMT) == S_IFDIR)
		err = -EISDIR;
	else if ((p.at.mode & S_IFMT) != S_IFREG)
		err = -EINVAL;
	else if (!(err = tree_may(&p.at, &cred, 2)) && !(err = volume_writable(p.at.fs)))
		err = size > process_current()->limit[RLIMIT_FSIZE].cur ? -EFBIG : body_write_begin(p.body);
	if (err == -EFBIG)
		signal_kernel(process_current(), SIGXFSZ);
	if (!err) {
		fs_kill_privileges(p.at.ino);
		err = body_truncate(p.body, size);
		body_write_end(p.body);
		if (!err)
			notify_path(&p, IN_MODIFY);
	}
	path_drop(&p);
	return err;
}

/* What 64 bits of nanoseconds cannot hold becomes the nearest they can: years 1677 to 2262. */
static s64 time_of(const struct abi_timespec *t)
{
	s64 sec = MIN(MAX(t->sec, -9223372036l), 9223372035l);

	return sec * 1000000000 + t->nsec;
}

/* As Linux: one time alone looks like what would have changed it. */
static u32 utimes_mask(const struct abi_timespec times[2])
{
	bool a = !times || times[0].nsec != UTIME_OMIT, m = !times || times[1].nsec != UTIME_OMIT;

	return a && m ? IN_ATTRIB : a ? IN_ACCESS : m ? IN_MODIFY : 0;
}

int fs_utimes(struct path *p, const struct abi_timespec times[2])
{
	struct tree_cred cred;
	s64 now = body_time();
	bool to_now = !times || (times[0].nsec == UTIME_NOW && times[1].nsec == UTIME_NOW);
	int i, err;

	for (i = 0; times && i < 2; i++)
		if (times[i].nsec != UTIME_NOW && times[i].nsec != UTIME_OMIT && (times[i].nsec < 0 || times[i].nsec > 999999999))
			return -EINVAL;
	if (p->file)
		return 0;
	if (path_pseudo(p))
		return -EPERM;
	err = volume_writable(p->at.fs);
	if (err)
		return err;
	fs_cred(process_current(), &cred);
	if (!(cred.caps & TREE_CAP_FOWNER) && cred.uid != p->at.uid) {
		if (!to_now)
			return -EPERM;
		if (tree_may(&p->at, &cred, 2))
			return -EACCES;
	}
	for (i = 0; i < 2; i++) {
		s64 *field = i ? &p->body->mtime : &p->body->atime;

		if (!times || times[i].nsec == UTIME_NOW)
			*field = now;
		else if (times[i].nsec != UTIME_OMIT)
			*field = time_of(&times[i]);
	}
	p->body->ctime = now;
	notify_path(p, utimes_mask(times));
	return 0;
}
