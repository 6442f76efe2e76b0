/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Many cores at once, for TSan and for the counts: threads allocate, pass objects and frames on through a shared
 * table, look at frames they do not own with frame_tryget, read statistics. In the end everything is back.
 */
#include "test/mem/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CORES = 6, NODES = 3, SLOTS = 512, ROUNDS = 30000 };

static const struct boot_range ram[] = {
	{ 1 * MIB, 40 * MIB, 0 }, { 40 * MIB, 90 * MIB, 1 }, { 100 * MIB, 130 * MIB, 2 },
};
struct note { u64 owner, check; u8 rest[80]; };
static KCACHE(note_cache, "notes", struct note);

static _Atomic(struct note *) notes[SLOTS];
static _Atomic(u8 *) buffers[SLOTS];
static _Atomic paddr_t frames[SLOTS];
static _Atomic u32 bad;

static void swap_note(u32 id, unsigned slot)
{
	struct note *n = kcache_alloc(&note_cache), *old;

	if (n)
		*n = (struct note){ .owner = id, .check = (u64)n ^ id };
	old = atomic_exchange(&notes[slot], n);
	if (old && old->check != ((u64)old ^ old->owner))
		bad++;
	kcache_free(&note_cache, old);
}

static void swap_buffer(unsigned slot, size_t size)
{
	u8 *b = kmalloc(size), *old;

	if (b)
		b[0] = b[size - 1] = (u8)(0x80 | slot);
	old = atomic_exchange(&buffers[slot], b);
	if (old && old[0] != (u8)(0x80 | slot))
		bad++;
	kfree(old);
}

static void swap_frame(unsigned slot, u32 node)
{
	paddr_t p = slot % 3 ? frame_alloc_user(node) : frame_alloc(node), old;

	if (p)
		*(u64 *)phys_to_virt(p) = p;
	old = atomic_exchange(&frames[slot], p);
	if (!old)
		return;
	if (*(u64 *)phys_to_virt(old) != old)
		bad++;
	frame_put(old);
}

/* As a lock-free reader of a page map: get it if it lives, then see whether it still is the one. */
static void peek(unsigned slot)
{
	paddr_t p = atomic_load(&frames[slot]);

	if (!p || !frame_tryget(p))
		return;
	if (atomic_load(&frames[slot]) == p && *(u64 *)phys_to_virt(p) != p)
		bad++;
	frame_put(p);
}

static void block(u32 node, unsigned order)
{
	paddr_t p = frame_alloc_order(node, order);

	if (p)
		frame_free_order(p, order);
}

static void *core(void *arg)
{
	u32 id = (u32)(u64)arg;
	unsigned seed = id + 1;
	struct frame_stat s;

	host_core_enter(id);
	for (int i = 0; i < ROUNDS; i++) {
		unsigned what = (unsigned)rand_r(&seed) % 64, slot = (unsigned)rand_r(&seed) % SLOTS;

		if (what < 16)
			swap_note(id, slot);
		else if (what < 32)
			swap_buffer(slot, 1 + (size_t)rand_r(&seed) % 3000);
		else if (what < 48)
			swap_frame(slot, (u32)rand_r(&seed) % NODES);
		else if (what < 60)
			peek(slot);
		else if (what < 62)
			block(id % NODES, 1 + what % 7);
		else if (what < 63)
			frame_stats(id % NODES, &s);
		else if (i % 64 == 0)
			slab_drain();
	}
	return NULL;
}

static void run(void)
{
	pthread_t t[CORES];

	for (u64 i = 0; i < CORES; i++)
		pthread_create(&t[i], NULL, core, (void *)i);
	for (int i = 0; i < CORES; i++)
		pthread_join(t[i], NULL);
}

static u64 empty_slots(void)
{
	u64 left = 0;

	for (int i = 0; i < SLOTS; i++) {
		if (frames[i])
			frame_put(frames[i]);
		kfree(buffers[i]);
		left += notes[i] != NULL;
		if (i % 2 == 0) { /* half of them, to see a count in between */
			left -= notes[i] != NULL;
			kcache_free(&note_cache, notes[i]);
			notes[i] = NULL;
		}
	}
	return left;
}

int main(void)
{
	u64 free, left;

	machine(CORES, NODES, ram, ARRAY_SIZE(ram), false);
	free = frame_free_count();
	run();
	ok(!bad, "nobody saw another's memory");
	host_core_enter(0);
	left = empty_slots();
	ok(kcache_live(&note_cache) == left && left > 0 && kmalloc_live() == 0, "live counts are exact");
	for (int i = 0; i < SLOTS; i++)
		kcache_free(&note_cache, notes[i]);
	drain_all();
	ok(kcache_live(&note_cache) == 0 && frame_free_count() == free, "everything is back");
	ok(pools_sound(), "pools are sound");
	return tap_end();
}
