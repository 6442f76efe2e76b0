/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio over PCI (virtio 1.1, section 4.1): vendor capabilities point to four register blocks in the BARs:
 * common configuration, doorbells ("notify"), interrupt status (unused with MSI-X), device configuration.
 * Transitional devices are driven through their modern half.
 */
#include "base/errno.h"
#include "base/string.h"
#include "dev/io.h"
#include "dev/pci.h"
#include "dev/virtio.h"
#include "dev/virtio_pci.h"
#include "mem/slab.h"

enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4 };
enum { CAP_TYPE = 3, CAP_BAR = 4, CAP_OFFSET = 8, CAP_LENGTH = 12, CAP_NOTIFY_MULTIPLIER = 16 };
#define COMMON_SIZE 56

/* The common block (4.1.4.3), by byte offset. */
enum {
	C_OFFERED_SELECT = 0, C_OFFERED = 4, C_ACCEPT_SELECT = 8, C_ACCEPT = 12, C_CONFIG_VECTOR = 16, C_STATUS = 20,
	C_GENERATION = 21, C_QUEUE_SELECT = 22, C_QUEUE_SIZE = 24, C_QUEUE_VECTOR = 26, C_QUEUE_ENABLE = 28,
	C_QUEUE_NOTIFY = 30, C_QUEUE_DESC = 32, C_QUEUE_AVAIL = 40, C_QUEUE_USED = 48,
};

struct virtio_pci {
	struct virtio_dev dev;
	struct pci_dev *pci;
	u8 *common, *notify, *config;
	u32 notify_size, config_size, notify_multiplier;
};

static struct virtio_pci *to_pci(struct virtio_dev *d) { return container_of(d, struct virtio_pci, dev); }

static u64 vp_offered(struct virtio_dev *d)
{
	u8 *c = to_pci(d)->common;
	u64 low;

	io_write32(c + C_OFFERED_SELECT, 0);
	low = io_read32(c + C_OFFERED);
	io_write32(c + C_OFFERED_SELECT, 1);
	return (u64)io_read32(c + C_OFFERED) << 32 | low;
}

static void vp_accept(struct virtio_dev *d, u64 features)
{
	u8 *c = to_pci(d)->common;

	io_write32(c + C_ACCEPT_SELECT, 0);
	io_write32(c + C_ACCEPT, (u32)features);
	io_write32(c + C_ACCEPT_SELECT, 1);
	io_write32(c + C_ACCEPT, features >> 32);
}

static u8 vp_status(struct virtio_dev *d) { return io_read8(to_pci(d)->common + C_STATUS); }
static void vp_set_status(struct virtio_dev *d, u8 status) { io_write8(to_pci(d)->common + C_STATUS, status); }
static u32 vp_generation(struct virtio_dev *d) { return io_read8(to_pci(d)->common + C_GENERATION); }

static u8 vp_config_read8(struct virtio_dev *d, unsigned offset)
{
	struct virtio_pci *v = to_pci(d);

	return offset < v->config_size ? io_read8(v->config + offset) : 0;
}

static int vp_route(struct virtio_dev *d, unsigned irq, u32 core, void (*handler)(void *), void *arg)
{
	return pci_msix_route(to_pci(d)->pci, irq, core, handler, arg);
}

static unsigned vp_queue_max(struct virtio_dev *d, unsigned index)
{
	u8 *c = to_pci(d)->common;

	io_write16(c + C_QUEUE_SELECT, index);
	return io_read16(c + C_QUEUE_SIZE);
}

