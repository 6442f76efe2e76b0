/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A split virtqueue, the driver's side (virtio 1.1, section 2.6). Pure ring arithmetic over memory that a
 * device shares: no allocation, no locks, no registers; so it runs unchanged in a host test against a model device.
 *
 * A queue has `size` descriptors (a power of two). A request takes one descriptor per segment, chained:
 * first the segments the device reads, then those it writes.
 *
 *   free --virtq_add--> offered --device--> used --virtq_harvest--> free
 *
 *   virtq_add       O(segments)
 *   virtq_harvest   O(segments of the request)
 *   invariant: free descriptors + descriptors of requests in flight = size (virtq_check)
 *
 * One owner at a time: the driver holds its own lock around every call.
 */
#ifndef DEV_VIRTQ_H
#define DEV_VIRTQ_H

#include "base/types.h"

#define VIRTQ_MAX 1024

struct virtq_desc { u64 addr; u32 len; u16 flags, next; };
struct virtq_avail { u16 flags, idx, ring[]; };            /* then u16 used_event */
struct virtq_used_elem { u32 id, len; };
struct virtq_used { u16 flags, idx; struct virtq_used_elem ring[]; }; /* then u16 avail_event */

/* A piece of physically contiguous memory. */
struct virtq_seg { u64 addr; u32 len; };

struct virtq {
	u16 size, index;       /* index: its number at the device */
	u16 nfree, free_head;  /* free descriptors, chained by `next` */
	u16 avail_idx;         /* what we put into avail->idx; free-running */
	u16 kicked_idx;        /* avail_idx at the last virtq_kick_wanted */
	u16 used_idx;          /* next entry of used->ring to look at; free-running */
	bool event_idx;        /* VIRTIO_F_EVENT_IDX was negotiated */
	bool irq_on;
	bool broken;           /* the device answered nonsense: no more requests come back */
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	void **token;          /* per head descriptor: what harvest returns; NULL = not a head in flight */
	u64 desc_phys, avail_phys, used_phys;
	void *notify;          /* the transport's doorbell */
	struct virtio_dev *dev;
};

/* Bytes of shared memory for a queue of this size, and of token memory. */
size_t virtq_bytes(unsigned size);
/* `mem` (zeroed, 16-byte aligned, virtq_bytes long) at physical address `phys`; `token`: size pointers, zeroed. */
void virtq_setup(struct virtq *q, unsigned size, void *mem, u64 phys, void **token, bool event_idx);

/* Offers a request of nout segments for the device to read and nin to write, at least one in all.
 * `token` (not NULL) comes back from harvest. 0, -ENOSPC, or -EIO when the queue is broken. */
int virtq_add(struct virtq *q, const struct virtq_seg *seg, unsigned nout, unsigned nin, void *token);
/* True if the device asked to be told about what was added since the last call. */
bool virtq_kick_wanted(struct virtq *q);
/* The next finished request's token and, if len is not NULL, the bytes the device wrote; NULL if none. */
void *virtq_harvest(struct virtq *q, u32 *len);
bool virtq_pending(const struct virtq *q); /* harvest would return something */

/* Interrupts for this queue are a hint to the device. irq_on returns true if a request finished meanwhile:
 * then no interrupt may come, and the caller harvests. */
void virtq_irq_off(struct virtq *q);
bool virtq_irq_on(struct virtq *q);

/* Panics if the invariant is broken. O(size). */
void virtq_check(const struct virtq *q);

#endif
