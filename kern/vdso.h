/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The vDSO: a small shared object in every address space whose clock_gettime reads the time without a call.
 *
 *   AT_SYSINFO_EHDR -> page 0  the image (kern/vdso/), read and execute
 *                      page 1  struct vdso_data, what the kernel knows about the clock
 *
 * Both are pages of one body mapped privately, so there is one copy in the machine. The conversion of the
 * time-stamp counter is constant; only the wall clock's offset changes, by one store.
 */
#ifndef KERN_VDSO_H
#define KERN_VDSO_H

#include "base/types.h"

#define VDSO_IMAGE_SIZE 4096

/* ns since boot = (tsc - start) * mult >> 32, in 128 bits; since 1970: wall_offset more. */
struct vdso_data {
	u64 start, mult;
	u64 wall_offset; /* read and written as one word */
};

struct space;

void vdso_start(u64 wall_offset);   /* once, before the first program */
/* Maps it into a new space. Its address, or -errno. */
long vdso_map(struct space *s);
void vdso_set_wall(u64 offset);     /* the wall clock was set */

#endif
