/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What CPUID says of the processors, for /proc/cpuinfo and /sys/devices/system/cpu. All cores are of one kind;
 * where a core sits follows from its APIC id: | package | core | thread |.
 */
#ifndef KERN_CPUS_H
#define KERN_CPUS_H

#include "base/types.h"

struct cpu_ident {
	char vendor[13], model[49];
	u32 family, model_number, stepping;
	u32 level, cache_line;          /* highest leaf; bytes of CLFLUSH */
	u32 physical_bits, virtual_bits;
	u32 f1d, f1c, f7b, f7c, f8d, f8c; /* feature bits: leaf 1 edx and ecx, 7 ebx and ecx, 0x80000001 edx and ecx */
};
void cpu_identify(struct cpu_ident *out);
bool cpu_is_amd(const struct cpu_ident *c);

u32 cpu_package(u32 core);
u32 cpu_core_id(u32 core);             /* inside its package */
bool cpu_same_package(u32 core, u64 as);
bool cpu_same_core(u32 core, u64 as);

/* State of a processor flaw under this kernel, in Linux's words. */
enum cpu_flaw { FLAW_INTEL, FLAW_SPECTRE_V1, FLAW_SPECTRE_V2, FLAW_SSB, FLAW_RETBLEED, FLAW_SRSO, FLAW_TSA, FLAW_HOST };
bool cpu_vulnerable(enum cpu_flaw f);

#endif
