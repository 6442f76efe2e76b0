/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The hardware contract inside a process (compile with -DNROS_HOST): threads play cores, an arena of lazily
 * backed memory plays physical memory. Only what mem/ and its tests need.
 */
#ifndef ARCH_HOST_H
#define ARCH_HOST_H

#include "arch/boot.h"
#include "arch/core.h"

/* Lays out a machine: `cores` cores dealt round-robin to `nodes` nodes, whose distance is 10 + 10 * |a - b|, and
 * the given ranges as RAM. What lies between ranges faults. The calling thread becomes core 0. May be called again: memory is then
 * new (and filled with garbage where `garbage`, slow). */
void host_machine(u32 cores, u32 nodes, const struct boot_range *ranges, u32 nranges, bool garbage);
void host_core_enter(u32 id); /* the calling thread plays this core from now on */
u64 host_resident(void);      /* bytes of the arena that were touched */

#endif
