/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The split virtqueue. See virtq.h; section numbers are those of virtio 1.1. */
#include "dev/virtq.h"

#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"
#include "dev/io.h"

#define DESC_NEXT 1u
#define DESC_WRITE 2u
#define AVAIL_NO_INTERRUPT 1u
#define USED_NO_NOTIFY 1u

/* 2.6: descriptors 16 n, avail 6 + 2 n, used 6 + 8 n, the last aligned to 4. */
static size_t avail_offset(unsigned size) { return 16 * (size_t)size; }
static size_t used_offset(unsigned size) { return ALIGN_UP(avail_offset(size) + 6 + 2 * (size_t)size, 4); }
size_t virtq_bytes(unsigned size) { return used_offset(size) + 6 + 8 * (size_t)size; }

/* The two words that follow the rings: where each side says when it wants to hear of the other (2.6.7, 2.6.8). */
static u16 *used_event(struct virtq *q) { return &q->avail->ring[q->size]; }
static u16 *avail_event(struct virtq *q) { return (u16 *)&q->used->ring[q->size]; }

static u16 shared_read16(const u16 *p) { return *(const volatile u16 *)p; }
static void shared_write16(u16 *p, u16 v) { *(volatile u16 *)p = v; }

void virtq_setup(struct virtq *q, unsigned size, void *mem, u64 phys, void **token, bool event_idx)
{
	kassert(size && size <= VIRTQ_MAX && !(size & (size - 1)));
	memset(q, 0, sizeof(*q));
	q->size = q->nfree = size;
	q->event_idx = event_idx;
	q->irq_on = true;
	q->desc = mem;
	q->avail = (void *)((u8 *)mem + avail_offset(size));
	q->used = (void *)((u8 *)mem + used_offset(size));
	q->token = token;
	q->desc_phys = phys;
	q->avail_phys = phys + avail_offset(size);
	q->used_phys = phys + used_offset(size);
	for (unsigned i = 0; i < size; i++)
		q->desc[i].next = i + 1;
}

int virtq_add(struct virtq *q, const struct virtq_seg *seg, unsigned nout, unsigned nin, void *token)
{
	unsigned n = nout + nin;
	u16 head = q->free_head, i = head;

	kassert(n && token);
	if (q->broken)
		return -EIO;
	if (n > q->nfree)
		return -ENOSPC;
	for (unsigned k = 0; k < n; k++) {
		struct virtq_desc *d = &q->desc[i];

		d->addr = seg[k].addr;
		d->len = seg[k].len;
		d->flags = (k >= nout ? DESC_WRITE : 0) | (k + 1 < n ? DESC_NEXT : 0);
		i = d->next;
	}
	q->free_head = i;
	q->nfree -= n;
	q->token[head] = token;
	q->avail->ring[q->avail_idx & (q->size - 1)] = head;
	dma_publish(); /* the entry before the index that makes it valid (2.6.13.2) */
	shared_write16(&q->avail->idx, ++q->avail_idx);
	return 0;
}

/* 2.6.7.2: has `event` been passed by the step from `old` to `now`? All three wrap. */
static bool event_passed(u16 event, u16 now, u16 old) { return (u16)(now - event - 1) < (u16)(now - old); }

bool virtq_kick_wanted(struct virtq *q)
{
	u16 old = q->kicked_idx;

	q->kicked_idx = q->avail_idx;
	if (old == q->avail_idx || q->broken)
		return false;
	dma_full(); /* the device stores its wish, then reads the index; we do it the other way round (2.6.13.4.1) */
	if (q->event_idx)
		return event_passed(shared_read16(avail_event(q)), q->avail_idx, old);
	return !(shared_read16(&q->used->flags) & USED_NO_NOTIFY);
}

bool virtq_pending(const struct virtq *q)
{
	return !q->broken && shared_read16(&q->used->idx) != q->used_idx;
}

/* Puts the chain that starts at `head` back on the free list. */
static void chain_free(struct virtq *q, u16 head)
{
	u16 last = head;
	unsigned n = 1;

	while (q->desc[last].flags & DESC_NEXT) {
		last = q->desc[last].next;
		n++;
	}
	q->desc[last].next = q->free_head;
	q->free_head = head;
	q->nfree += n;
}

static void *virtq_break(struct virtq *q)
{
	q->broken = true;
	kwarn("virtio: queue %u broken by the device\n", q->index);
	return NULL;
}

void *virtq_harvest(struct virtq *q, u32 *len)
{
	volatile const struct virtq_used_elem *e;
	void *token;
	u32 id;

	if (!virtq_pending(q))
		return NULL;
	dma_acquire(); /* the index before the entry it made valid */
	if ((u16)(shared_read16(&q->used->idx) - q->used_idx) > q->size)
		return virtq_break(q);
	e = &q->used->ring[q->used_idx & (q->size - 1)];
	id = e->id;
	if (id >= q->size || !q->token[id])
		return virtq_break(q);
	if (len)
		*len = e->len;
	token = q->token[id];
	q->token[id] = NULL;
	chain_free(q, id);
	q->used_idx++;
	if (q->irq_on && q->event_idx) {
		shared_write16(used_event(q), q->used_idx);
		dma_full(); /* our wish before the next look at the index */
	}
	return token;
}

void virtq_irq_off(struct virtq *q)
{
	q->irq_on = false;
	if (q->event_idx)
		shared_write16(used_event(q), q->used_idx - 1); /* just passed: 65535 requests away */
	else
		shared_write16(&q->avail->flags, AVAIL_NO_INTERRUPT);
}

bool virtq_irq_on(struct virtq *q)
{
	q->irq_on = true;
	if (q->event_idx)
		shared_write16(used_event(q), q->used_idx);
	else
		shared_write16(&q->avail->flags, 0);
	dma_full(); /* our wish before the look at the index: one of the two sides sees the other */
	return virtq_pending(q);
}

void virtq_check(const struct virtq *q)
{
	unsigned nfree = 0, inflight = 0;

	for (u16 i = q->free_head; nfree < q->nfree; i = q->desc[i].next, nfree++)
		kassert(i < q->size && !q->token[i]);
	for (unsigned h = 0; h < q->size; h++) {
		if (!q->token[h])
			continue;
		inflight++;
		for (u16 i = h; q->desc[i].flags & DESC_NEXT; i = q->desc[i].next) {
			kassert(inflight <= q->size);
			inflight++;
		}
	}
	kassert(nfree + inflight == q->size);
}
