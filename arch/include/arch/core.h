/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A core, as the hardware and the entry code see it. One block per core, on its own node, found through %gs
 * in kernel mode. What the kernel proper keeps per core hangs off `kern`.
 *
 * Interrupts are off in kernel mode, except in idle (core_idle) and at core_window, the named point that long
 * work calls between chunks. So a core's own data needs no lock against its own interrupts.
 */
#ifndef ARCH_CORE_H
#define ARCH_CORE_H

#include "base/types.h"

#define CORES_MAX 1024
#define NODES_MAX 64

struct core {
	struct core *self;    /* %gs:0 */
	u64 kernel_sp;        /* %gs:8: top of the current thread's kernel stack, loaded at entry from ring 3 */
	u64 user_sp;          /* %gs:16: scratch of the syscall entry */
	u32 id;               /* 0 .. cores_count()-1, in firmware order */
	u32 node;             /* 0 .. nodes_count()-1, dense */
	u32 apic_id;
	u32 flags;
	void *kern;           /* struct percore of kern/ */
	void *arch;           /* private to arch/ */
};

#ifdef NROS_HOST /* arch/host: a thread plays the core */
struct core *core_this(void);
#else
static inline struct core *core_this(void)
{
	struct core *c;
	__asm__ volatile("movq %%gs:0, %0" : "=r"(c));
	return c;
}
#endif
static inline u32 core_id(void) { return core_this()->id; }
static inline u32 core_node(void) { return core_this()->node; }

u32 cores_count(void);                 /* cores that are up; fixed once core_start_all returned */
u32 nodes_count(void);
struct core *core_get(u32 id);
u32 node_distance(u32 from, u32 to);   /* ACPI SLIT: 10 is local */
u32 node_pxm(u32 node);                /* the firmware's proximity domain */

/* Boots every other core in parallel; each runs `entry` at once on its own stack, with its own %gs, and never
 * returns. cores_count() is final before the first entry runs; send no IPI to a core that has not entered. */
void core_start_all(void (*entry)(struct core *));

/* Waits for an interrupt with interrupts on; returns with them off. Interrupt handlers have run. If
 * `*unless` is non-zero (checked with interrupts off, atomically with the halt), it does not wait, but lets pending
 * ones in: an idle core that is kept busy is not deaf. */
void core_idle(const volatile u32 *unless);
/* Lets pending interrupts in for a moment. Call with no lock, no guard. */
void core_window(void);
static inline void core_pause(void) { __builtin_ia32_pause(); }

/* Inter-processor interrupts. The handler of IPI_FLUSH and IPI_WAKE is trap_ipi() of the kernel. */
enum ipi { IPI_WAKE = 0, IPI_FLUSH = 1, IPI_STOP = 2 };
void core_ipi(u32 core, enum ipi what);
/* Non-zero if an IPI_FLUSH is pending at this core though interrupts are off is not asked of the hardware:
 * waiting loops poll the kernel's own request word instead (see kern/flush.c). */

u32 core_cycles_khz(void);             /* TSC frequency */
static inline u64 core_cycles(void)
{
	u32 lo, hi;
	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

void core_stop_others(void);           /* by NMI, for ever; returns when they no longer run (or do not answer) */
_Noreturn void core_halt_all(void);    /* the end, for panics: stops the others, then this one */
_Noreturn void machine_poweroff(void); /* ACPI S5; falls back to isa-debug-exit, then halt */
_Noreturn void machine_reboot(void);
/* From now on `pressed` runs, in interrupt context on core 0, when the ACPI power button is pressed. 0, -ENODEV
 * if there is none, -ENOSPC. Once, at boot. */
int machine_power_button(void (*pressed)(void));
_Noreturn void machine_exit_debug(u8 code); /* QEMU isa-debug-exit at 0xf4, else poweroff */

#endif
