/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is measured. A workload is a sequential structure and a mix of calls on it; a subject is a way to share
 * that structure between threads: a lock around it, nr, or somebody's concurrent structure that does the same job.
 */
#ifndef BENCH_NR_SUBJECT_H
#define BENCH_NR_SUBJECT_H

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
typedef uint32_t u32;
typedef uint64_t u64;
extern "C" {
#else
#include "base/types.h"
#endif

enum { BENCH_THREADS = 8 };

struct bench_op {
	u64 key, value;
	u32 kind; /* 1 or 2; what they do is the structure's business */
};

/* A sequential structure: plain memory, no pointers to itself, so a copy is a memcpy. */
struct seq {
	const char *name;
	size_t (*size)(u64 keys);
	void (*init)(void *state, u64 keys); /* zeroed memory; filled as the workload wants it */
	u64 (*write)(void *state, const struct bench_op *op);
	u64 (*read)(const void *state, u64 key);
};
extern const struct seq seq_map, seq_heap, seq_ordered, seq_stack;

struct subject {
	const char *name;
	const char *only; /* the one workload it is for; NULL: any */
	void *(*make)(const struct seq *seq, u64 keys);
	void (*destroy)(void *it);
	u64 (*write)(void *it, u32 thread, const struct bench_op *op);
	u64 (*read)(void *it, u32 thread, u64 key);
	void (*attach)(void *it, u32 thread); /* may be NULL */
	void (*detach)(void *it, u32 thread);
};

#ifdef __cplusplus
}
#endif
#endif
