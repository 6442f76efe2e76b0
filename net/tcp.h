/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Between the two halves of TCP sockets: tcp.c runs on the shard, tcp_calls.c in programs' calls. */
#ifndef NET_TCP_H
#define NET_TCP_H

#include "net/sock.h"

/* A sock's place in the group of those that listen to one name on one shard. */
struct listen_group;
struct listen_member { struct sock *sock; struct listen_member *next; struct listen_group *group; };

struct sock *tcp_new(void);
void tcp_prepare(struct sock *s);
u32 tcp_state_number(const struct sock *s); /* as Linux counts them */

/* For shard_call, with the sock. */
long tcp_open(struct shard *sh, void *sock);
long tcp_listen_here(struct shard *sh, void *sock);
long tcp_unlisten_here(struct shard *sh, void *sock);
void tcp_each_listener(struct shard *sh, void (*see)(void *arg, struct sock *s), void *arg); /* on the shard */

/* Writers wake, and poll says so, when a third of the buffer is free. Under the lock. */
static inline bool tcp_has_room(const struct sock *s) { return s->tx_bytes <= s->sndbuf.size / 3 * 2; }

#endif
