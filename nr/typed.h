/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * nr with types: one macro makes functions that take the structure's own operation and result instead of bytes.
 *
 *	struct map { ... };
 *	struct map_op { u32 key, value; };
 *	static u64 map_apply(struct map *m, const struct map_op *op);          one replica's change; the result
 *	static u64 map_lookup(const struct map *m, const u32 *key);            one replica's answer
 *
 *	NR_DEFINE(map, struct map, struct map_op, u64, map_apply);             map_update(nr, self, &op, &ret)
 *	                                                                       map_try(nr, self, &op, &ret)
 *	                                                                       map_timeout(nr, self, &op, &ret, polls)
 *	                                                                       map_read(nr, self), map_done(nr, self)
 *	NR_DEFINE_QUERY(map, lookup, struct map, u32, u64, map_lookup);        map_lookup_now(nr, self, &key)
 *
 *	static const struct nr_type map_type = { NR_TYPED(map), .init = ..., .clone = ... };
 *
 * Results and errors are those of nr_update, nr_try_update, nr_update_timeout; ret may be NULL. Everything is inline; apply is
 * called directly from the adapter, so the compiler may put it into it.
 */
#ifndef NR_TYPED_H
#define NR_TYPED_H

#include "nr/nr.h"

#ifdef __cplusplus
#define NR_ASSERT static_assert
#else
#define NR_ASSERT _Static_assert
#endif

/* What NR_DEFINE fills in of an nr_type; the first members, for C++ wants designators in order. */
#define NR_TYPED(name_) .name = #name_, .state_size = sizeof(name_##_state), .apply = name_##_apply_bytes

#define NR_TYPED_CALL static inline __attribute__((unused))

#define NR_DEFINE(name_, state_t, op_t, ret_t, apply_)                                                                 \
	typedef state_t name_##_state;                                                                                 \
	NR_TYPED_CALL void name_##_apply_bytes(void *state, unsigned shard, const void *op, size_t len, void *ret)     \
	{                                                                                                              \
		ret_t r = apply_((state_t *)state, (const op_t *)op);                                                  \
                                                                                                                       \
		(void)shard;                                                                                           \
		(void)len;                                                                                             \
		if (ret)                                                                                               \
			*(ret_t *)ret = r;                                                                             \
	}                                                                                                              \
	NR_TYPED_CALL int name_##_update(struct nr *nr, struct nr_self *self, const op_t *op, ret_t *ret)              \
	{                                                                                                              \
		return nr_update(nr, self, 0, op, sizeof(*op), ret, NULL);                                             \
	}                                                                                                              \
	NR_TYPED_CALL int name_##_try(struct nr *nr, struct nr_self *self, const op_t *op, ret_t *ret)                 \
	{                                                                                                              \
		return nr_try_update(nr, self, 0, op, sizeof(*op), ret, NULL);                                         \
	}                                                                                                              \
	NR_TYPED_CALL int name_##_timeout(struct nr *nr, struct nr_self *self, const op_t *op, ret_t *ret, u64 polls)  \
	{                                                                                                              \
		return nr_update_timeout(nr, self, 0, op, sizeof(*op), ret, NULL, polls);                              \
	}                                                                                                              \
	NR_TYPED_CALL const state_t *name_##_read(struct nr *nr, struct nr_self *self)                                 \
	{                                                                                                              \
		return (const state_t *)nr_read_begin(nr, self, 0);                                                    \
	}                                                                                                              \
	NR_TYPED_CALL void name_##_done(struct nr *nr, struct nr_self *self)                                           \
	{                                                                                                              \
		nr_read_end(nr, self, 0);                                                                              \
	}                                                                                                              \
	NR_ASSERT(sizeof(op_t) <= NR_OP_MAX, #name_ ": operation too long")

#define NR_DEFINE_QUERY(name_, what_, state_t, q_t, ret_t, query_)                                                     \
	NR_TYPED_CALL ret_t name_##_##what_##_now(struct nr *nr, struct nr_self *self, const q_t *q)                   \
	{                                                                                                              \
		ret_t r = query_((const state_t *)nr_read_begin(nr, self, 0), q);                                      \
                                                                                                                       \
		nr_read_end(nr, self, 0);                                                                              \
		return r;                                                                                              \
	}                                                                                                              \
	NR_ASSERT(sizeof(q_t) > 0, "a query")

#endif
