/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * From the first line of C to kmain:
 *
 *   console -> loader's information -> ACPI -> boot_info -> final page tables and this core's state -> kmain
 *
 * The kernel sets its own print hooks and consoles in kmain. Until arch_init has loaded the final page tables, the first 4 GiB are mapped at DIRECT_BASE.
 */
#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/machine.h"
#include "arch/serial.h"
#include "arch/x86_64/cpu.h"
#include "boot/acpi.h"
#include "boot/info.h"
#include "boot/raw.h"
#include "base/print.h"

_Noreturn void boot_main(u32 kind, u64 info);

struct machine machine;
static struct boot_raw raw;

const void *boot_peek(u64 phys, size_t len)
{
	return phys && phys + len >= phys && phys + len <= 1ul << 32 ? phys_to_virt(phys) : NULL;
}

/* ---- printing until the kernel takes over: lines wait in the ring; a panic shows them on COM1 ---- */

static void console_write(struct print_sink *sink, const char *text, size_t len)
{
	(void)sink;
	while (len--)
		serial_putc(*text++);
}

static struct print_sink console = { .write = console_write };

static void boot_backtrace(void)
{
	arch_backtrace(NULL);
}

static void boot_die(u8 status)
{
	print_sink_add(&console, true);
	machine_exit_debug(status);
}

static const struct print_hooks hooks = {
	.now = clock_ns, .core = core_id, .stop_others = core_stop_others, .backtrace = boot_backtrace, .die = boot_die,
};

static void map_memory(void)
{
	static struct mmu_range range[RAW_MEMORY_MAX];
	u32 n = 0;

	for (u32 i = 0; i < raw.nmemory; i++)
		if (raw.memory[i].type == RAW_RAM || raw.memory[i].type == RAW_ACPI)
			range[n++] = (struct mmu_range){ raw.memory[i].start, raw.memory[i].end };
	mmu_init(range, n);
}

void boot_main(u32 kind, u64 info)
{
	serial_init();
	cpu_detect();
	arch_init_tables();
	print_hooks_set(&hooks);
	if (kind == 0)
		pvh_read(&raw, info);
	else
		multiboot2_read(&raw, info);
	if (!raw.rsdp)
		raw.rsdp = acpi_find_rsdp(boot_peek);
	acpi_parse(&machine, raw.rsdp, apic_boot_id(), boot_peek);
	boot_info_fill(&raw);
	smap_patch();
	map_memory();
	arch_init();
	mmu_boot_done();
	kmain();
}
