/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Handles for threads that come and go: the lowest id that is free. A kernel that has one nr_self per core needs none
 * of this. Nothing is left in an instance by who signs off: his slots are empty, and the next one with the id uses them.
 *
 * I1 an id given back, release <-> I2 taken, acquire: what the old owner left in slots is seen by the new one.
 */
#include "nr/internal.h"

static _Atomic u64 *word_of(struct nr_ids *ids, u32 w)
{
	return (_Atomic u64 *)&ids->taken[w];
}

/* The lowest free bit of word w; 64: none. */
static u32 take_bit(_Atomic u64 *word, u64 allowed)
{
	u64 taken = atomic_load_explicit(word, memory_order_relaxed), free;

	do {
		free = ~taken & allowed;
		if (!free)
			return 64;
	} while (!atomic_compare_exchange_weak_explicit(word, &taken, taken | (free & -free), memory_order_acquire, /* I2 */
							memory_order_relaxed));
	return (u32)__builtin_ctzll(free);
}

int nr_register(struct nr_ids *ids, struct nr_self *self, u32 node)
{
	u32 max = MIN(ids->max ? ids->max : NR_IDS_MAX, (u32)NR_IDS_MAX);

	if (node >= NR_NODES_MAX && node != NR_NODE_HERE)
		return -EINVAL;
	for (u32 w = 0; w * 64 < max; w++) {
		u64 allowed = max - w * 64 >= 64 ? UINT64_MAX : (1ull << (max - w * 64)) - 1;
		u32 bit = take_bit(word_of(ids, w), allowed);

		if (bit == 64)
			continue;
		__builtin_memset(self, 0, sizeof(*self));
		self->id = w * 64 + bit;
		self->node = node == NR_NODE_HERE ? nr_port_node() : node;
		return 0;
	}
	return -EAGAIN;
}

void nr_unregister(struct nr_ids *ids, struct nr_self *self)
{
	if (self->held || self->flags)
		nr_port_panic("nr_unregister: inside a call or a guard");
	atomic_fetch_and_explicit(word_of(ids, self->id / 64), ~(1ull << self->id % 64), memory_order_release); /* I1 */
}
