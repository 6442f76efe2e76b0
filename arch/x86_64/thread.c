/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A new context looks like one that context_switch has left: six saved registers below the address to go on at,
 * all under the place where the frame of ring 3 lies. */
#include "arch/thread.h"

void context_first(void);

void context_new(struct context *c, void *top, void (*start)(void *arg), void *arg)
{
	u64 *sp = (u64 *)ALIGN_DOWN((u64)kstack_frame(top), 16);

	*--sp = (u64)context_first;
	*--sp = 0;          /* rbp: the end of a backtrace */
	*--sp = (u64)start; /* rbx */
	*--sp = (u64)arg;   /* r12 */
	*--sp = 0;
	*--sp = 0;
	*--sp = 0;
	c->sp = (u64)sp;
}
