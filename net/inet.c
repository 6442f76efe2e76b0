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
	return type == SOCK_STREAM ? tcp_socket(out) : udp_socket(out);
}

/* ---- addresses */

int inet_address(const struct sockaddr *a, struct port_name *out)
{
	struct sockaddr_in in;

	if (a->len < sizeof(in))
		return -EINVAL;
	memcpy(&in, a->bytes, sizeof(in));
	if (in.family != AF_INET)
		return -EAFNOSUPPORT;
	*out = (struct port_name){ in.ip, (u32)in.port[0] << 8 | in.port[1] };
	return 0;
}

void inet_address_out(const struct port_name *n, struct sockaddr *out)
{
	struct sockaddr_in in = { .family = AF_INET, .port = { n->port >> 8, n->port & 255 }, .ip = n->ip };

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
		return IP_LOOPBACK;
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
	int err = inet_address(a, &n);

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

	inet_address_out(peer ? &s->remote : &s->local, out);
	return 0;
}

/* ---- options */

static int int_of(const void *value)
{
	s32 v;

	memcpy(&v, value, sizeof(v));
	return v;
}

static u64 timeout_of(const void *value, u32 len)
{
	struct abi_timeval tv = { 0, 0 };

	memcpy(&tv, value, MIN(len, sizeof(tv)));
	return tv.sec < 0 ? 0 : tv.sec * 1000000000ul + tv.usec * 1000;
}

static void linger_set(struct sock *s, const void *value, u32 len)
{
	s32 v[2] = { 0, 0 };

	memcpy(v, value, MIN(len, sizeof(v)));
	s->linger = v[0];
	s->linger_s = v[1];
}

/* Linux doubles what is asked, for its own overhead, and says so. */
static u32 buffer_size(int asked) { return MIN(MAX((u32)MAX(asked, 0) * 2, 4608u), 8u << 20); }

static int socket_set(struct sock *s, int option, const void *value, u32 len)
{
	int v = int_of(value);

	switch (option) {
	case SO_REUSEADDR: s->reuse = v; return 0;
	case SO_REUSEPORT: s->share = v; return 0;
	case SO_KEEPALIVE: s->keep.on = v; return 0;
	case SO_BROADCAST: s->broadcast = v; return 0;
	case SO_OOBINLINE: s->oobinline = v; return 0;
	case SO_LINGER: linger_set(s, value, len); return 0;
	case SO_SNDBUF: case SO_SNDBUFFORCE: s->sndbuf = buffer_size(v); return 0;
	case SO_RCVBUF: case SO_RCVBUFFORCE: s->rcvbuf = buffer_size(v); return 0;
	case SO_RCVTIMEO: s->rcvtimeo = timeout_of(value, len); return 0;
	case SO_SNDTIMEO: s->sndtimeo = timeout_of(value, len); return 0;
	case SO_PRIORITY: case SO_DONTROUTE: case SO_RCVLOWAT: case SO_TIMESTAMP: case SO_DEBUG: case SO_PASSCRED: return 0;
	case SO_TYPE: case SO_ERROR: case SO_ACCEPTCONN: case SO_PROTOCOL: case SO_DOMAIN: return -ENOPROTOOPT;
	default: return -ENOPROTOOPT;
	}
}

static int tcp_option_set(struct sock *s, int option, const void *value)
{
	int v = int_of(value);

	switch (option) {
	case TCP_NODELAY: s->nodelay = v; return 0;
	case TCP_CORK: s->cork = v; return 0;
	case TCP_KEEPIDLE: s->keep.idle_ms = v * 1000; return v < 1 || v > 32767 ? -EINVAL : 0;
	case TCP_KEEPINTVL: s->keep.interval_ms = v * 1000; return v < 1 || v > 32767 ? -EINVAL : 0;
	case TCP_KEEPCNT: s->keep.count = v; return v < 1 || v > 127 ? -EINVAL : 0;
	case TCP_MAXSEG: case TCP_SYNCNT: case TCP_LINGER2: case TCP_DEFER_ACCEPT: case TCP_WINDOW_CLAMP: case TCP_QUICKACK:
	case TCP_CONGESTION: case TCP_USER_TIMEOUT: case TCP_FASTOPEN: return 0;
	default: return -ENOPROTOOPT;
	}
}

