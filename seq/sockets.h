/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * sockets: which names (protocol, local address, port) are taken, and by whom. Connections are not here: they belong
 * to their shard, and one that was accepted shares its listener's name.
 *
 *   BIND     O(names with this port in the bucket)      LISTEN, UNBIND  the same
 *
 * Two names meet if protocol and port are equal, the addresses are or one of them is any (0), and a family has both (an any
 * of IPv6 may be one of IPv4, too). Names that meet may
 * stand side by side if both said reuse and neither listens, or if both said share (SO_REUSEPORT) with one owner.
 * (Linux: socket(7), inet_csk_bind_conflict.)
 *
 * Sequential and deterministic; memory only from the pool. An id names the holder, is not zero, and opaque; it holds one
 * name of a protocol and port at most.
 */
#ifndef SEQ_SOCKETS_H
#define SEQ_SOCKETS_H

#include "base/pool.h"
#include "base/types.h"

#define SOCKETS_BUCKETS 128

enum sockets_kind {
	SOCKETS_BIND = 1, /* name, id, flags, owner -> 0, -EADDRINUSE */
	SOCKETS_LISTEN,   /* id, protocol, port: from now on it listens; -EADDRINUSE if a name it meets does, -ENOENT */
	SOCKETS_UNBIND,   /* id, protocol, port; -ENOENT */
};
enum { SOCKETS_REUSE = 1, SOCKETS_SHARE = 2, SOCKETS_V6 = 4, SOCKETS_NOT_V4 = 8 };

struct sockets_op {
	u32 kind, protocol;
	u32 ip;          /* opaque but for 0: any */
	u16 port, flags;
	u32 owner;       /* uid: who may share */
	u64 id;
};
struct sockets_ret { s32 err; };

struct sockets_name;
struct sockets {
	struct pool *pool;
	struct sockets_name *bucket[SOCKETS_BUCKETS];
	u32 count;
};

int sockets_init(struct sockets *s, struct pool *pool, const void *arg);
int sockets_clone(struct sockets *dst, struct pool *pool, const struct sockets *src);
void sockets_apply(struct sockets *s, const void *op, size_t len, void *ret); /* ret may be NULL */
size_t sockets_op_mem(const void *op, size_t len);
size_t sockets_op_mem_max(void);
u64 sockets_hash(const struct sockets *s);
int sockets_check(const struct sockets *s);

/* How many names receive what is sent to this one; *id: one of their holders. */
u32 sockets_find(const struct sockets *s, u32 protocol, u32 ip, u16 port, u16 families, u64 *id); /* SOCKETS_V6, ... */
/* Does any name meet this one? For the choice of a port. */
bool sockets_used(const struct sockets *s, u32 protocol, u32 ip, u16 port, u16 families);

#endif
