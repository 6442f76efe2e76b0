/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What TCP and UDP sockets share: addresses, names, options. See sock.h, ip(7), socket(7), tcp(7). */
#include "arch/clock.h"
#include "base/string.h"
#include "dev/rng.h"
#include "kern/process.h"
#include "net/sock.h"

#define EADDRNOTAVAIL 99
#define ESOCKTNOSUPPORT 94
#define PORT_FIRST 32768u
#define PORT_LAST 60999u
#define DHCP_PATIENCE 5000000000ul
#define RESERVED_PORTS 1024u

struct sockaddr_in { u16 family; u8 port[2]; u32 ip; u8 zero[8]; };

int inet_socket(int type, int protocol, struct socket **out)
{
	int err;

	if (type != SOCK_STREAM && type != SOCK_DGRAM)
		return type == SOCK_RAW ? -EPERM : -ESOCKTNOSUPPORT;
	if (protocol && protocol != (type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP))
		return -EPROTONOSUPPORT;
	err = shards_start();
	if (err)
		return err;
	err = type == SOCK_STREAM ? tcp_socket(out) : udp_socket(out);
	if (!err)
		sock_of(*out)->uid = process_current()->cred.fsuid;
	return err;
}

/* ---- addresses */

/* glibc names IPv4 addresses to a datagram socket of either family, when it asks which way leads there. */
static bool speaks_ipv6(const struct sock *s, const struct sockaddr *a, bool binding)
{
	bool named_v4 = a->len >= 2 && a->bytes[0] == AF_INET && !a->bytes[1];

	return s->socket.family == AF_INET6 && (!named_v4 || binding || s->v6only || s->socket.type != SOCK_DGRAM);
}

int inet_address(const struct sock *s, const struct sockaddr *a, bool binding, struct port_name *out)
{
	struct sockaddr_in in;

	if (speaks_ipv6(s, a, binding))
		return inet6_address(s, a, binding, out);
	if (a->len < sizeof(in))
		return -EINVAL;
	memcpy(&in, a->bytes, sizeof(in));
	if (in.family != AF_INET)
		return -EAFNOSUPPORT;
	*out = (struct port_name){ in.ip, (u32)in.port[0] << 8 | in.port[1], NAME_V4 };
	return in.ip != PORT_IP6_LOOP ? 0 : binding ? -EADDRNOTAVAIL : -ENETUNREACH;
}

void inet_address_out(const struct sock *s, const struct port_name *n, struct sockaddr *out)
{
	struct sockaddr_in in = { .family = AF_INET, .port = { n->port >> 8, n->port & 255 }, .ip = n->ip };

	if (s->socket.family == AF_INET6) {
		inet6_address_out(n, out);
		return;
	}
	out->len = sizeof(in);
	memcpy(out->bytes, &in, sizeof(in));
}

bool inet_is_ours(u32 ip)
{
	struct net_config c;

	net_config_get(&c);
	return (ip & 0xff) == 127 || (ip && ip == c.ip);
}

/* DHCP may still be under way when the first program asks. */
static u32 inet_wire_address(void)
{
	struct net_config c;
	u64 end = clock_ns() + DHCP_PATIENCE;

	net_config_get(&c);
	while (!c.ip && vnet_first() && clock_ns() < end) {
		sched_sleep(clock_ns() + 10000000);
		net_config_get(&c);
	}
	return c.ip;
}

u32 inet_source(u32 to)
{
	if ((to & 0xff) == 127)
		return to == PORT_IP6_LOOP ? to : IP_LOOPBACK;
	return inet_wire_address();
}

u16 inet_ephemeral(void)
{
	u32 r;

	random_fill(&r, sizeof(r));
	return PORT_FIRST + r % (PORT_LAST - PORT_FIRST + 1);
}

/* ---- names */

static int bind_port(struct sock *s, struct port_name *n)
{
	u16 flags = (s->reuse ? SOCKETS_REUSE : 0) | (s->share ? SOCKETS_SHARE : 0);

	return names_bind(s->socket.protocol, n, flags, process_current()->cred.euid, (u64)s);
}

static int bind_any(struct sock *s, struct port_name *n)
{
	u32 tries;
	int err;

	for (tries = 0; tries < 256; tries++) {
		n->port = inet_ephemeral();
		if (names_used(s->socket.protocol, n))
			continue;
		err = bind_port(s, n);
		if (err != -EADDRINUSE)
			return err;
	}
	return -EADDRINUSE;
}

int inet_bind(struct socket *sk, const struct sockaddr *a)
{
	struct sock *s = sock_of(sk);
	struct port_name n;
	int err = inet_address(s, a, true, &n);

	if (err)
		return err;
	if (s->named || s->state != SOCK_NEW)
		return -EINVAL;
	if (n.ip && !inet_is_ours(n.ip) && n.ip != ~0u)
		return -EADDRNOTAVAIL;
	if (n.port && n.port < RESERVED_PORTS && !cred_capable(&process_current()->cred))
		return -EACCES;
	err = n.port ? bind_port(s, &n) : bind_any(s, &n);
	if (err)
		return err;
	s->local = n;
	s->named = true;
	return 0;
}

int inet_name(struct socket *sk, bool peer, struct sockaddr *out)
{
	struct sock *s = sock_of(sk);

	inet_address_out(s, peer ? &s->remote : &s->local, out);
	return 0;
}
