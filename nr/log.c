/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The log: a ring of 64-byte slots that orders the updates of all replicas.
 *
 * Indices are 64-bit and never wrap; index i lives in slot i mod slots. A slot says itself which index it holds
 * (seq = i + 1), so there is no lap bit. An operation takes consecutive slots:
 *
 *   first  [ seq | mem len origin shard | 48 bytes ]   then  [ seq | 56 bytes ] ...
 *
 * The first slot's seq is stored last (E1): who finds it (E2) finds the whole operation. Every slot carries a seq,
 * lest bytes chosen by a program be taken for one.
 *
 * append: wait for room, claim [tail, tail + n) by compare-exchange, fill. Between claim and fill there is a hole;
 * it stops later entries from being applied, but no reader: readers need only what is below ctail, which some replica
 * has applied already.
 *
 * Room is found by moving the laggard, never by waiting for its node: apply to the own replica, then to whichever
 * lags and is not locked (who holds its lock moves it himself). Nobody gives up and nobody accuses himself.
 */
#include "nr/internal.h"

static u32 log_slots(const struct nr *nr)
{
	return nr->cfg.log_slots;
}

static struct nr_entry *slot_at(const struct nr *nr, u64 at)
{
	return &nr->log[at & (log_slots(nr) - 1)];
}

static size_t log_pages(const struct nr *nr)
{
	return (log_slots(nr) * sizeof(struct nr_entry) + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

struct nr_entry *nr_log_make(const struct nr *nr, u32 node)
{
	struct nr_entry *log = nr_port_pages(log_pages(nr), node);

	for (u32 i = 0; log && i < log_slots(nr); i++)
		atomic_init(&log[i].seq, 0);
	return log;
}

void nr_log_free(const struct nr *nr, struct nr_entry *log)
{
	nr_port_pages_free(log, log_pages(nr));
}

/* The entry that starts at index `at`, once it is complete; else NULL. */
const struct nr_entry *nr_log_ready(const struct nr *nr, u64 at)
{
	const struct nr_entry *e = slot_at(nr, at);

	return atomic_load_explicit(&e->seq, memory_order_acquire) == at + 1 ? e : NULL; /* E2 */
}

static void entry_fill(struct nr *nr, u64 at, const struct nr_req *q, u32 origin)
{
	struct nr_entry *e = slot_at(nr, at);
	const u8 *op = q->op;
	u32 done = MIN(q->len, sizeof(e->data));

	e->mem = q->mem;
	e->len = (u16)q->len;
	e->origin = (u8)origin;
	e->shard = (u8)q->shard;
	__builtin_memcpy(e->data, op, done);
	for (u64 i = at + 1; done < q->len; i++) {
		struct nr_entry *s = slot_at(nr, i);
		u32 n = MIN(q->len - done, sizeof(s->more));

		__builtin_memcpy(s->more, op + done, n);
		atomic_store_explicit(&s->seq, i + 1, memory_order_relaxed); /* E1 below publishes it */
		done += n;
	}
	atomic_store_explicit(&e->seq, at + 1, memory_order_release); /* E1 */
}

/* The bytes of an operation that spans slots, in one piece. */
void nr_log_copy(const struct nr *nr, u64 at, void *op, u32 len)
{
	const struct nr_entry *e = slot_at(nr, at);
	u32 done = MIN(len, sizeof(e->data));

	__builtin_memcpy(op, e->data, done);
	for (u64 i = at + 1; done < len; i++) {
		const struct nr_entry *s = slot_at(nr, i);
		u32 n = MIN(len - done, sizeof(s->more));

		__builtin_memcpy((u8 *)op + done, s->more, n);
		done += n;
	}
}

/* What every member has applied. A member's ltail is read once: the second look may be at a larger one. */
static u64 applied_by_all(const struct nr *nr, u64 members)
{
	u64 min = UINT64_MAX;
	u32 n;

	nr_for_each(n, members) {
		u64 ltail = nr_ltail(nr->rep[n]); /* A2 */

		min = MIN(min, ltail);
	}
	return min;
}

/* One attempt to raise head to at least `need`. */
static void make_room(struct nr *nr, struct nr_replica *r, u64 need)
{
	u64 tail = atomic_load_explicit(&nr->tail, memory_order_relaxed);
	u64 members = atomic_load_explicit(&nr->members, memory_order_relaxed); /* fixed while we hold r */
	u64 min;
	u32 n;

	nr_replica_advance(nr, r, tail, NULL);
	nr_for_each(n, members)
		if (nr->rep[n] != r && nr_ltail(nr->rep[n]) < need)
			nr_help(nr, nr->rep[n], tail);
	min = applied_by_all(nr, members);
	/* Two of these may cross and leave the older minimum: too careful, never wrong. */
	atomic_store_explicit(&nr->head, min, memory_order_release); /* H1 */
	if (min < need)
		nr_port_relax();
}

static u64 claim(struct nr *nr, struct nr_replica *r, u32 n)
{
	u64 at = atomic_load_explicit(&nr->tail, memory_order_relaxed);

	for (;;) {
		u64 head = atomic_load_explicit(&nr->head, memory_order_acquire); /* H2 */

		if (at + n > head + log_slots(nr)) {
			make_room(nr, r, at + n - log_slots(nr));
			at = atomic_load_explicit(&nr->tail, memory_order_relaxed);
		} else if (atomic_compare_exchange_weak_explicit(&nr->tail, &at, at + n, memory_order_relaxed, /* T1 */
								 memory_order_relaxed)) {
			return at;
		}
	}
}

/* Appends every request of b, in order, and notes in each where it ends. */
void nr_log_append(struct nr *nr, struct nr_replica *r, struct nr_batch *b)
{
	u64 at = claim(nr, r, b->slots);

	for (u32 i = 0; i < b->n; i++) {
		entry_fill(nr, at, b->req[i], r->node);
		at += nr_entry_slots(b->req[i]->len);
		b->req[i]->index = at;
	}
}