static int vp_queue_start(struct virtio_dev *d, struct virtq *q, unsigned irq)
{
	struct virtio_pci *v = to_pci(d);
	u8 *c = v->common;
	u64 bell;

	io_write16(c + C_QUEUE_SELECT, q->index);
	bell = (u64)io_read16(c + C_QUEUE_NOTIFY) * v->notify_multiplier;
	if (bell + 2 > v->notify_size)
		return -EIO;
	q->notify = v->notify + bell;
	io_write16(c + C_QUEUE_SIZE, q->size);
	io_write16(c + C_QUEUE_VECTOR, irq);
	if (io_read16(c + C_QUEUE_VECTOR) != irq) /* 4.1.5.1.2.1: a device without room for it says NO_VECTOR */
		return -ENOSPC;
	io_write64(c + C_QUEUE_DESC, q->desc_phys);
	io_write64(c + C_QUEUE_AVAIL, q->avail_phys);
	io_write64(c + C_QUEUE_USED, q->used_phys);
	io_write16(c + C_QUEUE_ENABLE, 1);
	return 0;
}

static void vp_kick(struct virtq *q) { io_write16(q->notify, q->index); }

static const struct virtio_transport transport = {
	.offered = vp_offered, .accept = vp_accept, .status = vp_status, .set_status = vp_set_status,
	.config_read8 = vp_config_read8, .config_generation = vp_generation, .route = vp_route,
	.queue_max = vp_queue_max, .queue_start = vp_queue_start, .kick = vp_kick,
};

/* Maps the block that the capability at `cap` describes; NULL if it does not lie within its BAR. */
static u8 *block_map(struct pci_dev *d, unsigned cap, u32 *size)
{
	u8 bar = pci_read8(d, cap + CAP_BAR);
	u32 offset = pci_read32(d, cap + CAP_OFFSET);
	u8 *map;

	*size = pci_read32(d, cap + CAP_LENGTH);
	if (bar >= PCI_BARS || (u64)offset + *size > d->bar[bar].size)
		return NULL;
	map = pci_map(d, bar);
	return map ? map + offset : NULL;
}

/* The first usable capability of each kind counts (4.1.4.1). */
static void blocks_find(struct virtio_pci *v)
{
	u32 common_size = 0;

	for (unsigned cap = 0; (cap = pci_capability(v->pci, PCI_CAP_VENDOR, cap));) {
		u8 type = pci_read8(v->pci, cap + CAP_TYPE);

		if (type == CAP_COMMON && !v->common) {
			v->common = block_map(v->pci, cap, &common_size);
			if (common_size < COMMON_SIZE)
				v->common = NULL;
		} else if (type == CAP_NOTIFY && !v->notify) {
			v->notify = block_map(v->pci, cap, &v->notify_size);
			v->notify_multiplier = pci_read32(v->pci, cap + CAP_NOTIFY_MULTIPLIER);
		} else if (type == CAP_DEVICE && !v->config) {
			v->config = block_map(v->pci, cap, &v->config_size);
		}
	}
	if (!v->config)
		v->config_size = 0;
}

/* Ids: 0x1040 + device type; transitional ones carry the type in the subsystem id (4.1.2.1). */
static u32 device_type(const struct pci_dev *d)
{
	return d->device >= 0x1040 ? d->device - 0x1040u : d->subdevice;
}

static int vp_probe(struct pci_dev *d)
{
	struct virtio_pci *v = kzalloc(sizeof(*v));
	int err;

	if (!v)
		return -ENOMEM;
	v->pci = d;
	v->dev.ops = &transport;
	v->dev.id = device_type(d);
	v->dev.bus = d;
	pci_enable(d);
	blocks_find(v);
	err = v->common && v->notify ? pci_msix_enable(d) : -ENODEV;
	if (!err) {
		v->dev.nirqs = d->msix_count;
		io_write16(v->common + C_CONFIG_VECTOR, VIRTIO_NO_IRQ);
		err = virtio_probe(&v->dev);
	}
	if (err)
		kfree(v);
	return err;
}

static const struct pci_id ids[] = { { 0x1af4, 0x1000, 0x107f }, { 0, 0, 0 } };
const struct pci_driver virtio_pci_driver = { .name = "virtio", .ids = ids, .probe = vp_probe };
