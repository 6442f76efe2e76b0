/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * sockets against a naive model (one array, every name compared with every other), a table of which names go together,
 * and two tables with different memory histories that must agree in results and hashes.
 */
#include "test/seq/procs_common.h"
#include "seq/sockets.h"

#define MODEL_MAX 4096u

struct model_name { struct sockets_op op; bool listens; };
struct model { struct model_name name[MODEL_MAX]; u32 count; };

static s32 apply(struct sockets *s, struct sockets_op op)
{
	size_t before = s->pool->used, mem = sockets_op_mem(&op, sizeof(op));
	struct sockets_ret r = { .err = 1 };

	sockets_apply(s, &op, sizeof(op), &r);
	if (s->pool->used > before + mem || mem > sockets_op_mem_max())
		ok(false, "op_mem of kind %u: %zu bytes more than %zu", op.kind, s->pool->used - before, mem);
	return r.err;
}

/* ---- the model ---- */

static bool model_meet(const struct sockets_op *a, const struct sockets_op *b)
{
	bool same_address = a->ip == b->ip || a->ip == 0 || b->ip == 0;

	bool both_v4 = !(a->flags & SOCKETS_NOT_V4) && !(b->flags & SOCKETS_NOT_V4);
	bool both_v6 = (a->flags & SOCKETS_V6) && (b->flags & SOCKETS_V6);

	return a->protocol == b->protocol && a->port == b->port && same_address && (both_v4 || both_v6);
}

/* socket(7): SO_REUSEADDR while nobody listens, SO_REUSEPORT among sockets of one user. */
static bool model_agree(const struct model_name *a, const struct model_name *b)
{
	bool both_share = (a->op.flags & SOCKETS_SHARE) && (b->op.flags & SOCKETS_SHARE);
	bool both_reuse = (a->op.flags & SOCKETS_REUSE) && (b->op.flags & SOCKETS_REUSE);

	if (both_share)
		return a->op.owner == b->op.owner;
	return both_reuse && !a->listens && !b->listens;
}

static struct model_name *model_find(struct model *m, const struct sockets_op *op)
{
	for (u32 i = 0; i < m->count; i++)
		if (m->name[i].op.id == op->id && m->name[i].op.protocol == op->protocol && m->name[i].op.port == op->port)
			return &m->name[i];
	return NULL;
}

static s32 model_bind(struct model *m, const struct sockets_op *op)
{
	struct model_name fresh = { .op = *op };

	for (u32 i = 0; i < m->count; i++)
		if (model_meet(&m->name[i].op, op) && !model_agree(&m->name[i], &fresh))
			return -EADDRINUSE;
	m->name[m->count++] = fresh;
	return 0;
}

static s32 model_listen(struct model *m, const struct sockets_op *op)
{
	struct model_name *n = model_find(m, op), as = { .listens = true };

	if (!n)
		return -ENOENT;
	as.op = n->op;
	for (u32 i = 0; i < m->count; i++)
		if (&m->name[i] != n && m->name[i].listens && model_meet(&m->name[i].op, &n->op) && !model_agree(&m->name[i], &as))
			return -EADDRINUSE;
	n->listens = true;
	return 0;
}

static s32 model_apply(struct model *m, const struct sockets_op *op)
{
	struct model_name *n = model_find(m, op);

	switch (op->kind) {
	case SOCKETS_BIND:
		return model_bind(m, op);
	case SOCKETS_LISTEN:
		return model_listen(m, op);
	case SOCKETS_UNBIND:
		if (!n)
			return -ENOENT;
		*n = m->name[--m->count];
		return 0;
	default:
		return -EINVAL;
	}
}

static u32 model_holders(const struct model *m, const struct sockets_op *what, u64 id, bool *is_one)
{
	u32 count = 0;

	*is_one = false;
	for (u32 i = 0; i < m->count; i++) {
		if (!model_meet(&m->name[i].op, what))
			continue;
		count++;
		*is_one |= m->name[i].op.id == id;
	}
	return count;
}

/* ---- random programs ---- */

static u16 random_family(void)
{
	static const u16 family[] = { 0, 0, SOCKETS_V6, SOCKETS_V6 | SOCKETS_NOT_V4 };

	return family[below(4)];
}

/* A small world, so that names meet: ports of one bucket (a multiple of SOCKETS_BUCKETS apart) among them. */
static struct sockets_op random_op(const struct model *m, u32 ports)
{
	static u64 next_id = 1;
	struct sockets_op op = { .kind = 1 + (u32)below(3), .id = next_id++ };

