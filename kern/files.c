/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Descriptor tables through nr: the sequential structure is seq/files.h's struct files. A table is counted
 * (CLONE_FILES shares it) and holds one reference per descriptor. A result that gives handles back means: once
 * every replica has forgotten the descriptor, put the file.
 */
#include "seq/files.h"
#include "kern/file.h"
#include "kern/locks.h"
#include "kern/process.h"
#include "mem/slab.h"

struct fdtable {
	struct refs refs;
	struct nr *nr;
};

KCACHE(fdtable_cache, "fdtables", struct fdtable);

static int files_init_nr(void *state, struct pool *mem, const void *arg)
{
	return files_init(state, mem, arg);
}

static int files_clone_nr(void *dst, struct pool *mem, const void *src)
{
	return files_clone(dst, mem, src);
}

static void files_apply_nr(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	(void)shard;
	files_apply(state, op, len, ret);
}

static u64 files_hash_nr(const void *state)
{
	return files_hash(state);
}

static int files_check_nr(const void *state)
{
	return files_check(state);
}

static struct nr_type files_type = {
	.name = "files", .state_size = sizeof(struct files), .init = files_init_nr, .clone = files_clone_nr,
	.apply = files_apply_nr, .op_mem = files_op_mem, .hash = files_hash_nr, .check = files_check_nr,
};

struct fdtable *files_new(void)
{
	struct nr_config cfg = { .threads = cores_count(), .shards = 1, .node = core_node() };
	struct fdtable *t = kcache_alloc(&fdtable_cache);

	if (!t)
		return NULL;
	files_type.op_mem_max = files_op_mem_max();
	refs_init(&t->refs, 1);
	t->nr = nr_create(&files_type, &cfg, NULL);
	if (!t->nr) {
		kcache_free(&fdtable_cache, t);
		return NULL;
	}
	return t;
}

/* A descriptor of f is gone from t for good. */
static void fdtable_let_go(struct fdtable *t, struct file *f)
{
	locks_close(f, t);
	file_put(f);
}

struct nr *files_nr(struct fdtable *t)
{
	return t->nr;
}

void files_get_table(struct fdtable *t)
{
	refs_get(&t->refs);
}

bool files_shared(struct fdtable *t)
{
	return refs_count(&t->refs) > 1;
}

static size_t fdtable_list(struct fdtable *t, u32 from, struct files_entry *out, size_t max)
{
	const struct files *s = nr_read_begin(t->nr, nr_me(), 0);
	size_t n = files_list(s, from, out, max);

	nr_read_end(t->nr, nr_me(), 0);
	return n;
}

/* Runs in nr_fork, under the source's guard: no descriptor can be closed before it is counted here. */
static void files_count_all(void *state, void *arg)
{
	struct files_entry e[16];
	size_t n, i;
	u32 from = 0;

	(void)arg;
	while ((n = files_list(state, from, e, ARRAY_SIZE(e)))) {
		for (i = 0; i < n; i++)
			file_get((struct file *)e[i].handle);
		from = e[n - 1].fd + 1;
	}
}

struct fdtable *files_fork(struct fdtable *from)
{
	struct fdtable *t = kcache_alloc(&fdtable_cache);

	if (!t)
		return NULL;
	refs_init(&t->refs, 1);
	t->nr = nr_fork(from->nr, nr_me(), core_node(), files_count_all, NULL);
	if (!t->nr) {
		kcache_free(&fdtable_cache, t);
		return NULL;
	}
	return t;
}

void fdtable_put(struct fdtable *t)
{
	struct files_entry e[16];
	size_t n, i;
	u32 from = 0;

	if (!t || !refs_put(&t->refs))
		return;
	while ((n = fdtable_list(t, from, e, ARRAY_SIZE(e)))) {
		for (i = 0; i < n; i++)
			fdtable_let_go(t, (struct file *)e[i].handle);
		from = e[n - 1].fd + 1;
	}
	nr_destroy(t->nr);
	kcache_free(&fdtable_cache, t);
}

struct fdtable *files_unshare(struct fdtable *t)
{
	return files_shared(t) ? files_fork(t) : t;
}

/* ---- changes of the calling process's table */

/* An operation and its answer. Another core may apply it: then each line of this is a miss for it, so there are two. */
struct fd_change {
	_Alignas(64) struct files_op op;
	_Alignas(64) struct files_ret ret;
};

static int fd_update(struct fdtable *t, struct fd_change *c)
{
	u64 index;
	u32 i;
	int err = nr_update(t->nr, nr_me(), 0, &c->op, sizeof(c->op), &c->ret, &index);

	if (err)
		return err;
	if (c->ret.n) {
		nr_sync(t->nr, nr_me(), index);
		for (i = 0; i < c->ret.n; i++)
			fdtable_let_go(t, (struct file *)c->ret.handle[i]);
	}
	return c->ret.err;
}

