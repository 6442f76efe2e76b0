/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The border between the kernel and a TCP/IP stack. Each core has an instance of its own, and only that core calls it:
 * the kernel is not preemptible, so whatever runs on the core may call, as long as it does not sleep in between. The
 * stack never sleeps, knows no lock, and reaches the kernel through one table of functions only.
 *
 *   kernel --struct port_stack--> instance      input, tick, tcp_*, udp_*
 *   kernel <--struct port_kernel-- instance     memory, clock, output, and what happened to a socket
 *
 * Addresses are IPv4 in network byte order, ports are in host byte order. A `sock` is the kernel's own pointer, handed
 * back with each event. Results are 0 or -errno.
 *
 * An end of a TCP connection (struct port_end) lives longer than its socket: until the last byte is acknowledged and
 * the connection forgotten. Bytes given to tcp_write are not copied: they stay where they are until `acked` has counted
 * them or `gone` came, which is always the last event of an end.
 */
#ifndef NET_PORT_H
#define NET_PORT_H

#include "base/types.h"

/* Which families a name is of; the stack knows one, and does not look. The address that ::1 has there: 127.255.255.6. */
enum { NAME_V4, NAME_V6, NAME_BOTH };
struct port_name { u32 ip; u16 port, family; };
#define PORT_IP6_LOOP 0x06ffff7fu

/* Does a socket of this name hear, and speak to, one with this address? */
static inline bool name_hears(const struct port_name *n, u32 ip)
{
	return n->family == NAME_BOTH || (n->family == NAME_V6) == (ip == PORT_IP6_LOOP);
}

struct port_end;    /* an end of a TCP connection, or a listener */
struct port_udp;
struct port_packet; /* bytes that the stack shows: read them with copy(), before the call returns */

/* Where a packet comes from: a frame of the wire, one whose TCP or UDP checksum the device vouches for, an IP packet of
 * this machine to itself. */
enum port_origin { PORT_WIRE, PORT_LOOP, PORT_WIRE_CHECKED };

enum port_admits { PORT_ADMITS, PORT_ADMITS_LATER, PORT_NOBODY };

/* Room that the stack needs with each frame it is given. */
#define PORT_ROOM 64

struct port_kernel {
	void *(*alloc)(size_t size);
	void (*free)(void *p);
	u64 (*now_ms)(void);
	u32 (*random)(void);
	void (*fail)(const char *why);                    /* a broken invariant; does not return */
	/* A frame to the wire, or (loop) an IP packet to this machine. 0 or -ENOBUFS. */
	int (*output)(void *shard, struct port_packet *p, u32 len, bool loop);
	void (*consumed)(void *room);                     /* the frame that came with this room may go */
	void (*configured)(void *shard, u32 ip, u32 mask, u32 gateway); /* DHCP has an answer */

	/* May a new connection begin? LATER: it will be tried again, and nobody is told. */
	enum port_admits (*admits)(void *listener, const struct port_name *remote);
	/* A new connection; the result is its sock, NULL refuses it. */
	void *(*accepted)(void *listener, struct port_end *e, const struct port_name *local, const struct port_name *remote);
	void (*connected)(void *sock);
	int (*data)(void *sock, struct port_packet *p, u32 len); /* -ENOMEM: it is offered again soon */
	void (*eof)(void *sock);
	void (*acked)(void *sock, u32 len);
	void (*failed)(void *sock, int err);              /* -ECONNRESET, -ETIMEDOUT; 0: ended well. Only `gone` may follow */
	void (*gone)(void *sock);
	void (*datagram)(void *sock, struct port_packet *p, u32 len, const struct port_name *from);
	void (*unreachable)(void *sock, const struct port_name *to); /* UDP: nobody has that port */
};

/* An end as others see it. state: as Linux counts them (include/net/tcp_states.h); sock: NULL if none hears of it any more. */
struct port_seen { bool udp; u32 state; struct port_name local, remote; void *sock; };

struct port_keepalive { bool on; u32 idle_ms, interval_ms, count; };
struct port_options { bool nodelay; struct port_keepalive keep; u8 tos, ttl; };

struct port_stack {
	void (*copy)(struct port_packet *p, u32 offset, void *dst, u32 len);
	void (*input)(void *room, void *frame, u32 len, enum port_origin from);
	/* Timers up to now; returns when they want to run again (ms, ~0: not before something happens). */
	u64 (*tick)(u64 now_ms);
	void (*configure)(u32 ip, u32 mask, u32 gateway);
	void (*dhcp)(void);
	void (*each)(void (*see)(void *arg, const struct port_seen *end), void *arg); /* all but listeners */

	int (*tcp_connect)(void *sock, const struct port_name *local, const struct port_name *remote, struct port_end **out);
	int (*tcp_listen)(void *listener, const struct port_name *local, struct port_end **out);
	void (*tcp_unlisten)(struct port_end *e);
	/* Bytes taken (less than len: there is room again after `acked`), or -ENOMEM. */
	int (*tcp_write)(struct port_end *e, const void *data, u32 len, bool more);
	void (*tcp_flush)(struct port_end *e);
	void (*tcp_read)(struct port_end *e, u32 len);    /* the program took so many bytes: the window opens */
	int (*tcp_finish)(struct port_end *e);            /* no more bytes from us; -ENOMEM; -EAGAIN: not before `acked` */
	/* Nobody cares any more, `acked` and `gone` still come. `e` is not used after it; but -ENOMEM, -EAGAIN: as finish. */
	int (*tcp_close)(struct port_end *e);
	void (*tcp_abort)(struct port_end *e);            /* a reset goes out; `gone` comes before it returns */
	void (*tcp_options)(struct port_end *e, const struct port_options *o);

	int (*udp_open)(void *sock, const struct port_name *local, struct port_udp **out);
	void (*udp_close)(struct port_udp *u);
	void (*udp_connect)(struct port_udp *u, const struct port_name *remote); /* NULL: from anybody again */
	void (*udp_options)(struct port_udp *u, const struct port_options *o);
	int (*udp_send)(struct port_udp *u, const struct port_name *to, const void *data, u32 len);
};

struct port_start {
	void *shard;
	u8 mac[6];
	bool nic;           /* there is a wire; else only this machine */
	bool checksums;     /* the wire computes TCP and UDP checksums of what we send */
	u32 mtu;
};

/* The one symbol of the stack that is called by address. NULL: no memory. */
typedef const struct port_stack *(*port_entry)(const struct port_kernel *k, const struct port_start *s);

/* How the stack lies in the kernel's image (net/lwip/blob.ld). Offsets from its start. */
struct port_image {
	u64 magic, text_end, data_end, bss_end, rela, rela_end, entry;
};
#define PORT_MAGIC 0x77646e6977504954ul

#endif
