/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the subjects made of nr share: a sequential structure as an nr_type. */
#ifndef BENCH_NR_REPLICATED_H
#define BENCH_NR_REPLICATED_H

#include "bench/nr/subject.h"
#include "nr/nr.h"

struct replicated {
	struct nr_type type;
	struct nr_self self[BENCH_THREADS];
	const struct seq *seq;
};

/* Of `keys` keys; threads are dealt out to replicas in turn. One lives at a time in a process. */
void replicated_set(struct replicated *r, const struct seq *seq, u64 keys, u32 replicas);
/* type.init; arg: how many keys, a u64. */
int replicated_init(void *state, struct pool *mem, const void *arg);

#endif
