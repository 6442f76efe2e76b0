/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Options of Internet sockets: socket(7), ip(7), tcp(7). What an option says is kept as the program said it; what the
 * stack must know goes there with TODO_OPTIONS. An option that this stack has no use for (the order of a queue that it
 * does not have) is accepted where Linux programs rely on that, and listed as such.
 */
#include "base/string.h"
#include "net/sock.h"

#define BUFFER_MAX 425984u /* twice net.core.[rw]mem_max */
#define SNDBUF_MIN 4608u
#define RCVBUF_MIN 2304u
#define TIMEOUT_MAX (~0ul / 4000000000ul)

enum { IP_TOS = 1, IP_TTL, IP_OPTIONS = 4, IP_RETOPTS = 7, IP_PKTINFO, IP_MTU_DISCOVER = 10, IP_RECVERR, IP_RECVTTL,
       IP_RECVTOS, IP_FREEBIND = 15, IP_BIND_ADDRESS_NO_PORT = 24, IP_MULTICAST_IF = 32, IP_MULTICAST_TTL,
       IP_MULTICAST_LOOP };

static s32 int_of(const void *value)
{
	s32 v;

	memcpy(&v, value, sizeof(v));
	return v;
}

static bool within(s32 v, s32 low, s32 high) { return v >= low && v <= high; }

/* ---- SOL_SOCKET */

static int timeout_set(u64 *out, const void *value, u32 len)
{
	struct abi_timeval tv;

	if (len < sizeof(tv))
		return -EINVAL;
	memcpy(&tv, value, sizeof(tv));
	if (tv.usec < 0 || tv.usec >= 1000000)
		return -EDOM;
	*out = tv.sec < 0 ? 1 : (u64)tv.sec > TIMEOUT_MAX ? 0 : tv.sec * 1000000000ul + tv.usec * 1000;
	return 0;
}

static int linger_set(struct sock *s, const void *value, u32 len)
{
	s32 v[2];

	if (len < sizeof(v))
		return -EINVAL;
	memcpy(v, value, sizeof(v));
	s->linger = v[0];
	s->linger_s = v[1];
	return 0;
}

/* Linux doubles what is asked, for its own overhead, and says so. */
static void buffer_set(struct sock_buffer *b, s32 asked, u32 least)
{
	u32 size = MAX(MIN((u32)asked, BUFFER_MAX / 2) * 2, least);

	*b = (struct sock_buffer){ size, size };
}

static int socket_set(struct sock *s, int option, const void *value, u32 len)
{
	s32 v = int_of(value);

	switch (option) {
	case SO_REUSEADDR: s->reuse = v; return 0;
	case SO_REUSEPORT: s->share = v; return 0;
	case SO_KEEPALIVE: s->keep.on = v; return 0;
	case SO_BROADCAST: s->broadcast = v; return 0;
	case SO_OOBINLINE: s->oobinline = v; return 0;
	case SO_LINGER: return linger_set(s, value, len);
	case SO_SNDBUF: case SO_SNDBUFFORCE: buffer_set(&s->sndbuf, v, SNDBUF_MIN); return 0;
	case SO_RCVBUF: case SO_RCVBUFFORCE: buffer_set(&s->rcvbuf, v, RCVBUF_MIN); return 0;
	case SO_RCVTIMEO: return timeout_set(&s->rcvtimeo, value, len);
	case SO_SNDTIMEO: return timeout_set(&s->sndtimeo, value, len);
	case SO_PRIORITY: case SO_DONTROUTE: case SO_RCVLOWAT: case SO_TIMESTAMP: case SO_DEBUG: case SO_INCOMING_CPU:
		return 0; /* of no use here */
	default: return -ENOPROTOOPT;
	}
}

static void timeout_get(u64 ns, void *value, u32 *len)
{
	struct abi_timeval tv = { ns / 1000000000, ns % 1000000000 / 1000 };

	*len = sizeof(tv);
	memcpy(value, &tv, sizeof(tv));
}

