/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connections by name and by what they wait for. See flows.h. */
#include "net/lwip/flows.h"
#include "base/string.h"
#include "lwip/priv/tcp_priv.h"

#define BUCKETS 1024u
#define NEVER (~0ul)
#define TICK_MS TCP_SLOW_INTERVAL
#define PAST_MS (2 * TCP_MSL)
#define FIN_WAIT_MS 20000ul
#define SLOW_LEAST_MS 1000ul

enum state { ENTERED, BUSY, SLOW, IDLE, PAST };

struct flow {
	struct tcp_pcb *pcb;
	struct flow *hash_next;
	struct flow *next, *prev;   /* on the list of its state */
	enum state state;
	u16 bucket;
	bool closed;
	u64 until;                  /* SLOW, PAST */
};

struct list { struct flow *first, *last; };

static const struct port_kernel *kernel;
static struct flow **bucket;
static struct list busy, slow, past;
static u64 slow_next, last_run;
static u32 depth;
static bool second_half;

/* ---- lists */

static struct list *list_of(enum state s)
{
	return s == BUSY ? &busy : s == SLOW ? &slow : s == PAST ? &past : NULL;
}

static void list_add(struct flow *f, enum state state)
{
	struct list *l = list_of(state);

	f->state = state;
	if (!l)
		return;
	f->next = NULL;
	f->prev = l->last;
	if (l->last)
		l->last->next = f;
	else
		l->first = f;
	l->last = f;
}

static void list_remove(struct flow *f)
{
	struct list *l = list_of(f->state);

	if (!l)
		return;
	if (f->prev)
		f->prev->next = f->next;
	else
		l->first = f->next;
	if (f->next)
		f->next->prev = f->prev;
	else
		l->last = f->prev;
}

/* ---- names */

static u32 bucket_of(u32 local_ip, u16 local_port, u32 remote_ip, u16 remote_port)
{
	u64 x = ((u64)local_port << 48 | (u64)remote_port << 32) ^ ((u64)remote_ip * 31 + local_ip);

	return x * 0x9e3779b97f4a7c15ul >> 54;
}
_Static_assert(BUCKETS == 1u << (64 - 54), "bucket_of");

static struct flow *find(u32 local_ip, u16 local_port, u32 remote_ip, u16 remote_port)
{
	struct flow *f = bucket[bucket_of(local_ip, local_port, remote_ip, remote_port)];

	for (; f; f = f->hash_next) {
		const struct tcp_pcb *p = f->pcb;

		if (p->remote_port == remote_port && p->local_port == local_port && p->remote_ip.addr == remote_ip &&
		    p->local_ip.addr == local_ip)
			break;
	}
	return f;
}

bool flows_taken(const struct port_name *local, const struct port_name *remote)
{
	return find(local->ip, local->port, remote->ip, remote->port);
}

/* ---- life */

static struct flow *flow_of(struct tcp_pcb *p) { return tcp_ext_arg_get(p, 1); }

static void flow_end(u8_t id, void *arg)
{
	struct flow *f = arg, **at;

	(void)id;
	if (!f)
		return;
	list_remove(f);
	for (at = &bucket[f->bucket]; *at != f; at = &(*at)->hash_next)
		;
	*at = f->hash_next;
	kernel->free(f);
}

static const struct tcp_ext_arg_callbacks ends = { .destroy = flow_end };

static struct flow *flow_make(struct tcp_pcb *p)
{
	struct flow *f = kernel->alloc(sizeof(*f)), **at;

	if (!f)
		return NULL;
	memset(f, 0, sizeof(*f));
	f->pcb = p;
	f->bucket = bucket_of(p->local_ip.addr, p->local_port, p->remote_ip.addr, p->remote_port);
	at = &bucket[f->bucket];
	f->hash_next = *at;
	*at = f;
	tcp_ext_arg_set_callbacks(p, 1, &ends);
	tcp_ext_arg_set(p, 1, f);
	return f;
}

