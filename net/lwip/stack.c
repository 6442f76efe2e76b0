/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An instance of lwIP behind net/port.h. This file is linked into the stack's image, so its variables exist once per
 * instance, hence once per core. Nothing of the kernel is linked here: it is reached through `kernel`.
 *
 * Connections and their timers are in flows.c.
 */
#include "base/errno.h"
#include "base/string.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/icmp.h"
#include "lwip/init.h"
#include "lwip/ip4_frag.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "lwip/udp.h"
#include "net/lwip/flows.h"
#include "net/port.h"
#include "netif/ethernet.h"

#define NEVER (~0ul)

static const struct port_kernel *kernel;
static struct port_start start;
static struct netif wire, loop;
static u64 arp_last, dhcp_last;
static bool dhcp_on;
static u32 dhcp_told;
static bool aborted; /* the connection whose event is being told */

/* ---- what lwIP asks for */

void *malloc(size_t size) { return kernel->alloc(size); }
void free(void *p) { kernel->free(p); }
u32_t sys_now(void) { return kernel->now_ms(); }
unsigned int stack_random(void) { return kernel->random(); }
void sys_timeouts_init(void) { }

void *calloc(size_t count, size_t size)
{
	void *p = malloc(count * size);

	return p ? memset(p, 0, count * size) : NULL;
}

int atoi(const char *text)
{
	int n = 0;

	while (*text >= '0' && *text <= '9')
		n = n * 10 + *text++ - '0';
	return n;
}

void stack_fail(const char *why)
{
	kernel->fail(why);
	__builtin_trap();
}

void tcp_timer_needed(void) { } /* flows.c knows */

static int error(err_t e)
{
	switch (e) {
	case ERR_OK:
		return 0;
	case ERR_MEM:
	case ERR_BUF:
		return -ENOMEM;
	case ERR_USE:
		return -EADDRINUSE;
	case ERR_RTE:
		return -101; /* ENETUNREACH */
	case ERR_RST:
	case ERR_CLSD:
		return -ECONNRESET;
	case ERR_ABRT:
		return -ETIMEDOUT;
	default:
		return -EINVAL;
	}
}

/* ---- packets */

static struct port_packet *packet(struct pbuf *p) { return (struct port_packet *)p; }

static void stack_copy(struct port_packet *p, u32 offset, void *dst, u32 len)
{
	struct pbuf *b = (struct pbuf *)p;

	for (; b && offset >= b->len; b = b->next)
		offset -= b->len;
	for (; b && len; b = b->next) {
		u32 n = MIN(len, b->len - offset);

		memcpy(dst, (u8 *)b->payload + offset, n);
		dst = (u8 *)dst + n;
		len -= n;
		offset = 0;
	}
}

static err_t wire_link(struct netif *n, struct pbuf *p)
{
	return kernel->output(n->state, packet(p), p->tot_len, false) ? ERR_MEM : ERR_OK;
}

static err_t loop_output(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
	(void)to;
	return kernel->output(n->state, packet(p), p->tot_len, true) ? ERR_MEM : ERR_OK;
}

/* Our own address does not go out and come back. */
static err_t wire_output(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
	return ip4_addr_cmp(to, netif_ip4_addr(n)) ? loop_output(n, p, to) : etharp_output(n, p, to);
}

struct netif *stack_route(const void *dest)
{
	(void)dest;
	return NULL; /* the interfaces' networks and the default one do */
}

struct room {
	struct pbuf_custom custom;
};
_Static_assert(sizeof(struct room) <= PORT_ROOM, "PORT_ROOM is too small");

static void room_free(struct pbuf *p)
{
	kernel->consumed(container_of((struct pbuf_custom *)p, struct room, custom));
}

/* The wire's checksums: all are ours to look at, those of segments and datagrams unless the device did, and ours to make
 * unless it does. */
static void wire_checksums(bool checked)
{
	u32 flags = NETIF_CHECKSUM_ENABLE_ALL;

	if (start.checksums)
		flags &= ~(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP);
	if (checked)
		flags &= ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP);
	NETIF_SET_CHECKSUM_CTRL(&wire, flags);
}

/* The loopback interface has all of 127.0.0.0/8, lwIP's interfaces have one address: it is called as the packet says. */
static const u8 localhost[4] = { 127, 0, 0, 1 };

static void loop_answers_to(const u8 *address)
{
	u32 to;

	memcpy(&to, address, 4);
	if (address[0] == localhost[0])
		ip4_addr_set_u32(ip_2_ip4(&loop.ip_addr), to);
}

