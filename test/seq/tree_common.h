/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of the tree share: trees with a pool, credentials, and calls by path as a kernel would make them. */
#ifndef TEST_SEQ_TREE_COMMON_H
#define TEST_SEQ_TREE_COMMON_H

#include <stdlib.h>
#include <string.h>
#include "base/errno.h"
#include "seq/tree.h"
#include "test/tap.h"

#define UNUSED __attribute__((unused))

/* ---- credentials ---- */

static const u32 some_groups[] = { 50, 60 };
static UNUSED const struct tree_cred root_cred = { .caps = TREE_CAP_ALL };
static UNUSED const struct tree_cred ann = { .uid = 10, .gid = 10 };
static UNUSED const struct tree_cred bob = { .uid = 20, .gid = 20, .ngroups = 2, .groups = some_groups };

/* ---- random numbers: xorshift64* ---- */

static u64 rng_state = 1;

static UNUSED u64 below(u64 n)
{
	rng_state ^= rng_state >> 12;
	rng_state ^= rng_state << 25;
	rng_state ^= rng_state >> 27;
	return (rng_state * 0x2545f4914f6cdd1du >> 16) % n;
}

/* ---- a replica ---- */

struct replica {
	struct pool pool;
	struct tree tree;
	long pages_left; /* -1: no limit */
};

static void *give_page(struct pool *p)
{
	struct replica *r = container_of(p, struct replica, pool);

	if (r->pages_left == 0)
		return NULL;
	if (r->pages_left > 0)
		r->pages_left--;
	return aligned_alloc(16, PAGE_SIZE);
}

static void take_page(struct pool *p, void *page)
{
	(void)p;
	free(page);
}

static UNUSED void open_pool(struct replica *r)
{
	r->pages_left = -1;
	pool_init(&r->pool, give_page, take_page, NULL);
}

/* Gives a pool a past, so that addresses and free lists differ from those of another one. */
static UNUSED void give_history(struct replica *r, unsigned n)
{
	void *obj[200];
	size_t size[200];

	for (unsigned k = 0; k < ARRAY_SIZE(obj) && k < n; k++) {
		size[k] = 16 + (k * 53) % 700;
		obj[k] = pool_alloc(&r->pool, size[k]);
	}
	for (unsigned k = 0; k < ARRAY_SIZE(obj) && k < n; k++)
		pool_free(&r->pool, obj[k], size[k]);
}

static UNUSED void open_replica(struct replica *r)
{
	open_pool(r);
	if (tree_init(&r->tree, &r->pool, NULL))
		abort();
}

/* Everything the state took must come back. */
static UNUSED bool close_replica(struct replica *r)
{
	bool clean;

	tree_destroy(&r->tree);
	clean = r->pool.used == 0;
	pool_drop(&r->pool);
	return clean;
}

/* Applies an operation (or returns the builder's error) and checks what it took from the pool. */
static UNUSED int apply(struct replica *r, const void *op, int len, struct tree_ret *ret)
{
	size_t before = r->pool.used, mem;

	memset(ret, 0, sizeof(*ret));
	if (len < 0)
		return ret->err = len;
	mem = tree_op_mem(op, (size_t)len);
	tree_apply(&r->tree, op, (size_t)len, ret);
	if (r->pool.used > before + mem || mem > tree_op_mem_max()) {
		printf("# op_mem: took %zu, promised %zu\n", r->pool.used - before, mem);
		abort();
	}
	return ret->err;
}

/* ---- calls by path ---- */

static UNUSED int walk(const struct tree *t, const struct tree_cred *c, const char *path, unsigned flags,
		       struct tree_walk *out)
{
	memset(out, 0, sizeof(*out));
	return tree_walk(t, c, TREE_ROOT, TREE_ROOT, path, strlen(path), flags, out);
}

static UNUSED u64 ino_of(struct replica *r, const char *path)
{
	struct tree_walk w;

	return walk(&r->tree, &root_cred, path, 0, &w) ? 0 : w.at.ino;
}