static int socket_get(struct sock *s, int option, void *value, u32 *len)
{
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
	case SO_SNDBUF: v[0] = s->sndbuf.said; break;
	case SO_RCVBUF: v[0] = s->rcvbuf.said; break;
	case SO_RCVLOWAT: case SO_SNDLOWAT: v[0] = 1; break;
	case SO_INCOMING_CPU: v[0] = s->shard ? (s32)s->shard->id : -1; break;
	case SO_DEBUG: case SO_DONTROUTE: case SO_PRIORITY: case SO_TIMESTAMP: case SO_PASSCRED: break;
	case SO_LINGER: v[0] = s->linger; v[1] = s->linger_s; *len = sizeof(v); break;
	case SO_RCVTIMEO: timeout_get(s->rcvtimeo, value, len); return 0;
	case SO_SNDTIMEO: timeout_get(s->sndtimeo, value, len); return 0;
	default: return -ENOPROTOOPT;
	}
	memcpy(value, v, *len);
	return 0;
}

/* ---- SOL_IP */

static int ip_set(struct sock *s, int option, s32 v)
{
	switch (option) {
	case IP_TOS:
		s->tos = v;
		return 0;
	case IP_TTL:
		if (v != -1 && !within(v, 1, 255))
			return -EINVAL;
		s->ttl = v == -1 ? 0 : v;
		return 0;
	case IP_PKTINFO: case IP_MTU_DISCOVER: case IP_RECVERR: case IP_RECVTTL: case IP_RECVTOS: case IP_FREEBIND:
	case IP_BIND_ADDRESS_NO_PORT: case IP_MULTICAST_IF: case IP_MULTICAST_TTL: case IP_MULTICAST_LOOP:
		return 0; /* of no use here */
	default:
		return -ENOPROTOOPT;
	}
}

static int ip_get(struct sock *s, int option, void *value, u32 *len)
{
	s32 v = 0;

	switch (option) {
	case IP_TOS: v = s->tos; break;
	case IP_TTL: v = s->ttl ? s->ttl : IP_TTL_DEFAULT; break;
	case IP_OPTIONS: *len = 0; return 0;
	case IP_PKTINFO: case IP_MTU_DISCOVER: case IP_RECVERR: case IP_RECVTTL: case IP_RECVTOS: case IP_FREEBIND: break;
	default: return -ENOPROTOOPT;
	}
	*len = sizeof(v);
	memcpy(value, &v, sizeof(v));
	return 0;
}

/* ---- SOL_TCP */

static int seconds_set(u32 *ms, s32 v)
{
	if (!within(v, 1, 32767))
		return -EINVAL;
	*ms = v * 1000;
	return 0;
}

static int congestion_set(const void *value, u32 len)
{
	return len >= 4 && !memcmp(value, "reno", 4) ? 0 : -ENOENT;
}

static int tcp_set(struct sock *s, int option, const void *value, u32 len)
{
	s32 v = int_of(value);

	if (len < sizeof(s32))
		return -EINVAL;
	switch (option) {
	case TCP_NODELAY: s->nodelay = v; return 0;
	case TCP_CORK: s->cork = v; return 0;
	case TCP_KEEPIDLE: return seconds_set(&s->keep.idle_ms, v);
	case TCP_KEEPINTVL: return seconds_set(&s->keep.interval_ms, v);
	case TCP_KEEPCNT:
		if (!within(v, 1, 127))
			return -EINVAL;
		s->keep.count = v;
		return 0;
	case TCP_MAXSEG: return v && !within(v, 88, 32767) ? -EINVAL : 0;
	case TCP_CONGESTION: return congestion_set(value, len);
	case TCP_SYNCNT: case TCP_LINGER2: case TCP_DEFER_ACCEPT: case TCP_WINDOW_CLAMP: case TCP_QUICKACK:
	case TCP_USER_TIMEOUT: case TCP_FASTOPEN:
		return 0; /* of no use here */
	default: return -ENOPROTOOPT;
	}
}

