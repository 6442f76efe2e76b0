/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Between the two halves of TCP sockets: tcp.c runs on the shard, tcp_calls.c in programs' calls. */
#ifndef NET_TCP_H
#define NET_TCP_H

#include "net/sock.h"

struct sock *tcp_new(void);
void tcp_prepare(struct sock *s);

/* For shard_call, with the sock. */
long tcp_open(struct shard *sh, void *sock);
long tcp_listen_here(struct shard *sh, void *sock);
long tcp_unlisten_here(struct shard *sh, void *sock);

/* Writers wake, and poll says so, when a third of the buffer is free. Under the lock. */
static inline bool tcp_has_room(const struct sock *s) { return s->tx_bytes <= s->sndbuf / 3 * 2; }

#endif