	if (m->count && op.kind != SOCKETS_BIND && below(20)) {
		op = m->name[below(m->count)].op;
		op.kind = below(3) ? SOCKETS_LISTEN : SOCKETS_UNBIND;
		if (below(20) == 0) { /* what the holder is called by now, is bound as it was */
			op.ip = (u32)below(4);
			op.flags = random_family();
		}
		return op;
	}
	op.protocol = below(2) ? 6 : 17;
	op.port = 1 + (u16)below(ports) + (u16)below(3) * SOCKETS_BUCKETS;
	op.ip = (u32)below(4);
	op.flags = (u16)below(4) | random_family();
	op.owner = (u32)below(2);
	if (m->count > MODEL_MAX - 2 && op.kind == SOCKETS_BIND)
		op.kind = SOCKETS_UNBIND;
	return op;
}

static bool same_answers(const struct sockets *s, const struct model *m, u32 ports)
{
	for (u32 tries = 0; tries < 200; tries++) {
		struct sockets_op what = { .protocol = below(2) ? 6 : 17, .ip = (u32)below(4),
					   .port = 1 + (u16)below(ports + 2 * SOCKETS_BUCKETS),
					   .flags = random_family() };
		u64 id = 0;
		u32 found = sockets_find(s, what.protocol, what.ip, what.port, what.flags, &id);
		bool is_one;
		u32 expected = model_holders(m, &what, id, &is_one);

		must(found == expected && (!found || is_one), "port %u: %u found, %u expected", what.port, found, expected);
		must(sockets_used(s, what.protocol, what.ip, what.port, what.flags) == (expected > 0), "port %u: used", what.port);
	}
	must(s->count == m->count, "%u names, %u expected", s->count, m->count);
	return true;
}

static bool random_program(u32 ports, int steps)
{
	static struct model m;
	struct pool pa, pb, pc;
	struct sockets a, b, c;

	m.count = 0;
	test_pool(&pa);
	test_pool(&pb);
	test_pool(&pc);
	test_pool_history(&pb, 3);
	must(!sockets_init(&a, &pa, NULL) && !sockets_init(&b, &pb, NULL), "init");
	for (int i = 0; i < steps; i++) {
		struct sockets_op op = random_op(&m, ports);
		s32 ra = apply(&a, op), rb = apply(&b, op), rm = model_apply(&m, &op);

		must(ra == rm, "step %d, kind %u: %d, the model says %d", i, op.kind, ra, rm);
		must(ra == rb, "step %d: two tables differ: %d, %d", i, ra, rb);
		if (i % 97 == 0)
			must(!sockets_check(&a) && sockets_hash(&a) == sockets_hash(&b) && same_answers(&a, &m, ports), "step %d", i);
	}
	must(!sockets_clone(&c, &pc, &a) && !sockets_check(&c) && sockets_hash(&c) == sockets_hash(&a), "clone");
	must(same_answers(&c, &m, ports), "a clone answers alike");
	sockets_apply(&c, &(struct sockets_op){ SOCKETS_BIND, 6, 9, 60000, 0, 0, 7 }, sizeof(struct sockets_op), NULL);
	must(sockets_hash(&c) != sockets_hash(&a) && same_answers(&a, &m, ports), "a clone is separate");
	while (m.count) {
		struct sockets_op op = m.name[0].op;

		op.kind = SOCKETS_UNBIND;
		must(apply(&a, op) == 0 && model_apply(&m, &op) == 0, "the last ones go");
	}
	must(a.count == 0 && !sockets_check(&a) && pa.used == 0, "and leave nothing: %zu bytes", pa.used);
	pool_drop(&pa);
	pool_drop(&pb);
	pool_drop(&pc);
	return true;
}

/* ---- which names go together ---- */

enum { TCP = 6, UDP = 17, ANY = 0, HERE = 1, THERE = 2 };

