/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* See row.h. */
#include "test/nr/row.h"
#include "base/errno.h"

#include <stdatomic.h>
#include <stddef.h>

void (*row_in_apply)(unsigned shard);
_Atomic u64 row_released;

struct row_op {
	s64 amount;
};

enum { NOTE = POOL_MAX };

/* The model. */

static u64 mix(u64 h, u64 number)
{
	return (h ^ number) * 0x100000001b3ull;
}

static u64 step_view(const struct lin_state *s, u32 mask)
{
	u64 h = mask;

	for (u32 p = 0; p < ROW_PARTS; p++)
		if (mask >> p & 1)
			h = mix(h, s->cell[p]);
	return h;
}

static u64 step_row(struct lin_state *s, u32 kind, u32 arg)
{
	u32 a = arg & 255, b = arg >> 8 & 255, amount = arg >> 16;
	u64 old = kind == ROW_VIEW ? step_view(s, a) : s->cell[a];

	if (kind == ROW_ADD)
		s->cell[a] += amount;
	if (kind == ROW_MOVE && old >= amount) {
		s->cell[a] -= amount;
		s->cell[b] += amount;
	}
	return old;
}

const struct lin_model row_model = { "row", ROW_KINDS, 0, step_row };

/* The family. */

static int row_init(void *state, struct pool *mem, const void *arg)
{
	(void)arg;
	((struct row_part *)state)->mem = mem;
	return 0;
}

static int row_clone(void *dst, struct pool *mem, const void *src)
{
	struct row_part *to = dst;
	const struct row_part *from = src;

	if (row_in_apply)
		row_in_apply(0);
	*to = (struct row_part){ .number = from->number, .changes = from->changes, .mem = mem };
	for (u32 i = 0; i < ROW_NOTES; i++)
		if (from->note[i] && !(to->note[i] = pool_alloc(mem, NOTE)))
			return -ENOMEM;
	return 0;
}

static void row_apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	struct row_part *r = state;

	(void)len;
	if (row_in_apply)
		row_in_apply(shard);
	if (ret)
		*(u64 *)ret = r->number;
	r->number += (u64)((const struct row_op *)op)->amount;
	r->changes++;
}

static void note_apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	struct row_part *r = state;
	void **oldest = &r->note[r->changes % ROW_NOTES], *note = pool_alloc(r->mem, NOTE);

	*(u8 *)note = 1; /* it was promised */
	if (*oldest)
		pool_free(r->mem, *oldest, NOTE);
	*oldest = note;
	row_apply(state, shard, op, len, ret);
}

static size_t note_mem(const void *op, size_t len)
{
	(void)op;
	(void)len;
	return pool_rounded(NOTE);
}

static void note_release(const void *op, size_t len)
{
	(void)op;
	atomic_fetch_add(&row_released, len == sizeof(struct row_op));
}

static u64 row_hash(const void *state)
{
	const struct row_part *r = state;

	return mix(r->changes, r->number);
}

#define ROW_TYPE .state_size = sizeof(struct row_part), .init = row_init, .clone = row_clone, .hash = row_hash

const struct nr_type row_type = { .name = "row", ROW_TYPE, .apply = row_apply };
const struct nr_type row_note_type = {
	.name = "row with notes", ROW_TYPE, .apply = note_apply, .op_mem = note_mem, .op_mem_max = POOL_MAX,
	.op_release = note_release,
};

/* The calls. */

static u64 number(const struct nr_view *view, u32 p)
{
	return ((const struct row_part *)view->state[p])->number;
}

static void look(const struct nr_view *view, void *arg)
{
	u64 h = view->mask;

	for (u32 p = 0; p < ROW_PARTS; p++)
		if (view->mask >> p & 1)
			h = mix(h, number(view, p));
	*(u64 *)arg = h;
}

struct move {
	u32 from, to, amount;
	u64 had;
};

static void move_plan(const struct nr_view *view, struct nr_plan *plan, void *arg)
{
	struct move *m = arg;
	struct row_op out = { -(s64)m->amount }, in = { m->amount };

	m->had = number(view, m->from);
	if (m->had < m->amount || m->from == m->to)
		return;
	nr_plan_apply(plan, m->from, &out, sizeof(out));
	nr_plan_apply(plan, m->to, &in, sizeof(in));
}

int row_do(struct nr_shards *s, struct nr_self *self, u32 kind, u32 arg, u64 *result)
{
	u32 a = arg & 255;
	struct move m = { a, arg >> 8 & 255, arg >> 16, 0 };
	struct row_op add = { m.amount };
	int err = 0;

	if (kind == ROW_READ) {
		*result = ((const struct row_part *)nr_shards_read_begin(s, self, a))->number;
		nr_shards_read_end(s, self, a);
	} else if (kind == ROW_ADD) {
		err = nr_shards_update(s, self, a, &add, sizeof(add), result, NULL);
	} else if (kind == ROW_VIEW) {
		nr_shards_view(s, self, a, look, result);
	} else {
		err = nr_shards_span(s, self, 1ull << m.from | 1ull << m.to, move_plan, &m, NULL);
		*result = m.had;
	}
	return err;
}

int row_try(struct nr_shards *s, struct nr_self *self, u64 mask, u64 *result)
{
	return nr_shards_try_view(s, self, mask, look, result);
}

static void add_up(const struct nr_view *view, void *arg)
{
	u64 *sum = arg;

	for (u32 p = 0; p < ROW_PARTS; p++)
		if (view->mask >> p & 1)
			*sum += number(view, p);
}

u64 row_sum(struct nr_shards *s, struct nr_self *self, u64 mask)
{
	u64 sum = 0;

	nr_shards_view(s, self, mask, add_up, &sum);
	return sum;
}
