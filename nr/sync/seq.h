/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * seq: a value of a few words that everybody reads and hardly anybody changes. Readers store nothing, so any number of
 * cores read it at the speed of their own caches.
 *
 *   seq_read   a copy of the value, or of its first words, as one seq_write left it; starts over while a write is going on
 *   seq_write  replaces it; writers are kept apart by their caller (a lock)
 *
 *   version  even --write begins--> odd --write ends--> even      a reader that saw one even number all along has a whole value
 *
 * The value is kept as words, for each is read while it may be written. It is a copy: what a pointer in it leads to may
 * be gone by the time it is followed.
 *
 * Orderings. S1 write: each word store-release, after the odd version  <->  S2 read: each word load-acquire: who sees a
 * word of a write sees its odd version, or a later one, when he looks again. S3 write: even version store-release
 * <->  S4 read: first look load-acquire.
 *
 * Context: the writer must not be interrupted by a reader.
 */
#ifndef NR_SYNC_SEQ_H
#define NR_SYNC_SEQ_H

#include "base/types.h"
#include "nr/port.h"

#include <stdatomic.h>

struct seq {
	_Atomic u32 version;
};

#define SEQ_WORDS(type) (sizeof(type) / sizeof(u64))

static inline void seq_write(struct seq *s, _Atomic u64 *words, const void *value, size_t nwords)
{
	u32 v = atomic_load_explicit(&s->version, memory_order_relaxed);
	size_t i;

	atomic_store_explicit(&s->version, v + 1, memory_order_relaxed);
	for (i = 0; i < nwords; i++) {
		u64 w;

		__builtin_memcpy(&w, (const u8 *)value + i * sizeof(w), sizeof(w));
		atomic_store_explicit(&words[i], w, memory_order_release); /* S1 */
	}
	atomic_store_explicit(&s->version, v + 2, memory_order_release); /* S3 */
}

/* False: a write came in between; `value` is a mixture. */
static inline bool seq_read_try(const struct seq *s, const _Atomic u64 *words, void *value, size_t nwords)
{
	u32 v = atomic_load_explicit(&s->version, memory_order_acquire); /* S4 */
	size_t i;

	for (i = 0; i < nwords; i++) {
		u64 w = atomic_load_explicit(&words[i], memory_order_acquire); /* S2 */

		__builtin_memcpy((u8 *)value + i * sizeof(w), &w, sizeof(w));
	}
	return !(v & 1) && atomic_load_explicit(&s->version, memory_order_relaxed) == v;
}

static inline void seq_read(const struct seq *s, const _Atomic u64 *words, void *value, size_t nwords)
{
	while (!seq_read_try(s, words, value, nwords))
		nr_port_relax();
}

#endif
