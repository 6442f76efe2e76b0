/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The virtio-console device: its queues, its ports, and the control conversation (virtio 1.1, 5.3.6.2):
 *
 *   we: DEVICE_READY  ->  host: PORT_ADD n ...
 *   we: PORT_READY n  ->  host: CONSOLE_PORT n (if one), PORT_NAME n, PORT_OPEN n 1 (if its side is open)
 *
 * The host drops a message when no control buffer is free, so PORT_READY is sent for one port at a time:
 * its answers are then at most three.
 */
#include "dev/vconsole_int.h"

#include "arch/clock.h"
#include "arch/core.h"
#include "arch/mmu.h"
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"
#include "mem/slab.h"

#define F_MULTIPORT (1ul << 1)
#define CONFIG_MAX_PORTS 4
#define QUEUE_SIZE 32u
#define SETTLE_NS 1000000000ul
enum { IRQ_CONTROL = 0, IRQ_DATA = 1 };

static struct vconsole *console; /* the first device; set once at boot */

static void slots_reclaim(struct vconsole *c)
{
	struct vcontrol *m;

	while ((m = virtq_harvest(c->control_out, NULL)))
		c->slot_free |= 1u << (m - c->slot);
}

void vconsole_send(struct vconsole *c, u32 port, u16 event, u16 value)
{
	u64 deadline = clock_ns() + SETTLE_NS;
	struct virtq_seg seg = { 0, sizeof(struct vcontrol) };
	struct vcontrol *m;

	if (!c->multiport)
		return;
	lock_acquire(&c->lock);
	for (slots_reclaim(c); !c->slot_free && clock_ns() < deadline; slots_reclaim(c))
		core_pause();
	if (c->slot_free) {
		m = &c->slot[__builtin_ctz(c->slot_free)];
		c->slot_free &= c->slot_free - 1;
		*m = (struct vcontrol){ port, event, value };
		seg.addr = virt_to_phys(m);
		virtq_add(c->control_out, &seg, 1, 0, m);
		virtio_kick(c->control_out);
	}
	lock_release(&c->lock);
}

static void message_offer(struct vconsole *c, u8 *buf)
{
	struct virtq_seg seg = { virt_to_phys(buf), CONTROL_BUF };

	virtq_add(c->control_in, &seg, 0, 1, buf);
}

/* Copies the next message out and gives its buffer back. Bytes, or 0 if there is none. */
static u32 message_take(struct vconsole *c, u8 *copy)
{
	u32 len = 0;
	u8 *buf;

	lock_acquire(&c->lock);
	slots_reclaim(c);
	buf = virtq_harvest(c->control_in, &len);
	if (buf) {
		len = MIN(len, (u32)CONTROL_BUF);
		memcpy(copy, buf, len);
		message_offer(c, buf);
		virtio_kick(c->control_in);
	}
	lock_release(&c->lock);
	return buf ? len : 0;
}

static void port_name(struct vport *p, const u8 *name, size_t len)
{
	len = MIN(len, (size_t)VPORT_NAME_MAX - 1);
	memcpy(p->name, name, len); /* a NUL may or may not come with it; the rest is zero */
	p->name[len] = 0;
}

static void port_add(struct vport *p)
{
	lock_acquire(&p->lock);
	p->present = p->announced = true;
	p->gone = p->connected = false;
	lock_release(&p->lock);
}

static void message_handle(struct vconsole *c, const u8 *message, u32 len)
{
	struct vcontrol m;
	struct vport *p;

	if (len < sizeof(m))
		return;
	memcpy(&m, message, sizeof(m));
	if (m.id >= c->nports)
		return;
	p = &c->port[m.id];
	switch (m.event) {
	case CTL_PORT_ADD:
		port_add(p);
		break;
	case CTL_PORT_REMOVE:
		vport_host(p, false, true);
		break;
	case CTL_CONSOLE_PORT:
		p->console = true;
		break;
	case CTL_PORT_OPEN:
		vport_host(p, m.value, false);
		break;
	case CTL_PORT_NAME:
		port_name(p, message + sizeof(m), len - sizeof(m));
		break;
	}
}

/* Handles what the host said; answers one new port. True if the conversation may go on. */
static bool control_pump(struct vconsole *c)
{
	u8 message[CONTROL_BUF];
	u32 len;

	while ((len = message_take(c, message)))
		message_handle(c, message, len);
	if (c->slot_free != ~0u) /* something we said is not read yet, so its answers are to come */
		return true;
	if (virtq_pending(c->control_in))
		return true;
	for (u32 i = 0; i < c->nports; i++) {
		if (!c->port[i].announced)
			continue;
		c->port[i].announced = false;
		vconsole_send(c, i, CTL_PORT_READY, 1);
		return true;
	}
	return false;
}

static void control_interrupt(void *arg)
{
	struct vconsole *c = arg;

	if (c->control_in)
		control_pump(c);
}

static void data_interrupt(void *arg)
{
	struct vconsole *c = arg;

	for (u32 i = 0; i < c->nports; i++)
		if (c->port[i].buffers)
			vport_interrupt(&c->port[i]);
}

