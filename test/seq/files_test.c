/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * files against a naive model (two arrays and linear searches), an errno table, and two tables with different
 * memory histories that must agree in results and hashes.
 */
#include "test/seq/procs_common.h"
#include "seq/files.h"

#define MODEL_MAX 300000u

struct model {
	u64 handle[MODEL_MAX];
	bool cloexec[MODEL_MAX];
};

static struct files_ret apply(struct files *f, struct files_op op)
{
	size_t before = f->pool->used, mem = files_op_mem(&op, sizeof(op));
	struct files_ret r;

	files_apply(f, &op, sizeof(op), &r);
	if (f->pool->used > before + mem || mem > files_op_mem_max())
		ok(false, "op_mem of kind %u: %zu bytes more than %zu", op.kind, f->pool->used - before, mem);
	return r;
}

/* ---- the model ---- */

static s32 model_free(const struct model *m, u32 min, u32 limit)
{
	for (; min < limit && min < MODEL_MAX; min++)
		if (!m->handle[min])
			return (s32)min;
	return -EMFILE;
}

static u64 model_at(const struct model *m, u32 fd)
{
	return fd < MODEL_MAX ? m->handle[fd] : 0;
}

static void model_set(struct model *m, u32 fd, u64 handle, bool cloexec)
{
	m->handle[fd] = handle;
	m->cloexec[fd] = cloexec;
}

static s32 model_expect(const struct model *m, const struct files_op *op)
{
	u64 at = model_at(m, op->fd);

	return !at ? -EBADF : at != op->handle ? -EAGAIN : 0;
}

static void model_alloc(struct model *m, const struct files_op *op, u32 min, struct files_ret *r)
{
	s32 fd = model_free(m, min, op->limit);

	if (fd < 0) {
		r->err = fd;
		return;
	}
	r->fd = (u32)fd;
	model_set(m, r->fd, op->handle, op->cloexec);
}

static void model_sweep(struct model *m, u32 first, u32 last, bool exec, bool mark, struct files_ret *r)
{
	u32 done = 0, fd;

	for (fd = first; fd <= last && fd < MODEL_MAX; fd++) {
		if (!m->handle[fd] || (exec && !m->cloexec[fd]))
			continue;
		if (done++ == (mark ? 64u : FILES_STEP)) {
			r->more = true;
			r->next = fd;
			return;
		}
		if (mark) {
			m->cloexec[fd] = true;
			continue;
		}
		r->handle[r->n++] = m->handle[fd];
		model_set(m, fd, 0, false);
	}
}

static void model_dup2(struct model *m, const struct files_op *op, struct files_ret *r)
{
	if (op->kind == FILES_DUP3 && op->fd == op->fd2) {
		r->err = -EINVAL;
	} else if (op->fd != op->fd2 && (op->fd2 >= op->limit || op->fd2 >= FILES_MAX)) {
		r->err = -EBADF;
	} else if (model_expect(m, op)) {
		r->err = model_expect(m, op);
	} else if ((r->fd = op->fd2) == op->fd) {
		r->kept = true;
	} else {
		if (m->handle[op->fd2])
			r->handle[r->n++] = m->handle[op->fd2];
		model_set(m, op->fd2, op->handle, op->kind == FILES_DUP3 && op->cloexec);
	}
}

static struct files_ret model_apply(struct model *m, const struct files_op *op)
{
	struct files_ret r = { 0 };
	s32 a;

	switch (op->kind) {
	case FILES_ALLOC:
		model_alloc(m, op, op->min, &r);
		break;
	case FILES_ALLOC2:
		a = model_free(m, 0, op->limit);
		if (a < 0 || model_free(m, (u32)a + 1, op->limit) < 0) {
			r.err = -EMFILE;
			break;
		}
		r.fd = (u32)a;
		r.fd2 = (u32)model_free(m, (u32)a + 1, op->limit);
		model_set(m, r.fd, op->handle, op->cloexec);
		model_set(m, r.fd2, op->handle2, op->cloexec);
		break;
	case FILES_DUP:
	case FILES_DUPFD:
		if (model_expect(m, op))
			r.err = model_expect(m, op);
		else if (op->kind == FILES_DUPFD && op->min >= op->limit)
			r.err = -EINVAL;
		else
			model_alloc(m, op, op->kind == FILES_DUPFD ? op->min : 0, &r);
		break;
	case FILES_DUP2:
	case FILES_DUP3:
		model_dup2(m, op, &r);
		break;
	case FILES_CLOSE:
		if (!model_at(m, op->fd))
			r.err = -EBADF;
		else
			model_sweep(m, op->fd, op->fd, false, false, &r);
		break;
	case FILES_CLOSE_RANGE:
		if (op->fd > op->fd2)
			r.err = -EINVAL;
		else
			model_sweep(m, op->fd, op->fd2, false, op->cloexec, &r);
		break;
	case FILES_SET_CLOEXEC:
		if (!model_at(m, op->fd))
			r.err = -EBADF;
		else
			m->cloexec[op->fd] = op->cloexec;
		break;
	case FILES_EXEC:
		model_sweep(m, op->fd, FILES_MAX, true, false, &r);
		break;
	}
	return r;
}

