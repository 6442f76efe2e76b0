/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * shards: a structure in parts, with a log for each. Updates of different parts share nothing and commute; operations
 * that span parts are atomic, and touch only those.
 *
 *   struct nr_shards ── shard[0] ──► struct nr   its own log, gates, replicas; the state is of type->state_size
 *                    ── shard[1] ──► struct nr
 *
 * Each part is an instance of nr/nr.h as it is: an update or a read of one part is nr_update or nr_read_begin of that
 * instance, and costs what it costs. What a family adds are two calls that see several parts at one moment:
 *
 *   nr_shards_view   looks at parts
 *   nr_shards_span   looks at parts, decides, and says for each of them which ordinary operation, if any, it is to apply
 *
 * The decision (the plan) runs once, in the caller's thread, on states that are exactly those in which its operations
 * will be applied. So a plan need not be deterministic, writes its results wherever the caller wants, and may fail for
 * reasons of its own by applying nothing. What it decides is in the logs as operations of single parts: a replica of a
 * part never needs another part to catch up, so parts are helped, cloned and dropped each by itself.
 *
 * Guarantees, beside those of nr/nr.h, which hold for each part
 *  S1  Linearizable as one object: there is one order of all updates, reads, spans and views of a family that agrees
 *      with what each saw and with the order in which they were called and returned.
 *  S2  A span takes effect on all its parts or on none: -ENOMEM is decided, for all replicas of all its parts, before
 *      anything is applied. No read or view sees half of it.
 *  S3  A view runs its function once, on one moment's states. It looks again, NR_VIEW_TRIES times, when a part moved on
 *      under it, then has itself ordered like a span: it does not starve. The same when writers kept it out for long.
 *  S4  A span waits for, and is waited for by, nobody but users of its parts. Who stops (suspended, off its core) in
 *      nr_shards_span delays until he goes on:
 *        before his first entry           other spans that share a part with him, or with a span that waits for him;
 *                                         as combiner, updates of his own node in his parts
 *        from his first entry to closing  also whoever needs a log beyond that entry: updates of the logs he has already
 *                                         written to, and reads of what comes after; with nr_shards_view's last resort
 *        after closing                    as before his first entry, and reads of his node while states change
 *      Between these two steps lie the entries to his other logs, catching up with what was logged before them, and the plan.
 *      There he also waits for readers of his own node in his parts: who stops under such a guard delays the same others.
 *      Replicas of a family cannot be evicted
 *  S5  Spans of one node do not keep its other updates out: each serves, when it is done, up to NR_BATCH of those that came
 *      meanwhile.
 *
 * Rules, beside those of nr/nr.h
 *  - a plan and a view are short and call nothing of nr but nr_plan_apply
 *  - guards of two parts do not nest (a view is for that), and neither span nor view is called under a guard. Among
 *    guards of several instances a family counts as one
 */
#ifndef NR_SHARDS_H
#define NR_SHARDS_H

#include "nr/nr.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NR_SHARDS_MAX 32
#define NR_VIEW_TRIES 8
#define NR_PLAN_MAX (NR_OP_MAX - 8) /* bytes of one operation of a plan */

struct nr_shards {
	u32 count;
	struct nr *shard[NR_SHARDS_MAX];
};

struct nr_shards_config {
	struct nr_config each; /* of a part; each.shards is not looked at */
	u32 shards;            /* 1 to NR_SHARDS_MAX */
	u32 plan_max;          /* bytes of the longest operation of a plan; 0: 112. Reserved in each log by each span */
};

/* What a part's type->init gets as its `arg`. */
struct nr_shards_arg {
	u32 shard, shards;
	const void *arg; /* of nr_shards_create */
};

/* States of parts at one moment. */
struct nr_view {
	u64 mask; /* which parts: bit n is shard n */
	const void *state[NR_SHARDS_MAX]; /* NULL for the others */
};

struct nr_plan;

