/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * nr inside: who owns what, and how the pieces meet.
 *
 *   nr ──► rep[node] ──► state, pool            one replica per node that uses the instance
 *    │        │ gate        who holds it collects requests, appends, applies: "the combiner"; up around each
 *    │        │             apply: readers keep out (gate.h)
 *    │        │ ltail       the log is applied up to here
 *    │        ├ slots       per thread id: a reader counter and a request, on lines of their own
 *    │        └ ring        its operations in the log
 *    ├─ log, head, tail     once there is a second replica: the order of batches; [head, tail) may still be needed
 *    └─ ctail               some replica has applied (and may have shown) everything below: reads need this much
 *
 *   head <= ltail[r] <= ctail <= tail <= head + slots         (with a log; without one only ltail moves)
 *
 * The life of an update: the caller gets the gate, or leaves a request and waits for the gate or the answer,
 * whichever is first (update.c). The combiner collects requests (combine.c), reserves memory on every replica
 * (stock.c), appends the batch to the log (log.c), applies the log to its replica up to the end of its batch
 * (replica.c), answers, releases. As it keeps the gate from append to answer, nobody else ever meets an entry of its
 * replica that waits for an answer.
 *
 * What is protected by what
 *   rep[n]->state       written by the combiner between gate_write_begin and _end; read inside a guard
 *   rep[n]->live        the same
 *   nr->members, log    read by whoever holds one member's gate, or `change`; written by whoever holds `change` and
 *                       every member's gate (change.c): so a batch never sees them change
 *   rep[n]              made on first use, kept until destroy: a late reader finds live == false, never freed memory.
 *                       Another takes its place when it was evicted (evict.c)
 *
 * Lock order: change, then gates by ascending node (change.c); everyone else holds one gate and only tries
 * others. Who waits for a gate while holding some goes on applying the log to the replicas he holds. (span.h has the order
 * for those who span several instances.)
 *
 * Steps that pair (numbers of reference table 1.7 in brackets)
 *   Q1 request said to be pending, release [1]  <-> Q2 collected, exchange acquire [2]
 *   Q3 answer published, store release [3]      <-> Q4 answer polled, load acquire [4]
 *   L1 gate released                            <-> L2 gate taken [5]                       (gate.h)
 *   T1 tail moved on, compare-exchange release  <-> T2 tail, load acquire: who appends at an index sees every batch
 *      below it, and need not wait for them on the way to his own (nr_replica_reach)
 *   E1 batch published, compare-exchange release <-> E2 batch there, load acquire [7]
 *   A1 ltail and taken, store release [8]       <-> A2 both for room, ltail for nr_sync: load acquire [9]
 *   H1 head, store release                      <-> H2 head before reuse, load acquire [10]
 *   W1..W6 readers and writer [11-13]                                                       (gate.h)
 *   Z1 sleeper raises WAITED, release           <-> Z2 combiner clears it, L1: acquire [17]  (combine.c)
 *   C1 ctail raised before W5, Q3 and O1 [14, 16] <-> C2 ctail, at nr_read_begin and by who looks at several logs
 *      (view.c). All seq_cst, for the sake of those who use two logs: of two who each write one and then read the
 *      other, one sees the other's write. Costs nothing on x86
 *   S1 slots published, store release           <-> S2 slots found, load acquire [18]
 *   N1 live bit of a replica, store release     <-> N2 route, load acquire
 *   P1 page donated, compare-exchange release   <-> P2 page taken, load acquire             (stock.c)
 *   I1 id given back, release                   <-> I2 id taken, acquire                   (self.c)
 *   O1 share closed, store release              <-> O2 share, load acquire                 (span.c, replica.c)
 *   K1 credit, fetch_add/sub acq_rel, both sides                                            (stock.c)
 *   R1 a node's struct replaced, store release  <-> R2 found, load acquire                  (member.c)
 *   V1..V4 eviction                                                                         (evict.c)
 */
#ifndef NR_INTERNAL_H
#define NR_INTERNAL_H

#include "base/errno.h"
#include "nr/nr.h"
#include "nr/port.h"
#include "nr/sync/lock.h"

#include <stdatomic.h>

#define NR_LINE 64
#define NR_READ_LOOKS 16u /* at a gate, before a reader insists */
#define NR_EVICT_POLLS 64 /* as NR_PATIENCE, before nr_evict comes back to say that somebody else is stuck too */
#define NR_LOG_DEFAULT 256
#define NR_LOG_MIN 32 /* the longest operation takes 17 slots */
#define NR_LOG_MAX (1u << 20)

/*
 * A request: EMPTY -claim-> CLAIMED -> PENDING -Q3-> DONE -owner-> EMPTY
 * Its owner may sleep: PENDING -> SLEEPS; SLEEPS -Q3-> DONE or -woken-> PENDING. Withdrawn: PENDING -> EMPTY.
 */
