/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* virtio network devices. See vnet.h; section numbers are those of virtio 1.1. */
#include "dev/vnet.h"

#include "arch/clock.h"
#include "arch/core.h"
#include "arch/mmu.h"
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"
#include "mem/slab.h"
#include "nr/sync/lock.h"

#define F_CSUM (1ul << 0)
#define F_GUEST_CSUM (1ul << 1)
#define F_MAC (1ul << 5)
#define F_CTRL_VQ (1ul << 17)
#define F_MQ (1ul << 22)
#define HEADER_NEEDS_CSUM 1
#define HEADER_DATA_VALID 2
#define CONFIG_MAX_PAIRS 8
#define CLASS_MQ 4          /* its command 0: use so many pairs */
#define PATIENCE 1000000000ul
#define RX_SIZE 256u
#define TX_SIZE 256u

struct vnet_pair {
	struct lock lock;           /* the transmit queue, where several cores send through it */
	struct virtq *rx, *tx;
	struct vnet *vnet;
	void (*notify)(void *ctx);
	void *ctx;
	struct vnet_stat stat;      /* received: the core's; sent, dropped: with the transmit queue */
} __attribute__((aligned(64)));

struct vnet {
	struct virtio_dev *dev;
	struct vnet_pair *pair;
	u32 pairs, cores;
	bool shared;                /* fewer pairs than cores */
	u8 mac[6];
};

static struct vnet *first;

struct vnet *vnet_first(void) { return first; }
const u8 *vnet_mac(const struct vnet *v) { return v->mac; }
bool vnet_checksums(const struct vnet *v) { return v->dev->features & F_CSUM; }
bool vnet_checked(const struct vnet_buf *b) { return b->header.flags & (HEADER_NEEDS_CSUM | HEADER_DATA_VALID); }
unsigned vnet_pairs(const struct vnet *v) { return v->pairs; }

/* Pairs are spread evenly: each is the first core's of those that send through it. */
unsigned vnet_pair_of(const struct vnet *v, u32 core) { return (u64)core * v->pairs / v->cores; }
u32 vnet_core(const struct vnet *v, unsigned pair) { return ((u64)pair * v->cores + v->pairs - 1) / v->pairs; }

void vnet_pair_stats(const struct vnet *v, unsigned pair, struct vnet_stat *out) { *out = v->pair[pair].stat; }

void vnet_stats(const struct vnet *v, struct vnet_stat *out)
{
	*out = (struct vnet_stat){ 0 };
	for (u32 i = 0; i < v->pairs; i++) {
		const struct vnet_stat *s = &v->pair[i].stat;

		out->received += s->received;
		out->received_bytes += s->received_bytes;
		out->sent += s->sent;
		out->sent_bytes += s->sent_bytes;
		out->dropped += s->dropped;
	}
}

struct vnet_buf *vnet_buf_alloc(u32 len)
{
	struct vnet_buf *b = kmalloc(vnet_buf_size(len));

	if (b)
		memset(&b->header, 0, sizeof(b->header));
	return b;
}

void vnet_buf_free(struct vnet_buf *b) { kfree(b); }

/* ---- receiving: a receive queue is its core's alone */

static bool rx_offer(struct vnet_pair *p, struct vnet_buf *b)
{
	struct virtq_seg seg = { virt_to_phys(&b->header), VNET_BUF - offsetof(struct vnet_buf, header) };

	return !virtq_add(p->rx, &seg, 0, 1, b);
}

static void rx_fill(struct vnet_pair *p)
{
	struct vnet_buf *b;

	while (p->rx->nfree && (b = kmalloc(VNET_BUF)))
		if (!rx_offer(p, b)) {
			kfree(b);
			return;
		}
}

struct vnet_buf *vnet_receive(struct vnet *v, unsigned pair, u32 *len)
{
	struct vnet_pair *p = &v->pair[pair];
	struct vnet_buf *b = virtq_harvest(p->rx, len);

	if (!b)
		return NULL;
	if (p->rx->nfree >= RX_SIZE / 4) {
		rx_fill(p);
		virtio_kick(p->rx);
	}
	*len = MIN(*len, VNET_BUF - (u32)offsetof(struct vnet_buf, header));
	*len -= MIN(*len, VNET_HEADER_SIZE);
	p->stat.received++;
	p->stat.received_bytes += *len;
	return b;
}

bool vnet_wait(struct vnet *v, unsigned pair)
{
	struct vnet_pair *p = &v->pair[pair];

	rx_fill(p);
	virtio_kick(p->rx);
	return virtq_irq_on(p->rx);
}

static void vnet_interrupt(void *arg)
{
	struct vnet_pair *p = arg;

	virtq_irq_off(p->rx);
	if (p->notify)
		p->notify(p->ctx);
}

void vnet_listen(struct vnet *v, unsigned pair, void (*notify)(void *ctx), void *ctx)
{
	v->pair[pair].ctx = ctx;
	v->pair[pair].notify = notify;
}

/* ---- sending */

static void tx_lock(struct vnet_pair *p)
{
	if (p->vnet->shared)
		lock_acquire(&p->lock);
}

static void tx_unlock(struct vnet_pair *p)
{
	if (p->vnet->shared)
		lock_release(&p->lock);
}