/* A family with one replica of each part, on cfg->each.node. NULL: out of memory, or a cfg that nr_init refuses. type stays
 * as long as the family; type->apply gets the part's number as `shard`. */
struct nr_shards *nr_shards_create(const struct nr_type *type, const struct nr_shards_config *cfg, const void *arg);
/* Nobody may be inside any call on it. */
void nr_shards_destroy(struct nr_shards *s);
/* A new family, a clone of this one as of one moment. `fix`, if given, edits the fresh copies before anyone else can see
 * them, as nr_fork's does, all states at once. NULL: out of memory. */
struct nr_shards *nr_shards_fork(struct nr_shards *s, struct nr_self *self, u32 node,
				 void (*fix)(void *const state[], void *arg), void *arg);

/* Of the inline calls below. */
void nr__wrong(const char *what); /* does not return */
void nr__unguarded(const struct nr_shards *s, const struct nr_self *self);

/* A part, as an instance: for nr_sync, nr_try_update, nr_stats and so on. Replicas come and go by the calls below. */
static inline struct nr *nr_shard(const struct nr_shards *s, unsigned shard)
{
	if (shard >= s->count)
		nr__wrong("nr: no such shard");
	return s->shard[shard];
}

/* nr_update, nr_read_begin and nr_read_end of one part. */
static inline int nr_shards_update(struct nr_shards *s, struct nr_self *self, unsigned shard, const void *op, size_t len,
				   void *ret, u64 *index)
{
	return nr_update(nr_shard(s, shard), self, shard, op, len, ret, index);
}

static inline const void *nr_shards_read_begin(struct nr_shards *s, struct nr_self *self, unsigned shard)
{
	if (self->held)
		nr__unguarded(s, self);
	return nr_read_begin(nr_shard(s, shard), self, shard);
}

static inline void nr_shards_read_end(struct nr_shards *s, struct nr_self *self, unsigned shard)
{
	nr_read_end(nr_shard(s, shard), self, shard);
}

/* Runs look once on the parts in mask, as they are at one moment. */
void nr_shards_view(struct nr_shards *s, struct nr_self *self, u64 mask, void (*look)(const struct nr_view *view, void *arg),
		    void *arg);

/* Runs plan once on the parts in mask and applies what it says, atomically. 0, or -ENOMEM: nothing was applied, though the
 * plan has run. index, if not NULL, has a place for each shard; those of mask receive numbers for nr_shards_sync. */
int nr_shards_span(struct nr_shards *s, struct nr_self *self, u64 mask,
		   void (*plan)(const struct nr_view *view, struct nr_plan *plan, void *arg), void *arg, u64 index[]);
/* From inside a plan: this part is to apply op. Once for each part of the mask, at most plan_max bytes. */
void nr_plan_apply(struct nr_plan *plan, unsigned shard, const void *op, size_t len);

/* nr_sync of the parts in mask, each to its index. */
void nr_shards_sync(struct nr_shards *s, struct nr_self *self, u64 mask, const u64 index[]);

/* As nr_replica_add, _drop, nr_widen, nr_poll, nr_check, for all parts. A replica that cannot be had of all is had of
 * none. */
int nr_shards_replica_add(struct nr_shards *s, struct nr_self *self, u32 node);
int nr_shards_replica_drop(struct nr_shards *s, struct nr_self *self, u32 node);
int nr_shards_widen(struct nr_shards *s, struct nr_self *self);
u64 nr_shards_poll(struct nr_shards *s, struct nr_self *self);
int nr_shards_check(struct nr_shards *s, struct nr_self *self);

/* What the family counts; for a part: nr_stats of nr_shard. */
struct nr_shards_stat {
	u32 shards, replicas;
	u64 spans, views_again, views_ordered; /* views that looked again, and that had to be ordered like spans */
};
void nr_shards_stats(const struct nr_shards *s, struct nr_shards_stat *out);

#ifdef __cplusplus
}
#endif

#endif
