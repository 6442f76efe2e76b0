/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio network devices (virtio 1.1, section 5.1): frames in, frames out.
 *
 * A frame travels in a buffer of its own (struct vnet_buf, VNET_BUF bytes), which somebody owns:
 *
 *   driver --vnet_receive--> caller --vnet_buf_free     caller: vnet_buf_alloc --vnet_send--> driver, freed when sent
 *
 * The head of the buffer is the owner's, for links and notes.
 *
 * A device has one pair of queues, or several (5.1.6.5.5): as many as there are cores, or as it or its interrupts allow.
 * Pair p interrupts core vnet_core(p), which alone receives from it and is told of arrivals in interrupt context. Core c
 * sends through pair vnet_pair_of(c). With a pair for each core nobody else does, and sending takes no lock: whoever calls
 * sees to it that a pair has one sender at a time. With fewer, any core may send, under one short lock per pair.
 *
 * Which pair a frame arrives on is the host's choice. It learns from what we send: answers come back on the pair that
 * the question left through.
 */
#ifndef DEV_VNET_H
#define DEV_VNET_H

#include "base/types.h"
#include "dev/virtio.h"

#define VNET_OWNER 160      /* bytes of a buffer that belong to its owner */
#define VNET_FRAME_MAX 1514 /* Ethernet's header and 1,500 bytes */

/* In front of each frame (5.1.6). */
struct vnet_header { u8 flags, gso_type; u16 hdr_len, gso_size, csum_start, csum_offset, num_buffers; };

struct vnet_buf {
	_Alignas(16) u8 owner[VNET_OWNER];
	struct vnet_header header;
	u8 frame[];
};
#define VNET_BUF 2048
#define VNET_HEADER_SIZE 12u

struct vnet;

int vnet_probe(struct virtio_dev *d);

struct vnet *vnet_first(void);                /* NULL: this machine has none */
const u8 *vnet_mac(const struct vnet *v);
bool vnet_checksums(const struct vnet *v);    /* it completes the checksums of what we send */
bool vnet_checked(const struct vnet_buf *b);  /* received: its TCP or UDP checksum needs no look */
unsigned vnet_pairs(const struct vnet *v);
u32 vnet_core(const struct vnet *v, unsigned pair); /* who is interrupted, and receives */
unsigned vnet_pair_of(const struct vnet *v, u32 core); /* which one that core sends through */

/* Calls `notify`, in interrupt context on vnet_core, when frames wait; then not again before vnet_wait. */
void vnet_listen(struct vnet *v, unsigned pair, void (*notify)(void *ctx), void *ctx);
/* The next frame and its length, or NULL. The caller owns it. */
struct vnet_buf *vnet_receive(struct vnet *v, unsigned pair, u32 *len);
/* No more frames were there: tell us of the next. True: some came meanwhile, receive them first. */
bool vnet_wait(struct vnet *v, unsigned pair);

static inline size_t vnet_buf_size(u32 len) { return sizeof(struct vnet_buf) + len; }
struct vnet_buf *vnet_buf_alloc(u32 len);     /* for a frame of len bytes; header zero; NULL: no memory */
void vnet_buf_free(struct vnet_buf *b);
/* Takes the buffer over, also when it fails. csum_start > 0: the 16-bit sum at csum_start + csum_offset holds that of the
 * pseudo header, the device does the rest. 0, or -ENOSPC. Seen by the device at the next vnet_kick. */
int vnet_send(struct vnet *v, unsigned pair, struct vnet_buf *b, u32 len, u16 csum_start, u16 csum_offset);
void vnet_kick(struct vnet *v, unsigned pair);

struct vnet_stat { u64 received, received_bytes, sent, sent_bytes, dropped; };
void vnet_pair_stats(const struct vnet *v, unsigned pair, struct vnet_stat *out);
void vnet_stats(const struct vnet *v, struct vnet_stat *out);

#endif