/* One name is there (listening, if so said); a second one comes, and may want to listen too. */
static void test_pairs(void)
{
	static const struct {
		const char *name;
		struct sockets_op first; bool listens;
		struct sockets_op second;
		s32 bind, listen;
	} table[] = {
		{ "the same name", { 1, TCP, HERE, 80, 0, 0, 1 }, false, { 1, TCP, HERE, 80, 0, 0, 2 }, -EADDRINUSE, 0 },
		{ "another port", { 1, TCP, HERE, 80, 0, 0, 1 }, true, { 1, TCP, HERE, 81, 0, 0, 2 }, 0, 0 },
		{ "another port of the bucket", { 1, TCP, HERE, 80, 0, 0, 1 }, true, { 1, TCP, HERE, 208, 0, 0, 2 }, 0, 0 },
		{ "another address", { 1, TCP, HERE, 80, 0, 0, 1 }, true, { 1, TCP, THERE, 80, 0, 0, 2 }, 0, 0 },
		{ "any address meets one", { 1, TCP, HERE, 80, 0, 0, 1 }, false, { 1, TCP, ANY, 80, 0, 0, 2 }, -EADDRINUSE, 0 },
		{ "one meets any address", { 1, TCP, ANY, 80, 0, 0, 1 }, false, { 1, TCP, HERE, 80, 0, 0, 2 }, -EADDRINUSE, 0 },
		{ "another protocol", { 1, TCP, ANY, 80, 0, 0, 1 }, true, { 1, UDP, ANY, 80, 0, 0, 2 }, 0, 0 },
		{ "both reuse, none listens", { 1, TCP, ANY, 80, 1, 0, 1 }, false, { 1, TCP, ANY, 80, 1, 0, 2 }, 0, 0 },
		{ "only one reuses", { 1, TCP, ANY, 80, 1, 0, 1 }, false, { 1, TCP, ANY, 80, 0, 0, 2 }, -EADDRINUSE, 0 },
		{ "both reuse, one listens", { 1, TCP, ANY, 80, 1, 0, 1 }, true, { 1, TCP, ANY, 80, 1, 0, 2 }, -EADDRINUSE, 0 },
		{ "both share", { 1, TCP, ANY, 80, 2, 5, 1 }, true, { 1, TCP, ANY, 80, 2, 5, 2 }, 0, 0 },
		{ "both share, another user", { 1, TCP, ANY, 80, 2, 5, 1 }, false, { 1, TCP, ANY, 80, 2, 6, 2 }, -EADDRINUSE, 0 },
		{ "IPv4 and IPv6 alone", { 1, TCP, ANY, 80, 0, 0, 1 }, true, { 1, TCP, ANY, 80, 12, 0, 2 }, 0, 0 },
		{ "IPv4 and IPv6 for both", { 1, TCP, ANY, 80, 0, 0, 1 }, true, { 1, TCP, ANY, 80, 4, 0, 2 }, -EADDRINUSE, 0 },
		{ "IPv6 alone and for both", { 1, TCP, ANY, 80, 12, 0, 1 }, true, { 1, TCP, HERE, 80, 4, 0, 2 }, -EADDRINUSE, 0 },
		{ "one shares, one reuses", { 1, TCP, ANY, 80, 2, 5, 1 }, false, { 1, TCP, ANY, 80, 1, 5, 2 }, -EADDRINUSE, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct sockets_op op = table[i].first;
		struct pool p;
		struct sockets s;
		s32 bound, listens = 0;

		test_pool(&p);
		sockets_init(&s, &p, NULL);
		apply(&s, op);
		op.kind = SOCKETS_LISTEN;
		if (table[i].listens)
			apply(&s, op);
		bound = apply(&s, table[i].second);
		op = table[i].second;
		op.kind = SOCKETS_LISTEN;
		if (!bound)
			listens = apply(&s, op);
		ok(bound == table[i].bind && listens == table[i].listen && !sockets_check(&s), "%s: %d, %d", table[i].name, bound, listens);
		pool_drop(&p);
	}
}

/* Two names that both said reuse: the second may not listen once the first does. */
static void test_late_listener(void)
{
	struct sockets_op one = { SOCKETS_BIND, TCP, ANY, 80, SOCKETS_REUSE, 0, 1 }, two = one;
	struct pool p;
	struct sockets s;

	two.id = 2;
	test_pool(&p);
	sockets_init(&s, &p, NULL);
	apply(&s, one);
	apply(&s, two);
	one.kind = two.kind = SOCKETS_LISTEN;
	ok(apply(&s, one) == 0 && apply(&s, two) == -EADDRINUSE, "of two that reuse one name, one may listen");
	one.kind = SOCKETS_UNBIND;
	ok(apply(&s, one) == 0 && apply(&s, two) == 0, "the other may when the first has gone");
	ok(apply(&s, one) == -ENOENT, "a name goes once");
	one.kind = SOCKETS_LISTEN;
	ok(apply(&s, one) == -ENOENT, "who has no name cannot listen");
	one.kind = 99;
	ok(apply(&s, one) == -EINVAL, "unknown operation");
	pool_drop(&p);
}

int main(int argc, char **argv)
{
	u64 seed = test_seed(argc, argv);

	test_pairs();
	test_late_listener();
	for (int i = 0; i < 8; i++) {
		rng_state = seed + (u64)i * 7919 + 1;
		ok(random_program((u32[]){ 2, 10, 60, 600 }[i % 4], 20000), "random program %d agrees with the model", i);
	}
	return tap_end();
}
