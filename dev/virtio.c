/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The life of a virtio device, whatever its transport. See virtio.h. */
#include "dev/virtio.h"

#include "arch/core.h"
#include "arch/mmu.h"
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"
#include "mem/slab.h"

/* Device status (2.1) */
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, FAILED = 128 };

static void status_add(struct virtio_dev *d, u8 bits) { d->ops->set_status(d, d->ops->status(d) | bits); }

void virtio_reset(struct virtio_dev *d)
{
	d->ops->set_status(d, 0);
	for (unsigned tries = 0; d->ops->status(d) != 0 && tries < 1000000; tries++)
		core_pause(); /* 4.1.4.3.2: reset is done when status reads 0 */
}

void virtio_ready(struct virtio_dev *d) { status_add(d, DRIVER_OK); }
void virtio_fail(struct virtio_dev *d) { status_add(d, FAILED); }

int virtio_features(struct virtio_dev *d, u64 wanted)
{
	u64 offered;

	virtio_reset(d);
	status_add(d, ACKNOWLEDGE);
	status_add(d, DRIVER);
	offered = d->ops->offered(d);
	if (!(offered & VIRTIO_F_VERSION_1))
		return -ENODEV;
	wanted |= VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_ACCESS_PLATFORM;
	d->features = offered & wanted;
	d->ops->accept(d, d->features);
	status_add(d, FEATURES_OK);
	return d->ops->status(d) & FEATURES_OK ? 0 : -EIO;
}

int virtio_irq(struct virtio_dev *d, unsigned irq, u32 core, void (*handler)(void *), void *arg)
{
	int err;

	if (irq >= d->nirqs)
		return -EINVAL;
	err = d->ops->route(d, irq, core, handler, arg);
	if (!err && irq < ARRAY_SIZE(d->irq_core))
		d->irq_core[irq] = core;
	return err;
}

/* The largest power of two that is at most `size` and at most `max`. */
static unsigned size_fit(unsigned size, unsigned max)
{
	unsigned fit = 1;

	while (fit * 2 <= MIN(MIN(size, max), (unsigned)VIRTQ_MAX))
		fit *= 2;
	return fit;
}

/* kmalloc's memory is physically contiguous, in the direct map, and aligned well enough for a queue (16). */
static struct virtq *queue_alloc(struct virtio_dev *d, unsigned size, u32 node)
{
	struct virtq *q = kzalloc(sizeof(*q));
	void **token = kzalloc(size * sizeof(*token));
	void *mem = kmalloc_node(virtq_bytes(size), node);

	if (!q || !token || !mem) {
		kfree(q);
		kfree(token);
		kfree(mem);
		return NULL;
	}
	memset(mem, 0, virtq_bytes(size));
	virtq_setup(q, size, mem, virt_to_phys(mem), token, d->features & VIRTIO_F_EVENT_IDX);
	q->dev = d;
	return q;
}

static void queue_free(struct virtq *q)
{
	kfree(q->desc);
	kfree(q->token);
	kfree(q);
}

struct virtq *virtio_queue(struct virtio_dev *d, unsigned index, unsigned size, unsigned irq)
{
	unsigned max = d->ops->queue_max(d, index);
	u32 node = irq < ARRAY_SIZE(d->irq_core) ? core_get(d->irq_core[irq])->node : 0;
	struct virtq *q = max ? queue_alloc(d, size_fit(size, max), node) : NULL;

	if (!q)
		return NULL;
	q->index = index;
	if (d->ops->queue_start(d, q, irq)) {
		queue_free(q);
		return NULL;
	}
	if (irq == VIRTIO_NO_IRQ)
		virtq_irq_off(q);
	return q;
}

void virtio_config(struct virtio_dev *d, unsigned offset, void *buf, size_t len)
{
	u32 before, tries = 0;

	do {
		before = d->ops->config_generation(d);
		for (size_t i = 0; i < len; i++)
			((u8 *)buf)[i] = d->ops->config_read8(d, offset + i);
	} while (d->ops->config_generation(d) != before && ++tries < 1000);
}

void virtio_kick(struct virtq *q)
{
	if (virtq_kick_wanted(q))
		q->dev->ops->kick(q);
}

int virtio_probe(struct virtio_dev *d)
{
	for (const struct virtio_driver *r = virtio_drivers; r->probe; r++)
		if (r->id == d->id)
			return r->probe(d);
	return -ENODEV;
}
