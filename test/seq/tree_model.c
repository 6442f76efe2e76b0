/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "test/seq/tree_model.h"

#include <stdio.h>
#include <string.h>
#include "base/errno.h"

#define FMT(m, ino) ((m)->inode[ino].mode & TREE_IFMT)

static bool live(const struct model *m, u64 ino)
{
	return ino < MODEL_INODES && m->inode[ino].live;
}

static bool is_dir(const struct model *m, u64 ino)
{
	return FMT(m, ino) == TREE_IFDIR;
}

/* The index of a name, or -1. */
static int find(const struct model *m, u64 dir, const char *name)
{
	for (unsigned n = 0; n < m->names; n++)
		if (m->name[n].dir == dir && !strcmp(m->name[n].name, name))
			return (int)n;
	return -1;
}

static void add(struct model *m, u64 dir, const char *name, u64 ino)
{
	struct model_name *n = &m->name[m->names++];

	n->dir = dir;
	n->ino = ino;
	strcpy(n->name, name);
	m->inode[ino].staged = false;
	if (is_dir(m, ino))
		m->inode[ino].parent = dir;
}

static void cut(struct model *m, int n)
{
	m->names--;
	memmove(&m->name[n], &m->name[n + 1], (m->names - (unsigned)n) * sizeof(m->name[0]));
}

static u32 count_names(const struct model *m, u64 ino)
{
	u32 count = 0;

	for (unsigned n = 0; n < m->names; n++)
		count += m->name[n].ino == ino;
	return count;
}

static u32 count_entries(const struct model *m, u64 dir, bool dirs_only)
{
	u32 count = 0;

	for (unsigned n = 0; n < m->names; n++)
		count += m->name[n].dir == dir && (!dirs_only || is_dir(m, m->name[n].ino));
	return count;
}

static u32 nlink(const struct model *m, u64 ino)
{
	if (!is_dir(m, ino))
		return count_names(m, ino);
	return m->inode[ino].is_root || count_names(m, ino) ? 2 + count_entries(m, ino, true) : 0;
}

void model_attr(const struct model *m, u64 ino, struct tree_attr *out)
{
	const struct model_inode *i = &m->inode[ino < MODEL_INODES ? ino : 0];

	memset(out, 0, sizeof(*out));
	if (!live(m, ino))
		return;
	*out = (struct tree_attr){
		.ino = ino, .fs = i->fs, .parent = is_dir(m, ino) ? i->parent : 0, .body = i->body,
		.mounted_root = i->mounted, .covers = i->covers, .mount = i->mount, .mode = i->mode, .uid = i->uid,
		.gid = i->gid, .nlink = nlink(m, ino), .rdev = i->rdev,
	};
	out->size = is_dir(m, ino) ? count_entries(m, ino, false) : (u32)strlen(i->target);
}

static bool in_group(const struct tree_cred *c, u32 gid)
{
	bool is = c->gid == gid;

	for (u32 n = 0; n < c->ngroups; n++)
		is |= c->groups[n] == gid;
	return is;
}

/* want: an octal digit */
static int may(const struct model *m, const struct tree_cred *c, u64 ino, u32 want)
{
	const struct model_inode *i = &m->inode[ino];
	u32 has = c->uid == i->uid ? i->mode / 0100 : in_group(c, i->gid) ? i->mode / 010 : i->mode;

	return (has & want) == want || (c->caps & TREE_CAP_DAC) ? 0 : -EACCES;
}

/* What every operation on a name asks first of the directory. */
static int enter(const struct model *m, const struct tree_cred *c, u64 dir)
{
	if (!live(m, dir))
		return -ENOENT;
	return is_dir(m, dir) ? may(m, c, dir, 1) : -ENOTDIR;
}

static int may_add(const struct model *m, const struct tree_cred *c, u64 dir)
{
	return nlink(m, dir) ? may(m, c, dir, 3) : -ENOENT;
}

static int may_remove(const struct model *m, const struct tree_cred *c, u64 dir, u64 ino)
{
	const struct model_inode *d = &m->inode[dir];

	if (may(m, c, dir, 3))
		return -EACCES;
	if (d->mode & TREE_ISVTX && c->uid != d->uid && c->uid != m->inode[ino].uid && !(c->caps & TREE_CAP_FOWNER))
		return -EPERM;
	return 0;
}

static u64 new_inode(struct model *m, u32 mode, u32 uid, u32 gid, u64 body)
{
	struct model_inode *i = &m->inode[m->next];

	*i = (struct model_inode){ .live = true, .mode = mode, .uid = uid, .gid = gid, .body = body };
	return m->next++;
}

