/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Shards: one per core, each with its own instance of the stack and all flows that hash to it (net/flow.h). Only its
 * core touches a shard; the kernel is not preemptible, so that needs no lock. Others send messages:
 *
 *   shard_post    anybody, any context: pushed into the shard's mailbox; on the shard's own core and outside of the
 *                 stack it simply runs now
 *   shard_call    the same, and waits for the result; may sleep
 *
 * A shard's thread, bound to its core, takes mail, frames of the network device whose interrupts come here, and time.
 * It sleeps while there is none of these. Nothing exists before shards_start.
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
	const struct port_stack *stack;
	struct thread *thread;
	struct waitq wait;
	struct timer timer;
	u64 timer_at;               /* what it is set to, ns; ~0: nothing */
	volatile u32 due;           /* the timer fired */
	volatile u32 arrived;       /* the device has frames */
	bool inside;                /* the stack is being called */
	bool to_kick;               /* frames went out since the device was last told */
	bool receives;              /* the device interrupts this core */
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
void net_config_get(struct net_config *out);

void shard_post(struct shard *s, struct net_msg *m);
long shard_call(struct shard *s, long (*fn)(struct shard *s, void *arg), void *arg);

#endif
