/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A histogram of times: each power of two of nanoseconds is cut into 16 equal buckets, so a time read back is at most
 * 1/16 too large, whatever its size. Adding costs one increment; the largest time is kept exactly.
 */
#ifndef NROS_BENCH_HISTOGRAM_H
#define NROS_BENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_SUB = 16, HISTOGRAM_SUB_BITS = 4, HISTOGRAM_BUCKETS = (64 - HISTOGRAM_SUB_BITS + 1) * HISTOGRAM_SUB };

struct histogram {
	uint64_t count, max;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(uint64_t ns)
{
	unsigned shift;

	if (ns < HISTOGRAM_SUB)
		return ns;
	shift = 63 - __builtin_clzll(ns) - HISTOGRAM_SUB_BITS;
	return shift * HISTOGRAM_SUB + (ns >> shift);
}

/* The largest time that falls into a bucket. */
static inline uint64_t histogram_top(unsigned bucket)
{
	unsigned shift = bucket < 2 * HISTOGRAM_SUB ? 0 : bucket / HISTOGRAM_SUB - 1;

	return (((uint64_t)bucket - shift * HISTOGRAM_SUB + 1) << shift) - 1;
}

static inline void histogram_add(struct histogram *h, uint64_t ns)
{
	h->bucket[histogram_bucket(ns)]++;
	h->count++;
	if (ns > h->max)
		h->max = ns;
}

/* The time that `share` (0 to 1) of all times do not exceed. */
static inline uint64_t histogram_quantile(const struct histogram *h, double share)
{
	uint64_t seen = 0, wanted = (uint64_t)(share * h->count + 0.5);

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= wanted && h->bucket[i])
			return histogram_top(i) < h->max ? histogram_top(i) : h->max;
	}
	return h->max;
}

#endif