/* ---- random programs ---- */

static u32 pick_fd(u32 span)
{
	return below(50) == 0 ? (u32)below(MODEL_MAX) : (u32)below(span);
}

static struct files_op random_op(const struct model *m, u32 span)
{
	static u64 next_handle = 1;
	struct files_op op = { 0 };

	op.kind = 1 + (u32)below(FILES_EXEC);
	if (below(3) == 0)
		op.kind = FILES_ALLOC;
	op.cloexec = below(3) == 0;
	op.fd = pick_fd(span);
	op.fd2 = below(10) == 0 ? op.fd : pick_fd(span);
	op.min = below(4) ? 0 : pick_fd(span);
	op.limit = below(8) ? span + 10 : (u32)below(span + 1);
	if (below(200) == 0)
		op.limit = MODEL_MAX;
	op.handle = next_handle++;
	op.handle2 = next_handle++;
	if (op.kind >= FILES_DUP && op.kind <= FILES_DUP3 && below(20))
		op.handle = model_at(m, op.fd);
	if (op.kind == FILES_DUP2 || op.kind == FILES_DUP3)
		op.limit = below(20) == 0 ? MODEL_MAX : op.limit;
	if ((op.kind == FILES_CLOSE_RANGE || op.kind == FILES_EXEC) && below(30))
		op.kind = FILES_SET_CLOEXEC; /* rare, else the tables stay empty */
	return op;
}

static bool same_ret(const struct files_ret *a, const struct files_ret *b)
{
	if (a->err != b->err || a->n != b->n || a->more != b->more)
		return false;
	if (a->err)
		return true;
	return a->fd == b->fd && a->fd2 == b->fd2 && a->kept == b->kept && (!a->more || a->next == b->next) &&
	       !memcmp(a->handle, b->handle, a->n * sizeof(a->handle[0]));
}

static bool same_content(const struct files *f, const struct model *m)
{
	struct files_entry e[7];
	u32 from = 0, fd = 0;
	size_t n, i;

	do {
		n = files_list(f, from, e, 7);
		for (i = 0; i < n; i++, fd++) {
			while (fd < MODEL_MAX && !m->handle[fd])
				fd++;
			must(fd < MODEL_MAX && e[i].fd == fd && e[i].handle == m->handle[fd] && e[i].cloexec == m->cloexec[fd],
			     "fd %u listed, %u expected", e[i].fd, fd);
			from = e[i].fd + 1;
		}
	} while (n == 7);
	for (; fd < MODEL_MAX; fd++)
		must(!m->handle[fd], "fd %u missing", fd);
	return true;
}

static bool random_program(u32 span, int steps)
{
	static struct model m;
	struct pool pa, pb, pc;
	struct files a, b, c;
	int i;

	memset(&m, 0, sizeof(m));
	test_pool(&pa);
	test_pool(&pb);
	test_pool(&pc);
	test_pool_history(&pb, 3);
	must(!files_init(&a, &pa, NULL) && !files_init(&b, &pb, NULL), "init");
	for (i = 0; i < steps; i++) {
		struct files_op op = random_op(&m, span);
		struct files_ret ra = apply(&a, op), rb = apply(&b, op), rm = model_apply(&m, &op);

		must(same_ret(&ra, &rm), "step %d kind %u: err %d, model %d; fd %u, %u", i, op.kind, ra.err, rm.err, ra.fd, rm.fd);
		must(!memcmp(&ra, &rb, sizeof(ra)), "step %d: two tables differ", i);
		if (i % 997 == 0)
			must(!files_check(&a) && files_hash(&a) == files_hash(&b) && same_content(&a, &m), "step %d", i);
	}
	must(!files_clone(&c, &pc, &a) && !files_check(&c) && files_hash(&c) == files_hash(&a) && same_content(&c, &m), "clone");
	files_apply(&c, &(struct files_op){ .kind = FILES_ALLOC, .handle = 7, .limit = FILES_MAX }, sizeof(struct files_op), NULL);
	must(files_hash(&c) != files_hash(&a) && same_content(&a, &m), "a clone is separate");
	pool_drop(&pa);
	pool_drop(&pb);
	pool_drop(&pc);
	return true;
}

/* ---- errno table, limits ---- */

