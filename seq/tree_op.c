/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Operations as bytes: building them, taking them apart, and what memory they may need.
 *
 * An operation is a tree_head, the supplementary groups, the name and a second text (new name, target, part), without
 * padding: creating a file with a short name takes one 64-byte slot of a log.
 */
#include "seq/tree_internal.h"

static int check_name(const char *name, size_t len)
{
	if (len == 0)
		return -ENOENT;
	if (len > TREE_NAME_MAX)
		return -ENAMETOOLONG;
	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return -EINVAL;
	if (memchr(name, '/', len) || memchr(name, 0, len))
		return -EINVAL;
	return 0;
}

struct text {
	const char *p;
	size_t len;
};

/* Writes the operation; cred, name and text may be NULL or empty. Its length or -E2BIG, -EINVAL. */
static int build(void *buf, struct tree_head h, const struct tree_cred *cred, struct text name, struct text text)
{
	size_t groups = cred ? cred->ngroups * sizeof(u32) : 0;
	char *p = buf;

	if (cred) {
		if (cred->ngroups > TREE_GROUPS_MAX)
			return -EINVAL;
		h.uid = cred->uid;
		h.gid = cred->gid;
		h.caps = (u8)cred->caps;
		h.ngroups = (u8)cred->ngroups;
	}
	if (sizeof(h) + groups + name.len + text.len > TREE_OP_MAX)
		return -E2BIG;
	h.name_len = (u8)name.len;
	h.text_len = (u16)text.len;
	memcpy(p, &h, sizeof(h));
	p += sizeof(h);
	if (groups)
		memcpy(p, cred->groups, groups);
	p += groups;
	if (name.len)
		memcpy(p, name.p, name.len);
	p += name.len;
	if (text.len)
		memcpy(p, text.p, text.len);
	p += text.len;
	return (int)(p - (char *)buf);
}

#define NO_TEXT ((struct text){ NULL, 0 })
#define TEXT(p, n) ((struct text){ (p), (n) })

/* An operation on a name in a directory. */
static int build_named(void *buf, struct tree_head h, const struct tree_cred *cred, const char *name, size_t len)
{
	int err = check_name(name, len);

	return err ? err : build(buf, h, cred, TEXT(name, len), NO_TEXT);
}

static int build_create(void *buf, const struct tree_head *h, const struct tree_cred *cred, struct text name,
			struct text target)
{
	int err = 0;

	if (h->flags & ~(TREE_EXCL | TREE_UNNAMED))
		return -EINVAL;
	if (h->flags & TREE_UNNAMED)
		name = NO_TEXT;
	else
		err = check_name(name.p, name.len);
	return err ? err : build(buf, *h, cred, name, target);
}

int tree_op_create(void *buf, const struct tree_cred *cred, u64 dir, const char *name, size_t len, u32 mode, u32 rdev,
		   u64 body, unsigned flags)
{
	struct tree_head h = {
		.kind = TREE_OP_CREATE, .flags = (u16)flags, .dir = dir,
		.create = { .mode = mode, .rdev = rdev, .body = body },
	};

	if ((mode & TREE_IFMT) == TREE_IFLNK)
		return -EINVAL;
	return build_create(buf, &h, cred, TEXT(name, len), NO_TEXT);
}

int tree_op_symlink(void *buf, const struct tree_cred *cred, u64 dir, const char *name, size_t len,
		    const char *target, size_t target_len, u64 body, unsigned flags)
{
	struct tree_head h = {
		.kind = TREE_OP_CREATE, .flags = (u16)(flags & TREE_UNNAMED ? flags & ~TREE_EXCL : flags | TREE_EXCL), .dir = dir,
		.create = { .mode = TREE_IFLNK | 0777, .body = body },
	};

	if (target_len == 0)
		return -ENOENT;
	if (target_len > TREE_OP_MAX)
		return -E2BIG;
	return build_create(buf, &h, cred, TEXT(name, len), TEXT(target, target_len));
}

int tree_op_target(void *buf, u64 ino, const char *part, size_t len)
{
	struct tree_head h = { .kind = TREE_OP_TARGET, .dir = ino };

	if (len == 0)
		return -ENOENT;
	if (len > TREE_PART_MAX)
		return -E2BIG;
	return build(buf, h, NULL, NO_TEXT, TEXT(part, len));
}

int tree_op_link(void *buf, const struct tree_cred *cred, u64 ino, u64 dir, const char *name, size_t len)
{
	struct tree_head h = { .kind = TREE_OP_LINK, .dir = dir, .link = { .ino = ino } };

	return build_named(buf, h, cred, name, len);
}

int tree_op_unlink(void *buf, const struct tree_cred *cred, u64 dir, const char *name, size_t len)
{
	return build_named(buf, (struct tree_head){ .kind = TREE_OP_UNLINK, .dir = dir }, cred, name, len);
}