static u64 new_root(struct model *m, u32 mode, u32 uid, u32 gid, u64 body)
{
	u64 ino = new_inode(m, TREE_IFDIR | (mode & 07777), uid, gid, body);

	m->inode[ino].is_root = true;
	m->inode[ino].fs = m->inode[ino].parent = ino;
	return ino;
}

void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	m->next = 1;
	new_root(m, 0755, 0, 0, 0);
}

static int create(struct model *m, const struct command *c, struct tree_ret *ret)
{
	u32 mode = c->verb == SYMLINK ? TREE_IFLNK | 0777 : c->mode;
	bool unnamed = c->flags & TREE_UNNAMED;
	struct model_inode *d = &m->inode[c->dir % MODEL_INODES], *i;
	u32 gid = c->cred->gid;
	int at, err = enter(m, c->cred, c->dir);
	u64 ino;

	if (err)
		return err;
	at = unnamed ? -1 : find(m, c->dir, c->name);
	if (at >= 0 && (c->flags & TREE_EXCL || c->verb == SYMLINK))
		return -EEXIST;
	if (at >= 0) {
		ret->existed = true;
		model_attr(m, m->name[at].ino, &ret->at);
		return 0;
	}
	err = may_add(m, c->cred, c->dir);
	if (err)
		return err;
	if (unnamed && (mode & TREE_IFMT) == TREE_IFDIR)
		return -EINVAL;
	if (d->mode & TREE_ISGID) {
		gid = d->gid;
		if ((mode & TREE_IFMT) == TREE_IFDIR)
			mode |= TREE_ISGID;
		else if ((mode & 02010) == 02010 && !in_group(c->cred, gid) && !(c->cred->caps & TREE_CAP_FSETID))
			mode &= ~TREE_ISGID;
	}
	ino = new_inode(m, mode, c->cred->uid, gid, c->body);
	i = &m->inode[ino];
	i->fs = d->fs;
	i->rdev = c->rdev;
	i->staged = c->verb == SYMLINK || !unnamed || !(c->flags & TREE_EXCL);
	if (c->verb == SYMLINK)
		strcpy(i->target, c->name2);
	if (!unnamed)
		add(m, c->dir, c->name, ino);
	model_attr(m, ino, &ret->at);
	return 0;
}

static int append_target(struct model *m, const struct command *c)
{
	struct model_inode *i = &m->inode[c->ino % MODEL_INODES];

	if (!live(m, c->ino))
		return -ENOENT;
	if (FMT(m, c->ino) != TREE_IFLNK || !i->staged)
		return -EINVAL;
	if (strlen(i->target) + strlen(c->name2) > TREE_TARGET_MAX)
		return -ENAMETOOLONG;
	strcat(i->target, c->name2);
	return 0;
}

static int make_link(struct model *m, const struct command *c, struct tree_ret *ret)
{
	int err;

	if (!live(m, c->ino))
		return -ENOENT;
	err = enter(m, c->cred, c->dir);
	if (err)
		return err;
	if (find(m, c->dir, c->name) >= 0)
		return -EEXIST;
	if (m->inode[c->ino].fs != m->inode[c->dir].fs)
		return -EXDEV;
	err = may_add(m, c->cred, c->dir);
	if (err)
		return err;
	if (is_dir(m, c->ino))
		return -EPERM;
	if (!nlink(m, c->ino) && !m->inode[c->ino].staged)
		return -ENOENT;
	add(m, c->dir, c->name, c->ino);
	model_attr(m, c->ino, &ret->at);
	return 0;
}

static bool has_mount(const struct model *m, u64 ino)
{
	return m->inode[ino].mount || m->inode[ino].mounted;
}

static int remove_name(struct model *m, const struct command *c, struct tree_ret *ret)
{
	int at, err = enter(m, c->cred, c->dir);
	u64 ino;

	if (err)
		return err;
	at = find(m, c->dir, c->name);
	if (at < 0)
		return -ENOENT;
	ino = m->name[at].ino;
	err = may_remove(m, c->cred, c->dir, ino);
	if (err)
		return err;
	if (c->verb == UNLINK && is_dir(m, ino))
		return -EISDIR;
	if (c->verb == RMDIR) {
		if (!is_dir(m, ino))
			return -ENOTDIR;
		if (has_mount(m, ino))
			return -EBUSY;
		if (count_entries(m, ino, false))
			return -ENOTEMPTY;
	}
	cut(m, at);
	model_attr(m, ino, &ret->at);
	return 0;
}

