/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Birth of the shards: one for each core, with a stack of its own, what that asks of the kernel, and the machine's address,
 * by ip= or, for all of them, by shard 0's DHCP.
 */
#include "arch/boot.h"
#include "arch/clock.h"
#include "base/print.h"
#include "base/string.h"
#include "dev/rng.h"
#include "mem/slab.h"
#include "net/config.h"
#include "net/sock.h"
#include "net/window.h"
#include "nr/sync/once.h"

#define MS 1000000ul
#define WIRE_MTU 1500

struct shard **shards;
u32 nshards;
static struct net_config config;
static struct vnet *nic;
static struct once started = ONCE_INIT;
static int start_error;

void net_config_get(struct net_config *out) { *out = config; }

/* ---- what the stack asks of the kernel */

static u64 now_ms(void) { return clock_ns() / MS; }

static u32 random_word(void)
{
	u32 v;

	random_fill(&v, sizeof(v));
	return v;
}

static void stack_broken(const char *why) { panic("network: %s", why); }

struct configure { struct net_msg msg; struct net_config to; };

static void configure_run(struct shard *s, struct net_msg *m)
{
	struct configure *c = container_of(m, struct configure, msg);

	s->stack->configure(c->to.ip, c->to.mask, c->to.gateway);
	kfree(c);
}

/* Shard 0 asked for all. */
static void stack_configured(void *shard, u32 ip, u32 mask, u32 gateway)
{
	const u8 *a = (const u8 *)&ip;

	(void)shard;
	config = (struct net_config){ ip, mask, gateway };
	kprintf("network: address %u.%u.%u.%u by DHCP", a[0], a[1], a[2], a[3]);
	for (u32 i = 1; i < nshards; i++) {
		struct configure *c = kzalloc(sizeof(*c));

		if (!c)
			continue;
		c->msg.run = configure_run;
		c->to = config;
		shard_post(shards[i], &c->msg);
	}
}

static const struct port_kernel services = {
	.alloc = kmalloc, .free = kfree, .now_ms = now_ms, .random = random_word, .fail = stack_broken, .output = frames_output,
	.consumed = frames_consumed, .configured = stack_configured, .accepted = tcp_accepted, .connected = tcp_connected,
	.data = tcp_data, .eof = tcp_eof, .acked = tcp_acked, .failed = tcp_failed, .gone = tcp_gone, .datagram = udp_datagram, .admits = tcp_admits,
	.unreachable = udp_unreachable,
};

/* ---- birth */

static struct shard *shard_make(u32 id)
{
	u32 node = core_get(id)->node;
	struct port_start start = { .nic = nic, .mtu = WIRE_MTU, .checksums = nic && vnet_checksums(nic) };
	struct shard *s = kmalloc_node(sizeof(*s), node);

	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->id = id;
	lock_init(&s->lock);
	waitq_init(&s->wait);
	mpsc_init(&s->mail);
	s->loop_last = &s->loop_first;
	s->timer.fire = shard_timer;
	s->timer_at = ~0ul;
	start.shard = s;
	if (nic)
		memcpy(start.mac, vnet_mac(nic), sizeof(start.mac));
	s->stack = window_open(id, node, &services, &start);
	s->thread = s->stack ? thread_new(NULL) : NULL;
	if (!s->thread)
		return NULL; /* what it has stays: the network will not be tried again */
	s->nic = nic;
	s->pair = nic ? vnet_pair_of(nic, id) : 0;
	s->receives = nic && vnet_core(nic, s->pair) == id;
	s->arrived = s->receives;
	cpuset_add(&s->thread->affinity, id);
	thread_prepare(s->thread, shard_thread, s);
	return s;
}

static void configure_all(void)
{
	char text[80];
	const char *option = boot_option("ip", text, sizeof(text));

	if (!nic)
		return;
	if (!option || !config_parse(option, &config)) {
		shards[0]->stack->dhcp();
		return;
	}
	for (u32 i = 0; i < nshards; i++)
		shards[i]->stack->configure(config.ip, config.mask, config.gateway);
}

static int shards_make(void)
{
	u32 n = cores_count(), i;

	nic = vnet_first();
	shards = kzalloc(n * sizeof(*shards));
	if (!shards)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		shards[i] = shard_make(i);
		if (!shards[i])
			return -ENOMEM;
	}
	nshards = n;
	configure_all();
	for (i = 0; i < n; i++) {
		frames_listen(shards[i]);
		thread_start(shards[i]->thread);
	}
	return 0;
}

int shards_start(void)
{
	if (once_begin(&started)) {
		start_error = names_start();
		if (!start_error)
			start_error = shards_make();
		if (start_error)
			kwarn("network: no memory");
		once_done(&started);
	}
	return start_error;
}
