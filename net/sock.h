/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * struct sock: an Internet socket. Two parties share it: programs, through its file, and the shard that owns its flow.
 *
 *            program                                  shard
 *   rx   takes bytes, under the lock            adds what arrived, under the lock
 *   tx   adds bytes, under the lock             takes all of them over when it is told
 *   out  -                                      its alone: bytes in the stack's hands until they are acknowledged
 *
 * Reading and polling look at the buffer only. Sending, opening the window, closing are words in `todo`; the first word
 * since the shard last looked also queues `work`, the one message a sock ever has on its way. The shard of a TCP socket
 * is chosen by connect (this core's) or by where a connection arrived, that of a UDP socket by its port; it never changes.
 *
 *   TCP   NEW --connect--> CONNECTING --> CONNECTED --reset, all over--> CLOSED
 *          |                   +--refused--> NEW, but the next connect says no more than that
 *          +-----listen--> LISTENING
 *
 * References: the file, the connection (until `gone`), a message on its way, each shard on which it listens.
 */
#ifndef NET_SOCK_H
#define NET_SOCK_H

#include "arch/clock.h"
#include "net/names.h"
#include "net/shard.h"
#include "net/socket.h"

#define ENETUNREACH 101
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IP_TTL_DEFAULT 64
#define MSS_WIRE 1460u
#define MSS_LOOP 32000u
#define IP_LOOPBACK 0x0100007fu /* 127.0.0.1 in network byte order */

struct chunk {
	struct chunk *next;
	u32 off, len;               /* bytes [off, off + len) are left */
	u32 cap;
	struct port_name from;      /* datagrams: whose it is, or whom it is for */
	u8 data[];
};
struct chunks { struct chunk *first, *last; };

struct chunk *chunk_new(u32 size);
void chunk_add(struct chunks *l, struct chunk *c);
struct chunk *chunk_take(struct chunks *l);
void chunks_drop(struct chunks *l);

enum sock_state { SOCK_NEW, SOCK_CONNECTING, SOCK_CONNECTED, SOCK_LISTENING, SOCK_CLOSED };
enum { TODO_SEND = 1, TODO_READ = 2, TODO_FINISH = 4, TODO_CLOSE = 8, TODO_ABORT = 16, TODO_OPTIONS = 32, TODO_CONNECT = 64 };

/* A buffer's size: what it is, and what SO_SNDBUF, SO_RCVBUF say. Linux grows the first without telling. */
struct sock_buffer { u32 size, said; };

struct sock {
	struct socket socket;
	struct refs refs;
	struct lock lock;           /* short: everything up to `read` */
	enum sock_state state;
	int err;                    /* for SO_ERROR and the next call */
	bool eof, rd_shut, wr_shut; /* the peer's end; our shutdown(2) */
	bool refused, told;         /* connecting failed, and connect(2) has yet to say so; it said that it worked */
	struct chunks rx, tx;
	u32 rx_bytes, tx_bytes;     /* tx: everything not yet acknowledged */
	u32 todo;
	bool queued;
	u32 read;                   /* bytes taken since the window was last opened */

	struct waitq wait;
	struct mutex reader, writer;
	struct mutex naming;        /* bind, connect, listen, IPV6_V6ONLY: one at a time chooses `local` */
	struct net_msg work;
	struct port_name local, remote;
	struct port_name bound;     /* what `local` was when connecting began, and is again once connect(2) has said that it failed */
	u32 uid;                    /* who made it */
	bool named;                 /* holds a name in net/names.h */
	struct sock_buffer rcvbuf, sndbuf;
	u64 rcvtimeo, sndtimeo;     /* ns; 0: for ever */
	u8 tos, ttl;                /* ttl 0: the default */
	bool v6only;                /* AF_INET6, and no IPv4 through it */
	bool reuse, share, nodelay, cork, broadcast, oobinline, linger;
	u32 linger_s;
	struct port_keepalive keep;

	/* the shard's alone */
	struct shard *shard;
	struct port_end *end;       /* NULL: not yet, or no more */
	struct port_udp *udp;
	struct chunks out;
	struct chunk *give;         /* the chunk of `out` that is not wholly given to the stack; NULL: all are */
	u32 given;                  /* bytes of it that are */
	bool finish, close;         /* once everything is given */
	struct sock *next_gone;

	/* listening */
	u32 backlog, waiting;
	struct sock *accept_first, **accept_last, *accept_next; /* under the listener's lock */
	struct listen_member *members; /* per shard: listen.c */
};

static inline struct sock *sock_of(struct socket *s) { return container_of(s, struct sock, socket); }
struct sock *sock_new(const struct socket_ops *ops, u32 type, u32 protocol);
static inline void sock_get(struct sock *s) { refs_get(&s->refs); }
void sock_put(struct sock *s);
/* Tells the shard. */
void sock_tell(struct sock *s, u32 todo);
int sock_take_error(struct sock *s);
void sock_drop_gone(struct sock *first);
void sock_unname(struct sock *s);
long sock_broken_pipe(u32 flags);
static inline u64 sock_deadline(u64 timeout) { return timeout ? clock_ns() + timeout : FOREVER; }

/* What both protocols have in common. */
int inet_address(const struct sock *s, const struct sockaddr *a, bool binding, struct port_name *out);
void inet_address_out(const struct sock *s, const struct port_name *n, struct sockaddr *out);
int inet_bind(struct socket *s, const struct sockaddr *a); /* `naming` is held */
int inet_set(struct socket *s, int level, int option, const void *value, u32 len);
int inet_get(struct socket *s, int level, int option, void *value, u32 *len);
struct port_options sock_options(const struct sock *s);
int inet_name(struct socket *s, bool peer, struct sockaddr *out);
/* The address that packets to `to` leave from; 0: there is no way. May wait a moment for DHCP. */
u32 inet_source(u32 to);
bool inet_is_ours(u32 ip);
u16 inet_ephemeral(void);

/* AF_INET6: inet6.c. */
int inet6_address(const struct sock *s, const struct sockaddr *a, bool binding, struct port_name *out);
void inet6_address_out(const struct port_name *n, struct sockaddr *out);
void inet6_bytes(const struct port_name *n, u8 out[16]);
int inet6_set(struct sock *s, int option, s32 v);
int inet6_get(struct sock *s, int option, void *value, u32 *len);

int tcp_socket(struct socket **out);
int udp_socket(struct socket **out);

/* Events, from the stack (net/port.h). */
void *tcp_accepted(void *listener, struct port_end *e, const struct port_name *local, const struct port_name *remote);
void tcp_connected(void *sock);
int tcp_data(void *sock, struct port_packet *p, u32 len);
void tcp_eof(void *sock);
void tcp_acked(void *sock, u32 len);
void tcp_failed(void *sock, int err);
void tcp_gone(void *sock);
enum port_admits tcp_admits(void *listener, const struct port_name *remote);
void udp_unreachable(void *sock, const struct port_name *to);
void udp_datagram(void *sock, struct port_packet *p, u32 len, const struct port_name *from);

#endif