/* Its sock hears the last of it. */
static void flow_forget_sock(struct flow *f)
{
	void *sock = tcp_ext_arg_get(f->pcb, 0);

	tcp_ext_arg_set(f->pcb, 0, NULL);
	tcp_arg(f->pcb, NULL);
	if (sock)
		kernel->gone(sock);
}

void flows_close(struct tcp_pcb *pcb)
{
	struct flow *f = flow_of(pcb);

	if (f)
		f->closed = true;
}

void flows_each(void (*see)(struct tcp_pcb *pcb, void *arg), void *arg)
{
	for (u32 b = 0; b < BUCKETS; b++)
		for (struct flow *f = bucket[b]; f; f = f->hash_next)
			see(f->pcb, arg);
}

/* ---- what it waits for */

static bool is_busy(const struct tcp_pcb *p)
{
	return p->unsent || p->unacked || p->refused_data || p->ooseq || p->persist_backoff || p->state == SYN_SENT ||
	       p->state == SYN_RCVD || p->state == LAST_ACK || p->state == CLOSING || p->state == FIN_WAIT_1 ||
	       (p->flags & (TF_ACK_DELAY | TF_ACK_NOW | TF_CLOSEPEND));
}

/* When its silence has lasted too long; NEVER: it may last. */
static u64 silence_ends(const struct tcp_pcb *p)
{
	u64 since = (u64)p->tmr * TICK_MS, end = NEVER;

	if (p->state == FIN_WAIT_2 && (p->flags & TF_RXCLOSED))
		end = since + FIN_WAIT_MS;
	else if (ip_get_option(p, SOF_KEEPALIVE))
		end = since + p->keep_idle + (u64)p->keep_cnt_sent * p->keep_intvl;
	return end == NEVER ? end : MAX(end + 2 * TICK_MS, (u64)tcp_ticks * TICK_MS + SLOW_LEAST_MS);
}

static void sort_active(struct tcp_pcb *p)
{
	struct flow *f = flow_of(p);

	if (!f)
		f = flow_make(p);
	if (!f) {
		tcp_abort(p);
		return;
	}
	if (is_busy(p)) {
		list_add(f, BUSY);
		return;
	}
	f->until = silence_ends(p);
	list_add(f, f->until == NEVER ? IDLE : SLOW);
	slow_next = MIN(slow_next, f->until);
}

static void sort_past(struct tcp_pcb *p)
{
	struct flow *f = flow_of(p);

	if (!f) {
		tcp_abort(p);
		return;
	}
	if (f->closed)
		flow_forget_sock(f);
	f->until = kernel->now_ms() + PAST_MS;
	list_add(f, PAST);
}

/* ---- entering and leaving */

void flows_begin(void)
{
	if (!depth++)
		tcp_ticks = kernel->now_ms() / TICK_MS;
}

static void put_in_view(struct flow *f)
{
	struct tcp_pcb **at = f->pcb->state == TIME_WAIT ? &tcp_tw_pcbs : &tcp_active_pcbs;

	if (f->state == ENTERED)
		return;
	list_remove(f);
	f->state = ENTERED;
	f->pcb->next = *at;
	*at = f->pcb;
}

void flows_enter(struct tcp_pcb *pcb)
{
	struct flow *f = flow_of(pcb);

	flows_begin();
	if (f)
		put_in_view(f);
}

void flows_leave(void)
{
	struct tcp_pcb *p;

	if (--depth)
		return;
	while ((p = tcp_active_pcbs)) {
		tcp_active_pcbs = p->next;
		p->next = NULL;
		sort_active(p);
	}
	while ((p = tcp_tw_pcbs)) {
		tcp_tw_pcbs = p->next;
		p->next = NULL;
		sort_past(p);
	}
}

/* ---- packets */

static u16 get16(const u8 *p) { return (u16)(p[0] << 8 | p[1]); }
static u32 get32(const u8 *p) { return (u32)get16(p) << 16 | get16(p + 2); }

static enum port_admits listener_admits(u32 ip, u16 port, const struct port_name *from)
{
	struct tcp_pcb_listen *l, *any = NULL;