/* Is a the directory d or one above it? */
static bool above(const struct model *m, u64 a, u64 d)
{
	for (;; d = m->inode[d].parent) {
		if (a == d)
			return true;
		if (!live(m, d) || m->inode[d].is_root)
			return false;
	}
}

static int rename_checks(const struct model *m, const struct command *c, u64 a, u64 b)
{
	bool swap = c->flags & TREE_EXCHANGE, far = c->dir != c->dir2;
	int err;

	if (b && c->flags & TREE_NOREPLACE)
		return -EEXIST;
	if (swap && !b)
		return -ENOENT;
	if (swap && c->flags & TREE_NEW_SLASH && !is_dir(m, b))
		return -ENOTDIR;
	if (!is_dir(m, a) && (c->flags & TREE_OLD_SLASH || (!swap && c->flags & TREE_NEW_SLASH)))
		return -ENOTDIR;
	if (far && is_dir(m, a) && above(m, a, c->dir2))
		return -EINVAL;
	if (far && b && is_dir(m, b) && above(m, b, c->dir))
		return swap ? -EINVAL : -ENOTEMPTY;
	if (a == b)
		return 1;
	err = may_remove(m, c->cred, c->dir, a);
	if (!err)
		err = b ? may_remove(m, c->cred, c->dir2, b) : may_add(m, c->cred, c->dir2);
	if (err)
		return err;
	if (b && !swap && is_dir(m, a) != is_dir(m, b))
		return is_dir(m, a) ? -ENOTDIR : -EISDIR;
	if (far && is_dir(m, a) && may(m, c->cred, a, 2))
		return -EACCES;
	if (far && swap && is_dir(m, b) && may(m, c->cred, b, 2))
		return -EACCES;
	if (has_mount(m, a) || (b && has_mount(m, b)))
		return -EBUSY;
	return b && !swap && is_dir(m, b) && count_entries(m, b, false) ? -ENOTEMPTY : 0;
}

static void set_name(struct model *m, int at, u64 ino)
{
	m->name[at].ino = ino;
	if (is_dir(m, ino))
		m->inode[ino].parent = m->name[at].dir;
}

static int rename_it(struct model *m, const struct command *c, struct tree_ret *ret)
{
	int err = enter(m, c->cred, c->dir), at, at2;
	u64 a, b;

	if (!err)
		err = enter(m, c->cred, c->dir2);
	if (err)
		return err;
	if (m->inode[c->dir].fs != m->inode[c->dir2].fs)
		return -EXDEV;
	at = find(m, c->dir, c->name);
	at2 = find(m, c->dir2, c->name2);
	if (at < 0)
		return -ENOENT;
	a = m->name[at].ino;
	b = at2 < 0 ? 0 : m->name[at2].ino;
	err = rename_checks(m, c, a, b);
	if (err < 0)
		return err;
	if (!err && c->flags & TREE_EXCHANGE) {
		set_name(m, at, b);
		set_name(m, at2, a);
	} else if (!err && b) {
		cut(m, at > at2 ? at : at2);
		cut(m, at > at2 ? at2 : at);
		add(m, c->dir2, c->name2, a);
		ret->victim.ino = b;
		ret->victim.body = m->inode[b].body;
		ret->victim.mode = m->inode[b].mode;
		ret->victim.nlink = nlink(m, b);
	} else if (!err) {
		cut(m, at);
		add(m, c->dir2, c->name2, a);
	}
	model_attr(m, a, &ret->at);
	return 0;
}

