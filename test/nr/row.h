/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * row: the family that the tests of shards use, and its sequential model. Each part is one number.
 *
 *   READ  one part                        -> its number
 *   ADD   to one part                     -> what it was
 *   VIEW  of several parts                -> a mixture of all numbers
 *   MOVE  from one part to another, if there is enough     -> what the first one had
 *
 * The model is one of lin.h's, a family being one object to it: so the same functions judge single threads, histories,
 * and the explorer's runs.
 */
#ifndef TEST_NR_ROW_H
#define TEST_NR_ROW_H

#include "nr/shards.h"
#include "test/nr/lin.h"

enum { ROW_READ, ROW_ADD, ROW_VIEW, ROW_MOVE, ROW_KINDS };

#define ROW_PARTS 8
#define ROW_NOTES 3
#define ROW_ARG(a, b, amount) ((a) | (b) << 8 | (amount) << 16) /* VIEW: a is the mask */

struct row_part {
	u64 number, changes;
	struct pool *mem;
	void *note[ROW_NOTES]; /* each operation allocates one and frees the oldest, if the type says so */
};

extern const struct lin_model row_model;
extern const struct nr_type row_type;      /* needs no memory */
extern const struct nr_type row_note_type; /* each operation allocates, and owns something */
extern void (*row_in_apply)(unsigned shard); /* and in clone */
extern _Atomic u64 row_released;

/* Does it; 0 or -ENOMEM. */
int row_do(struct nr_shards *s, struct nr_self *self, u32 kind, u32 arg, u64 *result);
/* A tried view: what VIEW gives, or -EAGAIN. */
int row_try(struct nr_shards *s, struct nr_self *self, u64 mask, u64 *result);
/* All parts at one moment: their sum. */
u64 row_sum(struct nr_shards *s, struct nr_self *self, u64 mask);

#endif