	for (l = tcp_listen_pcbs.listen_pcbs; l; l = l->next) {
		if (l->local_port != port || (l->local_ip.addr && l->local_ip.addr != ip))
			continue;
		any = l;
		if (l->local_ip.addr)
			break;
	}
	return any ? kernel->admits(any->callback_arg, from) : PORT_ADMITS;
}

/* A connection begins. False: not this way; nobody hears its family, as lwIP does not know, or not yet. */
static bool may_begin(u32 to, u32 from, const u8 *tcp)
{
	u16 to_port = get16(tcp + 2), from_port = get16(tcp);
	enum port_admits a = listener_admits(to, to_port, &(struct port_name){ from, from_port, NAME_V4 });
	ip_addr_t local = IPADDR4_INIT(to), remote = IPADDR4_INIT(from);

	if (a == PORT_NOBODY)
		tcp_rst(NULL, 0, get32(tcp + 4) + 1, &local, &remote, to_port, from_port);
	return a == PORT_ADMITS;
}

static void past_end(struct flow *f)
{
	put_in_view(f);
	tcp_abort(f->pcb);
}

/* A segment for a connection in TIME_WAIT: does it make room for another one? (RFC 6191, RFC 1337) */
static bool past_gives_way(const struct flow *f, const u8 *tcp)
{
	s32 ahead = get32(tcp + 4) - f->pcb->rcv_nxt;
	bool syn = (tcp[13] & (TCP_SYN | TCP_ACK)) == TCP_SYN;

	return (syn && ahead > 0) || ((tcp[13] & TCP_RST) && !ahead);
}

bool flows_input(const u8 *ip, u32 len)
{
	u32 head = (ip[0] & 15) * 4u, to, from;
	const u8 *tcp = ip + head;
	struct flow *f;

	if (len < head + 20 || (get16(ip + 6) & 0x3fff))
		return true;
	memcpy(&from, ip + 12, 4);
	memcpy(&to, ip + 16, 4);
	f = find(to, get16(tcp + 2), from, get16(tcp));
	if (f && f->pcb->state == TIME_WAIT && past_gives_way(f, tcp)) {
		past_end(f);
		f = NULL;
	}
	if (f)
		put_in_view(f);
	else if ((tcp[13] & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
		return may_begin(to, from, tcp);
	return true;
}

/* ---- time */

static void view_all(struct list *l, u64 until)
{
	struct flow *f, *next;

	for (f = l->first; f; f = next) {
		next = f->next;
		if (l != &slow || f->until <= until)
			put_in_view(f);
		else
			slow_next = MIN(slow_next, f->until);
	}
}

static void slow_run(u64 now)
{
	slow_next = NEVER;
	view_all(&slow, now);
}

/* lwIP's fast timer each time, its slow one every other time; the slow one counts a tick itself. */
static void timers_run(u64 now)
{
	view_all(&busy, NEVER);
	tcp_fasttmr();
	second_half = !second_half;
	if (second_half) {
		tcp_ticks = now / TICK_MS - 1;
		tcp_slowtmr();
	}
	last_run = now;
}

u64 flows_tick(u64 now)
{
	u64 next;

	flows_begin();
	while (past.first && past.first->until <= now)
		past_end(past.first);
	if (slow.first && slow_next <= now) {
		slow_run(now);
		second_half = false;
		timers_run(now);
	} else if (busy.first && now - last_run >= TCP_TMR_INTERVAL) {
		timers_run(now);
	}
	flows_leave();
	next = busy.first ? last_run + TCP_TMR_INTERVAL : NEVER;
	next = slow.first ? MIN(next, slow_next) : next;
	return past.first ? MIN(next, past.first->until) : next;
}

bool flows_start(const struct port_kernel *k)
{
	kernel = k;
	slow_next = NEVER;
	bucket = k->alloc(BUCKETS * sizeof(*bucket));
	if (bucket)
		memset(bucket, 0, BUCKETS * sizeof(*bucket));
	return bucket;
}
