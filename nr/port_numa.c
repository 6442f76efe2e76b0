/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Memory of NUMA nodes, for the hosted port, where the process may use more than one. Whoever asks for memory of a node
 * (who clones a replica, who donates pages to one) mostly runs on another, and would be the first to touch it: so the
 * kernel is told where it belongs.
 *
 *   single pages   cut from chunks of 2 MiB, each of one node; given back, they wait in their node's list
 *   more at once   a mapping of their own
 *
 *   chunk   [ node | page | page | ... ]      a page's chunk is found by its address
 *
 * A policy per page would cost a mapping each, of which a process has some 65,000. The node is preferred, not demanded: a full
 * one, or one that is not there, costs speed and nothing else.
 */
#include "nr/port_host.h"
#include "nr/nr.h"
#include "nr/sync/lock.h"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHUNK ((size_t)2 << 20)

struct page {
	struct page *next;
};

struct chunk {
	u32 node;
};

static struct node {
	struct lock lock;
	struct page *list;
	u8 *cut, *end; /* the rest of a chunk */
} nodes[NR_NODES_MAX];

_Atomic int nr_host_numa = -1;

/* Are there several? Asked once. */
bool nr_host_has_numa(void)
{
	unsigned long allowed[16] = { 0 };
	int found = 0;

	if (likely(atomic_load_explicit(&nr_host_numa, memory_order_relaxed) >= 0))
		return atomic_load_explicit(&nr_host_numa, memory_order_relaxed);
	if (syscall(SYS_get_mempolicy, NULL, allowed, sizeof(allowed) * 8, NULL, MPOL_F_MEMS_ALLOWED) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
			found += __builtin_popcountl(allowed[i]);
	atomic_store_explicit(&nr_host_numa, found > 1, memory_order_relaxed);
	return found > 1;
}

/* A mapping on a node, aligned to `align`. */
static void *map(size_t size, size_t align, u32 node)
{
	size_t more = align > PAGE_SIZE ? align : 0;
	u8 *mem = mmap(NULL, size + more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *start;
	unsigned long mask = 1ul << node;

	if (mem == MAP_FAILED)
		return NULL;
	start = (u8 *)ALIGN_UP((uintptr_t)mem, (uintptr_t)align);
	if (start > mem)
		munmap(mem, (size_t)(start - mem));
	if (mem + size + more > start + size)
		munmap(start + size, (size_t)(mem + more - start));
	syscall(SYS_mbind, start, size, MPOL_PREFERRED, &mask, sizeof(mask) * 8 + 1, 0);
	return start;
}

static bool chunk_open(struct node *n, u32 node)
{
	struct chunk *c = map(CHUNK, CHUNK, node);

	if (!c)
		return false;
	c->node = node;
	n->cut = (u8 *)c + PAGE_SIZE;
	n->end = (u8 *)c + CHUNK;
	return true;
}

static void *page_take(u32 node)
{
	struct node *n = &nodes[node];
	void *page = NULL;

	lock_acquire(&n->lock);
	if (n->list) {
		page = n->list;
		n->list = n->list->next;
	} else if (n->cut < n->end || chunk_open(n, node)) {
		page = n->cut;
		n->cut += PAGE_SIZE;
	}
	lock_release(&n->lock);
	return page;
}

static void page_give(struct page *page)
{
	const struct chunk *c = (const struct chunk *)ALIGN_DOWN((uintptr_t)page, (uintptr_t)CHUNK);
	struct node *n = &nodes[c->node];

	lock_acquire(&n->lock);
	page->next = n->list;
	n->list = page;
	lock_release(&n->lock);
}

void *nr_host_numa_take(size_t size, u32 node)
{
	node %= NR_NODES_MAX;
	return size <= PAGE_SIZE ? page_take(node) : map(ALIGN_UP(size, PAGE_SIZE), PAGE_SIZE, node);
}

void nr_host_numa_give(void *mem, size_t size)
{
	if (size <= PAGE_SIZE)
		page_give(mem);
	else
		munmap(mem, ALIGN_UP(size, PAGE_SIZE));
}