static void stack_input(void *room, void *frame, u32 len, enum port_origin from)
{
	struct netif *n = from == PORT_LOOP ? &loop : &wire;
	struct room *r = room;
	struct pbuf *p;

	if (from != PORT_LOOP)
		wire_checksums(from == PORT_WIRE_CHECKED);
	else
		loop_answers_to(frame + 16);
	r->custom.custom_free_function = room_free;
	p = pbuf_alloced_custom(PBUF_RAW, len, PBUF_REF, &r->custom, frame, len);
	flows_begin();
	if (!p)
		kernel->consumed(room);
	else if (n->input(p, n) != ERR_OK)
		pbuf_free(p);
	flows_leave();
	loop_answers_to(localhost);
}

/* An ICMP message that nobody has the port that we wrote to: whose datagram was it? (RFC 792) */
static void port_unreachable(const u8 *inner, u32 len)
{
	u32 head = (inner[0] & 15) * 4u;
	const u8 *udp = inner + head;
	struct port_name to;

	if (len < head + 4 || inner[9] != IP_PROTO_UDP)
		return;
	memcpy(&to.ip, inner + 16, 4);
	to.port = udp[2] << 8 | udp[3];
	for (struct udp_pcb *u = udp_pcbs; u; u = u->next)
		if (u->local_port == (udp[0] << 8 | udp[1]))
			kernel->unreachable(u->recv_arg, &to);
}

/* Each IP packet before lwIP reads it. 1: it is dropped here. */
int stack_look(struct pbuf *p)
{
	const u8 *ip = p->payload;
	u32 head = (ip[0] & 15) * 4u;

	if (p->len < head + 8)
		return 0;
	if (ip[9] == IP_PROTO_TCP && !flows_input(ip, p->len)) {
		pbuf_free(p);
		return 1;
	}
	if (ip[9] == IP_PROTO_ICMP && ip[head] == ICMP_DUR && ip[head + 1] == ICMP_DUR_PORT && p->len >= head + 8 + 20)
		port_unreachable(ip + head + 8, p->len - head - 8);
	return 0;
}

/* ---- time */

/* Neighbours grow old a second at a time; while nothing happens they do so later, all at once. */
static u64 arp_tick(u64 now, bool fine)
{
	u32 n = 0;

	if (!start.nic)
		return NEVER;
	for (; now - arp_last >= ARP_TMR_INTERVAL; arp_last += ARP_TMR_INTERVAL)
		if (n++ < 2 * ARP_MAXAGE)
			etharp_tmr();
	return fine || dhcp_on ? arp_last + ARP_TMR_INTERVAL : NEVER;
}

static u64 dhcp_tick(u64 now)
{
	u32 ip = netif_ip4_addr(&wire)->addr;

	if (!dhcp_on)
		return NEVER;
	for (u32 n = 0; now - dhcp_last >= DHCP_FINE_TIMER_MSECS; n++) {
		dhcp_last += DHCP_FINE_TIMER_MSECS;
		dhcp_fine_tmr();
		if (dhcp_last / (DHCP_COARSE_TIMER_SECS * 1000) !=
		    (dhcp_last - DHCP_FINE_TIMER_MSECS) / (DHCP_COARSE_TIMER_SECS * 1000))
			dhcp_coarse_tmr();
	}
	if (ip && ip != dhcp_told) {
		dhcp_told = ip;
		kernel->configured(start.shard, ip, netif_ip4_netmask(&wire)->addr, netif_ip4_gw(&wire)->addr);
	}
	return ip ? dhcp_last + DHCP_COARSE_TIMER_SECS * 1000 : dhcp_last + DHCP_FINE_TIMER_MSECS;
}

static u64 stack_tick(u64 now)
{
	u64 tcp = flows_tick(now), arp = arp_tick(now, tcp != NEVER), dhcp = dhcp_tick(now);

	return MIN(tcp, MIN(arp, dhcp));
}

/* ---- addresses */

static void stack_configure(u32 ip, u32 mask, u32 gateway)
{
	ip4_addr_t a = { ip }, m = { mask }, g = { gateway };

	if (start.nic)
		netif_set_addr(&wire, &a, &m, &g);
}

static void stack_dhcp(void)
{
	dhcp_on = start.nic && dhcp_start(&wire) == ERR_OK;
	dhcp_last = kernel->now_ms();
}

static void name_of(struct port_name *n, const ip_addr_t *ip, u16 port)
{
	n->ip = ip_addr_get_ip4_u32(ip);
	n->port = port;
	n->family = NAME_V4; /* of no meaning here */
}

/* ---- TCP: what happens */

