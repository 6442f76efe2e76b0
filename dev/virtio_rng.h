/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio entropy device (virtio 1.1, section 5.4): bytes from the host's generator. Asked once at boot, by
 * polling; what it says goes into the boot core's generator (random_mix), and from there to all (random_share).
 */
#ifndef DEV_VIRTIO_RNG_H
#define DEV_VIRTIO_RNG_H

struct virtio_dev;

/* 0; -errno if the device does not start. A host that does not answer within 100 ms is done without. */
int virtio_rng_probe(struct virtio_dev *d);

#endif
