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
 * Frames take the same way, with no thread in it: a core that the device interrupts empties the receive queue on the way out
 * (kern/errand.h), each frame into the mail of the shard that owns its flow, and then visits each of those shards. So one
 * interrupt leads to one wake-up, the program's, mostly on this core. After RECEIVE_ROUNDS batches the thread goes on.
 *
 * A shard's thread, bound to its core, does what depends on time and what was left over, and sleeps while there is nothing.
 * A core is in one stack at most. Nothing exists before shards_start.
 */
#ifndef NET_SHARD_H
#define NET_SHARD_H

#include "dev/vnet.h"
#include "kern/errand.h"
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
	struct errand receive;      /* takes them; the core's */
	struct shard *inside;       /* whose stack this shard's core is in; the core's */
	bool to_kick;               /* frames went out since the device was last told */
	bool receives;              /* the device interrupts this core, for `pair` */
	struct vnet *nic;           /* or NULL; and the queues of it that the shard sends through */
	u32 pair;
	u32 looping;                /* packets to this machine that wait here */
	struct net_frame *loop_first, **loop_last;
	struct listen_group *listening; /* listen.c */
	struct sock *gone;          /* whose connections are over: their references drop when the stack is left */
	u64 frames_in, frames_forwarded; /* the core's */
	u64 messages, looped, looped_bytes;
	_Alignas(64) struct mpsc mail;
};

/* What this machine is called on the wire; network byte order; all 0: not yet. */
struct net_config { u32 ip, mask, gateway; };

/* Makes the shards, once; later calls only look. 0 or -ENOMEM. */
int shards_start(void);
extern struct shard **shards;  /* written by shards_start only */
extern u32 nshards;
static inline u32 shards_count(void) { return nshards; }
static inline struct shard *shard_of(u32 id) { return shards[id]; }
static inline struct shard *shard_here(void) { return shard_of(core_id()); }
struct shard *shard_inside(void); /* for what the stack calls: which one it is */
void net_config_get(struct net_config *out);

void shard_post(struct shard *s, struct net_msg *m);
long shard_call(struct shard *s, long (*fn)(struct shard *s, void *arg), void *arg);

/* ---- between shard.c, frames.c and shard_start.c */
#define SHARD_BATCH 64u /* frames and messages between two looks at the world */
void shard_visit(struct shard *s);              /* does what lies in its mail, or sees that it will be done */
void shard_thread(void *arg);
void shard_timer(struct timer *t);
u32 frames_loop(struct shard *s);               /* packets that wait here go into the stack: how many; the shard is entered */
void frames_receive(struct shard *s);           /* a batch from the device; only its core */
void frames_listen(struct shard *s);            /* the device may interrupt from now on */
void frames_kick(struct shard *s);              /* tells the device what it has to send */
int frames_output(void *shard, struct port_packet *p, u32 len, bool loop);
void frames_consumed(void *room);

#endif
