/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * lin: is a recorded history linearizable? The search of Wing and Gong with Lowe's memory of where it has been.
 *
 * A history is up to 64 operations on one object, each with its result and the set of operations that ended before it
 * began. lin_check looks for an order in which the sequential model gives all these results: it takes an operation
 * with no predecessor left, tries it on the model, goes on if the result is right, and comes back if that leads nowhere.
 * A pair (operations done, state of the model) from which it came back once is not entered again.
 *
 * Cost: n times the number of such pairs; small for histories of a few threads, exponential in threads.
 *
 * The models are also what the tests replicate (lin_type): it is nr that is on trial, not the structure.
 */
#ifndef TEST_NR_LIN_H
#define TEST_NR_LIN_H

#include "nr/nr.h"

#define LIN_OPS 64
#define LIN_CELLS 30
#define LIN_NONE 0xffffffffu /* what an empty queue, stack or place says */
#define LIN_LOST UINT64_MAX  /* the result of an operation that took effect and whose result nobody knows */

struct lin_state {
	u32 n, pad; /* pad: what makes operations large leaves its trace here */
	u32 cell[LIN_CELLS];
};

enum { LIN_READ = 0 }; /* operation 0 of each model changes nothing */

struct lin_model {
	const char *name;
	u32 kinds, args; /* kind < kinds, arg < args (where args matter) */
	u64 (*step)(struct lin_state *s, u32 kind, u32 arg);
};

extern const struct lin_model lin_register, lin_counter, lin_queue, lin_stack, lin_map;
extern const struct lin_model *const lin_models[5];

struct lin_op { /* one operation of a history */
	u32 kind, arg, thread;
	u64 result;
	u64 call, end; /* times; end 0: not ended */
	u64 before; /* operations that ended before it began */
};

/* Derives `before` from call and end. */
void lin_order(struct lin_op *op, u32 n);
/* True if there is such an order from `start`; the state after it is left in *start. */
bool lin_check(const struct lin_model *m, struct lin_state *start, const struct lin_op *op, u32 n);

/* The replicated form: an operation of `len` >= 8 bytes, (model, kind, arg, filling); the result is a u64. */
struct lin_bytes {
	u16 model, kind;
	u32 arg;
	u8 fill[NR_OP_MAX - 8];
};
void lin_make(struct lin_bytes *b, u32 model, u32 kind, u32 arg, size_t len);
void lin_apply(void *state, unsigned shard, const void *op, size_t len, void *ret);
u64 lin_hash(const void *state);
extern const struct nr_type lin_type;

#endif
