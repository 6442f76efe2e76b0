/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * span inside: a family as its own files see it, and what is protected by what.
 *
 *   part[p].span     the right to span part p: taken in ascending order, kept from before the first entry to the end.
 *                    So at most one share is open in a log, and spans with two logs in common have one order in both
 *   part[p].plan     what the plan says for p; under part[p].span
 *   change           replicas of all parts come and go together
 *
 * Lock order: change; then span locks ascending; then gates, by part and then by node (nr/internal.h has the order inside
 * a part: whoever holds several gates of one part has asked for them in ascending order too). Who waits for a gate or for
 * room while he holds gates goes on applying those parts' logs.
 */
#ifndef NR_SPAN_H
#define NR_SPAN_H

#include "nr/gate.h"
#include "nr/shards.h"

struct nr_part {
	_Alignas(NR_LINE) struct lock span;
	u8 *plan;
};

struct nr_family {
	struct nr_shards pub; /* first: what callers have */
	const struct nr_type *type;
	size_t size;
	u32 plan_max;
	_Alignas(NR_LINE) struct lock change;
	_Atomic u64 spans, views_again, views_ordered;
	struct nr_part part[]; /* the parts' buffers follow */
};

/* A moment of several parts, made and seen by one caller. */
struct nr_plan {
	struct nr_family *f;
	struct nr_self *self;
	u64 held;   /* gates */
	u64 logged; /* of the mask: parts that have a log */
	struct nr_view view;
	struct nr_replica *r[NR_SHARDS_MAX]; /* the caller's replica of each part */
	struct nr_entry *entry[NR_SHARDS_MAX];
	u64 end[NR_SHARDS_MAX]; /* index behind its share */
	u32 len[NR_SHARDS_MAX], mem[NR_SHARDS_MAX]; /* of what each part is to apply */
};

static inline struct nr_family *nr_family_of(struct nr_shards *s)
{
	return (struct nr_family *)s;
}

static inline void nr_mask_check(const struct nr_shards *s, u64 mask)
{
	if (unlikely(!mask || mask >> (s->count - 1) > 1))
		nr_port_panic("nr_shards: an empty mask, or no such shard");
}

/* The parts in mask at one moment: from begin to end all gates of the caller's replicas are held, their states are as in
 * `view`. close applies what len says; to be called once. */
void nr_span_begin(struct nr_plan *x, struct nr_family *f, struct nr_self *self, u64 mask);
int nr_span_close(struct nr_plan *x);
void nr_span_end(struct nr_plan *x);

#endif
