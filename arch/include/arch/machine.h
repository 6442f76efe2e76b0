/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The machine as its firmware describes it: cores, nodes, interrupt routing, and the few registers that ACPI
 * names. Filled once by boot/ (from the tables, or with safe defaults without them), constant afterwards.
 *
 * Cores are numbered as Linux numbers them: the boot core is 0, the others follow in the order of the MADT.
 * Nodes are dense: 0 is the proximity domain with the lowest number that has a core or memory, and so on.
 */
#ifndef ARCH_MACHINE_H
#define ARCH_MACHINE_H

#include "arch/core.h"
#include "base/types.h"

#define MACHINE_RANGES_MAX 128
#define MACHINE_IOAPICS_MAX 16
#define MACHINE_ECAM_MAX 16

struct machine_core { u32 apic_id, node; };
struct machine_memory { u64 start, end; u32 node; };       /* affinity, not usability; sorted by start */
struct machine_ioapic { u64 address; u32 gsi_base; };
struct machine_isa { u32 gsi; bool low, level; };          /* legacy line -> I/O APIC input, polarity, trigger */
struct machine_ecam { u64 address; u16 segment; u8 bus_first, bus_last; };
struct machine_reg { u64 address; u8 space, width; };      /* ACPI generic address: 0 memory, 1 port; address 0: none */

struct machine {
	u32 ncores, nnodes, nmemory, nioapics, necams;
	struct machine_core core[CORES_MAX];
	u32 pxm[NODES_MAX];
	u8 distance[NODES_MAX][NODES_MAX];
	struct machine_memory memory[MACHINE_RANGES_MAX];
	struct machine_ioapic ioapic[MACHINE_IOAPICS_MAX];
	struct machine_isa isa[16];
	struct machine_ecam ecam[MACHINE_ECAM_MAX];
	u64 lapic;                                         /* physical address of the xAPIC's registers */
	u64 hpet;
	struct machine_reg pm_timer;                       /* 3,579,545 Hz */
	bool pm_timer_32;
	struct machine_reg pm1a_control, pm1b_control, pm1a_event;
	struct machine_reg sleep_control;                  /* hardware-reduced ACPI */
	struct machine_reg reset;
	u8 reset_value;
	u16 smi_command;                                   /* port that switches to ACPI mode, 0 if already there */
	u8 acpi_enable;                                    /* what to write there */
	bool has_s5;
	u8 s5_a, s5_b;                                     /* SLP_TYP for power off */
	u8 century;                                        /* CMOS index of the century, 0 if none */
	u32 sci;                                           /* GSI of the power button's interrupt */
};
extern struct machine machine;

#endif
