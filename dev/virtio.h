/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio 1.x devices behind any transport (virtio 1.1; section 3.1 is the life below).
 *
 *   reset -> ACKNOWLEDGE|DRIVER -> virtio_features -> virtio_irq, virtio_queue (each queue) -> virtio_ready
 *                                        |                          |
 *                                        +--------> FAILED <--------+        virtio_reset goes back to the start
 *
 * A transport (PCI now, MMIO later) is a table of functions; a driver sees only this header and virtq.h.
 * Interrupts: a device has `nirqs` entries; virtio_irq gives one to a core and a handler, and any number of
 * queues may share it. A queue lives on the node of the core that its entry interrupts.
 * Boot-time calls (everything except virtio_kick and the config reads) run on core 0.
 */
#ifndef DEV_VIRTIO_H
#define DEV_VIRTIO_H

#include "base/types.h"
#include "dev/virtq.h"

enum { VIRTIO_ID_NET = 1, VIRTIO_ID_BLK = 2, VIRTIO_ID_CONSOLE = 3, VIRTIO_ID_RNG = 4 };

#define VIRTIO_F_EVENT_IDX (1ul << 29)
#define VIRTIO_F_VERSION_1 (1ul << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1ul << 33)

#define VIRTIO_NO_IRQ 0xffffu

struct virtio_dev;

struct virtio_transport {
	u64 (*offered)(struct virtio_dev *d);
	void (*accept)(struct virtio_dev *d, u64 features);
	u8 (*status)(struct virtio_dev *d);
	void (*set_status)(struct virtio_dev *d, u8 status);
	u8 (*config_read8)(struct virtio_dev *d, unsigned offset);
	u32 (*config_generation)(struct virtio_dev *d);
	int (*route)(struct virtio_dev *d, unsigned irq, u32 core, void (*handler)(void *), void *arg);
	unsigned (*queue_max)(struct virtio_dev *d, unsigned index);        /* 0: no such queue */
	int (*queue_start)(struct virtio_dev *d, struct virtq *q, unsigned irq); /* fills q->notify */
	void (*kick)(struct virtq *q);
};

struct virtio_dev {
	const struct virtio_transport *ops;
	u32 id;               /* VIRTIO_ID_* */
	u64 features;         /* agreed */
	unsigned nirqs;       /* interrupt entries of the transport */
	u32 irq_core[64];     /* where the first entries go; queues of later entries use node 0 */
	void *bus;            /* the transport's own */
};

/* All drivers, in dev/dev.c; ends with a NULL probe. */
struct virtio_driver { u32 id; int (*probe)(struct virtio_dev *d); };
extern const struct virtio_driver virtio_drivers[];

/* Starts the driver for d->id; the transports call it. 0: the driver owns `d`. -ENODEV: there is none. */
int virtio_probe(struct virtio_dev *d);

/* Reset, then agree on `wanted` (VERSION_1 and, where offered, EVENT_IDX and ACCESS_PLATFORM are implied).
 * 0, -ENODEV (not a 1.x device), -EIO (the device refused). d->features says what was agreed. */
int virtio_features(struct virtio_dev *d, u64 wanted);
/* Entry `irq` (below d->nirqs) interrupts `core`. 0 or -errno. */
int virtio_irq(struct virtio_dev *d, unsigned irq, u32 core, void (*handler)(void *), void *arg);
/* Queue `index` with at most `size` descriptors (rounded down to what the device has), interrupting through
 * `irq` or VIRTIO_NO_IRQ. NULL if there is no such queue or memory is out. */
struct virtq *virtio_queue(struct virtio_dev *d, unsigned index, unsigned size, unsigned irq);
void virtio_ready(struct virtio_dev *d);
void virtio_reset(struct virtio_dev *d);
void virtio_fail(struct virtio_dev *d);   /* FAILED: we give the device up */

/* Device-specific configuration (little endian), read whole between equal generations. */
void virtio_config(struct virtio_dev *d, unsigned offset, void *buf, size_t len);

/* Tells the device about added requests, if it wants to know. Any core, under the queue's lock. */
void virtio_kick(struct virtq *q);

#endif
