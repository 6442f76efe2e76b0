/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio-console with many ports (virtio 1.1, section 5.3): byte channels to the host, found by number and by
 * name. The tool's standard input, output, error and control are four of them.
 *
 * A port is a channel: one short lock, no sleeping; the file layer blocks and wakes. State, per port:
 *
 *   absent --PORT_ADD--> closed --vport_open--> open --vport_close--> closed        (the guest's half)
 *   connected <--PORT_OPEN 1/0 from the host--> disconnected                       (the host's half)
 *   any --PORT_REMOVE--> gone (reads 0, writes -ENODEV, polls HANGUP)
 *
 * Receive: VPORT_BUFS pages are offered to the host while the port is open; one goes back when it has been
 * read to its end. So an unread port holds the host back (no byte is lost, none is buffered without bound).
 * The host may send only after vport_open. End of file is "disconnected and nothing left to read".
 * Send: VPORT_BUFS pages of copies; a writer that finds none free gets -EAGAIN and a later notify.
 * Semantics of read, write and poll are those of Linux's drivers/char/virtio_console.c.
 */
#ifndef DEV_VCONSOLE_H
#define DEV_VCONSOLE_H

#include "base/types.h"

#define VPORT_MAX 32
#define VPORT_BUFS 8

struct vport;

/* One more than the highest port number. Only the first console device of a machine is driven. */
unsigned vport_count(void);
/* Port by number (QEMU's nr=), NULL if the host has none. Valid for ever once returned. */
struct vport *vport_get(unsigned n);
/* Port by the host's name for it, NULL if none. */
struct vport *vport_find(const char *name);
const char *vport_name(const struct vport *p); /* "" if it has none */
unsigned vport_number(const struct vport *p);
bool vport_is_console(const struct vport *p);  /* the host calls it a terminal (QEMU: virtconsole) */

/* notify(p, ctx) is called whenever the port may have become readable, writable, or hung up; from interrupt
 * context, on any core, with no lock held, possibly without reason. Set once, before the first open. */
void vport_listen(struct vport *p, void (*notify)(struct vport *p, void *ctx), void *ctx);

/* Tells the host that the guest listens. 0, -EBUSY (Linux: one opener at a time), -ENOMEM, -ENODEV. */
int vport_open(struct vport *p);
/* Tells the host, drops unread input; accepted output still goes out. */
void vport_close(struct vport *p);

/* Kernel memory only; neither sleeps. The port must be open.
 * read: bytes, 0 = end of file, -EAGAIN.
 * write: bytes accepted, -EAGAIN (no buffer free, or the host's side is not connected, as on Linux), -ENODEV (gone). */
long vport_read(struct vport *p, void *buf, size_t len);
long vport_write(struct vport *p, const void *buf, size_t len);

enum { VPORT_READABLE = 1, VPORT_WRITABLE = 2, VPORT_HANGUP = 4 };
/* READABLE: read would not say -EAGAIN (so also at end of file). */
unsigned vport_poll(struct vport *p);
/* True when the host has taken all accepted output. */
bool vport_drained(struct vport *p);
/* The driver's entry, called by virtio_probe at boot: finds the ports and their names before it returns. */
struct virtio_dev;
int vconsole_probe(struct virtio_dev *d);
/* Polls until every connected port is drained, at most timeout_ns. For power off. */
void vconsole_drain(u64 timeout_ns);

#endif