static void test_errors(void)
{
	static const struct { const char *name; struct files_op op; s32 err; } table[] = {
		{ "close of a hole", { .kind = FILES_CLOSE, .fd = 9 }, -EBADF },
		{ "close of -1", { .kind = FILES_CLOSE, .fd = ~0u }, -EBADF },
		{ "dup of a hole", { .kind = FILES_DUP, .fd = 5, .handle = 1, .limit = 64 }, -EBADF },
		{ "dup at the limit", { .kind = FILES_DUP, .fd = 0, .handle = 100, .limit = 3 }, -EMFILE },
		{ "dup of a changed descriptor", { .kind = FILES_DUP, .fd = 0, .handle = 1, .limit = 64 }, -EAGAIN },
		{ "F_DUPFD at the limit", { .kind = FILES_DUPFD, .fd = 0, .handle = 100, .min = 64, .limit = 64 }, -EINVAL },
		{ "F_DUPFD of a hole wins", { .kind = FILES_DUPFD, .fd = 7, .handle = 100, .min = 64, .limit = 64 }, -EBADF },
		{ "F_DUPFD full", { .kind = FILES_DUPFD, .fd = 0, .handle = 100, .min = 2, .limit = 3 }, -EMFILE },
		{ "dup2 to the limit", { .kind = FILES_DUP2, .fd = 0, .fd2 = 64, .handle = 100, .limit = 64 }, -EBADF },
		{ "dup2 of a hole", { .kind = FILES_DUP2, .fd = 4, .fd2 = 5, .handle = 1, .limit = 64 }, -EBADF },
		{ "dup2 of a hole to itself", { .kind = FILES_DUP2, .fd = 4, .fd2 = 4, .handle = 1, .limit = 64 }, -EBADF },
		{ "dup3 to itself", { .kind = FILES_DUP3, .fd = 0, .fd2 = 0, .handle = 100, .limit = 64 }, -EINVAL },
		{ "alloc at the limit", { .kind = FILES_ALLOC, .handle = 1, .limit = 3 }, -EMFILE },
		{ "alloc, limit 0", { .kind = FILES_ALLOC, .handle = 1, .limit = 0 }, -EMFILE },
		{ "pipe with room for one", { .kind = FILES_ALLOC2, .handle = 1, .handle2 = 2, .limit = 4 }, -EMFILE },
		{ "close_range backwards", { .kind = FILES_CLOSE_RANGE, .fd = 2, .fd2 = 1 }, -EINVAL },
		{ "cloexec of a hole", { .kind = FILES_SET_CLOEXEC, .fd = 3, .cloexec = 1 }, -EBADF },
		{ "alloc above the maximum", { .kind = FILES_ALLOC, .handle = 1, .min = FILES_MAX, .limit = ~0u }, -EMFILE },
		{ "unknown operation", { .kind = 99 }, -EINVAL },
	};
	struct pool p;
	struct files f;
	size_t i;
	u64 hash;

	test_pool(&p);
	files_init(&f, &p, NULL);
	for (i = 0; i < 3; i++)
		apply(&f, (struct files_op){ .kind = FILES_ALLOC, .handle = 100 + i, .limit = 64 });
	hash = files_hash(&f);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		s32 err = apply(&f, table[i].op).err;

		ok(err == table[i].err && files_hash(&f) == hash, "%s: %d", table[i].name, err);
	}
	pool_drop(&p);
}

static void test_limits(void)
{
	struct files_op op = { .kind = FILES_ALLOC, .handle = 5, .limit = FILES_MAX };
	struct pool p;
	struct files f;
	struct files_ret r = { 0 };
	u32 i;

	test_pool(&p);
	files_init(&f, &p, NULL);
	for (i = 0; i < 64; i++)
		files_apply(&f, &op, sizeof(op), NULL);
	ok(p.used <= 1024, "64 descriptors take %zu bytes", p.used);
	for (; i < FILES_MAX; i++)
		files_apply(&f, &op, sizeof(op), NULL);
	ok(files_count(&f) == FILES_MAX && !files_check(&f), "%u descriptors", files_count(&f));
	ok(apply(&f, op).err == -EMFILE, "then -EMFILE, whatever the limit");
	apply(&f, (struct files_op){ .kind = FILES_CLOSE, .fd = 777777 });
	ok(apply(&f, op).fd == 777777, "the one hole is found");
	op = (struct files_op){ .kind = FILES_CLOSE_RANGE, .fd = 0, .fd2 = ~0u };
	for (i = 0, r.more = true; r.more; i += r.n, op.fd = r.next)
		files_apply(&f, &op, sizeof(op), &r);
	ok(i == FILES_MAX && !files_check(&f) && files_count(&f) == 0, "close_range in steps closes all");
	ok(p.used <= 4 * 768, "and frees the nodes: %zu bytes stay", p.used);
	pool_drop(&p);
}

int main(int argc, char **argv)
{
	u64 seed = test_seed(argc, argv);
	int i;

	test_errors();
	test_limits();
	for (i = 0; i < 8; i++) {
		rng_state = seed + (u64)i * 7919 + 1;
		ok(random_program((u32[]){ 20, 70, 300, 5000 }[i % 4], 20000), "random program %d agrees with the model", i);
	}
	return tap_end();
}
