/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The split virtqueue against a model device: a second, independent reading of virtio 1.1 section 2.6 that
 * consumes the same memory. Random programs of add, consume (out of order), harvest, with and without event
 * indices, run long enough for the 16-bit indices to wrap; after every step the queue's invariant holds, and
 * no completion is missed by a driver that sleeps whenever virtq_irq_on allows it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errno.h"
#include "base/print.h"
#include "dev/virtq.h"
#include "test/tap.h"

static unsigned kprint_calls;
void kprint(enum print_level level, const char *fmt, ...) { (void)level, (void)fmt, kprint_calls++; }
void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	printf("\nBail out! panic\n");
	exit(1);
}

struct request { u64 addr[4]; u32 len[4]; unsigned nout, nin; u32 written; bool busy, done; };

struct rig {
	struct virtq q;
	void *mem, **token;
	u16 seen;             /* the device's place in the available ring */
	u16 taken[VIRTQ_MAX]; /* heads taken, not yet used */
	unsigned ntaken;
	bool interrupted;     /* an interrupt came since the last look */
	struct request req[VIRTQ_MAX];
};

static void rig_init(struct rig *r, unsigned size, bool event_idx)
{
	memset(r, 0, sizeof(*r));
	r->mem = aligned_alloc(64, ALIGN_UP(virtq_bytes(size), 64));
	memset(r->mem, 0, virtq_bytes(size));
	r->token = calloc(size, sizeof(void *));
	virtq_setup(&r->q, size, r->mem, 0x10000, r->token, event_idx);
}

static void rig_drop(struct rig *r)
{
	free(r->mem);
	free(r->token);
}

static u16 *device_avail(struct rig *r) { return (u16 *)((u8 *)r->mem + 16 * r->q.size); }
static u16 *device_used(struct rig *r) { return (u16 *)((u8 *)r->mem + (r->q.used_phys - 0x10000)); }

/* Takes every offered request; checks that its chain says what the driver asked for. */
static bool device_take(struct rig *r)
{
	u16 *avail = device_avail(r);

	for (; r->seen != avail[1]; r->seen++) {
		u16 head = avail[2 + r->seen % r->q.size];
		struct virtq_desc *d = &r->q.desc[head];
		struct request *q = r->token[head];
		unsigned n = 0;

		for (;; d = &r->q.desc[d->next], n++) {
			if (d->addr != q->addr[n] || d->len != q->len[n] || !!(d->flags & 2) != (n >= q->nout))
				return false;
			if (!(d->flags & 1))
				break;
		}
		if (n + 1 != q->nout + q->nin)
			return false;
		r->taken[r->ntaken++] = head;
	}
	device_used(r)[2 + 4 * r->q.size] = r->seen; /* avail_event: kick me at the next one */
	return true;
}

/* Finishes one taken request, any of them, and interrupts if the driver asked for it. */
static void device_finish(struct rig *r)
{
	u16 *used = device_used(r), old = used[1];
	u32 *elem = (u32 *)(used + 2) + 2 * (old % r->q.size);
	unsigned pick = (unsigned)random() % r->ntaken;
	u16 event = device_avail(r)[2 + r->q.size];
	struct request *q = r->token[r->taken[pick]];

	elem[0] = r->taken[pick];
	elem[1] = q->written = random();
	q->done = true;
	r->taken[pick] = r->taken[--r->ntaken];
	used[1] = old + 1;
	if (r->q.event_idx ? event == old : !(device_avail(r)[0] & 1))
		r->interrupted = true;
}

static bool driver_add(struct rig *r)
{
	struct virtq_seg seg[4];
	unsigned nout = random() % 3, nin = random() % 3, slot = 0;
	struct request *q;
	int err;

	if (nout + nin == 0)
		nin = 1;
	while (r->req[slot].busy)
		slot++;
	q = &r->req[slot];
	*q = (struct request){ .nout = nout, .nin = nin };
	for (unsigned i = 0; i < nout + nin; i++) {
		seg[i].addr = q->addr[i] = (u64)random() << 12;
		seg[i].len = q->len[i] = random() & 0xffff;
	}
	err = virtq_add(&r->q, seg, nout, nin, q);
	q->busy = err == 0;
	return err == 0 || err == -ENOSPC;
}

/* Takes all completions; each must be one that the device finished, with the length it said. */
static bool driver_harvest(struct rig *r, unsigned *count)
{
	struct request *q;
	u32 len;

	while ((q = virtq_harvest(&r->q, &len))) {
		if (!q->busy || !q->done || q->written != len)
			return false;
		q->busy = false;
		++*count;
	}
	return true;
}

