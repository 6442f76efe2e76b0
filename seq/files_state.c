/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A descriptor table as a whole: made, copied, hashed, checked. The hash depends on the open descriptors only, not on
 * the height of the tree.
 */
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"
#include "seq/files_internal.h"

int files_init(struct files *f, struct pool *pool, const void *arg)
{
	(void)arg;
	memset(f, 0, sizeof(*f));
	f->pool = pool;
	f->root = pool_zalloc(pool, sizeof(struct files_node));
	return f->root ? 0 : -ENOMEM;
}

/* A copy of the subtree; what was made is freed with the pool if memory runs out. */
static struct files_node *copy(struct pool *pool, const struct files_node *src, u32 h)
{
	struct files_node *n = pool_alloc(pool, sizeof(*n));
	u32 i;

	if (!n)
		return NULL;
	*n = *src;
	for (i = 0; h && i < FILES_FANOUT; i++) {
		if (!src->child[i])
			continue;
		n->child[i] = copy(pool, src->child[i], h - 1);
		if (!n->child[i])
			return NULL;
	}
	return n;
}

int files_clone(struct files *dst, struct pool *pool, const struct files *src)
{
	*dst = *src;
	dst->pool = pool;
	dst->root = copy(pool, src->root, src->height);
	return dst->root ? 0 : -ENOMEM;
}

static u64 mix(u64 h, u64 v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

u64 files_hash(const struct files *f)
{
	struct files_entry e;
	u64 h = mix(1, f->count);
	u32 fd;

	for (fd = files_seek(f, 0, FILES_USED); fd != FILES_NONE; fd = files_seek(f, fd + 1, FILES_USED)) {
		files_get(f, fd, &e);
		h = mix(mix(h, (u64)fd << 1 | e.cloexec), e.handle);
	}
	return h;
}

static int check_leaf(const struct files_node *n, u32 *open)
{
	u32 i;

	if (n->used != n->full || n->cloexec & ~n->used)
		return -EINVAL;
	for (i = 0; i < FILES_FANOUT; i++) {
		if ((n->handle[i] != 0) != (n->used >> i & 1))
			return -EINVAL;
		*open += n->used >> i & 1;
	}
	return 0;
}

static int check_node(const struct files_node *n, u32 h, u32 *open)
{
	u32 i;

	if (h == 0)
		return check_leaf(n, open);
	for (i = 0; i < FILES_FANOUT; i++) {
		const struct files_node *c = n->child[i];
		bool full = c && c->full == ~(u64)0, used = c && c->used, marked = c && c->cloexec;

		if (full != (n->full >> i & 1) || used != (n->used >> i & 1) || marked != (n->cloexec >> i & 1))
			return -EINVAL;
		if ((c && !used) || (c && check_node(c, h - 1, open)))
			return -EINVAL;
	}
	return 0;
}

int files_check(const struct files *f)
{
	u32 open = 0;

	if (f->height > FILES_HEIGHT_MAX || check_node(f->root, f->height, &open) || open != f->count) {
		kprintf("files: broken table: %u open, %u counted\n", open, f->count);
		return -EINVAL;
	}
	return 0;
}
