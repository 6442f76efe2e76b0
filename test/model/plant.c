/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A planted slow-down: every page fault of every core counts in one word. It is linked around the kernel's space_fault
 * (ld --wrap) into an image of its own, build/plant.elf, which the profile by cache line must find guilty.
 */
#include "base/types.h"

struct space;

int __real_space_fault(struct space *, u64 va, u32 access);
int __wrap_space_fault(struct space *, u64 va, u32 access);

u64 planted_counter[8] __attribute__((aligned(64))); /* a line of its own */

int __wrap_space_fault(struct space *s, u64 va, u32 access)
{
	__asm__ volatile("lock incq %0" : "+m"(planted_counter[0]));
	return __real_space_fault(s, va, access);
}