/* The driver's turn, in one of its two manners: interrupts left on; or off until the queue is empty, with the
 * device finishing requests at the worst moment, after the last look. */
static bool driver_run(struct rig *r, unsigned *harvested, unsigned *finished)
{
	if (random() % 2)
		return driver_harvest(r, harvested);
	virtq_irq_off(&r->q);
	do {
		if (!driver_harvest(r, harvested))
			return false;
		if (random() % 2 && r->ntaken) {
			device_finish(r);
			++*finished;
		}
	} while (virtq_irq_on(&r->q));
	return true;
}

static void random_program(unsigned size, bool event_idx, unsigned steps)
{
	static struct rig r;
	unsigned added = 0, finished = 0, harvested = 0, lost = 0;
	bool asleep = false, good = true;

	rig_init(&r, size, event_idx);
	for (unsigned i = 0; good && i < steps; i++) {
		switch (random() % 4) {
		case 0:
			good = driver_add(&r);
			added++;
			break;
		case 1:
			if (virtq_kick_wanted(&r.q))
				good = device_take(&r);
			else if (r.seen != device_avail(&r)[1] && r.q.kicked_idx == r.q.avail_idx)
				lost++; /* requests wait and nobody told the device */
			break;
		case 2:
			if (r.ntaken) {
				device_finish(&r);
				finished++;
			}
			break;
		case 3: /* the driver wakes if it was interrupted or is awake; sleeps when nothing is left */
			if (asleep && !r.interrupted) {
				lost += virtq_pending(&r.q);
				break;
			}
			r.interrupted = false;
			good = driver_run(&r, &harvested, &finished);
			asleep = true;
			break;
		}
		virtq_check(&r.q);
	}
	good = good && driver_harvest(&r, &harvested);
	ok(good && harvested == finished && !lost && r.q.used_idx == (u16)finished,
	   "size %u, event_idx %d: %u finished, %u harvested, %u lost", size, event_idx, finished, harvested, lost);
	rig_drop(&r);
}

static void full_queue(void)
{
	static struct rig r;
	struct virtq_seg seg[2] = { { 0x1000, 1 }, { 0x2000, 1 } };
	int x, err = 0;
	unsigned n = 0;

	rig_init(&r, 8, false);
	while (!(err = virtq_add(&r.q, seg, 1, 1, &x)))
		n++;
	ok(n == 4 && err == -ENOSPC && r.q.nfree == 0, "a queue of 8 holds 4 requests of 2 descriptors");
	ok(virtq_bytes(8) == 16 * 8 + ALIGN_UP(6 + 2 * 8, 4) + 6 + 8 * 8, "layout of section 2.6");
	ok(!virtq_harvest(&r.q, NULL), "nothing to harvest before the device did anything");
	rig_drop(&r);
}

/* A device that completes what was never offered, or completes too much, stops the queue, not the kernel. */
static void lying_device(void)
{
	static struct rig r;
	struct virtq_seg seg = { 0x1000, 1 };
	int x;

	rig_init(&r, 8, false);
	virtq_add(&r.q, &seg, 1, 0, &x);
	((u32 *)(device_used(&r) + 2))[0] = 5;
	device_used(&r)[1] = 1;
	ok(!virtq_harvest(&r.q, NULL) && r.q.broken, "an id that is not in flight breaks the queue");
	ok(virtq_add(&r.q, &seg, 1, 0, &x) == -EIO && !virtq_pending(&r.q), "a broken queue takes nothing");
	rig_drop(&r);
	rig_init(&r, 8, false);
	virtq_add(&r.q, &seg, 1, 0, &x);
	device_used(&r)[1] = 9;
	ok(!virtq_harvest(&r.q, NULL) && r.q.broken, "an index further than the queue is long breaks it");
	rig_drop(&r);
	rig_init(&r, 8, false);
	virtq_add(&r.q, &seg, 1, 0, &x);
	((u32 *)(device_used(&r) + 2))[0] = 0x10000;
	device_used(&r)[1] = 1;
	ok(!virtq_harvest(&r.q, NULL) && r.q.broken, "an id beyond the queue breaks it");
	rig_drop(&r);
	ok(kprint_calls == 3, "each break is reported once");
}

int main(void)
{
	srandom(1);
	full_queue();
	lying_device();
	for (unsigned size = 4; size <= 256; size *= 4) {
		random_program(size, false, 800000);
		random_program(size, true, 800000);
	}
	return tap_end();
}
