/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Shards: see shard.h. */
#include "net/shard.h"
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

#define BATCH 64        /* frames and messages between two looks at the world */
#define RECEIVE_ROUNDS 4 /* batches until the shard's thread is asked to go on */
#define LOOP_MAX 4096   /* packets to this machine that wait on one shard */
#define MS 1000000ul
#define WIRE_MTU 1500

static struct shard **shards;
static u32 nshards;
static struct net_config config;
static struct vnet *nic;
static struct once started = ONCE_INIT;
static int start_error;

u32 shards_count(void) { return nshards; }
struct shard *shard_of(u32 id) { return shards[id]; }
void net_config_get(struct net_config *out) { *out = config; }

/* ---- entering and leaving the stack */

static struct net_frame *frame_note(struct vnet_buf *b) { return (struct net_frame *)b->owner; }
static struct vnet_buf *frame_buf(struct net_frame *f) { return container_of((u8 (*)[VNET_OWNER])f, struct vnet_buf, owner); }

static u32 loop_run(struct shard *s)
{
	u32 n = 0;

	for (; s->loop_first && n < BATCH; n++) {
		struct net_frame *f = s->loop_first;

		s->loop_first = f->next;
		if (!f->next)
			s->loop_last = &s->loop_first;
		s->looping--;
		s->stack->input(f->room, frame_buf(f)->frame, f->len, PORT_LOOP);
	}
	return n;
}

/* Any core may set the timer, as timer_arm moves it, and the lock is held. */
static void shard_time(struct shard *s)
{
	u64 next = s->stack->tick(clock_ns() / MS), at = next == ~0ul ? ~0ul : next * MS;

	/* One that is set earlier may fire: setting it anew with each packet costs more. */
	if (at < s->timer_at) {
		s->timer_at = at;
		timer_arm(&s->timer, at);
	}
}

struct shard *shard_inside(void) { return shard_here()->inside; }

static void shard_enter(struct shard *s)
{
	lock_acquire(&s->lock);
	shard_here()->inside = s;
}

static u32 shard_mail(struct shard *s)
{
	struct mpsc_node *n = mpsc_take_all(&s->mail), *next;
	u32 count = 0;

	for (; n; n = next) {
		struct net_msg *m = container_of(n, struct net_msg, node);

		next = n->next;
		m->run(s, m);
		count++;
	}
	s->messages += count;
	return count;
}

/* Does what lies there, and leaves. Mail that came while somebody was inside is his business: its sender found the lock
 * taken. The fence is the other half of the one in shard_post: either he sees the mail, or the sender sees the lock free. */
static void shard_leave(struct shard *s)
{
	struct sock *gone;
	u32 n = 0, more = 1;
	bool left;

	for (; more && n < BATCH; n += more)
		more = shard_mail(s) + loop_run(s);
	shard_time(s);
	if (s->to_kick) {
		s->to_kick = false;
		vnet_kick(nic, s->pair);
	}
	gone = s->gone;
	s->gone = NULL;
	left = s->loop_first;
	shard_here()->inside = NULL;
	lock_release(&s->lock);
	sock_drop_gone(gone);
	atomic_thread_fence(memory_order_seq_cst);
	if (left || !mpsc_empty(&s->mail))
		waitq_wake(&s->wait);
}

/* Does what lies in its mail, unless somebody is inside, or this core in another stack: then they see to it. */
static void shard_visit(struct shard *s)
{
	struct shard *here = shard_here();

	if (here->inside && here->inside != s) {
		waitq_wake(&s->wait);
		return;
	}
	atomic_thread_fence(memory_order_seq_cst);
	if (!lock_try(&s->lock))
		return;
	here->inside = s;
	shard_leave(s);
}

void shard_post(struct shard *s, struct net_msg *m)
{
	mpsc_push(&s->mail, &m->node);
	shard_visit(s);
}

/* ---- calls */

struct call {
	struct net_msg msg;
	long (*fn)(struct shard *s, void *arg);
	void *arg;
	long result;
	struct thread *caller;
	struct lock lock;    /* held while the caller is told: it may not leave before */
	volatile bool done;
};

static void call_run(struct shard *s, struct net_msg *m)
{
	struct call *c = container_of(m, struct call, msg);

	c->result = c->fn(s, c->arg);
	lock_acquire(&c->lock);
	c->done = true;
	thread_wake(c->caller);
	lock_release(&c->lock);
}

long shard_call(struct shard *s, long (*fn)(struct shard *s, void *arg), void *arg)
{
	struct call c = { .msg.run = call_run, .fn = fn, .arg = arg, .caller = thread_current() };

	lock_init(&c.lock);
	shard_post(s, &c.msg);
	while (!c.done)
		sched_sleep(FOREVER);
	lock_acquire(&c.lock);
	lock_release(&c.lock);
	return c.result;
}

/* ---- frames */

static void frame_run(struct shard *s, struct net_msg *m)
{
	struct net_frame *f = container_of(m, struct net_frame, msg);

	struct vnet_buf *b = frame_buf(f);

	s->stack->input(f->room, b->frame, f->len, f->loop ? PORT_LOOP : vnet_checked(b) ? PORT_WIRE_CHECKED : PORT_WIRE);
}

static struct net_frame *frame_note_down(struct vnet_buf *b, u32 len, bool loop)
{
	struct net_frame *f = frame_note(b);

	f->msg.run = frame_run;
	f->len = len;
	f->loop = loop;
	return f;
}

/* A packet to this machine, out of the stack of `s`. */
static void frame_loop(struct shard *s, struct shard *to, struct vnet_buf *b, u32 len)
{
	struct net_frame *f = frame_note_down(b, len, true);

	if (to != s) {
		s->frames_forwarded++;
		shard_post(to, &f->msg);
		return;
	}
	f->next = NULL;
	*s->loop_last = f;
	s->loop_last = &f->next;
	s->looping++;
}

