/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reaching into a space other than by running in it, and questions about it. */
#include "base/abi.h"
#include "base/string.h"
#include "kern/percore.h"
#include "kern/resident.h"
#include "kern/space.h"
#include "kern/thread.h"
#include "mem/frame.h"

#define WALK_STEP (64ul << 20)

/* A guard under which the page map may be walked: no exclusive has stopped everything. (A long unmap counts there too.) */
static const struct regions *walk_begin(struct space *s)
{
	for (;;) {
		const struct regions *r = nr_read_begin(s->nr, nr_me(), 0);

		if (!atomic_load(&s->changes.all))
			return r;
		nr_read_end(s->nr, nr_me(), 0);
		nr_port_relax();
	}
}

static void walk_end(struct space *s)
{
	nr_read_end(s->nr, nr_me(), 0);
}

/* The frame that backs va now, with a reference; 0: none. */
static paddr_t frame_at(struct space *s, u64 va)
{
	_Atomic pte_t *slot;
	pte_t e;

	walk_begin(s);
	slot = pagemap_slot(&s->pages, s->pages.home, va, NULL);
	e = slot ? atomic_load(slot) : 0;
	if (!(e & PTE_KEEP) || !frame_tryget(e & PTE_FRAME)) {
		e = 0;
	} else if ((atomic_load(slot) ^ e) & PTE_FRAME) { /* discarded meanwhile: the reference may be on another's frame */
		frame_put(e & PTE_FRAME);
		e = 0;
	}
	walk_end(s);
	return e & PTE_FRAME;
}

u64 space_resident(struct space *s, u64 start, u64 end)
{
	u64 n = 0, at, to;

	for (at = start; at < end; at = to) { /* guards are short */
		to = MIN(end, ALIGN_DOWN(at, WALK_STEP) + WALK_STEP);
		walk_begin(s);
		n += pagemap_count(&s->pages, at, to);
		walk_end(s);
	}
	return n;
}

int space_populate(struct space *s, u64 addr, u64 len)
{
	u64 at;
	int r;

	for (at = addr; at < addr + len; at += PAGE_SIZE) {
		struct region reg;

		if (!space_find(s, at, &reg))
			return -ENOMEM;
		r = space_fault(s, at, reg.prot & PROT_WRITE ? PF_WRITE : 0);
		if (r)
			return r;
	}
	return 0;
}

size_t space_read(struct space *s, u64 va, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		u64 at = va + done;
		size_t n = MIN(len - done, PAGE_SIZE - (at & (PAGE_SIZE - 1)));
		paddr_t p = frame_at(s, at);

		if (!p)
			break;
		memcpy((u8 *)buf + done, (u8 *)phys_to_virt(p) + (at & (PAGE_SIZE - 1)), n);
		frame_put(p);
		done += n;
	}
	return done;
}

int space_write(struct space *s, u64 va, const void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		u64 at = va + done;
		size_t n = MIN(len - done, PAGE_SIZE - (at & (PAGE_SIZE - 1)));
		int err = space_fault(s, at, PF_WRITE);
		paddr_t p;
		u8 *to;

		if (err)
			return err;
		p = frame_at(s, at);
		if (!p)
			return -EFAULT;
		to = (u8 *)phys_to_virt(p) + (at & (PAGE_SIZE - 1));
		if (buf)
			memcpy(to, (const u8 *)buf + done, n);
		else
			memset(to, 0, n);
		frame_put(p);
		done += n;
	}
	return 0;
}

u64 space_place(struct space *s, u64 len)
{
	const struct regions *r = nr_read_begin(s->nr, nr_me(), 0);
	u64 at = regions_place(r, 0, len);

	nr_read_end(s->nr, nr_me(), 0);
	return at;
}

void space_usage(struct space *s, struct space_usage *out)
{
	const struct regions *r = nr_read_begin(s->nr, nr_me(), 0);

	out->pages = r->pages;
	out->data_pages = r->data_pages;
	out->stack_pages = r->stack_pages;
	out->locked_pages = r->locked_pages;
	nr_read_end(s->nr, nr_me(), 0);
	out->resident = resident_frames(s);
	out->tables = atomic_load(&s->pages.tables);
}
