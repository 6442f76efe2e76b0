/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio-console ports against a model host that lives behind the transport table: it announces ports, takes
 * and gives bytes, opens, closes and removes its half, and interrupts exactly when the driver asked for it.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/clock.h"
#include "arch/core.h"
#include "base/errno.h"
#include "base/print.h"
#include "dev/vconsole_int.h"
#include "mem/frame.h"
#include "mem/slab.h"
#include "nr/port.h"
#include "test/dev/machine.h"
#include "test/tap.h"

#define PORTS 5u
#define QUEUES (2 * PORTS + 2)
#define QUEUE_MAX 64u

static struct {
	struct virtq *q[QUEUES];
	u16 seen[QUEUES];
	unsigned irq[QUEUES];
	void (*handler[2])(void *);
	void *arg[2];
	bool pending[2];
	bool multiport;
	u8 status;
	bool guest_open[PORTS], taking[PORTS];
	u8 taken[PORTS][1 << 20];
	size_t ntaken[PORTS];
	unsigned dropped;   /* control messages without a buffer */
	unsigned ready;     /* PORT_READY seen */
} host;

/* The device's side of a queue. */
static bool model_pop(unsigned n, u16 *head)
{
	struct virtq *q = host.q[n];

	if (host.seen[n] == q->avail->idx)
		return false;
	*head = q->avail->ring[host.seen[n]++ % q->size];
	((u16 *)&q->used->ring[q->size])[0] = host.seen[n];
	return true;
}

static void model_push(unsigned n, u16 head, u32 len)
{
	struct virtq *q = host.q[n];
	u16 old = q->used->idx;

	q->used->ring[old % q->size] = (struct virtq_used_elem){ head, len };
	q->used->idx = old + 1;
	if (q->avail->ring[q->size] == old && host.irq[n] != VIRTIO_NO_IRQ)
		host.pending[host.irq[n]] = true;
}

static void interrupts_run(void)
{
	for (unsigned i = 0; i < 2; i++) {
		if (!host.pending[i])
			continue;
		host.pending[i] = false;
		host.handler[i](host.arg[i]);
	}
}

static unsigned in_queue(unsigned port) { return port ? 2 * port + 2 : 0; }

static void host_says(u32 port, u16 event, u16 value, const char *name)
{
	struct vcontrol m = { port, event, value };
	size_t len = sizeof(m) + (name ? strlen(name) + 1 : 0);
	u16 head;
	u8 *to;

	if (!model_pop(2, &head)) {
		host.dropped++;
		return;
	}
	to = phys_to_virt(host.q[2]->desc[head].addr);
	memcpy(to, &m, sizeof(m));
	if (name)
		memcpy(to + sizeof(m), name, strlen(name) + 1);
	model_push(2, head, len);
}

static void host_hears(const struct vcontrol *m)
{
	static const char *const names[PORTS] = { NULL, "nros.stdin", "nros.stdout", NULL, "a.port" };

	if (m->event == CTL_DEVICE_READY) {
		for (unsigned p = 1; p < PORTS; p++)
			if (p != 3)
				host_says(p, CTL_PORT_ADD, 1, NULL);
	} else if (m->event == CTL_PORT_READY) {
		host.ready++;
		if (m->id == 4)
			host_says(4, CTL_CONSOLE_PORT, 1, NULL);
		if (names[m->id])
			host_says(m->id, CTL_PORT_NAME, 1, names[m->id]);
		if (m->id != 4)
			host_says(m->id, CTL_PORT_OPEN, 1, NULL);
	} else if (m->event == CTL_PORT_OPEN) {
		host.guest_open[m->id] = m->value;
	}
}

static void host_takes(unsigned port)
{
	struct virtq_desc *d;
	u16 head;

	while (host.taking[port] && model_pop(in_queue(port) + 1, &head)) {
		d = &host.q[in_queue(port) + 1]->desc[head];
		memcpy(host.taken[port] + host.ntaken[port], phys_to_virt(d->addr), d->len);
		host.ntaken[port] += d->len;
		model_push(in_queue(port) + 1, head, 0);
	}
}

/* Bytes that fit into the buffers that the guest offered. */
static size_t host_sends(unsigned port, const u8 *bytes, size_t len)
{
	size_t n = 0;
	u16 head;

	while (n < len && host.guest_open[port] && model_pop(in_queue(port), &head)) {
		struct virtq_desc *d = &host.q[in_queue(port)]->desc[head];
		u32 part = MIN(len - n, (size_t)d->len);

		memcpy(phys_to_virt(d->addr), bytes + n, part);
		model_push(in_queue(port), head, part);
		n += part;
	}
	return n;
}