static err_t on_data(void *sock, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	(void)pcb;
	(void)err;
	if (!p) {
		kernel->eof(sock);
		return ERR_OK;
	}
	if (kernel->data(sock, packet(p), p->tot_len))
		return ERR_MEM; /* lwIP keeps it and comes again */
	pbuf_free(p);
	return ERR_OK;
}

static err_t on_acked(void *sock, struct tcp_pcb *pcb, u16_t len)
{
	(void)pcb;
	aborted = false;
	kernel->acked(sock, len);
	return aborted ? ERR_ABRT : ERR_OK;
}

static err_t on_connected(void *sock, struct tcp_pcb *pcb, err_t err)
{
	(void)pcb;
	(void)err;
	kernel->connected(sock);
	return ERR_OK;
}

static void on_error(void *sock, err_t err)
{
	kernel->failed(sock, err == ERR_CLSD ? 0 : error(err)); /* CLSD: both sides said goodbye */
}

static void on_gone(u8_t id, void *sock)
{
	(void)id;
	if (sock)
		kernel->gone(sock);
}

static const struct tcp_ext_arg_callbacks ends = { .destroy = on_gone };

static void pcb_attach(struct tcp_pcb *pcb, void *sock)
{
	tcp_ext_arg_set_callbacks(pcb, 0, &ends);
	tcp_ext_arg_set(pcb, 0, sock);
	tcp_arg(pcb, sock);
	tcp_recv(pcb, on_data);
	tcp_sent(pcb, on_acked);
	tcp_err(pcb, on_error);
	ip_set_option(pcb, SOF_REUSEADDR);
}

static err_t on_accept(void *listener, struct tcp_pcb *pcb, err_t err)
{
	struct port_name local, remote;
	void *sock;

	if (err != ERR_OK || !pcb)
		return ERR_VAL;
	name_of(&local, &pcb->local_ip, pcb->local_port);
	name_of(&remote, &pcb->remote_ip, pcb->remote_port);
	sock = kernel->accepted(listener, (struct port_end *)pcb, &local, &remote);
	if (!sock)
		return ERR_MEM; /* lwIP resets it */
	pcb_attach(pcb, sock);
	return ERR_OK;
}

/* ---- TCP: what is asked */

static struct tcp_pcb *pcb_of(struct port_end *e) { return (struct tcp_pcb *)e; }

/* A pcb with a local name. The kernel has seen to it that the name is free. */
static struct tcp_pcb *pcb_new(const struct port_name *local)
{
	struct tcp_pcb *pcb = tcp_new();

	if (!pcb)
		return NULL;
	ip_set_option(pcb, SOF_REUSEADDR);
	ip_addr_set_ip4_u32(&pcb->local_ip, local->ip);
	pcb->local_port = local->port;
	TCP_REG(&tcp_bound_pcbs, pcb);
	return pcb;
}

static int stack_connect(void *sock, const struct port_name *local, const struct port_name *remote, struct port_end **out)
{
	struct tcp_pcb *pcb = flows_taken(local, remote) ? NULL : pcb_new(local);
	ip_addr_t to = IPADDR4_INIT(remote->ip);
	err_t err;

	if (!pcb)
		return flows_taken(local, remote) ? -EADDRINUSE : -ENOMEM;
	flows_begin();
	err = tcp_connect(pcb, &to, remote->port, on_connected);
	if (err == ERR_OK) {
		pcb_attach(pcb, sock);
		*out = (struct port_end *)pcb;
	} else {
		tcp_abort(pcb);
	}
	flows_leave();
	return error(err);
}

static int stack_listen(void *listener, const struct port_name *local, struct port_end **out)
{
	struct tcp_pcb *pcb = pcb_new(local), *l;

	if (!pcb)
		return -ENOMEM;
	l = tcp_listen_with_backlog(pcb, 255); /* handshakes under way; who is done counts in the kernel's queue */
	if (!l) {
		tcp_abort(pcb);
		return -ENOMEM;
	}
	tcp_arg(l, listener);
	tcp_accept(l, on_accept);
	*out = (struct port_end *)l;
	return 0;
}

/* Handshakes under way with it come to nothing: lwIP resets them when they are done. */
static void stack_unlisten(struct port_end *e)
{
	flows_begin();
	tcp_close(pcb_of(e));
	flows_leave();
}


