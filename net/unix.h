/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * AF_UNIX: sockets between programs of one machine. A message is put straight into the receiver's queue; there is no wire.
 *
 *   stream, seqpacket   NEW --listen--> LISTENING
 *                        +---connect--> CONNECTED (at once: its other end waits in the listener's accept queue)
 *   datagram            NEW; connect(2) only names whom send(2) is for
 *
 *   s ---peer---> p     who s sends to: counted. s is one of p's `clients` then, and is told when p's queue has room again.
 *                       Both ends of a connection are each other's peer and client.
 *
 * Each socket has one short lock; no two are ever held at once, so a sender takes its own (who is my peer?) and then the
 * peer's (is there room?). Bytes are copied without a lock: in, before the message is queued; out, under the `reader` mutex,
 * as only a reader takes messages away. `wait` is for everybody who waits for something to happen to this socket, `room` for
 * those who wait to put something into its queue, or for a place in the accept queue.
 *
 * How much may lie in a queue is what the sender's SO_SNDBUF says; the queue of a datagram socket that is not connected back
 * is short (UNIX_QUEUE). `starved` says that somebody was refused, or told by poll that he cannot write: he is woken when
 * three quarters are free.
 *
 * A name is a place in the directory tree (an inode of type socket: its body is the key) or abstract (its bytes are the
 * key); both are in one table (unix_name.c). It stays a socket's for good, and outlives it in messages.
 *
 * Open files travel in messages (unix_control.c). Sockets that hold each other's files in their queues, and nothing else
 * holds, are found (unix_flight.c).
 */
#ifndef NET_UNIX_H
#define NET_UNIX_H

#include "arch/clock.h"
#include "kern/process.h"
#include "net/socket.h"

#define UNIX_QUEUE 10u
#define UNIX_FILES 253u        /* in one message */
#define UNIX_ADDRESS 110u      /* sizeof(struct sockaddr_un) */
#define UNIX_BUFFER 212992u

enum unix_state { UNIX_NEW, UNIX_CONNECTING, UNIX_CONNECTED, UNIX_LISTENING };

struct unix_cred { u32 pid, uid, gid; };

struct unix_name {
	struct refs refs;
	LIST_ENTRY(unix_name) link;
	struct unix_sock *owner;    /* bucket lock; NULL: its socket is gone */
	struct body *body;          /* of the inode; NULL: abstract */
	u32 hash;
	struct sockaddr addr;
};

struct unix_user;
struct unix_files { struct file **file; u32 n; struct unix_user *user; };

struct unix_message {
	struct unix_message *next;
	u32 off, len;               /* bytes [off, off + len) are left */
	u32 room;                   /* of `data` */
	u32 cost;                   /* to the sender's budget */
	struct unix_cred from;
	struct unix_name *name;     /* the sender's, or NULL */
	struct unix_files files;
	u8 data[];
};

struct unix_sock {
	struct socket socket;
	struct refs refs;
	LIST_ENTRY(unix_sock) all;  /* unix_list.c */
	struct lock lock;           /* everything up to `wait` */
	enum unix_state state;
	bool closed, rd_shut, wr_shut, starved;
	int err;
	struct unix_sock *peer;
	LIST_HEAD(, unix_sock) clients;
	LIST_ENTRY(unix_sock) of_peer; /* the peer's lock */
	struct unix_message *first, **last;
	u32 count, bytes, cost;
	struct unix_name *name;     /* set once */
	struct unix_cred cred, peer_cred;
	u32 backlog, waiting;       /* listening */
	struct unix_sock *accept_first, **accept_last, *accept_next;

	TAILQ_ENTRY(unix_sock) flight; /* its file is on its way: this and what follows are unix_flight.c's */
	struct file *file;
	u32 flights, held;          /* in how many messages; in how many that keep it alive */
	bool candidate;             /* nothing else may hold it */

	struct waitq wait, room;
	struct mutex reader, naming;
	bool passcred;
	bool embryo;                /* nobody has accepted it yet */
	u32 sndbuf, rcvbuf;
	u64 sndtimeo, rcvtimeo;
};

static inline struct unix_sock *unix_of(struct socket *s) { return container_of(s, struct unix_sock, socket); }
static inline void unix_lock(struct unix_sock *s) { lock_acquire(&s->lock); }
static inline void unix_unlock(struct unix_sock *s) { lock_release(&s->lock); }
static inline void unix_get(struct unix_sock *s) { refs_get(&s->refs); }
void unix_put(struct unix_sock *s);                       /* NULL is fine */
struct unix_sock *unix_of_file(struct file *f);           /* NULL: it is none */
static inline bool unix_stream(const struct unix_sock *s) { return s->socket.type == SOCK_STREAM; }
static inline bool unix_connects(const struct unix_sock *s) { return s->socket.type != SOCK_DGRAM; }
struct unix_sock *unix_peer(struct unix_sock *s);         /* with a reference, or NULL */
int unix_take_error(struct unix_sock *s);
static inline u64 unix_deadline(u64 timeout) { return timeout ? clock_ns() + timeout : FOREVER; }
void unix_disconnect(struct unix_sock *s);                /* no more peer */
void unix_forget_peer(struct unix_sock *s, struct unix_sock *p); /* p is gone: if it still is the peer, there is none */
void unix_attach(struct unix_sock *s, struct unix_sock *to); /* `to` is its peer from now on; takes over a reference of `to` */

/* Names. */
int unix_bind(struct socket *s, const struct sockaddr *a);
int unix_autobind(struct unix_sock *s);
int unix_find(const struct sockaddr *a, u32 type, struct unix_sock **out); /* with a reference */
void unix_unname(struct unix_sock *s);
void unix_name_put(struct unix_name *n);
int unix_name_of(struct socket *s, bool peer, struct sockaddr *out);

/* All of them, for /proc/net/unix. */
void unix_list_add(struct unix_sock *s);
void unix_list_remove(struct unix_sock *s);

/* Messages. */
long unix_send(struct socket *s, struct io *io, struct socket_msg *m);
long unix_recv(struct socket *s, struct io *io, struct socket_msg *m);
/* Is p's queue full for s? Under p's lock; poll's answer is stricter: a quarter may be used. */
bool unix_full(const struct unix_sock *s, const struct unix_sock *p);
bool unix_writable(const struct unix_sock *s, const struct unix_sock *p);

/* Control data. */
struct unix_cred unix_cred_self(void);
int unix_control_in(struct unix_message *x, const struct socket_msg *m);
/* What the message says to s besides its bytes; files are installed, and stay in `files`, too; their way ends, unless peeked. */
void unix_control_out(struct unix_sock *s, const struct unix_cred *from, struct unix_files *files, struct socket_msg *m);
/* Files on their way. Begin: 0, -ETOOMANYREFS, -ENOMEM; end: may be told twice. */
int unix_flight_begin(struct unix_files *files);
void unix_flight_end(struct unix_files *files);
void unix_flight_hold(void);                              /* between these, nobody collects */
void unix_flight_release(void);
void unix_collect(void);                                  /* sockets that only hold each other end */

void unix_files_free(struct unix_files *files);
void unix_message_free(struct unix_message *x);
void unix_messages_free(struct unix_message *first);      /* of a socket that is gone */

#endif