static void model_kick(struct virtq *q)
{
	u16 head;

	if (q->index == 3)
		while (model_pop(3, &head)) {
			host_hears(phys_to_virt(q->desc[head].addr));
			model_push(3, head, 0);
		}
	for (unsigned p = 0; p < PORTS; p++)
		if (q->index == in_queue(p) + 1)
			host_takes(p);
}

static u64 model_offered(struct virtio_dev *d)
{
	(void)d;
	return VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | (host.multiport ? 2 : 0) | 1ul << 50;
}
static void model_accept(struct virtio_dev *d, u64 features) { (void)d; kassert(!(features & 1ul << 50)); }
static u8 model_status(struct virtio_dev *d) { (void)d; return host.status; }
static void model_set_status(struct virtio_dev *d, u8 status) { (void)d; host.status = status; }
static u8 model_config(struct virtio_dev *d, unsigned offset) { (void)d; return offset == 4 ? PORTS : 0; }
static u32 model_generation(struct virtio_dev *d) { (void)d; return 0; }
static unsigned model_queue_max(struct virtio_dev *d, unsigned n) { (void)d; return n < QUEUES ? QUEUE_MAX : 0; }
static int model_route(struct virtio_dev *d, unsigned irq, u32 core, void (*handler)(void *), void *arg)
{
	(void)d, (void)core;
	host.handler[irq] = handler;
	host.arg[irq] = arg;
	return 0;
}
static int model_queue_start(struct virtio_dev *d, struct virtq *q, unsigned irq)
{
	(void)d;
	host.q[q->index] = q;
	host.irq[q->index] = irq;
	return 0;
}
static const struct virtio_transport model = {
	.offered = model_offered, .accept = model_accept, .status = model_status, .set_status = model_set_status,
	.config_read8 = model_config, .config_generation = model_generation, .route = model_route,
	.queue_max = model_queue_max, .queue_start = model_queue_start, .kick = model_kick,
};

const struct virtio_driver virtio_drivers[] = { { VIRTIO_ID_CONSOLE, vconsole_probe }, { 0, NULL } };

static unsigned notified[PORTS];
static void on_notify(struct vport *p, void *ctx)
{
	kassert(ctx == &host && !lock_held(&p->lock));
	notified[vport_number(p)]++;
}

static u8 pattern(size_t i) { return i * 31 ^ i >> 8; }

static void discovery(void)
{
	static struct virtio_dev d = { .ops = &model, .id = VIRTIO_ID_CONSOLE, .nirqs = 2 };

	host.multiport = true;
	ok(virtio_probe(&d) == 0 && host.status == 15, "the device starts");
	ok(vport_count() == PORTS && host.ready == 3, "the ports are known when the probe returns");
	ok(!vport_get(0) && !vport_get(3) && !vport_get(PORTS) && vport_get(1), "absent ports are absent");
	ok(vport_find("nros.stdout") == vport_get(2) && !vport_find("nros"), "ports by name");
	ok(vport_is_console(vport_get(4)) && !vport_is_console(vport_get(1)), "a console port is told");
	ok(host.dropped == 0, "no control message was lost");
	ok(virtio_probe(&d) == -EBUSY, "one device only");
}

static void opening(void)
{
	struct vport *p = vport_get(1);

	vport_listen(p, on_notify, &host);
	ok(host_sends(1, (const u8 *)"x", 1) == 0, "the host cannot send before we open");
	ok(vport_open(p) == 0 && host.guest_open[1], "open tells the host");
	ok(vport_open(p) == -EBUSY, "one opener at a time");
	ok(vport_poll(p) == VPORT_WRITABLE, "connected, empty: writable");
}

static void receiving(void)
{
	static u8 data[100000], got[100000];
	struct vport *p = vport_get(1);
	size_t sent, read = 0;
	u8 c;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = pattern(i);
	ok(vport_read(p, &c, 1) == -EAGAIN, "nothing to read");
	sent = host_sends(1, data, sizeof(data));
	interrupts_run();
	ok(sent == VPORT_BUFS * PAGE_SIZE && notified[1] == 1, "the host is held back after %d pages", VPORT_BUFS);
	ok(vport_poll(p) & VPORT_READABLE, "readable");
	ok(vport_read(p, got, 0) == 0, "reading nothing gives nothing");
	while (read < sizeof(got)) {
		long n = vport_read(p, got + read, MIN(sizeof(got) - read, (size_t)random() % 9000 + 1));

		if (n <= 0)
			break;
		read += n;
		sent += host_sends(1, data + sent, sizeof(data) - sent);
	}
	ok(read == sizeof(got) && memcmp(got, data, read) == 0, "100000 bytes arrive in order");
	interrupts_run();
	notified[1] = 0;
	ok(vport_read(p, &c, 1) == -EAGAIN, "and no more");
	host_sends(1, data, 1);
	interrupts_run();
	ok(notified[1] == 1 && vport_read(p, &c, 1) == 1, "a byte for a waiting reader notifies");
}