int inet_set(struct socket *sk, int level, int option, const void *value, u32 len)
{
	struct sock *s = sock_of(sk);

	if (level == SOL_SOCKET)
		return socket_set(s, option, value, len);
	if (level == SOL_TCP && sk->type == SOCK_STREAM)
		return tcp_option_set(s, option, value);
	if (level == SOL_IP)
		return 0; /* TOS, TTL, RECVERR and the like are accepted and do nothing */
	return -ENOPROTOOPT;
}

static int socket_get(struct sock *s, int option, void *value, u32 *len)
{
	struct abi_timeval tv = { 0, 0 };
	s32 v[2] = { 0, 0 };

	*len = sizeof(s32);
	switch (option) {
	case SO_REUSEADDR: v[0] = s->reuse; break;
	case SO_REUSEPORT: v[0] = s->share; break;
	case SO_KEEPALIVE: v[0] = s->keep.on; break;
	case SO_BROADCAST: v[0] = s->broadcast; break;
	case SO_OOBINLINE: v[0] = s->oobinline; break;
	case SO_TYPE: v[0] = s->socket.type; break;
	case SO_DOMAIN: v[0] = s->socket.family; break;
	case SO_PROTOCOL: v[0] = s->socket.protocol; break;
	case SO_ACCEPTCONN: v[0] = s->state == SOCK_LISTENING; break;
	case SO_ERROR: v[0] = -sock_take_error(s); break;
	case SO_SNDBUF: v[0] = s->sndbuf; break;
	case SO_RCVBUF: v[0] = s->rcvbuf; break;
	case SO_RCVLOWAT: case SO_SNDLOWAT: v[0] = 1; break;
	case SO_INCOMING_CPU: v[0] = s->shard ? (s32)s->shard->id : -1; break;
	case SO_DEBUG: case SO_DONTROUTE: case SO_PRIORITY: case SO_TIMESTAMP: case SO_PASSCRED: break;
	case SO_LINGER:
		v[0] = s->linger;
		v[1] = s->linger_s;
		*len = sizeof(v);
		break;
	case SO_RCVTIMEO: case SO_SNDTIMEO:
		tv.sec = (option == SO_RCVTIMEO ? s->rcvtimeo : s->sndtimeo) / 1000000000;
		tv.usec = (option == SO_RCVTIMEO ? s->rcvtimeo : s->sndtimeo) % 1000000000 / 1000;
		*len = sizeof(tv);
		memcpy(value, &tv, sizeof(tv));
		return 0;
	default:
		return -ENOPROTOOPT;
	}
	memcpy(value, v, *len);
	return 0;
}

static int tcp_option_get(struct sock *s, int option, void *value, u32 *len)
{
	s32 v = 0;

	switch (option) {
	case TCP_NODELAY: v = s->nodelay; break;
	case TCP_CORK: v = s->cork; break;
	case TCP_KEEPIDLE: v = s->keep.idle_ms / 1000; break;
	case TCP_KEEPINTVL: v = s->keep.interval_ms / 1000; break;
	case TCP_KEEPCNT: v = s->keep.count; break;
	case TCP_MAXSEG: v = 1460; break;
	default: return -ENOPROTOOPT;
	}
	*len = sizeof(v);
	memcpy(value, &v, sizeof(v));
	return 0;
}

int inet_get(struct socket *sk, int level, int option, void *value, u32 *len)
{
	struct sock *s = sock_of(sk);

	if (level == SOL_SOCKET)
		return socket_get(s, option, value, len);
	if (level == SOL_TCP && sk->type == SOCK_STREAM)
		return tcp_option_get(s, option, value, len);
	return -ENOPROTOOPT;
}
