/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the loaders tell, in one shape, before anything is sorted out. Physical addresses. */
#ifndef BOOT_RAW_H
#define BOOT_RAW_H

#include "base/types.h"

#define RAW_MEMORY_MAX 256

enum { RAW_RAM = 1, RAW_RESERVED = 2, RAW_ACPI = 3, RAW_NVS = 4 }; /* as in e820 */

struct boot_raw {
	u32 nmemory;
	struct { u64 start, end; u32 type; } memory[RAW_MEMORY_MAX];
	u64 initrd, initrd_size;
	u64 rsdp;
	char cmdline[4096];
};

/* Memory of the loader, reachable below 4 GiB through the boot page tables; NULL beyond. */
const void *boot_peek(u64 phys, size_t len);
void raw_add_memory(struct boot_raw *r, u64 start, u64 len, u32 type);
void raw_set_cmdline(struct boot_raw *r, u64 phys);

void pvh_read(struct boot_raw *r, u64 info);
void multiboot2_read(struct boot_raw *r, u64 info);

#endif