/* With a single entry both kinds of queue share it. */
static void any_interrupt(void *arg)
{
	control_interrupt(arg);
	data_interrupt(arg);
}

static int irqs_route(struct vconsole *c, unsigned *data_irq)
{
	struct virtio_dev *d = c->virtio;
	int err;

	*data_irq = d->nirqs > 1 ? IRQ_DATA : IRQ_CONTROL;
	if (d->nirqs < 2)
		return virtio_irq(d, IRQ_CONTROL, core_id(), any_interrupt, c);
	err = virtio_irq(d, IRQ_CONTROL, core_id(), control_interrupt, c);
	return err ? err : virtio_irq(d, IRQ_DATA, core_id(), data_interrupt, c);
}

/* Port 0 has queues 0 and 1, the control queues are 2 and 3, port n has 2n+2 and 2n+3 (5.3.2). */
static int port_start(struct vconsole *c, u32 n, unsigned irq)
{
	struct vport *p = &c->port[n];
	unsigned base = n ? 2 * n + 2 : 0;

	p->nr = n;
	p->dev = c;
	lock_init(&p->lock);
	p->in = virtio_queue(c->virtio, base, QUEUE_SIZE, irq);
	p->out = virtio_queue(c->virtio, base + 1, QUEUE_SIZE, irq);
	if (!p->in || !p->out || p->in->size < VPORT_BUFS || p->out->size < VPORT_BUFS)
		return -ENOMEM;
	virtq_irq_off(p->out);
	return 0;
}

static int control_start(struct vconsole *c)
{
	c->messages = kzalloc(CONTROL_SLOTS * CONTROL_BUF);
	c->slot = kzalloc(CONTROL_SLOTS * sizeof(*c->slot));
	c->slot_free = ~0u;
	c->control_in = virtio_queue(c->virtio, 2, QUEUE_SIZE, IRQ_CONTROL);
	c->control_out = virtio_queue(c->virtio, 3, QUEUE_SIZE, IRQ_CONTROL);
	if (!c->messages || !c->slot || !c->control_in || !c->control_out || c->control_out->size < CONTROL_SLOTS)
		return -ENOMEM;
	for (u32 i = 0; i < c->control_in->size; i++)
		message_offer(c, c->messages + i * CONTROL_BUF);
	return 0;
}

static int queues_start(struct vconsole *c)
{
	unsigned data_irq;
	u32 max = 1;
	int err = irqs_route(c, &data_irq);

	if (c->multiport)
		virtio_config(c->virtio, CONFIG_MAX_PORTS, &max, sizeof(max));
	c->nports = MIN(MAX(max, 1u), (u32)VPORT_MAX);
	for (u32 i = 0; !err && i < c->nports; i++)
		err = port_start(c, i, data_irq);
	if (!err && c->multiport)
		err = control_start(c);
	return err;
}

/* Learns the ports and their names before anybody asks for them; later news comes by interrupt. */
static void settle(struct vconsole *c)
{
	u64 deadline = clock_ns() + SETTLE_NS;

	if (!c->multiport) {
		c->port[0].present = c->port[0].connected = c->port[0].console = true;
		return;
	}
	virtio_kick(c->control_in);
	vconsole_send(c, 0xffffffff, CTL_DEVICE_READY, 1);
	while (control_pump(c) && clock_ns() < deadline)
		core_pause();
}

int vconsole_probe(struct virtio_dev *d)
{
	struct vconsole *c;
	int err;

	if (console)
		return -EBUSY;
	c = kzalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->virtio = d;
	lock_init(&c->lock);
	err = virtio_features(d, F_MULTIPORT);
	c->multiport = d->features & F_MULTIPORT;
	if (!err)
		err = queues_start(c);
	if (err) { /* c stays: an interrupt entry may name it */
		c->nports = 0;
		virtio_fail(d);
		return err;
	}
	virtio_ready(d);
	console = c;
	settle(c);
	return 0;
}

struct vport *vport_get(unsigned n)
{
	return console && n < console->nports && console->port[n].present ? &console->port[n] : NULL;
}

unsigned vport_count(void)
{
	unsigned n = console ? console->nports : 0;

	while (n && !vport_get(n - 1))
		n--;
	return n;
}

struct vport *vport_find(const char *name)
{
	for (unsigned n = 0; n < vport_count(); n++) {
		struct vport *p = vport_get(n);

		if (p && strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}

const char *vport_name(const struct vport *p) { return p->name; }
unsigned vport_number(const struct vport *p) { return p->nr; }
bool vport_is_console(const struct vport *p) { return p->console; }

static bool all_drained(void)
{
	for (unsigned n = 0; n < vport_count(); n++) {
		struct vport *p = vport_get(n);

		if (p && p->buffers && p->connected && !vport_drained(p))
			return false;
	}
	return true;
}

void vconsole_drain(u64 timeout_ns)
{
	u64 deadline = clock_ns() + timeout_ns;

	while (!all_drained() && clock_ns() < deadline)
		core_pause();
}
