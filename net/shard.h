/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Shards: one per core, each with its own instance of the stack and all flows that hash to it (net/flow.h). Who wants
 * something of a shard leaves a message and, if nobody is in its stack, goes in himself and does all that lies there;
 * else whoever is in does it before he leaves. So a segment that a program sends to a peer on this machine is in the
 * peer's buffer when send(2) returns, on whatever core, and no thread ran in between.
 *
 *   shard_post    anybody with interrupts off, any core, also from inside of a stack
 *   shard_call    the same, and waits for the result; may sleep
 *
 *   message -> mail --+-- nobody is inside: enter, mail in order, packets to this machine, timers, leave
 *                     +-- somebody is: after he has left he looks at the mail once more, and sends the thread
 *                     +-- this core is in another shard's stack: the thread is sent
 *
 * A shard's thread, bound to its core, takes frames of the network device whose interrupts come here, time, and what was
 * left over. It sleeps while there is none of these. A core is in one stack at most. Nothing exists before shards_start.
 */
#ifndef NET_SHARD_H
#define NET_SHARD_H

#include "dev/vnet.h"
#include "kern/thread.h"
#include "net/flow.h"
#include "nr/sync/mpsc.h"

struct sock;
struct shard;

struct net_msg {
	struct mpsc_node node;
	void (*run)(struct shard *s, struct net_msg *m);
};

/* Notes on a frame, in its buffer's owner area. */
struct net_frame {
	struct net_msg msg;
	struct net_frame *next;     /* in the shard's own queue */
	u32 len;
	bool loop;
	_Alignas(16) u8 room[PORT_ROOM];
};
_Static_assert(sizeof(struct net_frame) <= VNET_OWNER, "VNET_OWNER is too small");

struct shard {
	u32 id;                     /* of the shard and of its core */
	struct lock lock;           /* who is in the stack; all below but what is marked: his */
	const struct port_stack *stack;
	struct thread *thread;
	struct waitq wait;          /* the thread's; any */
	struct timer timer;
	u64 timer_at;               /* what it is set to, ns; ~0: nothing */
	volatile u32 due;           /* the timer fired; any */
	volatile u32 arrived;       /* the device has frames; the core's */
	struct shard *inside;       /* whose stack this shard's core is in; the core's */
	bool to_kick;               /* frames went out since the device was last told */
	bool receives;              /* the device interrupts this core, for `pair` */
	u32 pair;                   /* the device's queues that it sends through */
	u32 looping;                /* packets to this machine that wait here */
	struct net_frame *loop_first, **loop_last;
	struct listen_group *listening; /* listen.c */
	struct sock *gone;          /* whose connections are over: their references drop when the stack is left */
	u64 frames_in, frames_forwarded, messages, looped, looped_bytes;
	_Alignas(64) struct mpsc mail;
};

/* What this machine is called on the wire; network byte order; all 0: not yet. */
struct net_config { u32 ip, mask, gateway; };

/* Makes the shards, once; later calls only look. 0 or -ENOMEM. */
int shards_start(void);
u32 shards_count(void);
struct shard *shard_of(u32 id);
static inline struct shard *shard_here(void) { return shard_of(core_id()); }
struct shard *shard_inside(void); /* for what the stack calls: which one it is */
void net_config_get(struct net_config *out);

void shard_post(struct shard *s, struct net_msg *m);
long shard_call(struct shard *s, long (*fn)(struct shard *s, void *arg), void *arg);

#endif