enum { NR_EMPTY, NR_CLAIMED, NR_PENDING, NR_SLEEPS, NR_DONE };

struct nr_req {
	_Atomic u32 state;
	s32 err;
	const void *op; /* the submitter waits: his memory is good until DONE */
	void *ret;
	u64 index; /* end of the operation in the log */
	u32 len, shard, mem;
};

/* Per thread id, or shared by all (then readers are counted, and the request is claimed). */
struct nr_slot {
	_Alignas(NR_LINE) _Atomic u32 readers;
	_Atomic u32 listed;
	_Atomic u32 pending; /* in the shared slot: what the map says of the others */
	u32 shy; /* its owner's: how long he looks away from a gate that he found shut (gate.h) */
	_Alignas(NR_LINE) struct nr_req req;
};

/* A bit per id. Every request writes to `pending`, and everybody reads what is before it: so it has a line to itself. */
struct nr_map {
	_Alignas(NR_LINE) _Atomic u64 listed;  /* ids that ever read here: whom a writer looks at */
	_Alignas(NR_LINE) _Atomic u64 pending; /* ids with a request to collect */
};

struct nr_slots {
	struct nr_slot *slot;
	u32 count, words;
	size_t size;
	struct nr_map map[];
};

struct nr_entry { /* an operation in a ring; its bytes go on in the slots behind */
	_Alignas(NR_LINE) u32 mem;
	u16 len, shard;
	u8 data[56];
};
_Static_assert(sizeof(struct nr_entry) == NR_LINE, "one line");

struct nr_ring { /* log.c */
	_Alignas(NR_LINE) _Atomic u64 taken[NR_NODES_MAX]; /* by node: this replica has applied its ring up to there */
	_Alignas(NR_LINE) u64 written, limit; /* of this ring: how far it is written, and may be. Under the gate */
	u64 released; /* up to here op_release was called */
	/* During an eviction (evict.c): */
	u64 from;     /* what is below lies in `before` */
	u64 without;  /* these nodes do not read this ring, only the one before */
	struct nr_ring *before, *limbo;
	struct nr_entry slot[];
};

/* What one log has of an operation that spans several (span.c): an entry of its own, in place of a batch's bytes. Open:
 * nobody applies the log past it. Closed: it says what to apply here, if anything. */
struct nr_share {
	_Atomic u32 closed;
	u32 len; /* 0: nothing */
	u8 op[];
};
#define NR_SHARE (1u << 16)     /* beside `slots` in an order word: it is one */
#define NR_SHARE_SHARD 0x8000u  /* beside `shard` in its entry */

struct nr_run { /* a batch as the log has it; no slots: it says that somebody was evicted */
	u32 node, slots;
	struct nr_ring *ring;
	bool share;
};

struct nr_batch;

struct nr_page { /* a donated page waiting to be used */
	struct nr_page *next;
};

struct nr_replica {
	_Alignas(NR_LINE) _Atomic u32 gate; /* GATE_ bits: what everybody looks at */
	u32 node;
	bool live;
	_Atomic u64 ltail;
	void *state;
	_Atomic(struct nr_slots *) slots; /* NULL: everybody uses `shared` */

	_Alignas(NR_LINE) u64 alone; /* this line and the next: written under the gate; updates that met nobody */
	u64 consumed, batches, ops, helped;
	u64 batch[NR_BATCH_BUCKETS];
	u64 turns, held, held_max; /* with a clock: what combining took */
	u32 passed;   /* updates in place that went by those who wait */
	bool filling; /* init or clone runs: pages come straight from the port */
	u32 refills;  /* pages taken by the running apply */
	_Atomic(struct nr_ring *) ring;  /* NULL without a log */
	_Atomic(struct nr_ring *) spare; /* to go on with, for somebody who is evicted may be reading the other */
	_Atomic(struct nr_replica *) out; /* the next of those evicted */
	u64 made;      /* nr->made when it took its place */
	_Atomic u32 awaited; /* who wait, with nothing in hand, for its readers or combiner to be out (change.c) */
	struct nr *nr; /* once evicted */
	struct pool pool;

	_Alignas(NR_LINE) _Atomic s64 credit; /* stock.c; other nodes' combiners write here */
	_Atomic(struct nr_page *) stock;
	_Atomic u64 stocked;

	struct nr_slot shared;
};

struct nr {
	const struct nr_type *type;
	struct nr_config cfg;
	size_t size;
	_Atomic u64 *log; /* NULL: one member, apply in place */
	_Atomic bool logged; /* a hint: log != NULL */
	bool wide;
	bool part; /* of a family (shards.c) */
	_Atomic u64 live;    /* nodes readers and writers may use */
	_Atomic u64 members; /* nodes that consume the log: live ones and one being cloned */
	_Atomic(struct nr_replica *) rep[NR_NODES_MAX];

