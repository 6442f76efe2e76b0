/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * redzone: what -DCHECKED adds to objects. The last 16 bytes of an object are a tag; the bytes between what was asked
 * for and the tag are the red zone.
 *
 *   fresh --> FREE (poisoned) --redzone_alloc--> LIVE (owner, size; red zone filled) --redzone_free--> FREE
 *
 * A free object's first word belongs to the free list. Without CHECKED nothing of this exists.
 */
#ifndef MEM_REDZONE_H
#define MEM_REDZONE_H

#include "base/types.h"

#ifdef CHECKED
#define REDZONE 16
void redzone_fresh(void *o, size_t class_size);
void redzone_alloc(void *o, size_t class_size, size_t size, const void *owner);
void redzone_free(void *o, size_t class_size, const void *owner); /* panics if something is wrong */
#else
#define REDZONE 0
static inline void redzone_fresh(void *o, size_t class_size) { (void)o, (void)class_size; }
static inline void redzone_alloc(void *o, size_t class_size, size_t size, const void *owner)
{
	(void)o, (void)class_size, (void)size, (void)owner;
}
static inline void redzone_free(void *o, size_t class_size, const void *owner)
{
	(void)o, (void)class_size, (void)owner;
}
#endif

#endif
