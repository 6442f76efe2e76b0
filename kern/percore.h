/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the kernel keeps per core. Only the owner touches it, except for the words marked "others": those are
 * how cores talk. Found through core_this()->kern.
 */
#ifndef KERN_PERCORE_H
#define KERN_PERCORE_H

#include <stdatomic.h>
#include "arch/core.h"
#include "base/queue.h"
#include "base/types.h"
#include "kern/fair.h"
#include "kern/timer.h"
#include "nr/nr.h"
#include "nr/sync/mpsc.h"
#include "nr/sync/pin.h"

struct thread;
struct space;
struct changes;
struct errand;

struct percore {
	struct nr_self nr;            /* this core's identity towards every nr instance */
	struct thread *current;       /* never NULL once the core is up */
	struct thread *idle;
	struct thread *reap;          /* a dead thread whose stack we just left */
	struct thread *parking;       /* a sleeper whose stack we just left: to be given free */
	struct errand *errands;       /* what interrupts left to do (kern/errand.h) */
	bool on_errand;               /* it is being done: current has no part in it */
	struct thread *moving;        /* a thread on its way to core moving_to, handed over by idle */
	u32 moving_to;
	struct fair runq;             /* RUNNABLE threads, without current (kern/runq.h) */
	u64 turn_began;               /* clock_ns: current's virtual time is charged until then */
	bool crowded;                 /* others were told that threads wait here (kern/place.c) */
	u32 resched;                  /* the slice is over; read on the way to ring 3 */
	u64 send_ns;                  /* what it takes this core to interrupt another: on average */
	u32 giving_way;               /* current is about to sleep and leave the core to whom it woke */
	u32 looks, look_at;           /* slices that ended with threads waiting; the core to look at next */
	u32 want_slice;               /* threads wait and no slice runs: start one on the way to ring 3 */
	u64 slice_end;                /* clock_ns; 0 without a tick */
	struct timer_base timers;
	u64 user_ns, system_ns, idle_ns, stamp; /* where time went since boot; stamp: last change */
	u32 sample_in, sample_gap;    /* calls until the next timed one, and how many it stands for (kern/account.h) */
	u64 switches, interrupts, faults, syscalls;
	u32 spare_blocks;             /* of the root volume, taken and not used yet (kern/volume.c) */
	u32 tree_uses, procs_uses;    /* of instances that have no replica on this node (kern/replica.h) */

	/* others */
	_Alignas(64) struct mpsc mailbox;       /* thread messages: wake, migrate (kern/sched.c) */
	_Atomic u32 mail;                       /* non-zero: look into the mailbox; core_idle watches it */
	_Atomic u32 idling;                     /* 1 while the core halts or is about to */
	_Atomic u32 thief;                      /* 1 + the id of an idle core that asks for work, 0 none */
	_Alignas(64) struct space *_Atomic loaded; /* whose page table this core may be walking */
	struct space *_Atomic parting;          /* the space it leaves, while CR3 still holds it */
	struct changes *_Atomic leaving;        /* the space whose range this core takes away (kern/changes.h) */
	_Atomic u64 leaving_start, leaving_end;
	_Atomic s64 resident;                   /* frames entered minus taken out there, for its count (kern/resident.h) */
	u64 loaded_epoch;                       /* of the space when it was loaded; this core only */
	_Alignas(64) struct pin copying;        /* the body whose page this core copies (kern/body_io.c) */
	_Alignas(64) _Atomic u64 flush_inbox[CORES_MAX / 64]; /* cores whose order waits for this one (kern/flush.c) */
	_Alignas(64) struct flush_order {
		u64 start, end;                 /* addresses to flush */
		_Atomic u32 waiting;            /* cores that have not yet */
	} flush;
};

static inline struct percore *percore(void) { return core_this()->kern; }
static inline struct percore *percore_of(u32 core) { return core_get(core)->kern; }
static inline struct thread *thread_current(void) { return percore()->current; }
static inline struct nr_self *nr_me(void) { return &percore()->nr; }

#endif
