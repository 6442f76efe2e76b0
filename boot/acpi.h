/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ACPI's static tables, read once at boot (ACPI 6.4, chapter 5). No AML is run; \_S5_ is found by its bytes. */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H

#include "arch/machine.h"
#include "base/types.h"

/* Gives `len` bytes of physical memory, or NULL if they cannot be reached. */
typedef const void *(*acpi_map_fn)(u64 phys, size_t len);

/* Fills m from the tables under the root pointer. Whatever is missing, malformed or has a wrong checksum is
 * treated as absent: then there is one core (boot_apic_id), one node, and no power management. Never fails. */
void acpi_parse(struct machine *m, u64 rsdp, u32 boot_apic_id, acpi_map_fn map);

/* Looks for the root pointer where BIOSes leave it; 0 if it is not there. */
u64 acpi_find_rsdp(acpi_map_fn map);

#endif
