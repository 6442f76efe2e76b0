/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sockets as system calls see them: an open file whose data begins with a struct socket, and the functions of its
 * family. A family is one line in `families` (socket.c).
 *
 * Addresses are the bytes of Linux's struct sockaddr_*, in kernel memory, as long as the program said. All functions
 * may sleep, and return Linux's errors.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include "base/abi.h"
#include "kern/file.h"

#define SOCKADDR_MAX 128
#define SOCKOPT_MAX 256
struct sockaddr { u32 len; u8 bytes[SOCKADDR_MAX]; };

enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10 };
enum { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5 };
#define SOCK_TYPE 15u
#define SOCK_NONBLOCK O_NONBLOCK
#define SOCK_CLOEXEC O_CLOEXEC
enum { SHUT_RD, SHUT_WR, SHUT_RDWR };

#define MSG_OOB 1u
#define MSG_PEEK 2u
#define MSG_DONTROUTE 4u
#define MSG_CTRUNC 8u
#define MSG_TRUNC 0x20u
#define MSG_DONTWAIT 0x40u
#define MSG_EOR 0x80u
#define MSG_WAITALL 0x100u
#define MSG_NOSIGNAL 0x4000u
#define MSG_MORE 0x8000u
#define MSG_WAITFORONE 0x10000u
#define MSG_ERRQUEUE 0x2000u
#define MSG_CMSG_CLOEXEC 0x40000000u

enum { SOL_SOCKET = 1, SOL_IP = 0, SOL_TCP = 6, SOL_IPV6 = 41 };
enum { SO_DEBUG = 1, SO_REUSEADDR, SO_TYPE, SO_ERROR, SO_DONTROUTE, SO_BROADCAST, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE,
       SO_OOBINLINE, SO_PRIORITY = 12, SO_LINGER, SO_REUSEPORT = 15, SO_PASSCRED, SO_PEERCRED, SO_RCVLOWAT, SO_SNDLOWAT,
       SO_RCVTIMEO, SO_SNDTIMEO, SO_TIMESTAMP = 29, SO_ACCEPTCONN, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE, SO_PROTOCOL = 38,
       SO_DOMAIN, SO_INCOMING_CPU = 49 };
enum { TCP_NODELAY = 1, TCP_MAXSEG, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_SYNCNT, TCP_LINGER2,
       TCP_DEFER_ACCEPT, TCP_WINDOW_CLAMP, TCP_INFO, TCP_QUICKACK, TCP_CONGESTION, TCP_USER_TIMEOUT = 18,
       TCP_FASTOPEN = 23 };

struct socket;

/* One sendmsg or recvmsg. Control data is the family's business: bytes in kernel memory. */
struct socket_msg {
	struct sockaddr *name;      /* to whom (NULL: the peer); recv: filled in, len 0 if there is none; may be NULL */
	u32 flags;                  /* MSG_* of the call; O_NONBLOCK is already in it as MSG_DONTWAIT */
	u32 out_flags;              /* recv: MSG_TRUNC, ... */
	u8 *control;
	size_t control_len;         /* recv: room; afterwards what was used */
};

struct socket_ops {
	int (*bind)(struct socket *s, const struct sockaddr *a);
	int (*connect)(struct socket *s, const struct sockaddr *a, bool wait);
	int (*listen)(struct socket *s, int backlog);
	int (*accept)(struct socket *s, bool wait, struct socket **out);
	int (*name)(struct socket *s, bool peer, struct sockaddr *out);
	long (*send)(struct socket *s, struct io *io, struct socket_msg *m);
	long (*recv)(struct socket *s, struct io *io, struct socket_msg *m);
	int (*shutdown)(struct socket *s, int how);
	int (*set)(struct socket *s, int level, int option, const void *value, u32 len);   /* len >= 4 */
	int (*get)(struct socket *s, int level, int option, void *value, u32 *len);        /* room for SOCKOPT_MAX bytes */
	u32 (*poll)(struct socket *s, struct poller *p);
	long (*pending)(struct socket *s);                                                 /* FIONREAD: bytes or -errno */
	void (*release)(struct socket *s);                                                 /* the file is gone */
};

struct socket {
	const struct socket_ops *ops;
	u16 family, type, protocol;
};

/* A new socket, in *out; -EAFNOSUPPORT, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -ENOMEM. */
int socket_new(int family, int type, int protocol, struct socket **out);
/* The file that owns it from now on; on failure the socket is released. flags: O_NONBLOCK. */
struct file *socket_file(struct socket *s, u32 flags);
struct socket *socket_of_file(struct file *f);              /* NULL: it is none */
u64 socket_ino(const struct socket *s);                     /* st_ino: no other socket has it while this one lives */

/* Two that are connected; -EOPNOTSUPP: the family has no such thing. */
int socket_pair(int family, int type, int protocol, struct socket *out[2]);

/* Families. */
int inet_socket(int type, int protocol, struct socket **out);
int inet6_socket(int type, int protocol, struct socket **out);
int unix_socket(int type, int protocol, struct socket **out);
int unix_pair(int type, int protocol, struct socket *out[2]);

#endif
