/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bytes of a virtio-console port. See vconsole.h.
 *
 * A receive buffer is a page, and always in one of two places: offered to the host (the queue's token), or
 * being read (p->rx). Data stays in the used ring until somebody reads; that is the back-pressure.
 * A send buffer is a page, either free (p->tx) or on its way (the queue's token).
 */
#include "arch/clock.h"
#include "arch/core.h"
#include "arch/mmu.h"
#include "base/errno.h"
#include "base/string.h"
#include "dev/vconsole_int.h"
#include "mem/frame.h"

void vport_wake(struct vport *p)
{
	if (p->notify)
		p->notify(p, p->ctx);
}

void vport_listen(struct vport *p, void (*notify)(struct vport *p, void *ctx), void *ctx)
{
	lock_acquire(&p->lock);
	p->ctx = ctx;
	p->notify = notify;
	lock_release(&p->lock);
}

static void rx_offer(struct vport *p, u8 *page)
{
	struct virtq_seg seg = { virt_to_phys(page), PAGE_SIZE };

	virtq_add(p->in, &seg, 0, 1, page); /* has room: the queue is no shorter than the number of buffers */
}

/* Makes p->rx the next buffer with bytes, if there is one. */
static bool rx_next(struct vport *p)
{
	while (!p->rx) {
		u32 len;
		u8 *page = virtq_harvest(p->in, &len);

		if (!page)
			return false;
		if (len == 0) {
			rx_offer(p, page);
			continue;
		}
		p->rx = page;
		p->rx_at = 0;
		p->rx_len = MIN(len, (u32)PAGE_SIZE);
	}
	return true;
}

static void rx_done(struct vport *p)
{
	u8 *page = p->rx;

	p->rx = NULL;
	rx_offer(p, page);
}

static size_t rx_copy(struct vport *p, u8 *buf, size_t len)
{
	size_t n = 0;

	while (n < len && rx_next(p)) {
		size_t part = MIN(len - n, (size_t)(p->rx_len - p->rx_at));

		memcpy(buf + n, p->rx + p->rx_at, part);
		n += part;
		p->rx_at += part;
		if (p->rx_at == p->rx_len)
			rx_done(p);
	}
	return n;
}

static void tx_reclaim(struct vport *p)
{
	u8 *page;

	while ((page = virtq_harvest(p->out, NULL)))
		p->tx[p->tx_free++] = page;
}

/* True if a buffer is free; if not, an interrupt will tell when one is. */
static bool tx_room(struct vport *p)
{
	tx_reclaim(p);
	if (!p->tx_free && virtq_irq_on(p->out))
		tx_reclaim(p);
	if (p->tx_free)
		virtq_irq_off(p->out);
	return p->tx_free;
}

static size_t tx_copy(struct vport *p, const u8 *buf, size_t len)
{
	size_t n = 0;

	while (n < len && tx_room(p)) {
		u8 *page = p->tx[p->tx_free - 1];
		struct virtq_seg seg = { virt_to_phys(page), MIN(len - n, PAGE_SIZE) };

		memcpy(page, buf + n, seg.len);
		if (virtq_add(p->out, &seg, 1, 0, page))
			break;
		p->tx_free--;
		n += seg.len;
	}
	return n;
}

/* Pages for both directions, all or none. */
static int buffers_alloc(struct vport *p)
{
	u32 node = core_node();
	paddr_t page[2 * VPORT_BUFS];

	for (unsigned i = 0; i < 2 * VPORT_BUFS; i++) {
		page[i] = frame_alloc(node);
		if (page[i])
			continue;
		while (i--)
			frame_put(page[i]);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < VPORT_BUFS; i++) {
		rx_offer(p, phys_to_virt(page[i]));
		p->tx[p->tx_free++] = phys_to_virt(page[VPORT_BUFS + i]);
	}
	p->buffers = true;
	virtio_kick(p->in);
	return 0;
}

int vport_open(struct vport *p)
{
	int err = 0;

	lock_acquire(&p->lock);
	if (p->gone)
		err = -ENODEV;
	else if (p->open)
		err = -EBUSY;
	else if (!p->buffers)
		err = buffers_alloc(p);
	if (!err)
		p->open = true;
	lock_release(&p->lock);
	if (!err)
		vconsole_send(p->dev, p->nr, CTL_PORT_OPEN, 1);
	return err;
}

void vport_close(struct vport *p)
{
	vconsole_send(p->dev, p->nr, CTL_PORT_OPEN, 0);
	lock_acquire(&p->lock);
	while (rx_next(p))
		rx_done(p);
	virtio_kick(p->in);
	p->open = false;
	lock_release(&p->lock);
}

long vport_read(struct vport *p, void *buf, size_t len)
{
	long n;

	lock_acquire(&p->lock);
	n = rx_copy(p, buf, len);
	if (n)
		virtio_kick(p->in);
	else if (len && p->connected && !p->gone)
		n = -EAGAIN;
	lock_release(&p->lock);
	return n;
}

long vport_write(struct vport *p, const void *buf, size_t len)
{
	long n;

	lock_acquire(&p->lock);
	if (p->gone) {
		n = -ENODEV;
	} else if (!p->connected) {
		n = -EAGAIN;
	} else {
		n = tx_copy(p, buf, len);
		if (n)
			virtio_kick(p->out);
		else if (len)
			n = -EAGAIN;
	}
	lock_release(&p->lock);
	return n;
}

unsigned vport_poll(struct vport *p)
{
	unsigned state = 0;

	lock_acquire(&p->lock);
	if (!p->connected || p->gone)
		state |= VPORT_HANGUP | VPORT_READABLE;
	else if (tx_room(p))
		state |= VPORT_WRITABLE;
	if (rx_next(p))
		state |= VPORT_READABLE;
	lock_release(&p->lock);
	return state;
}

bool vport_drained(struct vport *p)
{
	bool drained;

	lock_acquire(&p->lock);
	tx_reclaim(p);
	drained = p->out->nfree == p->out->size || p->out->broken || p->gone;
	lock_release(&p->lock);
	return drained;
}

void vport_interrupt(struct vport *p)
{
	bool wake;

	lock_acquire(&p->lock);
	wake = virtq_pending(p->in);
	if (p->out->irq_on && virtq_pending(p->out)) {
		tx_room(p);
		wake = true;
	}
	wake = wake && p->open;
	lock_release(&p->lock);
	if (wake)
		vport_wake(p);
}

void vport_host(struct vport *p, bool connected, bool gone)
{
	lock_acquire(&p->lock);
	p->connected = connected;
	p->gone = gone;
	lock_release(&p->lock);
	vport_wake(p);
}
