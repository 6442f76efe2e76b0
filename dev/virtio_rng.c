/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The host's random bytes, once. See virtio_rng.h. */
#include "dev/virtio_rng.h"

#include "arch/clock.h"
#include "arch/core.h"
#include "arch/mmu.h"
#include "base/errno.h"
#include "base/string.h"
#include "dev/rng.h"
#include "dev/virtio.h"
#include "mem/slab.h"

#define BYTES 64
#define PATIENCE_NS 100000000ul

int virtio_rng_probe(struct virtio_dev *d)
{
	u8 *buf = kzalloc(BYTES);
	struct virtq_seg seg = { buf ? virt_to_phys(buf) : 0, BYTES };
	struct virtq *q;
	u64 deadline;
	u32 len;
	int err = buf ? virtio_features(d, 0) : -ENOMEM;

	q = err ? NULL : virtio_queue(d, 0, 2, VIRTIO_NO_IRQ);
	if (!q) {
		virtio_fail(d);
		kfree(buf);
		return err ? err : -ENOMEM;
	}
	virtio_ready(d);
	virtq_add(q, &seg, 0, 1, buf);
	virtio_kick(q);
	for (deadline = clock_ns() + PATIENCE_NS; !virtq_pending(q) && clock_ns() < deadline;)
		core_pause();
	if (!virtq_harvest(q, &len))
		return 0; /* buf and queue stay the device's: it may still write */
	random_mix(buf, MIN(len, (u32)BYTES));
	memset(buf, 0, BYTES);
	return 0;
}