int tree_op_rmdir(void *buf, const struct tree_cred *cred, u64 dir, const char *name, size_t len)
{
	return build_named(buf, (struct tree_head){ .kind = TREE_OP_RMDIR, .dir = dir }, cred, name, len);
}

int tree_op_rename(void *buf, const struct tree_cred *cred, u64 old_dir, const char *old, size_t old_len, u64 new_dir,
		   const char *new, size_t new_len, unsigned flags)
{
	struct tree_head h = {
		.kind = TREE_OP_RENAME, .flags = (u16)flags, .dir = old_dir, .rename = { .dir = new_dir },
	};
	int err = check_name(old, old_len);

	if (flags & ~(TREE_NOREPLACE | TREE_EXCHANGE | TREE_OLD_SLASH | TREE_NEW_SLASH))
		return -EINVAL;
	if ((flags & TREE_NOREPLACE) && (flags & TREE_EXCHANGE))
		return -EINVAL;
	if (!err)
		err = check_name(new, new_len);
	return err ? err : build(buf, h, cred, TEXT(old, old_len), TEXT(new, new_len));
}

/* An operation on an inode, without text. */
static int build_bare(void *buf, struct tree_head h, const struct tree_cred *cred)
{
	return build(buf, h, cred, NO_TEXT, NO_TEXT);
}

int tree_op_chmod(void *buf, const struct tree_cred *cred, u64 ino, u32 mode)
{
	return build_bare(buf, (struct tree_head){ .kind = TREE_OP_CHMOD, .dir = ino, .chmod = { mode } }, cred);
}

int tree_op_chown(void *buf, const struct tree_cred *cred, u64 ino, u32 uid, u32 gid)
{
	return build_bare(buf, (struct tree_head){ .kind = TREE_OP_CHOWN, .dir = ino, .chown = { uid, gid } }, cred);
}

int tree_op_killpriv(void *buf, const struct tree_cred *cred, u64 ino)
{
	return build_bare(buf, (struct tree_head){ .kind = TREE_OP_KILLPRIV, .dir = ino }, cred);
}

int tree_op_free(void *buf, u64 ino)
{
	return build_bare(buf, (struct tree_head){ .kind = TREE_OP_FREE, .dir = ino }, NULL);
}

int tree_op_root(void *buf, u32 mode, u32 uid, u32 gid, u64 body)
{
	struct tree_cred owner = { .uid = uid, .gid = gid };

	return build_bare(buf, (struct tree_head){ .kind = TREE_OP_ROOT, .create = { mode, 0, body } }, &owner);
}

int tree_op_mount(void *buf, u64 dir, u32 mount, u64 root)
{
	return build_bare(buf, (struct tree_head){ .kind = TREE_OP_MOUNT, .dir = dir, .mount = { root, mount } }, NULL);
}

int tree_op_umount(void *buf, u64 dir)
{
	return build_bare(buf, (struct tree_head){ .kind = TREE_OP_UMOUNT, .dir = dir }, NULL);
}

int tree_op_decode(const void *op, size_t len, struct tree_change *c)
{
	const char *p = (const char *)op + sizeof(c->h);
	size_t groups;

	if (len < sizeof(c->h))
		return -EINVAL;
	memcpy(&c->h, op, sizeof(c->h));
	groups = c->h.ngroups * sizeof(u32);
	if (c->h.ngroups > TREE_GROUPS_MAX || len != sizeof(c->h) + groups + c->h.name_len + c->h.text_len)
		return -EINVAL;
	memcpy(c->groups, p, groups);
	c->cred = (struct tree_cred){
		.uid = c->h.uid, .gid = c->h.gid, .caps = c->h.caps, .ngroups = c->h.ngroups, .groups = c->groups,
	};
	c->name = p + groups;
	c->text = c->name + c->h.name_len;
	return 0;
}

size_t tree_op_mem(const void *op, size_t len)
{
	struct tree_head h;
	size_t mem = 0;

	if (len < sizeof(h))
		return 0;
	memcpy(&h, op, sizeof(h));
	switch (h.kind) {
	case TREE_OP_CREATE:
		mem = tree_ino_mem() + pool_rounded(tree_inode_size(h.create.mode)) + tree_entry_mem(h.name_len);
		return mem + (h.text_len ? pool_rounded(sizeof(struct tree_part) + h.text_len) : 0);
	case TREE_OP_ROOT:
		return tree_ino_mem() + pool_rounded(sizeof(struct tree_dir));
	case TREE_OP_TARGET:
		return pool_rounded(sizeof(struct tree_part) + h.text_len);
	case TREE_OP_LINK:
		return tree_entry_mem(h.name_len);
	case TREE_OP_RENAME:
		return tree_entry_mem(h.text_len);
	default:
		return 0;
	}
}

size_t tree_op_mem_max(void)
{
	return tree_ino_mem() + pool_rounded(sizeof(struct tree_dir)) + tree_entry_mem(TREE_NAME_MAX) +
	       pool_rounded(sizeof(struct tree_part) + TREE_OP_MAX);
}
