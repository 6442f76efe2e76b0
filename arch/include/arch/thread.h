/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A thread's context: a kernel stack with a saved stack pointer while it does not run, and its FPU state.
 *
 *   context_new    prepares a stack so that the first switch to it calls start(arg)
 *   context_switch saves callee-saved registers on the old stack and continues on the new one
 *   thread_enter   first way out to ring 3
 */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

#include "arch/trap.h"
#include "base/types.h"

#define KSTACK_SIZE 16384 /* usable bytes below the top; a guard page lies under them */

struct context {
	u64 sp;
};

/* `top` is the stack's upper end, 16-byte aligned; sizeof(struct trapframe) below it is where a frame of
 * ring 3 always lies: */
static inline struct trapframe *kstack_frame(void *top) { return (struct trapframe *)top - 1; }

void context_new(struct context *c, void *top, void (*start)(void *arg), void *arg);
void context_switch(struct context *from, struct context *to);
/* Leaves for ring 3 with the registers of the frame at the top of the current kernel stack (through
 * trap_return). */
_Noreturn void thread_enter(struct trapframe *frame);

/* Where entries from ring 3 land from now on, and the program's %fs and %gs bases. A base must be canonical. */
void core_set_kstack(void *top);
u64 user_fs_get(void);
void user_fs_set(u64 base);
u64 user_gs_get(void);
void user_gs_set(u64 base);

/* The processor's features as the auxiliary vector tells them (AT_HWCAP, AT_HWCAP2). */
u64 user_hwcap(void);
u64 user_hwcap2(void);

/* FPU and vector state, saved eagerly at each switch (XSAVE, else FXSAVE). Areas are 64-byte aligned,
 * fpu_size() bytes (constant after boot). fpu_init writes the state a new program starts with. */
size_t fpu_size(void);
void fpu_init(void *area);
void fpu_save(void *area);
void fpu_restore(const void *area);
/* The signal frame: fpu_to_user_size() bytes in the layout of Linux's struct _fpstate/_xstate. Returns
 * -EFAULT/-EINVAL on a bad user pointer or image; a restored image is sanitised. */
size_t fpu_user_size(void);
int fpu_to_user(void __user *dst, const void *area);
int fpu_from_user(void *area, const void __user *src);

#endif