	_Alignas(NR_LINE) _Atomic u64 ctail;
	_Alignas(NR_LINE) _Atomic u64 tail;
	_Alignas(NR_LINE) _Atomic u64 head;
	_Atomic u64 stale;
	struct lock change;
	_Atomic u64 evicting; /* nodes that are to be evicted: who waits for their gates shall not */
	_Atomic u64 made;     /* structs that took the place of an evicted one */
	u64 leaving;          /* evictions begun and not finished; under change */
	u64 half;               /* a member whose clone failed (member.c); under change */
	struct nr_replica *way; /* who was in the way of what was tried last; under change */
	_Atomic(struct nr_replica *) out; /* evicted */
	u64 evictions;
	struct nr_ring *limbo;            /* rings that they may be reading; under change */
	struct nr_replica first; /* the state of the first replica follows the struct */
};

struct nr_batch {
	u32 n;     /* requests in it */
	u32 slots; /* of the ring */
	u64 members; /* on whom memory is promised for it, of structs not made later than `made` */
	u64 made;
	struct nr_req *own; /* the combiner's own request, if it is in here */
	struct nr_req *req[NR_BATCH];
};

/* What a gate can be (gate.h). */
enum { GATE_HELD = 1, GATE_WRITING = 2, GATE_WAITED = 4, GATE_EVICTED = 8, GATE_CLAIM = 16 /* and up: a count */ };

/* What a combiner who finds himself evicted says of what he did not publish: its owner asks another replica. */
#define NR_RETRY (-ERESTARTNOINTR)

/* self->flags */
#define NR_INSIDE 1u /* this caller is in an nr call that may apply; apply must not call nr */

static inline struct nr_replica *nr_rep(const struct nr *nr, u32 node)
{
	return atomic_load_explicit(&nr->rep[node], memory_order_acquire); /* R2 */
}

static inline struct nr_ring *nr_ring_of(const struct nr_replica *r)
{
	return atomic_load_explicit(&r->ring, memory_order_acquire); /* V4 */
}

/* Under `change`, or a member's gate: else they are only what was so a moment ago. */
static inline u64 nr_members(const struct nr *nr)
{
	return atomic_load_explicit(&nr->members, memory_order_relaxed);
}

static inline u64 nr_tail(const struct nr *nr)
{
	return atomic_load_explicit(&nr->tail, memory_order_relaxed);
}

static inline u64 nr_ltail(const struct nr_replica *r)
{
	return atomic_load_explicit(&r->ltail, memory_order_acquire); /* A2 */
}

/* The caller's replica: its node's, else the one of the lowest node. Never none. */
static inline struct nr_replica *nr_route(const struct nr *nr, const struct nr_self *self)
{
	u64 live = atomic_load_explicit(&nr->live, memory_order_acquire); /* N2 */

	return nr_rep(nr, (live >> self->node) & 1 ? self->node : (u32)__builtin_ctzll(live));
}

/* The caller's slot, if no writer misses it. Else NULL: nr_slot_of lists it. */
static inline struct nr_slot *nr_slot_listed(struct nr_replica *r, const struct nr_self *self)
{
	struct nr_slots *s = atomic_load_explicit(&r->slots, memory_order_acquire); /* S2 */
	struct nr_slot *slot;

	if (!s)
		return &r->shared;
	if (unlikely(self->id >= s->count))
		return NULL;
	slot = &s->slot[self->id];
	return likely(atomic_load_explicit(&slot->listed, memory_order_relaxed)) ? slot : NULL; /* who lists it is its owner */
}

#define nr_for_each(n, mask) for (u64 m_ = (mask); m_ && ((n) = (u32)__builtin_ctzll(m_), true); m_ &= m_ - 1)

static inline void nr_enter(struct nr_self *self, bool under_guard_ok)
{
	if (unlikely(self->flags & NR_INSIDE))
		nr_port_panic("nr: called from inside apply, clone or an interrupt");
	if (unlikely(self->held && !under_guard_ok))
		nr_port_panic("nr: this call is forbidden under a read guard");
	self->flags |= NR_INSIDE;
}

static inline void nr_leave(struct nr_self *self)
{
	self->flags &= ~NR_INSIDE;
}

static inline u32 nr_entry_slots(u32 len)
{
	return ((u32)offsetof(struct nr_entry, data) + len + NR_LINE - 1) / NR_LINE;
}

static inline struct nr_share *nr_share_of(const struct nr_entry *e)
{
	return (struct nr_share *)e->data;
}

#define NR_OP_SLOTS ((8 + NR_OP_MAX + NR_LINE - 1) / NR_LINE)

