/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * nr: node replication. Turns a sequential, deterministic structure into a linearizable concurrent one.
 *
 * An instance has one replica of the structure per NUMA node that uses it, at most NR_NODES_MAX. Updates are
 * ordered by a shared log and applied to every replica; reads run on the replica of the reader's node, which only one
 * combiner at a time changes, for all who wait. An instance starts with one replica and no log: a lone update then is
 * an apply in place between two atomic steps. (Calciu et al., ASPLOS'17; Bhardwaj et al., OSDI'21.)
 *
 * Guarantees
 *  G1  Linearizable: an update takes effect once, between nr_update's call and return; a read sees every update
 *      that returned before nr_read_begin was called, on whatever replica.
 *  G2  Every replica applies the same operations in the same order; replicas are equal at equal log indices.
 *  G3  The result of an update is written once, into the caller's buffer, by apply on one replica (`ret` is
 *      NULL on the others); it is complete when nr_update returns.
 *  G4  An update that nr_update refuses (-ENOMEM) had no effect anywhere. One that it accepts never fails for
 *      memory on any replica: op_mem bytes were reserved on each of them first.
 *  G5  No thread waits for a timer or for an idle node: whoever needs a lagging replica to move applies the log
 *      to it himself (helping). Readers wait for a combiner while he changes the state, never while he waits.
 *  G6  After nr_sync(nr, self, index) every live replica has applied all operations below index, and no reader
 *      is still inside a guard that began on a state before them.
 *  G7  A batch is in the log whole or not at all: there is no step at which a thread that stops (suspended, off its
 *      core) leaves others a hole to wait at. Who waits for whom stops, until he goes on:
 *        as combiner, or under a guard   updates of the same replica, and its reads while the state changes. Other
 *                                        replicas go on until the log is full: cfg.log_slots batches, or that many slots
 *                                        of one replica's operations
 *        while he waits for an answer    nobody
 *        in nr_shards_span               see nr/shards.h
 *        in nr_replica_add, _drop        as combiner of each replica whose gate he holds just then; the same in
 *                                        nr_stats, nr_check, nr_fork
 *      until nr_evict takes the replica out: then nobody waits for him any more, but who is in his batch, and nr_sync for a
 *      guard or a fork. Who stands in add, drop, evict, stats, check or widen cannot be evicted: nr_evict waits for him.
 *      Nobody passes a wait on: who holds what others need (in add, drop, evict, stats, check, widen; as helper of another
 *      replica) waits NR_PATIENCE polls at a time for a combiner's gate, and as many for a replica's readers, then lets go
 *      and waits with nothing in hand. One does not: who spans, for readers of his own node in his parts (nr/shards.h).
 *  G8  Who waits for an update polls nr_port_spins times, then sleeps if the port can, and is woken by his answer. Nobody
 *      combines for others longer than NR_TURN rounds of NR_BATCH operations, and of those who update in place at most NR_PASS
 *      go by him. Who had a replica for something else (nr_fork, nr_shards_span) serves a round of those who came meanwhile.
 *
 * Rules for apply and query (checked in the kernel's debug build)
 *  - deterministic: a function of the state and the operation's bytes (R2 of the literature)
 *  - no nr call, no lock, no user memory, no waiting under a read guard or inside apply
 *  - operation bytes are plain data, no pointer to the submitter's stack
 *
 * Context: a caller must not be interrupted by code that calls nr (the kernel runs with interrupts off), and
 * must not migrate to another core between begin and end. Waiting loops call nr_port_relax(); only nr_update sleeps, and
 * only where the port can (nr/port.h).
 */
#ifndef NR_NR_H
#define NR_NR_H

#include "base/pool.h"
#include "base/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NR_NODES_MAX 64
#define NR_OP_MAX 1024 /* bytes of one operation */
#define NR_BATCH 32    /* operations of one combiner round */
#define NR_TURN 4      /* rounds one caller combines before the gate goes on */
#define NR_PATIENCE 1024 /* nr_port_relax calls for which somebody waits while others may have to wait for him */
#define NR_PASS 1024u  /* updates in place that go by those who wait before they are served */

/* One operation of a batch. */
struct nr_call {
	const void *op;
	void *ret; /* NULL: nobody wants it here */
	u32 len, shard;
};

/* What is replicated: a structure's functions, given once per kind. */
struct nr_type {
	const char *name;
	size_t state_size;                                                  /* bytes, zeroed before init or clone */
	size_t op_mem_max;                                                  /* largest value op_mem can return */
	int (*init)(void *state, struct pool *mem, const void *arg);        /* 0 or -ENOMEM */
	int (*clone)(void *dst, struct pool *mem, const void *src);         /* 0 or -ENOMEM: the replica is not made */
	void (*destroy)(void *state);                                       /* may be NULL; the pool is dropped after it */
	void (*apply)(void *state, unsigned shard, const void *op, size_t len, void *ret);
	size_t (*op_mem)(const void *op, size_t len);                       /* bytes apply may allocate: sum of pool_rounded */
	u64 (*hash)(const void *state);                                     /* equal states, equal hashes; may be NULL */
	int (*check)(const void *state);                                    /* 0, or -EINVAL after saying what is broken */
	/* May be NULL. In place of up to NR_BATCH apply calls: a batch as a whole, with the same outcome as one after
	 * the other in this order; may sort, merge, cancel out. Batches may be cut differently on each replica. */
	void (*apply_batch)(void *state, const struct nr_call *call, size_t n);
	/* May be NULL. An operation may own things (a reference, a buffer). Called once for each that was accepted, when
	 * every replica has applied it; late if the log has room, at the latest in nr_destroy. Like apply: short, no nr. */
	void (*op_release)(const void *op, size_t len);
};

/* Who calls: one per core (kernel) or per thread (hosted), owned by the caller, usable with every instance.
 * Zero all but id and node. */
#define NR_GUARDS_MAX 4 /* read guards one caller can hold at once, of different instances */
struct nr_self {
	u32 id;    /* < cfg.threads, unique among concurrent callers */
	u32 node;  /* < NR_NODES_MAX: whose replica it prefers */
	u32 held;  /* guards held now */
	u32 flags; /* private */
	struct nr_guard { /* where each guard is counted: the replica may be another when it ends; private */
		const struct nr *nr;
		void *slot;
	} guard[NR_GUARDS_MAX];
};

/* Handles for threads that come and go (nr/self.c): zero all but max, the instances' cfg.threads (0: NR_IDS_MAX). */
#define NR_IDS_MAX 1024
struct nr_ids {
	u32 max;
	u64 taken[NR_IDS_MAX / 64]; /* private */
};
/* Fills in self with a free id: 0, or -EAGAIN when all are taken. At any time, by any thread. node: NR_NODE_HERE asks the
 * port where the caller runs now. */
#define NR_NODE_HERE UINT32_MAX
int nr_register(struct nr_ids *ids, struct nr_self *self, u32 node);
/* Holds no guard, is in no call; the id may be another's at once. */
void nr_unregister(struct nr_ids *ids, struct nr_self *self);

struct nr_config {
	u32 threads;   /* ids are below this */
	u32 shards;    /* numbers that apply may get; 0: 1. They share this one log; nr/shards.h gives each a log of its own */
	u32 log_slots; /* power of two, at least 32; 0: 256. Of 64 bytes, per replica, once there are two; and 8 bytes per slot */
	u32 node;      /* where the first replica lives */
	bool wide;     /* several threads from the start: as after nr_widen */
};

struct nr; /* see nr/internal.h */

/* Makes an instance with one replica on cfg->node, initialised with type->init(arg). NULL: out of memory. */
struct nr *nr_create(const struct nr_type *type, const struct nr_config *cfg, const void *arg);
/* The same in the caller's memory: nr_sizeof(type) bytes, aligned to 64. 0, -ENOMEM or -EINVAL (cfg). */
size_t nr_sizeof(const struct nr_type *type);
int nr_init(struct nr *mem, const struct nr_type *type, const struct nr_config *cfg, const void *arg);
void nr_fini(struct nr *nr);
/* Nobody may be inside any call on it. */
void nr_destroy(struct nr *nr);
/* A new instance whose only replica is a clone of this one's state as of now (fork). NULL: out of memory.
 * `fix`, if given, edits the fresh copy before anyone else can see it, and before the source's replica applies anything
 * more: an operation the copy lacks cannot have passed nr_sync yet. It must not call nr; may allocate from the pool. */
struct nr *nr_fork(struct nr *nr, struct nr_self *self, u32 node, void (*fix)(void *state, void *arg), void *arg);

/* Applies op (len <= NR_OP_MAX) once on every replica. `ret` receives apply's result, NULL if not wanted.
 * Returns 0, or -ENOMEM before anything happened. `index`, if not NULL, receives a number to give to nr_sync
 * when it returns 0. Only where nr_evict is used: -EOWNERDEAD, it took effect, its result is lost. */
int nr_update(struct nr *nr, struct nr_self *self, unsigned shard, const void *op, size_t len, void *ret, u64 *index);

/* The same, or -EAGAIN and no effect: does not wait for another's combining nor for room in the log. It waits for readers
 * that are under a guard, as every update does, and in a part of a family for who is spanning it just then. */
int nr_try_update(struct nr *nr, struct nr_self *self, unsigned shard, const void *op, size_t len, void *ret, u64 *index);
/* The same, or -ETIMEDOUT and no effect, when it was polled for `polls` times in vain (nr_port_relax each) and no combiner
 * had it yet. */
int nr_update_timeout(struct nr *nr, struct nr_self *self, unsigned shard, const void *op, size_t len, void *ret, u64 *index,
		      u64 polls);

/* The state of the caller's replica, fresh (G1), until nr_read_end. Short and without waiting. Does not nest on
 * one instance; guards of different instances may nest (space inside tree is the kernel's only use: see docs). */
const void *nr_read_begin(struct nr *nr, struct nr_self *self, unsigned shard);
void nr_read_end(struct nr *nr, struct nr_self *self, unsigned shard);
/* As the replica is, without catching up: old, but whole, and on one replica never older than before. */
const void *nr_read_begin_stale(struct nr *nr, struct nr_self *self, unsigned shard);
/* For who reads one thing over and over: take this, read, keep both. As long as it is the same again, no update has returned
 * in between, and reading would give what it gave (G1). Some loads of what only updates write. */
u64 nr_version(const struct nr *nr, const struct nr_self *self);
/* One question under a guard. */
static inline void nr_query(struct nr *nr, struct nr_self *self, void (*query)(const void *state, const void *q, void *ret),
			    const void *q, void *ret)
{
	query(nr_read_begin(nr, self, 0), q, ret);
	nr_read_end(nr, self, 0);
}

/* Brings every live replica up to `index` (helping), G6. With one replica: nothing to do. */
void nr_sync(struct nr *nr, struct nr_self *self, u64 index);
/* Applies what the caller's own replica has not seen yet; for idle cores. Returns operations applied. */
u64 nr_poll(struct nr *nr, struct nr_self *self);

/* Replicas come and go. add: 0, -EEXIST, -ENOMEM, -EINVAL (no such node); drop: 0, -ENOENT, -EBUSY (it is the last one).
 * Both may be called at any time, concurrently with everything. They wait for combiners and for readers of all replicas, as
 * nr_stats and nr_check do, but keep nobody waiting meanwhile (G7). */
int nr_replica_add(struct nr *nr, struct nr_self *self, u32 node);
int nr_replica_drop(struct nr *nr, struct nr_self *self, u32 node);

/* Takes replicas (a bit per node) out of the set though their combiners stand still, or readers under a guard: evict.c. Their
 * callers go to another replica; nr_replica_add may give the node a fresh one at once. 0; -ENOENT: one of them has no replica;
 * -EBUSY: no other would be left; -ENOMEM: those before anything happened. -EAGAIN: their callers go elsewhere and others
 * are not held up any more, but nr_sync, add and drop are, as long as another combiner keeps his gate, or a reader his guard.
 * Call it again; and he may have stopped, too: then evict whom nr_stuck names next. It waits for nobody for long, but for
 * who has stopped in the middle of add, drop, evict, stats, check or widen.
 * When the combiner goes on, the updates in his hand return as if nothing had been, or -EOWNERDEAD: it took effect, its
 * result is lost (`index` is set). Until then nr_destroy must not be called.
 * -EOPNOTSUPP: the instance is a part of a family (nr/shards.h). */
int nr_evict(struct nr *nr, struct nr_self *self, u64 nodes);
/* Who is stuck? The nodes whose replica was held at this look and at the one before, by a combiner, or by readers for whom
 * somebody waits, and did not move in between; if any of them lag, those only. When that is too long, after how many looks, is
 * for the caller to say. Zero the first look. Waits for nobody. */
struct nr_look {
	u64 held, applied[NR_NODES_MAX];
};
u64 nr_stuck(const struct nr *nr, struct nr_look *look);
u32 nr_replicas(const struct nr *nr);
bool nr_has_replica(const struct nr *nr, u32 node);
/* Tells the instance that more than one thread will use it: it grows its reader and request slots from one to
 * one per thread id. 0 or -ENOMEM (it then goes on with what it has: slower, still correct). */
int nr_widen(struct nr *nr, struct nr_self *self);

/* What /proc/nros/nr shows. Some 12 KiB: not for a kernel stack. */
#define NR_BATCH_BUCKETS 8 /* batch sizes 1, 2, 3-4, 5-8, ... */
struct nr_stat {
	const char *name;
	u32 shards, replicas;
	u64 log_slots, log_used, tail; /* batches: room, still needed by some replica, ever; 0 without a log */
	u64 evictions, evicted; /* ever; of those still held by their combiner or a reader */
	u64 updates, reads_stale; /* all updates; reads that had to catch up first */
	struct nr_replica_stat {
		u32 node;
		bool live;
		u64 applied, lag;             /* index; batches it has not applied */
		u64 consumed, batches, ops, helped; /* operations taken from the log; combiner rounds; ... */
		u64 batch[NR_BATCH_BUCKETS];
		u64 turns, held, held_max; /* of combiners, in nr_port_clock's unit: how often, how long in all, at most */
		u64 pool_pages, pool_used;
		u64 hash; /* at equal indices if `synced` */
	} replica[NR_NODES_MAX]; /* by node; all zero but counters where not live */
};
/* Counters; with hashes, first syncs all replicas to one index so that the hashes can be compared. */
void nr_stats(struct nr *nr, struct nr_self *self, struct nr_stat *out, bool with_hash);
/* 0 if type->check passes on every replica and all hashes agree at one index; else -EINVAL. */
int nr_check(struct nr *nr, struct nr_self *self);
/* Test switch: runs edit on one replica only, behind the protocol's back. -ENOENT without such a replica. */
int nr_corrupt(struct nr *nr, struct nr_self *self, u32 node, void (*edit)(void *state));

#ifdef __cplusplus
}
#endif

#endif
