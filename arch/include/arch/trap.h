/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The doors between ring 3 and ring 0: what the entry code saves, and the five functions of the kernel that
 * it calls. All five run with interrupts off on the current thread's kernel stack.
 *
 *   ring 3 --syscall--> trap_syscall --+
 *   ring 3 --fault----> trap_fault ----+--> trap_return --> ring 3
 *   ring 3 --irq------> trap_irq ------+
 *   ring 0 --fault----> user-copy fix-up, else trap_fault (frame->cs says ring 0)
 *   ring 0 --irq------> trap_irq only (idle and core_window)
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include "base/types.h"

/* As pushed, lowest address first. Same order as Linux's struct pt_regs. `orig_ax` is the call's number
 * after a syscall (or -1), else the hardware's error code is in `error`. */
struct trapframe {
	u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	u64 orig_ax;
	u64 vector, error;
	u64 ip, cs, flags, sp, ss;
};

static inline bool trap_from_user(const struct trapframe *f) { return f->cs & 3; }

enum { /* x86 exception vectors the kernel gives a meaning to */
	TRAP_DIVIDE = 0, TRAP_DEBUG = 1, TRAP_NMI = 2, TRAP_BREAK = 3, TRAP_OVERFLOW = 4, TRAP_BOUND = 5,
	TRAP_OPCODE = 6, TRAP_NOFPU = 7, TRAP_DOUBLE = 8, TRAP_TSS = 10, TRAP_SEGMENT = 11, TRAP_STACK = 12,
	TRAP_PROTECTION = 13, TRAP_PAGE = 14, TRAP_FPU = 16, TRAP_ALIGN = 17, TRAP_MACHINE = 18, TRAP_SIMD = 19,
};
#define TRAP_SYSCALL 256 /* stands in `vector` after a syscall */
/* Error code of TRAP_PAGE */
#define PF_PRESENT 1u
#define PF_WRITE 2u
#define PF_USER 4u
#define PF_FETCH 16u

/* Called by arch/, written in kern/. */
void trap_syscall(struct trapframe *f);
void trap_fault(struct trapframe *f, u64 address); /* address: CR2 for TRAP_PAGE */
void trap_irq(struct trapframe *f, u32 vector);    /* device vectors, after irq_alloc's handler; acknowledged */
void trap_ipi(struct trapframe *f, u32 what);      /* enum ipi */
void trap_timer(struct trapframe *f);              /* the one-shot of this core fired */
void trap_return(struct trapframe *f);             /* before every return to ring 3: signals, rescheduling */

/* Device interrupts (MSI-X or I/O APIC): hands out a vector on a core. 0 or -ENOSPC. The handler runs in
 * interrupt context of that core: no nr, no sleeping. */
int irq_alloc(u32 core, void (*handler)(void *arg), void *arg, u32 *vector);
void irq_msi(u32 core, u32 vector, u64 *address, u32 *data); /* what to write into an MSI-X entry */
int irq_isa(u32 line, u32 core, u32 vector);                 /* routes a legacy line (COM1: 4) through the I/O APIC */
int irq_gsi(u32 gsi, bool low, bool level, u32 core, u32 vector); /* any input; these two: one caller at a time */

/* Prints "#n 0xaddress symbol+0xoffset" for the interrupted code and its callers through kerror; NULL: from the
 * caller on. Any context. */
void arch_backtrace(const struct trapframe *f);
/* The function of the kernel that contains the address, and how far into it; NULL if none. */
const char *arch_symbol(u64 address, u64 *offset);

#endif
