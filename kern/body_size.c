/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Making files shorter, longer, emptier and fuller, and what mappings of them see of it.
 *
 *   truncate   size first, then the pages leave the body, then every address space that maps them forgets them
 *
 * A fault that began before the size changed either finds the range announced as leaving when it commits, and looks
 * again, or has committed before the space is emptied (space_forget). Files are mapped by few: which spaces do is
 * found by asking them all, and only if `mapped` says that any does.
 */
#include "base/errno.h"
#include "base/string.h"
#include "kern/body.h"
#include "kern/process.h"
#include "kern/space.h"
#include "kern/volume.h"
#include "mem/frame.h"

/* ---- mappings */

struct forget {
	struct body *body;
	u64 from, to;      /* pages */
	bool copies;       /* private copies go too */
};

static void forget_in_process(struct process *p, void *arg)
{
	struct forget *g = arg;
	struct space *s = space_of(p);

	if (s)
		space_forget(s, g->body, g->from, g->to, g->copies);
	space_put(s);
}

static void body_forget(struct body *b, u64 from, u64 to, bool copies)
{
	struct forget g = { b, from, to, copies };

	if (from < to && atomic_load(&b->mapped))
		procs_each(PROCS_ALL, 0, forget_in_process, &g);
}

/* ---- size */

static void zero_part(struct body *b, u64 start, u64 end)
{
	paddr_t p = start < end ? body_page(b, start >> PAGE_SHIFT) : 0;

	if (!p)
		return;
	memset((u8 *)phys_to_virt(p) + (start & (PAGE_SIZE - 1)), 0, end - start);
	frame_put(p);
}

int body_truncate(struct body *b, u64 size)
{
	u64 first = (size >> PAGE_SHIFT) + !!(size & (PAGE_SIZE - 1));
	bool shorter;

	if (size > BODY_MAX)
		return -EFBIG;
	body_alone(b);
	lock_acquire(&b->lock);
	shorter = size < atomic_load(&b->size);
	atomic_store(&b->size, size);
	lock_release(&b->lock);
	if (shorter) {
		zero_part(b, size, first << PAGE_SHIFT);
		body_cut_pages(b, first, ~0ul);
		body_forget(b, first, ~0ul, true);
	}
	body_touch(b, false, true, true);
	mutex_unlock(&b->writer);
	return 0;
}

void body_punch(struct body *b, u64 start, u64 end)
{
	u64 first = ALIGN_UP(start, PAGE_SIZE), last = ALIGN_DOWN(end, PAGE_SIZE);

	body_alone(b);
	if (first > last) {
		zero_part(b, start, end);
	} else {
		zero_part(b, start, first);
		zero_part(b, last, end);
		body_cut_pages(b, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
		body_forget(b, first >> PAGE_SHIFT, last >> PAGE_SHIFT, false);
	}
	body_touch(b, false, true, true);
	mutex_unlock(&b->writer);
}

/* How many pages of [from, to) are not there. */
static u64 holes(struct body *b, u64 from, u64 to)
{
	u64 n = to - from, i;

	if (n > frame_total())
		return n;
	for (i = from; i < to; i++) {
		paddr_t p = body_page(b, i);

		if (p) {
			frame_put(p);
			n--;
		}
	}
	return n;
}

int body_reserve(struct body *b, u64 start, u64 end, bool extend)
{
	u64 from = start >> PAGE_SHIFT, to = ALIGN_UP(end, PAGE_SIZE) >> PAGE_SHIFT, i;
	int err = 0;

	body_alone(b);
	if (!volume_has(b->volume, holes(b, from, to)))
		err = -ENOSPC;
	for (i = from; !err && i < to; i++) {
		paddr_t p = body_page_make(b, i);

		err = p ? 0 : -ENOSPC;
		if (p)
			frame_put(p);
	}
	if (!err && extend && end > atomic_load(&b->size))
		atomic_store(&b->size, end);
	if (!err)
		body_touch(b, false, true, true);
	mutex_unlock(&b->writer);
	return err;
}
