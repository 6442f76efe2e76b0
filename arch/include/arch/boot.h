/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the firmware told us, whichever way we were started (PVH, multiboot2, Linux 64-bit entry): filled by
 * boot/ before kmain, constant afterwards.
 */
#ifndef ARCH_BOOT_H
#define ARCH_BOOT_H

#include "arch/core.h"
#include "base/types.h"

struct boot_range {
	u64 start, end; /* physical, bytes; usable RAM only */
	u32 node;
};

#define BOOT_RANGES_MAX 128

struct boot_info {
	const char *cmdline;       /* NUL-terminated, in kernel memory */
	const u8 *initrd;          /* in the direct map; NULL if none */
	size_t initrd_size;
	u64 initrd_phys;
	u64 rsdp;                  /* physical address of ACPI's root pointer, 0 if none */
	u32 nranges;
	struct boot_range range[BOOT_RANGES_MAX]; /* page-aligned, sorted, without kernel image, initrd and tables in use */
};
extern struct boot_info boot_info;

/* Each piece of [start, end) with its node: that whose affinity range has it, else 0. */
void boot_each_node(u64 start, u64 end, void (*fn)(u64 start, u64 end, u32 node));

/* The value after "name=" on the command line into buf (cut to size), or NULL if absent; "name" alone gives "". */
const char *boot_option(const char *name, char *buf, size_t size);

/* The kernel's first C line on core 0: direct map on, interrupts off, ACPI parsed, boot_info filled, core 0's
 * struct core in place, no allocator yet. */
_Noreturn void kmain(void);

#endif
