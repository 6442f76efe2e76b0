/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What arch/ keeps per core, and what the files of this folder say to each other. Nothing outside arch/ and
 * boot/ includes this.
 *
 * struct cpu begins with the public struct core, so %gs:0 finds both. The boot core's is static; the others'
 * come from their node's memory in core_start_all.
 */
#ifndef ARCH_X86_CPU_H
#define ARCH_X86_CPU_H

#include "arch/core.h"
#include "arch/machine.h"
#include "arch/mmu.h"
#include "arch/thread.h"
#include "arch/trap.h"
#include "base/types.h"

#define VECTOR_DEVICE 0x30 /* .. VECTOR_WAKE-1: handed out by irq_alloc */
#define VECTOR_WAKE 0xf0
#define VECTOR_FLUSH 0xf1
#define VECTOR_TIMER 0xf2
#define VECTOR_BOOT 0xf3     /* a started core tells the starter */
#define VECTOR_SPURIOUS 0xff
#define DEVICE_VECTORS (VECTOR_WAKE - VECTOR_DEVICE)

enum { IST_DOUBLE = 1, IST_NMI, IST_DEBUG, IST_MACHINE, IST_COUNT = IST_MACHINE };
#define IST_SIZE 8192

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, iomap;
} __attribute__((packed));

struct irq_slot {
	void (*handler)(void *arg);
	void *arg;
};

struct cpu {
	struct core core;     /* first: %gs:0 */
	u64 gdt[10];
	struct tss tss;
	u32 nofault;          /* depth of user_nofault_begin */
	u64 deadline;         /* of the one-shot timer, clock_ns; ~0 if off */
	u32 stop;             /* the next NMI is a request to stop */
	struct irq_slot irq[DEVICE_VECTORS];
};
_Static_assert(sizeof(struct cpu) <= 4096, "one frame per core");

static inline struct cpu *cpu_this(void) { return (struct cpu *)core_this(); }
struct cpu *cpu_get(u32 id);

/* What the processor can do; found once on the boot core. */
struct cpu_features {
	bool x2apic, tsc_deadline, tsc_invariant, smep, smap, umip, fsgsbase, pge, xsave, gb_pages, nx;
	u32 max_basic, max_hypervisor;
};
extern struct cpu_features cpu_features;

/* cpu.c: descriptor tables, control registers, syscall MSRs of this core */
void cpu_detect(void);
void cpu_setup(struct cpu *c, u32 id, void *kstack_top, void *const ist_top[IST_COUNT]);
void cpu_init(struct cpu *c);
void idt_init(void);
void smap_patch(void);

/* The page-table builder of the boot: mmu.c */
struct mmu_range {
	u64 start, end;
};
void mmu_init(const struct mmu_range *range, u32 n); /* maps these and the image, loads the kernel root */
void mmu_boot_done(void);          /* from now on tables come from frame_alloc */
paddr_t mmu_start_root(void);      /* also maps the first megabyte at its own address; below 4 GiB */

bool mmu_kernel_readable(u64 va, size_t len); /* mapped in kernel space? */

/* smp.c */
void smp_boot_core(void *kstack_top);
void smp_boot_core_known(void);
void core_stop_if_halting(void);

/* apic.c */
#define APIC_FIXED 0x4000u
#define APIC_NMI 0x400u
#define APIC_INIT 0x4500u
#define APIC_STARTUP 0x4600u
u32 apic_boot_id(void);
void apic_detect(void);
void apic_init(void);              /* this core */
bool apic_is_x2(void);
void apic_eoi(void);
void apic_send(u32 apic_id, u32 command);
void apic_send_others(u32 command);
void apic_timer_start(u32 count);
u32 apic_timer_now(void);

/* ioapic.c */
void ioapic_init(void);
void irq_dispatch(u32 vector);

/* clock.c */
void clock_init(void);
void clock_check_core(void);       /* on each further core: is its TSC behind the others'? */
void clock_delay_us(u64 us);
void clock_timer_start(u64 ns);
void clock_timer_fired(struct trapframe *f);

/* fpu.c */
void fpu_detect(void);
void fpu_core_init(void);

/* init.c: everything above in order, on the boot core */
void arch_init_tables(void);
void arch_init(void);

#endif
