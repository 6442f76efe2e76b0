/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Packets between the device, the shards and their stacks. A frame is in one buffer from the device to the stack, with its
 * notes (struct net_frame) in that buffer's owner area.
 *
 *   device --> frames_receive: sorted by owner --> mail of the owners, each visited once a batch --> stack
 *   stack  --> frames_output --+--> device (told of all at once, when the stack is left)
 *                              +--> this machine: the owner's mail, or the queue of the shard itself
 */
#include "base/string.h"
#include "net/shard.h"

#define RECEIVE_ROUNDS 4 /* batches until the shard's thread is asked to go on */
#define LOOP_MAX 4096   /* packets to this machine that wait on one shard */

static struct net_frame *frame_note(struct vnet_buf *b) { return (struct net_frame *)b->owner; }
static struct vnet_buf *frame_buf(struct net_frame *f) { return container_of((u8 (*)[VNET_OWNER])f, struct vnet_buf, owner); }

/* ---- into the stack */

u32 frames_loop(struct shard *s)
{
	u32 n = 0;

	for (; s->loop_first && n < SHARD_BATCH; n++) {
		struct net_frame *f = s->loop_first;

		s->loop_first = f->next;
		if (!f->next)
			s->loop_last = &s->loop_first;
		s->looping--;
		s->stack->input(f->room, frame_buf(f)->frame, f->len, PORT_LOOP);
	}
	return n;
}

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
	mpsc_push(&shard_of(owner)->mail, &frame_note_down(b, len, false)->msg.node);
	cpuset_add(owners, owner);
}

static void frame_to_all(struct shard *s, struct vnet_buf *b, u32 len, struct cpuset *owners)
{
	for (u32 i = 0; i < shards_count(); i++) {
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

	for (n = 0; n < SHARD_BATCH && (b = vnet_receive(s->nic, s->pair, &len)); n++) {
		owner = flow_of_frame(b->frame, len, shards_count());
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
void frames_receive(struct shard *s)
{
	struct cpuset owners = { 0 };
	u32 n = frames_sort(s, &owners);

	for (u32 word = 0; word < ARRAY_SIZE(owners.bit); word++)
		for (u64 left = owners.bit[word]; left; left &= left - 1)
			shard_visit(shard_of(word * 64 + __builtin_ctzl(left)));
	if (n < SHARD_BATCH)
		s->arrived = vnet_wait(s->nic, s->pair);
}

static void receive_errand(struct errand *e)
{
	struct shard *s = container_of(e, struct shard, receive);

	for (u32 i = 0; i < RECEIVE_ROUNDS && s->arrived; i++)
		frames_receive(s);
	if (s->arrived)
		waitq_wake(&s->wait);
}

static void frames_arrived(void *ctx)
{
	struct shard *s = ctx;

	s->arrived = 1;
	errand_post(&s->receive);
}

void frames_listen(struct shard *s)
{
	s->receive.run = receive_errand;
	if (s->receives)
		vnet_listen(s->nic, s->pair, frames_arrived, s);
}

/* ---- out of the stack */

void frames_consumed(void *room)
{
	vnet_buf_free(frame_buf(container_of((u8 (*)[PORT_ROOM])room, struct net_frame, room)));
}

static int wire_output(struct shard *s, struct vnet_buf *b, u32 len)
{
	u16 field = 0;
	u32 start = vnet_checksums(s->nic) ? flow_checksum_prepare(b->frame, len, &field) : 0;

	s->to_kick = true;
	return vnet_send(s->nic, s->pair, b, len, start, field);
}

int frames_output(void *shard, struct port_packet *p, u32 len, bool loop)
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
	frame_loop(s, shard_of(flow_of_ip(b->frame, len, shards_count())), b, len);
	return 0;
}

void frames_kick(struct shard *s)
{
	if (s->to_kick) {
		s->to_kick = false;
		vnet_kick(s->nic, s->pair);
	}
}
