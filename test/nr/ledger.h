/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ledger: the structure the tests replicate, its naive model, and the judge of recorded histories.
 *
 * A small map from keys to values; each entry also keeps a blob of bytes computed from the value, so that large
 * operations, allocation and corruption all show. Sixteen counters always change together: a reader who sees two
 * different ones saw half an operation. Every operation takes the next version number and returns it: the order in
 * which operations took effect is thus recorded in their results, and a history can be judged exactly:
 *
 *   - versions are 1..n, each once (nothing lost, nothing done twice)
 *   - replayed in this order on the model, each operation gives the result that was seen, each read the value
 *   - what ended before another began has the smaller version (linearizable)
 */
#ifndef TEST_NR_LEDGER_H
#define TEST_NR_LEDGER_H

#include "nr/nr.h"

#include <stdatomic.h>
#include <stdio.h>

#define LEDGER_KEYS 64
#define LEDGER_EVEN 16
#define LEDGER_BLOB 900

enum { LEDGER_PUT = 1, LEDGER_DEL, LEDGER_BUMP, LEDGER_READ };

struct ledger_op {
	u32 kind, key, value, blob; /* blob: bytes that follow, all made from value */
	u8 data[LEDGER_BLOB];
};

struct ledger_ret {
	u64 version, old;
};

struct ledger_entry {
	struct ledger_entry *next;
	u32 key, value, blob;
	u8 data[];
};

struct ledger {
	struct pool *mem;
	u64 version;
	u64 even[LEDGER_EVEN];
	struct ledger_entry *bucket[8];
};

extern const struct nr_type ledger_type;
/* The same with apply_batch and op_release, which count. */
extern const struct nr_type ledger_batch_type;
extern _Atomic u64 ledger_batches, ledger_batched, ledger_released;
/* Runs inside apply, before the change; own: on the replica of the submitter. A test may make operations slow. */
extern void (*ledger_in_apply)(const struct ledger_op *op, bool own);
/* Runs in the middle of a bump: half of the counters are changed. */
extern void (*ledger_half_way)(void);
/* Runs in do_read, under the guard. */
extern void (*ledger_in_read)(void);
extern _Atomic u64 ledger_broken; /* blobs that arrived damaged */

size_t ledger_make(struct ledger_op *op, u32 kind, u32 key, u32 value, u32 blob); /* length of the operation */
u64 ledger_get(const struct ledger *l, u32 key);                                 /* 0: none */
bool ledger_even(const struct ledger *l);

/* What one caller saw. start and end are stamps of one relaxed counter. */
struct event {
	u64 start, end, version, result;
	u32 kind, key, value;
};

struct history {
	struct event *e;
	size_t n, max;
};

u64 stamp(void);
void history_add(struct history *h, const struct event *e);
/* NULL if the history of all callers is linearizable and right, else what is wrong. final: the model at the end. */
const char *history_judge(struct history *h, size_t callers, u64 final[LEDGER_KEYS]);

/* An update or read that records itself. Returns nr_update's status. */
int do_update(struct nr *nr, struct nr_self *self, struct history *h, u32 kind, u32 key, u32 value, u32 blob);
void do_read(struct nr *nr, struct nr_self *self, struct history *h, u32 key);
/* Aborts the test with `not ok` when the calling thread relaxes this often without watch_reset: a hang. */
void watch_start(const char *what);
void watch_reset(void);

/* What one thread makes true and others wait for, asleep: who stands still for a test's sake shall not take the processor. From
 * signal handlers too. */
void fact_make(_Atomic u32 *fact);
void fact_await(_Atomic u32 *fact);

u32 rnd(u32 *state);

#endif
