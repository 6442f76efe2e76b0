/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * /proc/net/tcp, udp, tcp6 and udp6: proc(5). Each shard is asked for its connections and datagram sockets, and the first one for the
 * listeners, as those are on all. A shard only notes what it has (O(its ends), without allocating); the text is made
 * afterwards. If there was more than room for it, all are asked again.
 *
 * A line ends behind the pointer, as Linux's does where it has nothing to say about timers and windows, and no kernel
 * address is told.
 */
#include "kern/proc_internal.h"
#include "mem/slab.h"
#include "net/tcp.h"

#define ROOM_FIRST 256u
#define TRIES 4
enum { TCP_STATE_CLOSE = 7, TCP_STATE_LISTEN = 10 };

struct seen { struct port_name local, remote; u32 state, tx, rx, uid; u64 ino; bool six; };
struct look { bool udp, six; struct seen *at; u32 n, room; };

/* What the socket knows; before it is accepted it is nobody's. */
static void seen_sock(struct seen *e, struct sock *s)
{
	lock_acquire(&s->lock);
	e->tx = s->tx_bytes;
	e->rx = s->state == SOCK_LISTENING ? s->waiting : s->rx_bytes;
	if (s->socket.type == SOCK_DGRAM) { /* the name in the stack may be narrower */
		e->local = s->local;
		e->remote = s->state == SOCK_CONNECTED ? s->remote : (struct port_name){ 0, 0, NAME_V4 };
	}
	lock_release(&s->lock);
	e->six = s->socket.family == AF_INET6;
	e->local.family = s->local.family;
	e->uid = s->uid;
	e->ino = socket_ino(&s->socket);
}

static void look_add(struct look *l, const struct seen *e)
{
	if (e->six != l->six)
		return;
	if (l->n < l->room)
		l->at[l->n] = *e;
	l->n++;
}

static void see_end(void *arg, const struct port_seen *end)
{
	struct seen e = { .local = end->local, .remote = end->remote, .state = end->state };
	struct look *l = arg;

	if (end->udp != l->udp)
		return;
	e.six = end->local.ip == PORT_IP6_LOOP;
	if (end->sock)
		seen_sock(&e, end->sock);
	look_add(l, &e);
}

static void see_listener(void *arg, struct sock *s)
{
	struct seen e = { .local = s->local, .state = TCP_STATE_LISTEN };

	seen_sock(&e, s);
	look_add(arg, &e);
}

static long look_here(struct shard *sh, void *arg)
{
	struct look *l = arg;

	if (!l->udp && sh->id == 0)
		tcp_each_listener(sh, see_listener, l);
	sh->stack->each(see_end, l);
	return 0;
}

static int look_everywhere(struct look *l)
{
	u32 room = ROOM_FIRST;

	for (u32 tries = 0; tries < TRIES; tries++) {
		kfree(l->at);
		l->n = 0;
		l->room = room;
		l->at = kmalloc(room * sizeof(*l->at));
		if (!l->at)
			return -ENOMEM;
		for (u32 i = 0; i < shards_count(); i++)
			shard_call(shard_of(i), look_here, l);
		if (l->n <= l->room)
			return 0;
		room = l->n + l->n / 4;
	}
	l->n = l->room; /* they come faster than they are counted */
	return 0;
}

/* ---- the text */

/* An address as the words of its family, in the order of memory. */
static int name_show(char *out, size_t size, const struct port_name *n, bool six)
{
	u32 word[4];

	if (!six)
		return snprintf(out, size, " %08X:%04X", n->ip, n->port);
	inet6_bytes(n, (u8 *)word);
	return snprintf(out, size, " %08X%08X%08X%08X:%04X", word[0], word[1], word[2], word[3], n->port);
}

static void seen_show(struct text *t, u32 number, struct seen *e, const struct look *l, int width)
{
	char buf[220];
	int n = snprintf(buf, sizeof(buf), l->udp ? "%5u:" : "%4u:", number);

	if (l->udp && e->remote.port && !e->local.ip)
		e->local.ip = inet_source(e->remote.ip); /* as getsockname says */
	if (!e->remote.ip && !e->remote.port)
		e->remote.family = NAME_BOTH; /* none */
	n += name_show(buf + n, sizeof(buf) - n, &e->local, l->six);
	n += name_show(buf + n, sizeof(buf) - n, &e->remote, l->six);
	snprintf(buf + n, sizeof(buf) - n, " %02X %08X:%08X 00:00000000 00000000 %5u        0 %lu 1 0000000000000000%s", e->state, e->tx,
		 e->rx, e->uid, e->ino, l->udp ? " 0" : "");
	text_printf(t, "%-*s\n", width, buf);
}

static int look_show(struct text *t, bool udp, bool six, const char *head, int width)
{
	struct look l = { .udp = udp, .six = six };
	int err = look_everywhere(&l);

	text_printf(t, "%-*s\n", width, head);
	for (u32 i = 0; !err && i < l.n; i++)
		seen_show(t, i, &l.at[i], &l, width);
	kfree(l.at);
	return err;
}

#define WHAT "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"

int proc_net_tcp(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	return look_show(t, false, false, "  sl  local_address rem_address   " WHAT, 149);
}

int proc_net_udp(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	return look_show(t, true, false, "   sl  local_address rem_address   " WHAT " ref pointer drops", 127);
}

#define HEAD6 "  sl  local_address                         remote_address                        "

int proc_net_tcp6(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	return look_show(t, false, true, HEAD6 WHAT, 0);
}

int proc_net_udp6(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	return look_show(t, true, true, HEAD6 WHAT " ref pointer drops", 0);
}
