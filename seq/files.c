/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The operations of a descriptor table: see seq/files.h. Each is a function that fills the result; files_apply
 * only dispatches. Order of the checks is that of Linux' fs/file.c as a program can observe it.
 */
#include "base/errno.h"
#include "base/string.h"
#include "seq/files_internal.h"

static void give_back(struct files_ret *r, u64 handle)
{
	r->handle[r->n++] = handle;
}

static s32 alloc_from(struct files *f, const struct files_op *op, u32 min, u64 handle, u32 *out)
{
	u32 fd = files_seek(f, min, FILES_FREE);

	if (fd == FILES_NONE || fd >= op->limit)
		return -EMFILE;
	files_put(f, fd, handle, op->cloexec != 0);
	*out = fd;
	return 0;
}

static void op_alloc(struct files *f, const struct files_op *op, struct files_ret *r)
{
	r->err = op->handle ? alloc_from(f, op, op->min, op->handle, &r->fd) : -EINVAL;
}

static void op_alloc2(struct files *f, const struct files_op *op, struct files_ret *r)
{
	if (!op->handle || !op->handle2) {
		r->err = -EINVAL;
		return;
	}
	r->err = alloc_from(f, op, 0, op->handle, &r->fd);
	if (r->err)
		return;
	r->err = alloc_from(f, op, r->fd + 1, op->handle2, &r->fd2);
	if (r->err)
		files_take(f, r->fd);
}

/* Is op->fd still what the caller referenced? */
static s32 expect(const struct files *f, const struct files_op *op)
{
	u64 handle = files_handle(f, op->fd);

	if (!handle)
		return -EBADF;
	return handle == op->handle ? 0 : -EAGAIN;
}

static void op_dup(struct files *f, const struct files_op *op, struct files_ret *r)
{
	r->err = expect(f, op);
	if (!r->err && op->kind == FILES_DUPFD && op->min >= op->limit)
		r->err = -EINVAL;
	if (!r->err)
		r->err = alloc_from(f, op, op->kind == FILES_DUPFD ? op->min : 0, op->handle, &r->fd);
}

static void op_dup2(struct files *f, const struct files_op *op, struct files_ret *r)
{
	u64 old;

	if (op->kind == FILES_DUP3 && op->fd == op->fd2)
		r->err = -EINVAL;
	else if (op->fd != op->fd2 && op->fd2 >= MIN(op->limit, FILES_MAX))
		r->err = -EBADF;
	else
		r->err = expect(f, op);
	if (r->err)
		return;
	r->fd = op->fd2;
	r->kept = op->fd == op->fd2;
	if (r->kept)
		return;
	old = files_handle(f, op->fd2);
	files_put(f, op->fd2, op->handle, op->kind == FILES_DUP3 && op->cloexec);
	if (old)
		give_back(r, old);
}

static void op_close(struct files *f, const struct files_op *op, struct files_ret *r)
{
	if (files_handle(f, op->fd))
		give_back(r, files_take(f, op->fd));
	else
		r->err = -EBADF;
}

static void op_set_cloexec(struct files *f, const struct files_op *op, struct files_ret *r)
{
	if (!files_handle(f, op->fd))
		r->err = -EBADF;
	else
		files_mark(f, op->fd, op->cloexec);
}

/* Closes or marks what files_seek finds in [first, last], one step. */
static void sweep(struct files *f, u32 first, u32 last, enum files_seek what, bool mark, struct files_ret *r)
{
	u32 fd = files_seek(f, first, what), done = 0, most = mark ? FILES_FANOUT : FILES_STEP;

	for (; fd <= last && fd != FILES_NONE && done < most; done++) {
		if (mark)
			files_mark(f, fd, true);
		else
			give_back(r, files_take(f, fd));
		fd = files_seek(f, fd + 1, what);
	}
	r->more = fd <= last && fd != FILES_NONE;
	r->next = fd;
}

static void op_close_range(struct files *f, const struct files_op *op, struct files_ret *r)
{
	if (op->fd > op->fd2)
		r->err = -EINVAL;
	else
		sweep(f, op->fd, op->fd2, FILES_USED, op->cloexec, r);
}

static void op_exec(struct files *f, const struct files_op *op, struct files_ret *r)
{
	sweep(f, op->fd, FILES_MAX - 1, FILES_MARKED, false, r);
}

void files_apply(struct files *f, const void *op_bytes, size_t len, void *ret)
{
	static void (*const table[])(struct files *, const struct files_op *, struct files_ret *) = {
		[FILES_ALLOC] = op_alloc,
		[FILES_ALLOC2] = op_alloc2,
		[FILES_DUP] = op_dup,
		[FILES_DUPFD] = op_dup,
		[FILES_DUP2] = op_dup2,
		[FILES_DUP3] = op_dup2,
		[FILES_CLOSE] = op_close,
		[FILES_CLOSE_RANGE] = op_close_range,
		[FILES_SET_CLOEXEC] = op_set_cloexec,
		[FILES_EXEC] = op_exec,
	};
	const struct files_op *op = op_bytes;
	struct files_ret unwanted, *r = ret ? ret : &unwanted;

	r->err = 0;
	r->fd = r->fd2 = r->next = r->n = 0;
	r->more = r->kept = false;
	if (len >= sizeof(*op) && op->kind < ARRAY_SIZE(table) && table[op->kind])
		table[op->kind](f, op, r);
	else
		r->err = -EINVAL;
}

size_t files_op_mem(const void *op_bytes, size_t len)
{
	const struct files_op *op = op_bytes;
	size_t puts = op->kind == FILES_ALLOC2 ? 2 : 1;

	if (len < sizeof(*op) || op->kind < FILES_ALLOC || op->kind > FILES_DUP3)
		return 0;
	return puts * FILES_PUT_NODES * pool_rounded(sizeof(struct files_node));
}

size_t files_op_mem_max(void)
{
	return 2 * FILES_PUT_NODES * pool_rounded(sizeof(struct files_node));
}

int files_get(const struct files *f, u32 fd, struct files_entry *out)
{
	const struct files_node *leaf = files_leaf(f, fd);
	u32 i = fd % FILES_FANOUT;

	if (!leaf || !leaf->handle[i])
		return -EBADF;
	*out = (struct files_entry){ fd, leaf->cloexec >> i & 1, leaf->handle[i] };
	return 0;
}

u64 files_handle(const struct files *f, u32 fd)
{
	const struct files_node *leaf = files_leaf(f, fd);

	return leaf ? leaf->handle[fd % FILES_FANOUT] : 0;
}

size_t files_list(const struct files *f, u32 from, struct files_entry *out, size_t max)
{
	size_t n = 0;
	u32 fd;

	for (fd = files_seek(f, from, FILES_USED); fd != FILES_NONE && n < max; fd = files_seek(f, fd + 1, FILES_USED))
		files_get(f, fd, &out[n++]);
	return n;
}

u32 files_count(const struct files *f)
{
	return f->count;
}