static int change(struct model *m, const struct command *c, struct tree_ret *ret)
{
	struct model_inode *i = &m->inode[c->ino % MODEL_INODES];
	bool owner, fsetid = c->cred->caps & TREE_CAP_FSETID;
	u32 kill = 0;

	if (!live(m, c->ino))
		return -ENOENT;
	owner = c->cred->uid == i->uid;
	if (i->mode & TREE_ISUID)
		kill |= TREE_ISUID;
	if (i->mode & TREE_ISGID && (i->mode & 010 || !(in_group(c->cred, i->gid) || fsetid)))
		kill |= TREE_ISGID;
	switch (c->verb) {
	case CHMOD:
		if (FMT(m, c->ino) == TREE_IFLNK)
			return -EOPNOTSUPP;
		if (!owner && !(c->cred->caps & TREE_CAP_FOWNER))
			return -EPERM;
		i->mode = FMT(m, c->ino) | (c->mode & 07777);
		if (!in_group(c->cred, i->gid) && !fsetid)
			i->mode &= ~TREE_ISGID;
		break;
	case CHOWN:
		if (!(c->cred->caps & TREE_CAP_CHOWN)) {
			if (c->uid != TREE_KEEP && (!owner || c->uid != i->uid))
				return -EPERM;
			if (c->gid != TREE_KEEP && (!owner || (c->gid != i->gid && !in_group(c->cred, c->gid))))
				return -EPERM;
		}
		if (is_dir(m, c->ino))
			kill = 0;
		if (kill && !owner && !(c->cred->caps & TREE_CAP_FOWNER))
			return -EPERM;
		i->uid = c->uid == TREE_KEEP ? i->uid : c->uid;
		i->gid = c->gid == TREE_KEEP ? i->gid : c->gid;
		if (kill && !in_group(c->cred, i->gid) && !fsetid)
			kill |= TREE_ISGID;
		i->mode &= ~kill;
		break;
	default:
		if (FMT(m, c->ino) == TREE_IFREG && !fsetid)
			i->mode &= ~kill;
	}
	model_attr(m, c->ino, &ret->at);
	return 0;
}

static u32 count_mounts(const struct model *m, u64 fs)
{
	u32 count = 0;

	for (u64 n = 1; n < m->next; n++)
		count += live(m, n) && m->inode[n].fs == fs && has_mount(m, n);
	return count;
}

static int forget(struct model *m, const struct command *c, struct tree_ret *ret)
{
	const struct model_inode *i = &m->inode[c->ino % MODEL_INODES];

	if (!live(m, c->ino))
		return -ENOENT;
	if (nlink(m, c->ino) && (!i->is_root || c->ino == TREE_ROOT || i->covers || count_entries(m, c->ino, false) ||
				 count_mounts(m, c->ino)))
		return -EBUSY;
	model_attr(m, c->ino, &ret->at);
	m->inode[c->ino].live = false;
	return 0;
}

static int mount_it(struct model *m, const struct command *c, struct tree_ret *ret)
{
	u64 fs;

	if (!live(m, c->dir) || !nlink(m, c->dir))
		return -ENOENT;
	if (!is_dir(m, c->dir))
		return -ENOTDIR;
	if ((c->mount != 0) == (c->ino != 0))
		return -EINVAL;
	if (has_mount(m, c->dir))
		return -EBUSY;
	if (c->ino) {
		if (!live(m, c->ino) || !m->inode[c->ino].is_root || c->ino == TREE_ROOT)
			return -EINVAL;
		if (m->inode[c->ino].covers)
			return -EBUSY;
		for (fs = m->inode[c->dir].fs; fs != c->ino && m->inode[fs].covers;)
			fs = m->inode[m->inode[fs].covers].fs;
		if (fs == c->ino)
			return -ELOOP;
		m->inode[c->ino].covers = c->dir;
	}
	m->inode[c->dir].mount = c->mount;
	m->inode[c->dir].mounted = c->ino;
	model_attr(m, c->dir, &ret->at);
	return 0;
}

static int umount_it(struct model *m, const struct command *c, struct tree_ret *ret)
{
	struct model_inode *d = &m->inode[c->dir % MODEL_INODES];

	if (!live(m, c->dir))
		return -ENOENT;
	if (!has_mount(m, c->dir))
		return -EINVAL;
	if (d->mounted && count_mounts(m, d->mounted))
		return -EBUSY;
	ret->mount = d->mount;
	ret->mounted_root = d->mounted;
	m->inode[d->mounted].covers = 0;
	d->mount = 0;
	d->mounted = 0;
	model_attr(m, c->dir, &ret->at);
	return 0;
}

void model_apply(struct model *m, const struct command *c, struct tree_ret *ret)
{
	memset(ret, 0, sizeof(*ret));
	switch (c->verb) {
	case CREATE:
	case SYMLINK:
		ret->err = create(m, c, ret);
		break;
	case TARGET:
		ret->err = append_target(m, c);
		break;
	case LINK:
		ret->err = make_link(m, c, ret);
		break;
	case UNLINK:
	case RMDIR:
		ret->err = remove_name(m, c, ret);
		break;
	case RENAME:
		ret->err = rename_it(m, c, ret);
		break;
	case FREE:
		ret->err = forget(m, c, ret);
		break;
	case ROOT:
		model_attr(m, new_root(m, c->mode, c->uid, c->gid, c->body), &ret->at);
		break;
	case MOUNT:
		ret->err = mount_it(m, c, ret);
		break;
	case UMOUNT:
		ret->err = umount_it(m, c, ret);
		break;
	default:
		ret->err = change(m, c, ret);
	}
}

