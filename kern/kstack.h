/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Kernel stacks: KSTACK_SIZE bytes with an unmapped guard page below. Each stack keeps its place in the vmap area
 * and its frames for ever; free ones wait on a list, so no kernel TLB flush is ever needed.
 */
#ifndef KERN_KSTACK_H
#define KERN_KSTACK_H

#include "base/types.h"

void *kstack_alloc(void);       /* the top; NULL: no memory */
void kstack_free(void *top);
u64 kstack_total(void);         /* made so far */
u64 kstack_free_count(void);

#endif