static UNUSED int do_create(struct replica *r, const struct tree_cred *c, const char *path, u32 mode)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret ret;
	struct tree_walk w;
	int err = walk(&r->tree, c, path, TREE_PARENT, &w);

	if (err)
		return err;
	return apply(r, op, tree_op_create(op, c, w.dir.ino, w.last, w.last_len, mode, 0, 7, TREE_EXCL), &ret);
}

static UNUSED int do_mkdir(struct replica *r, const struct tree_cred *c, const char *path, u32 mode)
{
	return do_create(r, c, path, TREE_IFDIR | mode);
}

static UNUSED int do_symlink(struct replica *r, const struct tree_cred *c, const char *target, const char *path)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret ret;
	struct tree_walk w;
	int err = walk(&r->tree, c, path, TREE_PARENT, &w);

	if (err)
		return err;
	return apply(r, op, tree_op_symlink(op, c, w.dir.ino, w.last, w.last_len, target, strlen(target), 8, 0), &ret);
}

static UNUSED int do_unlink(struct replica *r, const struct tree_cred *c, const char *path, struct tree_ret *ret)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_walk w;
	int err = walk(&r->tree, c, path, TREE_PARENT, &w);

	return err ? err : apply(r, op, tree_op_unlink(op, c, w.dir.ino, w.last, w.last_len), ret);
}

static UNUSED int do_rmdir(struct replica *r, const struct tree_cred *c, const char *path, struct tree_ret *ret)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_walk w;
	int err = walk(&r->tree, c, path, TREE_PARENT, &w);

	return err ? err : apply(r, op, tree_op_rmdir(op, c, w.dir.ino, w.last, w.last_len), ret);
}

static UNUSED int do_link(struct replica *r, const struct tree_cred *c, const char *old, const char *path)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret ret;
	struct tree_walk w;
	u64 ino = ino_of(r, old);
	int err = walk(&r->tree, c, path, TREE_PARENT, &w);

	return err ? err : apply(r, op, tree_op_link(op, c, ino, w.dir.ino, w.last, w.last_len), &ret);
}

static UNUSED int do_rename(struct replica *r, const struct tree_cred *c, const char *old, const char *new,
			    unsigned flags, struct tree_ret *ret)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_walk a, b;
	int err = walk(&r->tree, c, old, TREE_PARENT, &a);

	if (!err)
		err = walk(&r->tree, c, new, TREE_PARENT, &b);
	if (err)
		return err;
	flags |= (a.slash ? TREE_OLD_SLASH : 0) | (b.slash ? TREE_NEW_SLASH : 0);
	return apply(r, op, tree_op_rename(op, c, a.dir.ino, a.last, a.last_len, b.dir.ino, b.last, b.last_len, flags),
		     ret);
}

static UNUSED int do_chmod(struct replica *r, const struct tree_cred *c, const char *path, u32 mode)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret ret;

	return apply(r, op, tree_op_chmod(op, c, ino_of(r, path), mode), &ret);
}

static UNUSED int do_chown(struct replica *r, const struct tree_cred *c, const char *path, u32 uid, u32 gid)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret ret;

	return apply(r, op, tree_op_chown(op, c, ino_of(r, path), uid, gid), &ret);
}

static UNUSED int do_free(struct replica *r, u64 ino)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret ret;

	return apply(r, op, tree_op_free(op, ino), &ret);
}

static UNUSED int do_mount(struct replica *r, u64 dir, u32 mount, u64 root)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret ret;

	return apply(r, op, tree_op_mount(op, dir, mount, root), &ret);
}

static UNUSED int do_umount(struct replica *r, u64 dir)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret ret;

	return apply(r, op, tree_op_umount(op, dir), &ret);
}

static UNUSED u64 do_root(struct replica *r)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret ret;

	return apply(r, op, tree_op_root(op, 0755, 0, 0, 9), &ret) ? 0 : ret.at.ino;
}

static UNUSED u32 mode_of(struct replica *r, const char *path)
{
	struct tree_attr a;

	return tree_attr(&r->tree, ino_of(r, path), &a) ? 0 : a.mode;
}

static UNUSED bool checks(struct replica *r)
{
	const char *what = NULL;

	if (tree_check(&r->tree, &what) == 0)
		return true;
	printf("# broken invariant: %s\n", what);
	return false;
}

#endif