/* The states of include/net/tcp_states.h. */
u32 tcp_state_number(const struct sock *s)
{
	enum { ESTABLISHED = 1, SYN_SENT, FIN_WAIT2 = 5, CLOSE = 7, CLOSE_WAIT, LAST_ACK, LISTEN };

	switch (s->state) {
	case SOCK_CONNECTING: return SYN_SENT;
	case SOCK_LISTENING: return LISTEN;
	case SOCK_CONNECTED:
		return s->eof ? s->wr_shut ? LAST_ACK : CLOSE_WAIT : s->wr_shut ? FIN_WAIT2 : ESTABLISHED;
	default: return CLOSE;
	}
}

static u32 tcp_mss(const struct sock *s)
{
	return s->state != SOCK_CONNECTED ? 536 : inet_is_ours(s->remote.ip) ? MSS_LOOP : MSS_WIRE;
}

/* struct tcp_info of linux/tcp.h, as far as there is something to say. */
static void tcp_info(const struct sock *s, void *value, u32 *len)
{
	struct {
		u8 state, ca_state, retransmits, probes, backoff, options, scales, limited;
		u32 rto, ato, snd_mss, rcv_mss, unacked, rest[20];
	} info = { .state = tcp_state_number(s), .rto = 200000, .ato = 40000, .snd_mss = tcp_mss(s), .rcv_mss = tcp_mss(s) };

	*len = sizeof(info);
	memcpy(value, &info, sizeof(info));
}

static int tcp_get(struct sock *s, int option, void *value, u32 *len)
{
	s32 v = 0;

	switch (option) {
	case TCP_NODELAY: v = s->nodelay; break;
	case TCP_CORK: v = s->cork; break;
	case TCP_KEEPIDLE: v = s->keep.idle_ms / 1000; break;
	case TCP_KEEPINTVL: v = s->keep.interval_ms / 1000; break;
	case TCP_KEEPCNT: v = s->keep.count; break;
	case TCP_MAXSEG: v = tcp_mss(s); break;
	case TCP_QUICKACK: v = 1; break;
	case TCP_DEFER_ACCEPT: case TCP_USER_TIMEOUT: case TCP_FASTOPEN: break;
	case TCP_INFO: tcp_info(s, value, len); return 0;
	case TCP_CONGESTION:
		*len = 16;
		memset(value, 0, 16);
		memcpy(value, "reno", 4);
		return 0;
	default: return -ENOPROTOOPT;
	}
	*len = sizeof(v);
	memcpy(value, &v, sizeof(v));
	return 0;
}

/* ---- all */

int inet_set(struct socket *sk, int level, int option, const void *value, u32 len)
{
	struct sock *s = sock_of(sk);
	int err = -ENOPROTOOPT;

	if (level == SOL_SOCKET)
		err = socket_set(s, option, value, len);
	else if (level == SOL_TCP && sk->type == SOCK_STREAM)
		err = tcp_set(s, option, value, len);
	else if (level == SOL_IPV6 && sk->family == AF_INET6)
		err = len < sizeof(s32) ? -EINVAL : inet6_set(s, option, int_of(value));
	else if (level == SOL_IP)
		err = ip_set(s, option, len >= sizeof(s32) ? int_of(value) : *(const u8 *)value);
	if (!err && s->shard && (level != SOL_SOCKET || option == SO_KEEPALIVE))
		sock_tell(s, TODO_OPTIONS);
	return err;
}

int inet_get(struct socket *sk, int level, int option, void *value, u32 *len)
{
	struct sock *s = sock_of(sk);

	if (level == SOL_SOCKET)
		return socket_get(s, option, value, len);
	if (level == SOL_TCP && sk->type == SOCK_STREAM)
		return tcp_get(s, option, value, len);
	if (level == SOL_IPV6 && sk->family == AF_INET6)
		return inet6_get(s, option, value, len);
	return level == SOL_IP ? ip_get(s, option, value, len) : -EOPNOTSUPP;
}

/* What the stack must know of them. */
struct port_options sock_options(const struct sock *s)
{
	return (struct port_options){ .nodelay = s->nodelay, .keep = s->keep, .tos = s->tos,
				      .ttl = s->ttl ? s->ttl : IP_TTL_DEFAULT };
}