static int stack_write(struct port_end *e, const void *data, u32 len, bool more)
{
	struct tcp_pcb *pcb = pcb_of(e);
	err_t err;

	len = MIN(len, MIN((u32)tcp_sndbuf(pcb), 0xffffu));
	if (!len)
		return 0;
	flows_enter(pcb);
	err = tcp_write(pcb, data, len, more ? TCP_WRITE_FLAG_MORE : 0);
	flows_leave();
	if (err == ERR_MEM && pcb->snd_queuelen)
		return 0;
	return err == ERR_OK ? (int)len : error(err);
}

static void stack_flush(struct port_end *e)
{
	flows_enter(pcb_of(e));
	tcp_output(pcb_of(e));
	flows_leave();
}

static void stack_read(struct port_end *e, u32 len)
{
	flows_enter(pcb_of(e));
	while (len) {
		u16 part = MIN(len, 0xffffu);

		tcp_recved(pcb_of(e), part);
		len -= part;
	}
	flows_leave();
}

/* lwIP splits a segment that goes beyond the window's end once it has waited for long, and leaves a FIN on both halves: the
 * first then says that all is over. (tcp_split_unsent_seg: TCPH_SET_FLAG clears none.) So a FIN is put on none that might be. */
static bool is_beyond_window(const struct tcp_pcb *p)
{
	return p->unsent && p->snd_lbb - p->lastack > p->snd_wnd;
}

static int stack_finish(struct port_end *e)
{
	err_t err;

	if (is_beyond_window(pcb_of(e)))
		return -EAGAIN;
	flows_enter(pcb_of(e));
	err = tcp_shutdown(pcb_of(e), 0, 1);
	flows_leave();
	return error(err);
}

static int stack_close(struct port_end *e)
{
	struct tcp_pcb *pcb = pcb_of(e);
	err_t err;

	if (is_beyond_window(pcb))
		return -EAGAIN;
	flows_enter(pcb);
	tcp_recv(pcb, NULL);
	tcp_err(pcb, NULL);
	flows_close(pcb);
	err = tcp_close(pcb);
	if (err != ERR_OK)
		tcp_err(pcb, on_error);
	flows_leave();
	return error(err);
}

static void stack_abort(struct port_end *e)
{
	flows_enter(pcb_of(e));
	tcp_err(pcb_of(e), NULL);
	tcp_abort(pcb_of(e));
	aborted = true;
	flows_leave();
}

static void stack_options(struct port_end *e, const struct port_options *o)
{
	const struct port_keepalive *k = &o->keep;
	struct tcp_pcb *pcb = pcb_of(e);

	flows_enter(pcb);
	pcb->tos = o->tos;
	pcb->ttl = o->ttl;
	if (o->nodelay)
		tcp_nagle_disable(pcb);
	else
		tcp_nagle_enable(pcb);
	pcb->keep_idle = k->idle_ms;
	pcb->keep_intvl = k->interval_ms;
	pcb->keep_cnt = k->count;
	if (k->on)
		ip_set_option(pcb, SOF_KEEPALIVE);
	else
		ip_reset_option(pcb, SOF_KEEPALIVE);
	flows_leave();
}

/* ---- UDP */

static void on_datagram(void *sock, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
	struct port_name name;

	(void)pcb;
	name_of(&name, from, port);
	kernel->datagram(sock, packet(p), p->tot_len, &name);
	pbuf_free(p);
}

static int stack_udp_open(void *sock, const struct port_name *local, struct port_udp **out)
{
	struct udp_pcb *pcb = udp_new();
	ip_addr_t ip = IPADDR4_INIT(local->ip ? local->ip : local->family == NAME_V6 ? PORT_IP6_LOOP : 0); /* the wire is IPv4's */
	err_t err;

	if (!pcb)
		return -ENOMEM;
	ip_set_option(pcb, SOF_REUSEADDR);
	ip_set_option(pcb, SOF_BROADCAST);
	err = udp_bind(pcb, &ip, local->port);
	if (err != ERR_OK) {
		udp_remove(pcb);
		return error(err);
	}
	udp_recv(pcb, on_datagram, sock);
	*out = (struct port_udp *)pcb;
	return 0;
}

static void stack_udp_close(struct port_udp *u) { udp_remove((struct udp_pcb *)u); }

static void stack_udp_connect(struct port_udp *u, const struct port_name *remote)
{
	ip_addr_t ip = IPADDR4_INIT(remote ? remote->ip : 0);

	if (remote)
		udp_connect((struct udp_pcb *)u, &ip, remote->port);
	else
		udp_disconnect((struct udp_pcb *)u);
}

static void stack_udp_options(struct port_udp *u, const struct port_options *o)
{
	((struct udp_pcb *)u)->tos = o->tos;
	((struct udp_pcb *)u)->ttl = o->ttl;
}