/* ---- walking by rewriting the text of the path ---- */

static const char *past_slashes(const char *p)
{
	return p + strspn(p, "/");
}

static u64 over(const struct model *m, u64 ino, u32 *mount)
{
	while (m->inode[ino].mounted)
		ino = m->inode[ino].mounted;
	*mount = m->inode[ino].mount;
	return ino;
}

static u64 parent_of(const struct model *m, u64 root, u64 ino)
{
	while (ino != root && m->inode[ino].covers)
		ino = m->inode[ino].covers;
	return ino == root ? ino : m->inode[ino].parent;
}

int model_walk(const struct model *m, const struct tree_cred *cred, u64 root, u64 cwd, const char *path, unsigned flags,
	       struct tree_walk *out, char *rest)
{
	static char text[300000], again[300000];
	bool create = flags & TREE_PARENT, follow = flags & TREE_FOLLOW;
	u64 cur = path[0] == '/' ? root : cwd, next;
	const char *left = past_slashes(strcpy(text, path));
	u32 mount = 0;

	memset(out, 0, sizeof(*out));
	out->kind = TREE_LAST_ROOT;
	if (!*path && !(flags & TREE_EMPTY))
		return -ENOENT;
	if (!live(m, cur))
		return -ENOENT;
	while (*left && !mount) {
		size_t len = strcspn(left, "/");
		const char *after = past_slashes(left + len);
		bool last = !*after;
		int err, at;

		if (!is_dir(m, cur))
			return -ENOTDIR;
		err = may(m, cred, cur, 1);
		if (err)
			return err;
		if (last && left[len])
			out->slash = true;
		out->last_len = (u16)snprintf(out->last, sizeof(out->last), "%.*s", (int)len, left);
		if (!strcmp(out->last, ".")) {
			out->kind = TREE_LAST_DOT;
			next = cur;
		} else if (!strcmp(out->last, "..")) {
			out->kind = TREE_LAST_DOTDOT;
			next = parent_of(m, root, cur);
			if (!live(m, next))
				return -ENOENT;
			next = over(m, next, &mount);
		} else {
			out->kind = TREE_LAST_NAME;
			if (len > TREE_NAME_MAX)
				return -ENAMETOOLONG;
			at = find(m, cur, out->last);
			if (at < 0 && !(last && create))
				return -ENOENT;
			if (last)
				model_attr(m, cur, &out->dir);
			if (at < 0)
				return 0;
			next = m->name[at].ino;
			if (FMT(m, next) == TREE_IFLNK && (!last || (create ? follow && !out->slash : follow || out->slash))) {
				const char *target = m->inode[next].target;

				if (++out->links > TREE_LINKS_MAX)
					return -ELOOP;
				if (*target == '/') {
					cur = root;
					out->kind = TREE_LAST_ROOT;
				}
				snprintf(again, sizeof(again), "%s%s%s", target, last ? "" : "/", after);
				left = past_slashes(strcpy(text, again));
				continue;
			}
			if (is_dir(m, next) && !(last && create && !follow))
				next = over(m, next, &mount);
		}
		cur = next;
		left = after;
	}
	out->mount = mount;
	model_attr(m, cur, &out->at);
	if (mount) {
		strcpy(rest, left);
		if (*left && left[strlen(left) - 1] == '/')
			out->slash = true;
		return 0;
	}
	if (out->kind != TREE_LAST_NAME)
		out->dir = out->at;
	if (!create && (out->slash || flags & TREE_DIRECTORY) && !is_dir(m, cur))
		return -ENOTDIR;
	return 0;
}

int model_path(const struct model *m, u64 root, u64 dir, char *out)
{
	static char text[100000];

	*out = 0;
	while (dir != root) {
		unsigned n = 0;

		while (n < m->names && m->name[n].ino != dir)
			n++;
		if (n < m->names) {
			snprintf(text, sizeof(text), "/%s%s", m->name[n].name, out);
			dir = m->name[n].dir;
		} else if (m->inode[dir].covers) {
			dir = m->inode[dir].covers;
			continue;
		} else if (m->inode[dir].is_root) {
			snprintf(text, sizeof(text), "(unreachable)%s", *out ? out : "/");
			strcpy(out, text);
			return 0;
		} else {
			return -ENOENT;
		}
		strcpy(out, text);
	}
	if (!*out)
		strcpy(out, "/");
	return 0;
}
