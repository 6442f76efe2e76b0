/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What vconsole.c (the device and its control queue) and vport.c (the bytes) share.
 *
 * Locks: the device's `lock` guards the control queues, a port's `lock` everything in the port and its two
 * queues. Neither is held while the other is taken, nor across a notify.
 */
#ifndef DEV_VCONSOLE_INT_H
#define DEV_VCONSOLE_INT_H

#include "dev/vconsole.h"
#include "dev/virtio.h"
#include "nr/sync/lock.h"

#define VPORT_NAME_MAX 64
#define CONTROL_SLOTS 32
#define CONTROL_BUF 128 /* the 8-byte head and a name */

/* Control message (5.3.6.2), little endian; PORT_NAME is followed by the name. */
struct vcontrol { u32 id; u16 event, value; };
enum {
	CTL_DEVICE_READY = 0, CTL_PORT_ADD = 1, CTL_PORT_REMOVE = 2, CTL_PORT_READY = 3, CTL_CONSOLE_PORT = 4,
	CTL_RESIZE = 5, CTL_PORT_OPEN = 6, CTL_PORT_NAME = 7,
};

struct vport {
	struct lock lock;
	u32 nr;
	bool present;      /* the host announced it */
	bool announced;    /* and waits for our PORT_READY */
	bool gone;         /* and took it away */
	bool connected;    /* the host's half is open */
	bool open;         /* ours is */
	bool console;
	struct virtq *in, *out;
	u8 *rx;            /* the buffer being read, NULL if none; all others are offered to the host */
	u32 rx_at, rx_len;
	u8 *tx[VPORT_BUFS]; /* free buffers, a stack */
	u32 tx_free;
	bool buffers;      /* allocated: at first open, kept */
	void (*notify)(struct vport *p, void *ctx);
	void *ctx;
	struct vconsole *dev;
	char name[VPORT_NAME_MAX];
};

struct vconsole {
	struct virtio_dev *virtio;
	bool multiport;
	u32 nports;
	struct lock lock;
	struct virtq *control_in, *control_out; /* NULL without multiport */
	u8 *messages;                           /* CONTROL_SLOTS buffers for control_in */
	struct vcontrol *slot;                  /* CONTROL_SLOTS messages for control_out */
	u32 slot_free;                          /* bit per slot */
	struct vport port[VPORT_MAX];
};

/* Sends a control message; returns without waiting for the host. */
void vconsole_send(struct vconsole *c, u32 port, u16 event, u16 value);
/* The host opened or closed its half, or took the port away. Notifies. */
void vport_host(struct vport *p, bool connected, bool gone);
/* A queue of the port interrupted (or may have). Notifies if there is something to do. */
void vport_interrupt(struct vport *p);
void vport_wake(struct vport *p);

#endif