static void tx_reclaim(struct vnet_pair *p)
{
	struct vnet_buf *b;

	while ((b = virtq_harvest(p->tx, NULL)))
		kfree(b);
}

int vnet_send(struct vnet *v, unsigned pair, struct vnet_buf *b, u32 len, u16 csum_start, u16 csum_offset)
{
	struct virtq_seg seg = { virt_to_phys(&b->header), VNET_HEADER_SIZE + len };
	struct vnet_pair *p = &v->pair[pair];
	int err;

	if (csum_start) {
		b->header.flags = HEADER_NEEDS_CSUM;
		b->header.csum_start = csum_start;
		b->header.csum_offset = csum_offset;
	}
	tx_lock(p);
	if (p->tx->nfree < TX_SIZE / 2)
		tx_reclaim(p);
	err = virtq_add(p->tx, &seg, 1, 0, b);
	p->stat.sent += !err;
	p->stat.sent_bytes += err ? 0 : len;
	p->stat.dropped += err != 0;
	tx_unlock(p);
	if (err)
		kfree(b);
	return err;
}

void vnet_kick(struct vnet *v, unsigned pair)
{
	struct vnet_pair *p = &v->pair[pair];

	tx_lock(p);
	virtio_kick(p->tx);
	tx_unlock(p);
}

/* ---- birth */

/* How many pairs there may be: what the device has, a core and an interrupt for each. */
static u32 pairs_offered(struct virtio_dev *d, u32 *at_most)
{
	u16 max = 1;

	if ((d->features & F_MQ) && (d->features & F_CTRL_VQ))
		virtio_config(d, CONFIG_MAX_PAIRS, &max, sizeof(max));
	*at_most = MAX(max, 1);
	return MIN(MIN(*at_most, cores_count()), MAX(d->nirqs, 1u));
}

static int pair_make(struct vnet *v, u32 i)
{
	struct vnet_pair *p = &v->pair[i];
	int err = virtio_irq(v->dev, i, vnet_core(v, i), vnet_interrupt, p);

	if (err)
		return err;
	lock_init(&p->lock);
	p->vnet = v;
	p->rx = virtio_queue(v->dev, 2 * i, RX_SIZE, i);
	p->tx = virtio_queue(v->dev, 2 * i + 1, TX_SIZE, VIRTIO_NO_IRQ);
	return p->rx && p->tx ? 0 : -ENOMEM;
}

static int pairs_make(struct vnet *v)
{
	int err = 0;

	v->pair = kzalloc(v->pairs * sizeof(*v->pair));
	for (u32 i = 0; v->pair && !err && i < v->pairs; i++)
		err = pair_make(v, i);
	return v->pair ? err : -ENOMEM;
}

/* Tells the device to use all pairs (5.1.6.5.5), and waits for its word, a second at most. */
static int pairs_use(struct vnet *v, struct virtq *control)
{
	struct { u8 class, command; u16 pairs; u8 ack; } *order = control ? kzalloc(sizeof(*order)) : NULL;
	u64 at = order ? virt_to_phys(order) : 0, end = clock_ns() + PATIENCE;
	struct virtq_seg seg[] = { { at, 2 }, { at + 2, 2 }, { at + 4, 1 } };

	if (!order)
		return -ENOMEM;
	order->class = CLASS_MQ;
	order->pairs = v->pairs;
	order->ack = 0xff;
	virtq_add(control, seg, 2, 1, order);
	virtio_kick(control);
	while (!virtq_pending(control) && clock_ns() < end)
		core_pause();
	if (!virtq_harvest(control, NULL))
		return -ETIMEDOUT; /* it may still write there: the order stays */
	at = order->ack;
	kfree(order);
	return at ? -EIO : 0;
}

static int vnet_start(struct vnet *v)
{
	struct virtq *control = NULL;
	u32 most;
	int err;

	v->cores = cores_count();
	v->pairs = pairs_offered(v->dev, &most);
	v->shared = v->pairs < v->cores;
	err = pairs_make(v);
	if (err)
		return err;
	if (v->pairs > 1)
		control = virtio_queue(v->dev, 2 * most, 4, VIRTIO_NO_IRQ);
	virtio_config(v->dev, 0, v->mac, sizeof(v->mac));
	virtio_ready(v->dev);
	for (u32 i = 0; i < v->pairs; i++)
		virtq_irq_off(v->pair[i].rx); /* nobody listens yet: vnet_wait begins */
	return v->pairs > 1 ? pairs_use(v, control) : 0;
}

int vnet_probe(struct virtio_dev *d)
{
	struct vnet *v = kzalloc(sizeof(*v));
	int err = v ? virtio_features(d, F_CSUM | F_GUEST_CSUM | F_MAC | F_CTRL_VQ | F_MQ) : -ENOMEM;

	if (!err) {
		v->dev = d;
		err = vnet_start(v);
	}
	if (err) {
		virtio_fail(d);
		kfree(v);
		return err;
	}
	if (!first)
		first = v;
	kprintf("network: %02x:%02x:%02x:%02x:%02x:%02x, %u queue pairs%s", v->mac[0], v->mac[1], v->mac[2], v->mac[3], v->mac[4],
		v->mac[5], v->pairs, vnet_checksums(v) ? ", checksums by the device" : "");
	return 0;
}
