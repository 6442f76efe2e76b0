/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The boot core's hardware, in the order in which each part needs the one before. */
#include "arch/x86_64/cpu.h"

extern u8 boot_stack_top[];

/* Traps can be reported from here on. */
void arch_init_tables(void)
{
	idt_init();
	smp_boot_core(boot_stack_top);
}

/* The machine is known and the final page tables are loaded. */
void arch_init(void)
{
	smp_boot_core_known();
	apic_detect();
	apic_init();
	ioapic_init();
	fpu_detect();
	clock_init();
}
