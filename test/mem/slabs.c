/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Slabs, one thread playing all cores: a random program against a model, counts back to the baseline, red zones. */
#include "test/mem/mem.h"

#include <stdlib.h>
#include <string.h>

static const struct boot_range ram[] = { { 1 * MIB, 60 * MIB, 0 }, { 60 * MIB, 120 * MIB, 1 } };

struct wide { u64 a[37]; };
struct huge { u8 a[9000]; };
static KCACHE(wide_cache, "wide", struct wide);
static KCACHE(huge_cache, "huge", struct huge);
static KCACHE(unused_cache, "unused", struct wide);

enum { N = 3000 };
static struct held { u8 *p; size_t size; int kind; u8 pattern; } held[N];

static bool zero(const u8 *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static bool put(struct held *h)
{
	bool good = true;

	for (size_t i = 0; i < h->size; i += h->size > 4096 ? 61 : 1)
		good &= h->p[i] == (u8)(h->pattern + i);
	if (h->kind == 0)
		kfree(h->p);
	else
		kcache_free(h->kind == 1 ? &wide_cache : &huge_cache, h->p);
	h->p = NULL;
	return good;
}

static bool get(struct held *h)
{
	size_t align;
	bool good = true;

	h->kind = rand() % 8 == 0 ? 1 + rand() % 2 : 0;
	h->size = h->kind == 1 ? sizeof(struct wide) : h->kind == 2 ? sizeof(struct huge)
		: (size_t)rand() % (rand() % 50 ? 2100 : 60000);
	h->pattern = (u8)rand();
	if (h->kind) {
		h->p = kcache_alloc(h->kind == 1 ? &wide_cache : &huge_cache);
		good = h->p && zero(h->p, h->size);
	} else if (rand() % 4 == 0) {
		h->p = kzalloc(h->size);
		good = h->p && zero(h->p, h->size);
	} else {
		h->p = kmalloc_node(h->size, (u32)rand() % 2);
	}
	align = h->size > 2048 ? 4096 : h->size >= 64 ? 64 : 16;
	if (!h->p || (u64)h->p % align)
		return false;
	for (size_t i = 0; i < h->size; i++)
		h->p[i] = (u8)(h->pattern + i);
	return good;
}

static void random_program(void)
{
	u64 free, live[3] = { 0 };
	bool good = true;

	machine(4, 2, ram, 2, true);
	free = frame_free_count();
	for (int round = 0; round < 200000; round++) {
		struct held *h = &held[rand() % N];

		host_core_enter((u32)rand() % 4);
		good &= h->p ? put(h) : get(h);
	}
	ok(good, "objects are aligned, apart, zeroed where promised");
	for (int i = 0; i < N; i++)
		if (held[i].p)
			live[held[i].kind]++;
	ok(kmalloc_live() == live[0] && kcache_live(&wide_cache) == live[1] && kcache_live(&huge_cache) == live[2] &&
	   live[0] && live[1] && live[2], "live counts are exact (%lu, %lu, %lu)", live[0], live[1], live[2]);
	for (int i = 0; i < N; i++)
		if (held[i].p)
			good &= put(&held[i]);
	ok(good && !kmalloc_live() && !kcache_live(&wide_cache) && !kcache_live(&huge_cache), "and zero after all is freed");
	drain_all();
	ok(frame_free_count() == free && pools_sound(), "every frame is back after a drain");
}

static void stats(void)
{
	struct slab_stat s;
	u64 frames = 0, objects = 0;
	void *p[100];
	unsigned n = 0;
	bool listed = false, unused = false;

	for (int i = 0; i < 100; i++)
		p[i] = kmalloc(1000);
	for (; slab_stats(n, &s); n++) {
		frames += s.frames;
		objects += s.objects;
	}
	ok(n == SLAB_CLASSES && objects >= 100 && frames * PAGE_SIZE >= 100 * 1000, "slab_stats");
	for (int i = 0; i < 100; i++)
		kfree(p[i]);
	drain_all();
	frames = 0;
	for (n = 0; slab_stats(n, &s); n++)
		frames += s.frames + s.objects;
	ok(frames == 0, "nothing is held after a drain");
	for (const struct kcache *c = kcache_first(); c; c = c->next) {
		listed |= c == &wide_cache;
		unused |= c == &unused_cache;
	}
	ok(listed && !unused && kcache_live(&unused_cache) == 0, "used caches are listed");
}

static void limits(void)
{
	static const struct boot_range small[] = { { 1 * MIB, 20 * MIB, 0 } };
	void *first = NULL, *p;
	u64 n = 0, free;

	machine(2, 1, small, 1, true);
	free = frame_free_count();
	ok(!kmalloc(KMALLOC_MAX + 1) && !kmalloc((size_t)-1), "absurd sizes are refused");
	p = kmalloc(KMALLOC_MAX);
	ok(p && frame_free_count() == free - KMALLOC_MAX / PAGE_SIZE, "the largest is given");
	kfree(p);
	kfree(NULL);
	while ((p = kmalloc(700))) {
		*(void **)p = first;
		first = p;
		n++;
	}
	ok(n > 19000, "memory ends with NULL, used to the last frame (%lu objects of 700)", n);
	ok(!kmalloc(5000) && !kcache_alloc(&huge_cache), "then nothing else is there");
	while (first) {
		p = first;
		first = *(void **)p;
		kfree(p);
	}
	drain_all();
	ok(frame_free_count() == free, "and all of it comes back");
}

static void free_foreign(void) { kfree((u8 *)phys_to_virt(30 * MIB) + 64); }

#ifdef CHECKED
static void overrun(void)
{
	u8 *p = kmalloc(100);

	p[100] = 1;
	kfree(p);
}

static void twice(void)
{
	void *p = kmalloc(100);

	kfree(p);
	kfree(p);
}

static void write_after(void)
{
	u8 *p = kmalloc(100);

	kfree(p);
	p[50] = 1;
	kmalloc(100);
}

static void wrong_cache(void) { kfree(kcache_alloc(&wide_cache)); }
#endif

static void deaths(void)
{
	machine(2, 2, ram, 2, true);
	ok(dies(free_foreign, "was not allocated"), "kfree of something else is caught");
#ifdef CHECKED
	ok(dies(overrun, "was overrun: more than its 100 bytes"), "an overrun is caught");
	ok(dies(twice, "freed twice"), "a double free is caught");
	ok(dies(write_after, "written to after it was freed"), "a write after free is caught");
	ok(dies(wrong_cache, "through another cache"), "the wrong cache is caught");
#endif
}

int main(void)
{
	srand(1);
	random_program();
	stats();
	limits();
	deaths();
	return tap_end();
}