static u32 fd_limit(void)
{
	u64 cur = process_current()->limit[RLIMIT_NOFILE].cur;

	return MIN(cur, (u64)FILES_MAX);
}

int fd_install(struct file *f, int min, bool cloexec)
{
	struct fd_change c;
	int err;

	c.op = (struct files_op){ .kind = FILES_ALLOC, .handle = (u64)f, .min = min, .cloexec = cloexec, .limit = fd_limit() };
	err = fd_update(process_current()->files, &c);
	return err ? err : (int)c.ret.fd;
}

int fd_install_new(struct file *f, bool cloexec)
{
	int fd = fd_install(f, 0, cloexec);

	if (fd < 0)
		file_put(f);
	return fd;
}

int fd_install2(struct file *a, struct file *b, bool cloexec, int fd[2])
{
	struct fd_change c;
	int err;

	c.op = (struct files_op){ .kind = FILES_ALLOC2, .handle = (u64)a, .handle2 = (u64)b, .cloexec = cloexec,
				  .limit = fd_limit() };
	err = fd_update(process_current()->files, &c);
	if (err)
		return err;
	fd[0] = c.ret.fd;
	fd[1] = c.ret.fd2;
	return 0;
}

int fd_close(int fd)
{
	struct fd_change c;

	c.op = (struct files_op){ .kind = FILES_CLOSE, .fd = fd };
	return fd_update(process_current()->files, &c);
}

/* Operations that go on in steps. */
static int fd_sweep(struct fdtable *t, struct files_op op)
{
	struct fd_change c;
	int err;

	c.op = op;
	do {
		err = fd_update(t, &c);
		c.op.fd = c.ret.next;
	} while (!err && c.ret.more);
	return err;
}

int fd_close_range(u32 first, u32 last, bool cloexec)
{
	return fd_sweep(process_current()->files,
			(struct files_op){ .kind = FILES_CLOSE_RANGE, .fd = first, .fd2 = last, .cloexec = cloexec });
}

void files_close_on_exec(struct fdtable *t)
{
	fd_sweep(t, (struct files_op){ .kind = FILES_EXEC });
}

/* DUP and its kin: look up, reference, name the file in the operation; start over if it changed meanwhile. */
static int fd_dup(struct files_op op)
{
	struct fd_change c;
	int err;

	c.op = op;
	c.op.limit = fd_limit();
	do {
		struct file *f = file_of_fd_path(op.fd);

		if (!f)
			return -EBADF;
		c.op.handle = (u64)f;
		err = fd_update(process_current()->files, &c);
		if (err || c.ret.kept)
			file_put(f);
	} while (err == -EAGAIN);
	return err ? err : (int)c.ret.fd;
}

int fd_dup1(int fd)
{
	return fd_dup((struct files_op){ .kind = FILES_DUP, .fd = fd });
}

int fd_dup_from(int fd, u32 min, bool cloexec)
{
	return fd_dup((struct files_op){ .kind = FILES_DUPFD, .fd = fd, .min = min, .cloexec = cloexec });
}

int fd_dup2(int old, int new, bool dup3, bool cloexec)
{
	return fd_dup((struct files_op){ .kind = dup3 ? FILES_DUP3 : FILES_DUP2, .fd = old, .fd2 = new, .cloexec = cloexec });
}

int fd_set_cloexec(int fd, bool cloexec)
{
	struct fd_change c;

	c.op = (struct files_op){ .kind = FILES_SET_CLOEXEC, .fd = fd, .cloexec = cloexec };
	return fd_update(process_current()->files, &c);
}

/* ---- looking up */

struct file *file_of_fd_in(struct fdtable *t, int fd, bool *cloexec)
{
	const struct files *s = nr_read_begin(t->nr, nr_me(), 0);
	struct files_entry e;
	struct file *f = NULL;

	if (!files_get(s, fd, &e)) {
		f = (struct file *)e.handle;
		file_get(f);
		if (cloexec)
			*cloexec = e.cloexec;
	}
	nr_read_end(t->nr, nr_me(), 0);
	return f;
}

int fd_get_cloexec(int fd)
{
	bool cloexec;
	struct file *f = file_of_fd_in(process_current()->files, fd, &cloexec);

	if (!f)
		return -EBADF;
	file_put(f);
	return cloexec;
}

struct file *file_of_fd_path(int fd)
{
	return file_of_fd_in(process_current()->files, fd, NULL);
}

struct file *file_of_fd(int fd)
{
	struct file *f = file_of_fd_in(process_current()->files, fd, NULL);

	if (f && (f->flags & O_PATH)) {
		file_put(f);
		return NULL;
	}
	return f;
}

int files_next(struct fdtable *t, int from)
{
	struct files_entry e;

	return fdtable_list(t, from, &e, 1) ? (int)e.fd : -1;
}

bool file_of_fd_check(int fd)
{
	struct file *f = file_of_fd(fd);

	file_put(f);
	return f != NULL;
}
