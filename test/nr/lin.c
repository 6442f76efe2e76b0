/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The checker of histories, its models, and their replicated form. See lin.h. */
#include "test/nr/lin.h"

#include <string.h>

/* Models. */

static u64 step_register(struct lin_state *s, u32 kind, u32 arg)
{
	u64 old = s->cell[0];

	if (kind == 1 || (kind == 2 && old % 2 == 0)) /* write; write if even */
		s->cell[0] = arg;
	return old;
}

static u64 step_counter(struct lin_state *s, u32 kind, u32 arg)
{
	u64 old = s->cell[0];

	if (kind)
		s->cell[0] += arg + 1;
	return old;
}

static u64 step_queue(struct lin_state *s, u32 kind, u32 arg)
{
	u64 first = s->n ? s->cell[0] : LIN_NONE;

	if (kind == 1) {
		if (s->n == LIN_CELLS)
			return LIN_NONE;
		s->cell[s->n++] = arg;
		return s->n;
	}
	if (kind == 2 && s->n) {
		memmove(s->cell, s->cell + 1, --s->n * sizeof(u32));
		s->cell[s->n] = 0;
	}
	return first;
}

static u64 step_stack(struct lin_state *s, u32 kind, u32 arg)
{
	u64 top = s->n ? s->cell[s->n - 1] : LIN_NONE;

	if (kind == 1) {
		if (s->n == LIN_CELLS)
			return LIN_NONE;
		s->cell[s->n++] = arg;
	} else if (kind == 2 && s->n) {
		s->cell[--s->n] = 0;
	}
	return top;
}

/* arg: the key in its low two bits, the value above; value 0 is no value. */
static u64 step_map(struct lin_state *s, u32 kind, u32 arg)
{
	u64 old = s->cell[arg % 4];

	if (kind)
		s->cell[arg % 4] = kind == 1 ? arg / 4 + 1 : 0;
	return old;
}

const struct lin_model lin_register = { "register", 3, 100, step_register };
const struct lin_model lin_counter = { "counter", 2, 1, step_counter };
const struct lin_model lin_queue = { "queue", 3, 1000, step_queue };
const struct lin_model lin_stack = { "stack", 3, 1000, step_stack };
const struct lin_model lin_map = { "map", 3, 400, step_map };
const struct lin_model *const lin_models[5] = { &lin_register, &lin_counter, &lin_queue, &lin_stack, &lin_map };

/* The search. */

enum { TABLE = 1 << 15 };

struct been {
	u64 done, run; /* run: of which search */
	struct lin_state state;
};

static _Thread_local struct been been[TABLE];
static _Thread_local u64 run;
static _Thread_local u32 full;

static u64 mix(u64 done, const struct lin_state *s)
{
	return (done * 0x9e3779b97f4a7c15ull) ^ lin_hash(s);
}

/* True the first time; a full table only costs time. */
static bool enter(u64 done, const struct lin_state *s)
{
	u64 h = mix(done, s);

	for (u32 i = 0; i < 64; i++) {
		struct been *b = &been[(h + i) % TABLE];

		if (b->run != run) {
			*b = (struct been){ done, run, *s };
			return true;
		}
		if (b->done == done && memcmp(&b->state, s, sizeof(*s)) == 0)
			return false;
	}
	full++;
	return true;
}

static bool search(const struct lin_model *m, struct lin_state *s, const struct lin_op *op, u32 n, u64 done)
{
	if (done == (n == 64 ? ~0ull : (1ull << n) - 1))
		return true;
	if (!enter(done, s))
		return false;
	for (u32 i = 0; i < n; i++) {
		struct lin_state next = *s;

		if (done >> i & 1 || op[i].before & ~done)
			continue;
		if (m->step(&next, op[i].kind, op[i].arg) != op[i].result && op[i].result != LIN_LOST)
			continue;
		if (search(m, &next, op, n, done | 1ull << i)) {
			*s = next;
			return true;
		}
	}
	return false;
}

bool lin_check(const struct lin_model *m, struct lin_state *start, const struct lin_op *op, u32 n)
{
	run++;
	full = 0;
	return search(m, start, op, n, 0);
}

void lin_order(struct lin_op *op, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		op[i].before = 0;
		for (u32 j = 0; j < n; j++)
			if (op[j].end < op[i].call)
				op[i].before |= 1ull << j;
	}
}

/* The replicated form. */

static u8 fill_byte(u32 arg, size_t i)
{
	return (u8)(arg * 13 + i * 5 + 1);
}

void lin_make(struct lin_bytes *b, u32 model, u32 kind, u32 arg, size_t len)
{
	b->model = (u16)model;
	b->kind = (u16)kind;
	b->arg = arg;
	for (size_t i = 0; i + 8 < len; i++)
		b->fill[i] = fill_byte(arg, i);
}

/* Damaged filling shows in the state, and so in the hash and every later read. */
void lin_apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	const struct lin_bytes *b = op;
	struct lin_state *s = state;
	u64 result = lin_models[b->model]->step(s, b->kind, b->arg);

	(void)shard;
	for (size_t i = 0; i + 8 < len; i++)
		if (b->fill[i] != fill_byte(b->arg, i))
			s->pad = 0xbad;
	if (ret)
		*(u64 *)ret = result;
}

static int lin_init(void *state, struct pool *mem, const void *arg)
{
	(void)state;
	(void)mem;
	(void)arg;
	return 0;
}

static int lin_clone(void *dst, struct pool *mem, const void *src)
{
	(void)mem;
	*(struct lin_state *)dst = *(const struct lin_state *)src;
	return 0;
}

u64 lin_hash(const void *state)
{
	const struct lin_state *s = state;
	u64 h = s->n * 31 + s->pad;

	for (u32 i = 0; i < LIN_CELLS; i++)
		h = (h ^ s->cell[i]) * 0x100000001b3ull;
	return h ^ h >> 29;
}

static int lin_ok(const void *state)
{
	return ((const struct lin_state *)state)->pad ? -1 : 0;
}

const struct nr_type lin_type = {
	.name = "lin", .state_size = sizeof(struct lin_state), .init = lin_init, .clone = lin_clone, .apply = lin_apply,
	.hash = lin_hash, .check = lin_ok,
};