static int stack_udp_send(struct port_udp *u, const struct port_name *to, const void *data, u32 len)
{
	struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, len, PBUF_ROM);
	ip_addr_t ip = IPADDR4_INIT(to->ip);
	err_t err;

	if (!p)
		return -ENOMEM;
	p->payload = (void *)data;
	if (to->ip == PORT_IP6_LOOP) /* is its own source */
		err = udp_sendto_if_src((struct udp_pcb *)u, p, &ip, to->port, &loop, &ip);
	else
		err = udp_sendto((struct udp_pcb *)u, p, &ip, to->port);
	pbuf_free(p);
	return error(err);
}

/* ---- looking */

struct look { void (*see)(void *arg, const struct port_seen *end); void *arg; };

static void look_tcp(struct tcp_pcb *p, void *arg)
{
	static const u8 number[] = { [CLOSED] = 7, [LISTEN] = 10, [SYN_SENT] = 2, [SYN_RCVD] = 3, [ESTABLISHED] = 1,
				     [FIN_WAIT_1] = 4, [FIN_WAIT_2] = 5, [CLOSE_WAIT] = 8, [CLOSING] = 11, [LAST_ACK] = 9,
				     [TIME_WAIT] = 6 };
	struct look *l = arg;
	struct port_seen seen = { .state = number[p->state], .sock = tcp_ext_arg_get(p, 0) };

	name_of(&seen.local, &p->local_ip, p->local_port);
	name_of(&seen.remote, &p->remote_ip, p->remote_port);
	l->see(l->arg, &seen);
}

static void stack_each(void (*see)(void *arg, const struct port_seen *end), void *arg)
{
	struct look l = { see, arg };

	flows_each(look_tcp, &l);
	for (struct udp_pcb *u = udp_pcbs; u; u = u->next) {
		struct port_seen seen = { .udp = true, .state = u->flags & UDP_FLAGS_CONNECTED ? 1 : 7, .sock = u->recv_arg };

		name_of(&seen.local, &u->local_ip, u->local_port);
		name_of(&seen.remote, &u->remote_ip, u->remote_port);
		if (u->recv == on_datagram) /* else it is DHCP's */
			see(arg, &seen);
	}
}

/* ---- birth */

static err_t loop_init(struct netif *n)
{
	n->name[0] = 'l';
	n->name[1] = 'o';
	n->mtu = 65535;
	n->output = loop_output;
	NETIF_SET_CHECKSUM_CTRL(n, NETIF_CHECKSUM_DISABLE_ALL);
	return ERR_OK;
}

static err_t wire_init(struct netif *n)
{
	n->name[0] = 'e';
	n->name[1] = 'n';
	n->mtu = start.mtu;
	n->hwaddr_len = 6;
	memcpy(n->hwaddr, start.mac, 6);
	n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
	n->output = wire_output;
	n->linkoutput = wire_link;
	wire_checksums(false);
	return ERR_OK;
}

static void interfaces_add(void)
{
	ip4_addr_t none = { 0 }, local = { PP_HTONL(IPADDR_LOOPBACK) }, mask = { PP_HTONL(0xff000000ul) };

	netif_add(&loop, &local, &mask, &none, start.shard, loop_init, ip4_input);
	netif_set_link_up(&loop);
	netif_set_up(&loop);
	if (!start.nic)
		return;
	netif_add(&wire, &none, &none, &none, start.shard, wire_init, ethernet_input);
	netif_set_default(&wire);
	netif_set_up(&wire);
}

static const struct port_stack stack = {
	.copy = stack_copy, .input = stack_input, .tick = stack_tick, .configure = stack_configure, .dhcp = stack_dhcp,
	.each = stack_each,
	.tcp_connect = stack_connect, .tcp_listen = stack_listen, .tcp_unlisten = stack_unlisten,
	.tcp_write = stack_write, .tcp_flush = stack_flush, .tcp_read = stack_read, .tcp_finish = stack_finish,
	.tcp_close = stack_close, .tcp_abort = stack_abort, .tcp_options = stack_options,
	.udp_open = stack_udp_open, .udp_close = stack_udp_close, .udp_connect = stack_udp_connect,
	.udp_options = stack_udp_options, .udp_send = stack_udp_send,
};

const struct port_stack *stack_start(const struct port_kernel *k, const struct port_start *s)
{
	kernel = k;
	start = *s;
	arp_last = k->now_ms();
	lwip_init();
	tcp_ext_arg_alloc_id();
	tcp_ext_arg_alloc_id();
	if (!flows_start(k))
		return NULL;
	interfaces_add();
	return &stack;
}
