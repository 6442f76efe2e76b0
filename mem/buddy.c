/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* buddy: see buddy.h. Block links live in the free memory itself; nothing else of it is touched. */
#include "mem/buddy.h"

#include "base/errno.h"
#include "base/print.h"

struct block {
	struct block *next, *prev;
};

struct section *sections;
u64 nsections;
struct node_pool *node_pools[NODES_MAX];

static void account(struct node_pool *n, u64 frames_more)
{
	bool low;

	n->free += frames_more; /* modulo 2^64: also subtracts */
	low = n->free < n->reserve;
	if (low != buddy_low(n))
		atomic_store_explicit(&n->low, low, memory_order_relaxed);
}

static void link_block(struct node_pool *n, paddr_t p, unsigned order)
{
	struct block *b = phys_to_virt(p), *first = n->list[order];
	struct frame *f = frame_record(p);

	b->next = first;
	b->prev = NULL;
	if (first)
		first->prev = b;
	n->list[order] = b;
	n->nonempty |= 1u << order;
	f->order = (u8)order;
	frame_kind_set(f, FRAME_FREE);
}

static void unlink_block(struct node_pool *n, paddr_t p, unsigned order)
{
	struct block *b = phys_to_virt(p);

	if (b->next)
		b->next->prev = b->prev;
	if (b->prev)
		b->prev->next = b->next;
	else
		n->list[order] = b->next;
	if (!n->list[order])
		n->nonempty &= ~(1u << order);
	frame_kind_set(frame_record(p), FRAME_PAGE);
}

static void fill(u64 index, u64 from, u64 to, u8 kind, u16 node)
{
	const struct frame f = { .kind = kind, .node = node };

	for (u64 i = from; i < to; i++)
		sections[index].frames[i] = f;
}

void section_open(u64 index)
{
	fill(index, 0, SECTION_FRAMES, FRAME_HOLE, 0);
	sections[index].open = true;
}

static bool open_virgin(struct node_pool *n)
{
	u64 index = n->virgin;

	if (!index--)
		return false;
	n->virgin = sections[index].next_virgin;
	fill(index, 0, SECTION_FRAMES, FRAME_PAGE, n->node);
	sections[index].open = true;
	link_block(n, index << SECTION_SHIFT, SECTION_ORDER);
	return true;
}

void buddy_add_virgin(struct node_pool *n, u64 index)
{
	sections[index].next_virgin = n->virgin;
	n->virgin = (u32)index + 1;
	n->total += SECTION_FRAMES;
	account(n, SECTION_FRAMES);
}

paddr_t buddy_take(struct node_pool *n, unsigned order)
{
	u32 fits = n->nonempty >> order << order;
	unsigned have;
	paddr_t p;

	if (!fits) {
		if (!open_virgin(n))
			return 0;
		fits = 1u << SECTION_ORDER;
	}
	have = (unsigned)__builtin_ctz(fits);
	p = virt_to_phys(n->list[have]);
	unlink_block(n, p, have);
	while (have > order) {
		have--;
		link_block(n, p + (PAGE_SIZE << have), have);
	}
	account(n, -(1ul << order));
	return p;
}

/* May the block at p be merged with its buddy? */
static bool merges(const struct node_pool *n, paddr_t buddy, unsigned order)
{
	const struct frame *f = frame_record(buddy);

	return frame_kind(f) == FRAME_FREE && f->order == order && f->node == n->node;
}

void buddy_give(struct node_pool *n, paddr_t p, unsigned order)
{
	account(n, 1ul << order);
	for (; order < SECTION_ORDER; order++) {
		paddr_t buddy = p ^ (PAGE_SIZE << order);

		if (!merges(n, buddy, order))
			break;
		unlink_block(n, buddy, order);
		p = MIN(p, buddy);
	}
	link_block(n, p, order);
}

static void dissolve(struct node_pool *n, const struct batch *b)
{
	for (u64 i = BATCH_FRAMES; i--;) /* the first frame, which holds the list, goes last */
		buddy_give(n, b->frame[i], 0);
}

/* A sixteenth of the node may lie in batches. */
void buddy_give_batch(struct node_pool *n, struct batch *b)
{
	if (n->nbatches >= n->total / (16 * BATCH_FRAMES)) {
		dissolve(n, b);
		return;
	}
	b->next = n->batches;
	n->batches = b;
	n->nbatches++;
	account(n, BATCH_FRAMES);
}

struct batch *buddy_take_batch(struct node_pool *n)
{
	struct batch *b = n->batches;

	if (!b)
		return NULL;
	n->batches = b->next;
	n->nbatches--;
	account(n, -(u64)BATCH_FRAMES);
	return b;
}

void buddy_merge(struct node_pool *n)
{
	struct batch *b;

	while ((b = buddy_take_batch(n)))
		dissolve(n, b);
}

void buddy_add(struct node_pool *n, paddr_t start, paddr_t end)
{
	u64 index = start >> SECTION_SHIFT, first = (start >> PAGE_SHIFT) & (SECTION_FRAMES - 1);

	n->total += (end - start) >> PAGE_SHIFT;
	fill(index, first, first + ((end - start) >> PAGE_SHIFT), FRAME_PAGE, n->node);
	while (start < end) {
		unsigned order = 0;

		while (order < SECTION_ORDER && !(start & (PAGE_SIZE << order)) && start + (PAGE_SIZE << (order + 1)) <= end)
			order++;
		buddy_give(n, start, order);
		start += PAGE_SIZE << order;
	}
}

static int broken(const struct node_pool *n, const char *what, paddr_t p)
{
	kerror("frames of node %u: %s at %lx", n->node, what, (unsigned long)p);
	return -EINVAL;
}

static int check_list(const struct node_pool *n, unsigned order, u64 *sum)
{
	for (const struct block *b = n->list[order]; b; b = b->next) {
		paddr_t p = virt_to_phys(b);
		const struct frame *f = frame_record(p);

		if (p & ((PAGE_SIZE << order) - 1))
			return broken(n, "misaligned block", p);
		if (frame_kind(f) != FRAME_FREE || f->order != order || f->node != n->node || refs_count(&f->refs))
			return broken(n, "block with a wrong record", p);
		if (order < SECTION_ORDER && merges(n, p ^ (PAGE_SIZE << order), order))
			return broken(n, "two free buddies", p);
		if (b->next && b->next->prev != b)
			return broken(n, "bad link", p);
		*sum += 1ul << order;
	}
	return 0;
}

int buddy_check(struct node_pool *n)
{
	u64 sum = 0;

	for (unsigned order = 0; order <= SECTION_ORDER; order++) {
		if (!n->list[order] != !(n->nonempty >> order & 1))
			return broken(n, "wrong summary of order", order);
		if (check_list(n, order, &sum))
			return -EINVAL;
	}
	for (const struct batch *b = n->batches; b; b = b->next)
		sum += BATCH_FRAMES;
	for (u64 v = n->virgin; v; v = sections[v - 1].next_virgin)
		sum += SECTION_FRAMES;
	return sum == n->free ? 0 : broken(n, "wrong free count", sum);
}