/* ---- receiving: in no stack, on the core that the device interrupts, which alone touches its receive queue */

static void frame_mail(u32 owner, struct vnet_buf *b, u32 len, struct cpuset *owners)
{
	mpsc_push(&shards[owner]->mail, &frame_note_down(b, len, false)->msg.node);
	cpuset_add(owners, owner);
}

static void frame_to_all(struct shard *s, struct vnet_buf *b, u32 len, struct cpuset *owners)
{
	for (u32 i = 0; i < nshards; i++) {
		struct vnet_buf *copy = i == s->id ? NULL : vnet_buf_alloc(len);

		if (!copy)
			continue;
		memcpy(copy->frame, b->frame, len);
		frame_mail(i, copy, len, owners);
	}
	frame_mail(s->id, b, len, owners);
}

/* One batch into the mail of its owners. Returns how many frames there were. */
static u32 frames_sort(struct shard *s, struct cpuset *owners)
{
	struct vnet_buf *b;
	u32 n, len, owner;

	for (n = 0; n < BATCH && (b = vnet_receive(nic, s->pair, &len)); n++) {
		owner = flow_of_frame(b->frame, len, nshards);
		if (owner == FLOW_ALL) {
			frame_to_all(s, b, len, owners);
			continue;
		}
		s->frames_forwarded += owner != s->id;
		frame_mail(owner, b, len, owners);
	}
	s->frames_in += n;
	return n;
}

/* The device is asked for interrupts last: what comes while a batch is worked on needs none. */
static void shard_receive(struct shard *s)
{
	struct cpuset owners = { 0 };
	u32 n = frames_sort(s, &owners);

	for (u32 word = 0; word < ARRAY_SIZE(owners.bit); word++)
		for (u64 left = owners.bit[word]; left; left &= left - 1)
			shard_visit(shards[word * 64 + __builtin_ctzl(left)]);
	if (n < BATCH)
		s->arrived = vnet_wait(nic, s->pair);
}

static void receive_errand(struct errand *e)
{
	struct shard *s = container_of(e, struct shard, receive);

	for (u32 i = 0; i < RECEIVE_ROUNDS && s->arrived; i++)
		shard_receive(s);
	if (s->arrived)
		waitq_wake(&s->wait);
}

/* ---- what the stack asks of the kernel */

static u64 now_ms(void) { return clock_ns() / MS; }

static u32 random_word(void)
{
	u32 v;

	random_fill(&v, sizeof(v));
	return v;
}

static void stack_broken(const char *why) { panic("network: %s", why); }

static void frame_consumed(void *room)
{
	vnet_buf_free(frame_buf(container_of((u8 (*)[PORT_ROOM])room, struct net_frame, room)));
}

static int wire_output(struct shard *s, struct vnet_buf *b, u32 len)
{
	u16 field = 0;
	u32 start = vnet_checksums(nic) ? flow_checksum_prepare(b->frame, len, &field) : 0;

	s->to_kick = true;
	return vnet_send(nic, s->pair, b, len, start, field);
}

static int stack_output(void *shard, struct port_packet *p, u32 len, bool loop)
{
	struct shard *s = shard;
	struct vnet_buf *b = loop && s->looping >= LOOP_MAX ? NULL : vnet_buf_alloc(len);

	if (!b)
		return -ENOBUFS;
	s->stack->copy(p, 0, b->frame, len);
	if (!loop)
		return wire_output(s, b, len);
	s->looped++;
	s->looped_bytes += len;
	frame_loop(s, shards[flow_of_ip(b->frame, len, nshards)], b, len);
	return 0;
}

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
	.alloc = kmalloc, .free = kfree, .now_ms = now_ms, .random = random_word, .fail = stack_broken, .output = stack_output,
	.consumed = frame_consumed, .configured = stack_configured, .accepted = tcp_accepted, .connected = tcp_connected,
	.data = tcp_data, .eof = tcp_eof, .acked = tcp_acked, .failed = tcp_failed, .gone = tcp_gone, .datagram = udp_datagram, .admits = tcp_admits,
	.unreachable = udp_unreachable,
};

/* ---- the thread */

static bool shard_has_work(struct shard *s)
{
	return s->due || s->arrived || s->loop_first || !mpsc_empty(&s->mail);
}

static void shard_thread(void *arg)
{
	struct shard *s = arg;

	for (;;) {
		if (s->arrived)
			shard_receive(s);
		shard_enter(s);
		if (s->due) {
			s->due = 0;
			s->timer_at = ~0ul;
		}
		shard_leave(s);
		core_window();
		errands_run(percore());
		if (percore()->resched)
			sched_yield_now();
		WAIT_KILLABLE_NOT(&s->wait, FOREVER, shard_has_work(s));
	}
}

static void shard_timer(struct timer *t)
{
	struct shard *s = container_of(t, struct shard, timer);

	s->due = 1;
	waitq_wake(&s->wait);
}

static void frames_arrived(void *ctx)
{
	struct shard *s = ctx;

	s->arrived = 1;
	errand_post(&s->receive);
}

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
	s->receive.run = receive_errand;
	s->timer_at = ~0ul;
	start.shard = s;
	if (nic)
		memcpy(start.mac, vnet_mac(nic), sizeof(start.mac));
	s->stack = window_open(id, node, &services, &start);
	s->thread = s->stack ? thread_new(NULL) : NULL;
	if (!s->thread)
		return NULL; /* what it has stays: the network will not be tried again */
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
		if (shards[i]->receives)
			vnet_listen(nic, shards[i]->pair, frames_arrived, shards[i]);
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
