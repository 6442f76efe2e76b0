/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * AF_INET6 on a machine whose wire carries IPv4: what Linux offers where no interface but lo has an IPv6 address. A
 * socket of this family is a TCP or UDP socket like any other; only its names differ, and they are translated here:
 *
 *   ::ffff:a.b.c.d    a.b.c.d: the stack sees an IPv4 socket
 *   ::1               PORT_IP6_LOOP, an address of the loopback network that no AF_INET program may name
 *   ::                any, of both families (NAME_BOTH), or of this one alone with IPV6_V6ONLY (NAME_V6)
 *   all others        not ours, and there is no way there
 *
 * Which names meet is decided by address and family (seq/sockets.h); which listener hears a connection, by name_hears.
 * ipv6(7).
 */
#include "base/string.h"
#include "net/sock.h"

#define EADDRNOTAVAIL 99
#define ADDRESS_LEAST 24u /* without the scope: RFC 2133 */

enum { IPV6_UNICAST_HOPS = 16, IPV6_MULTICAST_IF, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP, IPV6_MTU_DISCOVER = 23,
       IPV6_MTU, IPV6_RECVERR, IPV6_V6ONLY, IPV6_RECVPKTINFO = 49, IPV6_RECVHOPLIMIT = 51, IPV6_DONTFRAG = 62,
       IPV6_RECVTCLASS = 66, IPV6_TCLASS };

struct sockaddr_in6 { u16 family; u8 port[2]; u32 flow; u8 ip[16]; u32 scope; };

static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

int inet6_socket(int type, int protocol, struct socket **out)
{
	int err = inet_socket(type, protocol, out);

	if (!err) {
		(*out)->family = AF_INET6;
		sock_of(*out)->local.family = NAME_BOTH;
	}
	return err;
}

/* ---- addresses */

/* `::` as a name, or as whom to talk to: the loopback address of the family that the socket is bound in. */
static void address_any(const struct sock *s, bool binding, struct port_name *out)
{
	if (binding)
		out->family = s->v6only ? NAME_V6 : NAME_BOTH;
	else
		*out = s->named && s->local.family == NAME_V4 ? (struct port_name){ IP_LOOPBACK, out->port, NAME_V4 } :
								(struct port_name){ PORT_IP6_LOOP, out->port, NAME_V6 };
}

int inet6_address(const struct sock *s, const struct sockaddr *a, bool binding, struct port_name *out)
{
	static const u8 any[16], loop[16] = { [15] = 1 };
	struct sockaddr_in6 in = { 0 };

	if (a->len < ADDRESS_LEAST)
		return -EINVAL;
	memcpy(&in, a->bytes, MIN(a->len, sizeof(in)));
	if (in.family != AF_INET6)
		return -EAFNOSUPPORT;
	*out = (struct port_name){ 0, (u32)in.port[0] << 8 | in.port[1], NAME_V4 };
	if (!memcmp(in.ip, any, sizeof(any))) {
		address_any(s, binding, out);
	} else if (!memcmp(in.ip, loop, sizeof(loop))) {
		out->ip = PORT_IP6_LOOP;
		out->family = NAME_V6;
	} else if (!memcmp(in.ip, mapped, sizeof(mapped))) {
		memcpy(&out->ip, in.ip + 12, 4);
		if (s->v6only || out->ip == PORT_IP6_LOOP)
			return binding ? -EINVAL : -ENETUNREACH;
	} else {
		return binding ? -EADDRNOTAVAIL : -ENETUNREACH;
	}
	return 0;
}

void inet6_bytes(const struct port_name *n, u8 out[16])
{
	memset(out, 0, 16);
	if (n->ip == PORT_IP6_LOOP) {
		out[15] = 1;
	} else if (n->ip || n->family == NAME_V4) {
		memcpy(out, mapped, sizeof(mapped));
		memcpy(out + 12, &n->ip, 4);
	}
}

void inet6_address_out(const struct port_name *n, struct sockaddr *out)
{
	struct sockaddr_in6 in = { .family = AF_INET6, .port = { n->port >> 8, n->port & 255 } };

	inet6_bytes(n, in.ip);
	out->len = sizeof(in);
	memcpy(out->bytes, &in, sizeof(in));
}

/* ---- options */

static int v6only_set(struct sock *s, bool on)
{
	bool may;

	mutex_lock(&s->naming);
	may = !s->named && s->state == SOCK_NEW;
	if (may) {
		s->v6only = on;
		(s->refused ? &s->bound : &s->local)->family = on ? NAME_V6 : NAME_BOTH;
	}
	mutex_unlock(&s->naming);
	return may ? 0 : -EINVAL;
}

int inet6_set(struct sock *s, int option, s32 v)
{
	switch (option) {
	case IPV6_V6ONLY:
		return v6only_set(s, v);
	case IPV6_UNICAST_HOPS:
		if (v < -1 || v > 255)
			return -EINVAL;
		s->ttl = v == -1 ? 0 : v;
		return 0;
	case IPV6_TCLASS:
		if (v < -1 || v > 255)
			return -EINVAL;
		s->tos = v == -1 ? 0 : v;
		return 0;
	case IPV6_MULTICAST_IF: case IPV6_MULTICAST_HOPS: case IPV6_MULTICAST_LOOP: case IPV6_MTU_DISCOVER: case IPV6_RECVERR:
	case IPV6_RECVPKTINFO: case IPV6_RECVHOPLIMIT: case IPV6_DONTFRAG: case IPV6_RECVTCLASS:
		return 0; /* of no use here */
	default:
		return -ENOPROTOOPT;
	}
}

int inet6_get(struct sock *s, int option, void *value, u32 *len)
{
	s32 v = 0;

	switch (option) {
	case IPV6_V6ONLY: v = s->v6only; break;
	case IPV6_UNICAST_HOPS: v = s->ttl ? s->ttl : IP_TTL_DEFAULT; break;
	case IPV6_TCLASS: v = s->tos; break;
	case IPV6_MTU_DISCOVER: case IPV6_RECVERR: case IPV6_RECVPKTINFO: case IPV6_RECVHOPLIMIT: case IPV6_DONTFRAG:
	case IPV6_RECVTCLASS: break;
	default: return -ENOPROTOOPT;
	}
	*len = sizeof(v);
	memcpy(value, &v, sizeof(v));
	return 0;
}