static void end_of_file(void)
{
	struct vport *p = vport_get(1);
	u8 buf[8];

	host_sends(1, (const u8 *)"last", 4);
	host_says(1, CTL_PORT_OPEN, 0, NULL);
	notified[1] = 0;
	interrupts_run();
	ok(notified[1] > 0, "the host's closing notifies");
	ok(vport_poll(p) == (VPORT_HANGUP | VPORT_READABLE), "hangup, readable");
	ok(vport_read(p, buf, 2) == 2 && vport_read(p, buf + 2, 6) == 2 && !memcmp(buf, "last", 4),
	   "what came before the end is read first");
	ok(vport_read(p, buf, 8) == 0 && vport_read(p, buf, 8) == 0, "then end of file, for ever");
	ok(vport_write(p, "x", 1) == -EAGAIN, "no write while the host is away (as Linux)");
	host_says(1, CTL_PORT_OPEN, 1, NULL);
	interrupts_run();
	ok(vport_poll(p) == VPORT_WRITABLE && vport_read(p, buf, 8) == -EAGAIN, "the host comes back");
	for (unsigned i = 0; i < 101; i++) {
		host_says(1, CTL_PORT_OPEN, i & 1, NULL);
		interrupts_run();
	}
	ok(host.dropped == 0 && (vport_poll(p) & VPORT_HANGUP), "a hundred comings and goings, no message lost");
	host_says(1, CTL_PORT_OPEN, 1, NULL);
	interrupts_run();
}

static void closing(void)
{
	struct vport *p = vport_get(1);
	u8 c;

	host_sends(1, (const u8 *)"unread", 6);
	vport_close(p);
	ok(!host.guest_open[1], "close tells the host");
	ok(vport_open(p) == 0 && vport_read(p, &c, 1) == -EAGAIN, "unread input is gone at the next open");
	ok(host_sends(1, host.taken[0], 100000) == VPORT_BUFS * PAGE_SIZE, "and its buffers are offered again");
	vport_close(p);
	vport_open(p);
}

static void sending(void)
{
	static u8 data[200000];
	struct vport *p = vport_get(2);
	size_t written = 0;
	unsigned stalls = 0;
	long n;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = pattern(i + 7);
	vport_listen(p, on_notify, &host);
	vport_open(p);
	n = vport_write(p, data, sizeof(data));
	ok(n == VPORT_BUFS * (long)PAGE_SIZE, "a host that takes nothing gets %d pages", VPORT_BUFS);
	ok(vport_write(p, data, 1) == -EAGAIN && vport_poll(p) == 0 && !vport_drained(p), "then the writer waits");
	notified[2] = 0;
	for (written = n; written < sizeof(data);) {
		n = vport_write(p, data + written, MIN(sizeof(data) - written, (size_t)random() % 9000 + 1));
		if (n > 0) {
			written += n;
			continue;
		}
		host.taking[2] = true;
		host_takes(2);
		host.taking[2] = false;
		interrupts_run();
		stalls++;
	}
	ok(notified[2] == stalls && stalls, "each stall ends with one notify (%u)", stalls);
	host.taking[2] = true;
	host_takes(2);
	ok(vport_drained(p) && host.ntaken[2] == sizeof(data) && !memcmp(host.taken[2], data, sizeof(data)),
	   "200000 bytes leave in order");
	for (unsigned i = 0; i < 70000; i++)
		n = vport_write(p, "y", 1);
	ok(n == 1 && host.ntaken[2] == sizeof(data) + 70000 && !host.pending[1],
	   "small writes to a quick host need no interrupt");
	virtq_check(p->out);
	virtq_check(p->in);
}

static void removal(void)
{
	struct vport *p = vport_get(4);
	u8 c;

	vport_listen(p, on_notify, &host);
	ok(vport_open(p) == 0 && vport_poll(p) == (VPORT_HANGUP | VPORT_READABLE), "a port whose host side is closed");
	ok(vport_read(p, &c, 1) == 0, "reads end of file");
	host_says(4, CTL_PORT_REMOVE, 1, NULL);
	host_says(77, CTL_PORT_ADD, 1, NULL);
	host_says(4, 99, 1, NULL);
	interrupts_run();
	ok(vport_write(p, "x", 1) == -ENODEV && vport_read(p, &c, 1) == 0, "a removed port");
	ok(vport_count() == PORTS, "nonsense from the host is ignored");
	vport_close(p);
	ok(vport_open(p) == -ENODEV, "and cannot be opened again");
}

int main(void)
{
	machine_enter(0);
	discovery();
	opening();
	receiving();
	end_of_file();
	closing();
	sending();
	removal();
	return tap_end();
}
