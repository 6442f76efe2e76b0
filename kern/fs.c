/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The tree's one instance under nr, and whose rights count in it. Path resolution is in fs_walk.c.
 */
#include "kern/fs.h"
#include "base/print.h"
#include "base/string.h"
#include "kern/process.h"
#include "kern/volume.h"

static struct nr *tree_nr;

static int tree_init_nr(void *state, struct pool *mem, const void *arg)
{
	return tree_init(state, mem, arg);
}

static int tree_clone_nr(void *dst, struct pool *mem, const void *src)
{
	return tree_clone(dst, mem, src);
}

static void tree_apply_nr(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	(void)shard;
	tree_apply(state, op, len, ret);
}

static u64 tree_hash_nr(const void *state)
{
	return tree_hash(state);
}

static int tree_check_nr(const void *state)
{
	const char *what = "";
	int err = tree_check(state, &what);

	if (err)
		kwarn("tree: broken: %s", what);
	return err;
}

static struct nr_type tree_type = {
	.name = "tree", .state_size = sizeof(struct tree), .init = tree_init_nr, .clone = tree_clone_nr,
	.apply = tree_apply_nr, .op_mem = tree_op_mem, .hash = tree_hash_nr, .check = tree_check_nr,
};

struct nr *fs_tree(void)
{
	return tree_nr;
}

void fs_tree_start(void)
{
	struct nr_config cfg = { .threads = cores_count(), .shards = 1, .node = core_node() };
	struct body *root;
	struct tree_init_arg arg = { .mode = 0755 };

	volume_start();
	root = body_new(volume_of(TREE_ROOT));
	arg.body = (u64)root;
	tree_type.op_mem_max = tree_op_mem_max();
	tree_nr = root ? nr_create(&tree_type, &cfg, &arg) : NULL;
	if (!tree_nr)
		panic("no memory for the file tree");
	root->ino = TREE_ROOT;
	nr_widen(tree_nr, nr_me());
}

static int update(const void *op, int op_len, struct tree_ret *ret, bool removes)
{
	u64 index;
	int err;

	if (op_len < 0)
		return op_len;
	err = nr_update(tree_nr, nr_me(), 0, op, op_len, ret, &index);
	if (err)
		return err;
	if (!ret->err && (removes || ret->victim.ino))
		nr_sync(tree_nr, nr_me(), index); /* no guard can still find what the caller is about to drop */
	return ret->err;
}

int fs_update(const void *op, int op_len, struct tree_ret *ret)
{
	return update(op, op_len, ret, false);
}

int fs_remove(const void *op, int op_len, struct tree_ret *ret)
{
	return update(op, op_len, ret, true);
}

struct body *fs_body_new(u64 fs, int *err)
{
	struct volume *v;
	struct body *b;

	*err = volume_writable(fs);
	if (*err)
		return NULL;
	v = volume_of(fs);
	if (!volume_take_inode(v)) {
		volume_put(v);
		*err = -ENOSPC;
		return NULL;
	}
	b = body_new(v);
	if (!b) {
		volume_give_inode(v);
		*err = -ENOMEM;
	}
	return b;
}

int fs_attr(u64 ino, struct tree_attr *out)
{
	const struct tree *t = nr_read_begin(tree_nr, nr_me(), 0);
	int err = tree_attr(t, ino, out);

	nr_read_end(tree_nr, nr_me(), 0);
	return err;
}

void fs_forget(u64 ino)
{
	tree_op_buffer op;
	struct tree_ret ret;

	fs_remove(op, tree_op_free(op, ino), &ret);
}

void fs_cred(const struct process *p, struct tree_cred *out)
{
	const struct cred *c = &p->cred;

	*out = (struct tree_cred){ .uid = c->fsuid, .gid = c->fsgid, .caps = c->fsuid == 0 ? TREE_CAP_ALL : 0,
				   .ngroups = c->ngroups, .groups = c->groups };
}

void fs_cred_real(const struct process *p, struct tree_cred *out)
{
	const struct cred *c = &p->cred;

	*out = (struct tree_cred){ .uid = c->uid, .gid = c->gid, .caps = c->uid == 0 ? TREE_CAP_ALL : 0,
				   .ngroups = c->ngroups, .groups = c->groups };
}
