/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* virtio network devices. See vnet.h; section numbers are those of virtio 1.1. */
#include "dev/vnet.h"

#include "arch/core.h"
#include "arch/mmu.h"
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"
#include "mem/slab.h"
#include "nr/sync/lock.h"

#define F_CSUM (1ul << 0)
#define F_MAC (1ul << 5)
#define HEADER_NEEDS_CSUM 1
#define RX_SIZE 256u
#define TX_SIZE 256u

struct vnet {
	struct lock lock;           /* the transmit queue: any core sends */
	struct virtq *rx, *tx;
	struct virtio_dev *dev;
	u32 core;
	u8 mac[6];
	void (*notify)(void *ctx);
	void *ctx;
	struct vnet_stat stat;
};

static struct vnet *first;

struct vnet *vnet_first(void) { return first; }
const u8 *vnet_mac(const struct vnet *v) { return v->mac; }
bool vnet_checksums(const struct vnet *v) { return v->dev->features & F_CSUM; }
unsigned vnet_pairs(const struct vnet *v) { (void)v; return 1; }
u32 vnet_core(const struct vnet *v, unsigned pair) { (void)pair; return v->core; }

void vnet_stats(const struct vnet *v, struct vnet_stat *out)
{
	*out = v->stat;
}

struct vnet_buf *vnet_buf_alloc(u32 len)
{
	struct vnet_buf *b = kmalloc(vnet_buf_size(len));

	if (b)
		memset(&b->header, 0, sizeof(b->header));
	return b;
}

void vnet_buf_free(struct vnet_buf *b) { kfree(b); }

/* ---- receiving: the receive queue is its core's alone */

static bool rx_offer(struct vnet *v, struct vnet_buf *b)
{
	struct virtq_seg seg = { virt_to_phys(&b->header), VNET_BUF - offsetof(struct vnet_buf, header) };

	return !virtq_add(v->rx, &seg, 0, 1, b);
}

static void rx_fill(struct vnet *v)
{
	struct vnet_buf *b;

	while (v->rx->nfree && (b = kmalloc(VNET_BUF)))
		if (!rx_offer(v, b)) {
			kfree(b);
			return;
		}
}

struct vnet_buf *vnet_receive(struct vnet *v, unsigned pair, u32 *len)
{
	struct vnet_buf *b = virtq_harvest(v->rx, len);

	(void)pair;
	if (!b)
		return NULL;
	if (v->rx->nfree >= RX_SIZE / 4) {
		rx_fill(v);
		virtio_kick(v->rx);
	}
	*len = MIN(*len, VNET_BUF - (u32)offsetof(struct vnet_buf, header));
	*len -= MIN(*len, VNET_HEADER_SIZE);
	v->stat.received++;
	v->stat.received_bytes += *len;
	return b;
}

bool vnet_wait(struct vnet *v, unsigned pair)
{
	(void)pair;
	rx_fill(v);
	virtio_kick(v->rx);
	return virtq_irq_on(v->rx);
}

static void vnet_interrupt(void *arg)
{
	struct vnet *v = arg;

	virtq_irq_off(v->rx);
	if (v->notify)
		v->notify(v->ctx);
}

void vnet_listen(struct vnet *v, void (*notify)(void *ctx), void *ctx)
{
	v->ctx = ctx;
	v->notify = notify;
}

/* ---- sending */

static void tx_reclaim(struct vnet *v)
{
	struct vnet_buf *b;

	while ((b = virtq_harvest(v->tx, NULL)))
		kfree(b);
}

int vnet_send(struct vnet *v, unsigned pair, struct vnet_buf *b, u32 len, u16 csum_start, u16 csum_offset)
{
	struct virtq_seg seg = { virt_to_phys(&b->header), VNET_HEADER_SIZE + len };
	int err;

	(void)pair;
	if (csum_start) {
		b->header.flags = HEADER_NEEDS_CSUM;
		b->header.csum_start = csum_start;
		b->header.csum_offset = csum_offset;
	}
	lock_acquire(&v->lock);
	if (v->tx->nfree < TX_SIZE / 2)
		tx_reclaim(v);
	err = virtq_add(v->tx, &seg, 1, 0, b);
	v->stat.sent += !err;
	v->stat.sent_bytes += err ? 0 : len;
	v->stat.dropped += err != 0;
	lock_release(&v->lock);
	if (err)
		kfree(b);
	return err;
}

void vnet_kick(struct vnet *v, unsigned pair)
{
	(void)pair;
	lock_acquire(&v->lock);
	virtio_kick(v->tx);
	lock_release(&v->lock);
}

/* ---- birth */

static int queues_make(struct vnet *v, struct virtio_dev *d)
{
	int err = virtio_irq(d, 0, v->core, vnet_interrupt, v);

	if (err)
		return err;
	v->rx = virtio_queue(d, 0, RX_SIZE, 0);
	v->tx = virtio_queue(d, 1, TX_SIZE, VIRTIO_NO_IRQ);
	return v->rx && v->tx ? 0 : -ENOMEM;
}

int vnet_probe(struct virtio_dev *d)
{
	struct vnet *v = kzalloc(sizeof(*v));
	int err = v ? virtio_features(d, F_CSUM | F_MAC) : -ENOMEM;

	if (!err) {
		lock_init(&v->lock);
		v->dev = d;
		v->core = core_id();
		err = queues_make(v, d);
	}
	if (err) {
		virtio_fail(d);
		kfree(v);
		return err;
	}
	virtio_config(d, 0, v->mac, sizeof(v->mac));
	virtio_ready(d);
	virtq_irq_off(v->rx); /* nobody listens yet: vnet_wait begins */
	if (!first)
		first = v;
	kprintf("network: %02x:%02x:%02x:%02x:%02x:%02x%s", v->mac[0], v->mac[1], v->mac[2], v->mac[3], v->mac[4], v->mac[5],
		vnet_checksums(v) ? ", checksums by the device" : "");
	return 0;
}
