/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* redzone: see redzone.h. */
#include "mem/redzone.h"

#ifdef CHECKED

#include "base/print.h"
#include "base/string.h"

enum { POISON = 0x6b, ZONE = 0xbb };
enum { TAG_FREE = 0x46524545, TAG_LIVE = 0x4c495645 };

struct tag {
	u32 state, size;
	const void *owner; /* the kcache, NULL for kmalloc */
};
_Static_assert(sizeof(struct tag) == REDZONE, "the tag is the reserved tail");

static struct tag *tag_of(void *o, size_t class_size) { return (struct tag *)((u8 *)o + class_size) - 1; }

static bool filled(const u8 *p, size_t n, u8 with)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != with)
			return false;
	return true;
}

void redzone_fresh(void *o, size_t class_size)
{
	memset(o, POISON, class_size - REDZONE);
	*tag_of(o, class_size) = (struct tag){ .state = TAG_FREE };
}

void redzone_alloc(void *o, size_t class_size, size_t size, const void *owner)
{
	struct tag *t = tag_of(o, class_size);
	size_t link = MIN(sizeof(void *), class_size - REDZONE);

	if (t->state != TAG_FREE || !filled((u8 *)o + link, class_size - REDZONE - link, POISON))
		panic("object %p of %zu bytes was written to after it was freed", o, class_size);
	memset((u8 *)o + size, ZONE, class_size - REDZONE - size);
	*t = (struct tag){ .state = TAG_LIVE, .size = (u32)size, .owner = owner };
}

void redzone_free(void *o, size_t class_size, const void *owner)
{
	struct tag *t = tag_of(o, class_size);

	if (t->state == TAG_FREE)
		panic("object %p of %zu bytes is freed twice", o, class_size);
	if (t->state != TAG_LIVE || t->size > class_size - REDZONE ||
	    !filled((u8 *)o + t->size, class_size - REDZONE - t->size, ZONE))
		panic("object %p was overrun: more than its %u bytes are written", o, t->size);
	if (t->owner != owner)
		panic("object %p is freed through another cache than it came from", o);
	redzone_fresh(o, class_size);
}

#endif