/* combine.c */
void nr_combine(struct nr *nr, struct nr_replica *r, struct nr_req *own);
bool nr_combine_try(struct nr *nr, struct nr_replica *r, struct nr_req *own);
void nr_serve(struct nr *nr, struct nr_replica *r);
void nr_gate_pass_on(struct nr_replica *r, u32 how, u32 w);
void nr_wake_all(struct nr_replica *r);

/* log.c. All need a member's gate. */
_Atomic u64 *nr_log_make(const struct nr *nr, u32 node);
void nr_log_free(const struct nr *nr, _Atomic u64 *log);
struct nr_ring *nr_ring_make(const struct nr *nr, u32 node);
void nr_ring_free(const struct nr *nr, struct nr_ring *ring);
void nr_ring_release(const struct nr *nr, struct nr_ring *ring, u64 until);
bool nr_log_room(struct nr *nr, struct nr_replica *r, u32 slots);
void nr_ring_switch(const struct nr *nr, struct nr_replica *r);
u64 nr_log_append(struct nr *nr, struct nr_replica *r, const struct nr_batch *b);
bool nr_log_append_try(struct nr *nr, struct nr_replica *r, u32 slots, u64 *end);
struct nr_entry *nr_log_share(struct nr *nr, struct nr_replica *r, u32 shard, u32 max);
bool nr_log_mark(struct nr *nr, struct nr_replica *r);
bool nr_log_batch(const struct nr *nr, u64 at, struct nr_run *run);
const struct nr_entry *nr_log_entry(const struct nr *nr, const struct nr_run *run, u64 at);

/* stock.c */
void nr_stock_init(struct nr_replica *r);
void nr_stock_drop(struct nr_replica *r);
bool nr_stock_reserve_here(struct nr_replica *r, s64 bytes);
bool nr_stock_reserve_all(struct nr *nr, const struct nr_batch *b, u32 bytes);
void nr_stock_unpromise(struct nr *nr, const struct nr_batch *b);
void nr_stock_settle(struct nr_replica *r, s64 bytes);

/* replica.c */
struct nr_replica *nr_replica_make(u32 node);
void nr_replica_free(struct nr_replica *r);
void nr_replica_init(struct nr_replica *r, u32 node);
void nr_replica_apply(struct nr *nr, struct nr_replica *r, const struct nr_batch *b);
int nr_replica_fill(struct nr *nr, struct nr_replica *r, void *state, const void *src, const void *arg);
void nr_replica_empty(struct nr *nr, struct nr_replica *r);
u64 nr_replica_advance(struct nr *nr, struct nr_replica *r, u64 until, const struct nr_batch *own);
u64 nr_replica_advance_try(struct nr *nr, struct nr_replica *r, u64 until, u64 polls);
void nr_replica_reach(struct nr *nr, struct nr_replica *r, u64 until, const struct nr_batch *own);
void nr_ctail_raise(struct nr *nr, u64 to);
u64 nr_help(struct nr *nr, struct nr_replica *r, u64 until);
struct nr_slots *nr_slots_make(const struct nr *nr, u32 node);
void nr_slots_free(struct nr_slots *s);
struct nr_slot *nr_slot_of(struct nr_replica *r, const struct nr_self *self);

/* instance.c */
int nr_instance_set(struct nr *nr, const struct nr_type *type, const struct nr_config *cfg);
int nr_instance_copy(struct nr *child, const struct nr_replica *src, void (*fix)(void *state, void *arg), void *arg);
void nr_instance_start(struct nr *nr);

/* change.c. Need nr->change, but for nr_change_begin and nr_lock_all, which take it. False: nr->way is in the way. */
void nr_change_begin(struct nr *nr);
void nr_change_later(struct nr *nr);
bool nr_barred(struct nr *nr, struct nr_replica *r);
bool nr_take_gate(struct nr *nr, struct nr_replica *r, u64 have, u64 want, u64 polls);
bool nr_lock_set(struct nr *nr, u64 want, u64 polls);
bool nr_level_set(struct nr *nr, u64 set, u64 polls);
bool nr_lock_level(struct nr *nr, u64 want, u64 level);
void nr_unlock_set(struct nr *nr, u64 set);
void nr_lock_all(struct nr *nr, bool level);
void nr_unlock_all(struct nr *nr);

/* member.c. Need nr->change. */
bool nr_half_leave(struct nr *nr);
void nr_log_retire(struct nr *nr);
void nr_log_retire_try(struct nr *nr);

/* evict.c. Need nr->change, but for nr_evicted_left. */
void nr_evicted_left(struct nr_replica *r);
bool nr_evicted_held(const struct nr *nr);
u64 nr_evicted_count(const struct nr *nr);
void nr_evicted_finish(struct nr *nr); /* takes change */
void nr_evicted_reap(struct nr *nr);
void nr_evicted_free(struct nr *nr);
struct nr_replica *nr_evicted_reuse(struct nr *nr, u32 node);
void nr_limbo(struct nr *nr, struct nr_ring *ring);

#endif
