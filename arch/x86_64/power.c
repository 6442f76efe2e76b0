/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Turning the machine off or over: ACPI's registers first (ACPI 6.4, 4.8.3 and 16), then what PCs have always had. */
#include "arch/core.h"
#include "arch/x86_64/asm.h"
#include "arch/x86_64/cpu.h"
#include "base/errno.h"

#define SLEEP_ENABLE (1u << 13)
#define DEBUG_EXIT_PORT 0xf4

static void reg_write(const struct machine_reg *r, u32 v, u32 bytes)
{
	if (r->space == 1 && bytes == 1)
		outb((u16)r->address, (u8)v);
	else if (r->space == 1)
		outw((u16)r->address, (u16)v);
	else if (r->space == 0) {
		volatile u8 *p = mmu_map_device(r->address, 2);
		if (p && bytes == 1)
			*p = (u8)v;
		else if (p)
			*(volatile u16 *)p = (u16)v;
	}
}

static void pause_a_little(void)
{
	for (int i = 0; i < 1000000; i++)
		core_pause();
}

/* Leaves legacy mode if the firmware has not done so: the control register is the SMI handler's until then. */
static void acpi_enable(void)
{
	if (!machine.smi_command || !machine.acpi_enable || machine.pm1a_control.space != 1)
		return;
	u16 port = (u16)machine.pm1a_control.address;
	if (inw(port) & 1)
		return;
	outb(machine.smi_command, machine.acpi_enable);
	for (int i = 0; i < 100000 && !(inw(port) & 1); i++)
		core_pause();
}

#define POWER_BUTTON (1u << 8)

static void (*button_pressed)(void);

/* The event block is a status register (write 1 to clear) and an enable register of the same width. */
static void button_irq(void *arg)
{
	u16 port = (u16)machine.pm1a_event.address;

	(void)arg;
	u16 status = inw(port);
	outw(port, status);
	if (status & POWER_BUTTON)
		button_pressed();
}

int machine_power_button(void (*pressed)(void))
{
	const struct machine_isa *line = machine.sci < 16 ? &machine.isa[machine.sci] : NULL;
	u16 port = (u16)machine.pm1a_event.address;
	u32 vector;

	if (!port || machine.pm1a_event.space != 1 || !machine.sci)
		return -ENODEV;
	button_pressed = pressed;
	acpi_enable();
	int err = irq_alloc(0, button_irq, NULL, &vector);
	if (!err)
		err = irq_gsi(line ? line->gsi : machine.sci, line && line->low, true, 0, vector);
	if (err)
		return err;
	outw(port, 0xffff);
	outw((u16)(port + 2), POWER_BUTTON);
	return 0;
}

void machine_poweroff(void)
{
	core_stop_others();
	if (machine.has_s5 && machine.sleep_control.address)
		reg_write(&machine.sleep_control, (u32)machine.s5_a << 2 | 1 << 5, 1);
	if (machine.has_s5 && machine.pm1a_control.address) {
		acpi_enable();
		reg_write(&machine.pm1a_control, (u32)machine.s5_a << 10 | SLEEP_ENABLE, 2);
		if (machine.pm1b_control.address)
			reg_write(&machine.pm1b_control, (u32)machine.s5_b << 10 | SLEEP_ENABLE, 2);
		pause_a_little();
	}
	outb(DEBUG_EXIT_PORT, 0);
	core_halt_all();
}

void machine_exit_debug(u8 code)
{
	outb(DEBUG_EXIT_PORT, code);
	machine_poweroff();
}

void machine_reboot(void)
{
	static const struct { u16 limit; u64 base; } __attribute__((packed)) no_idt;

	core_stop_others();
	if (machine.reset.address)
		reg_write(&machine.reset, machine.reset_value, 1);
	pause_a_little();
	outb(0xcf9, 6);
	pause_a_little();
	outb(0x64, 0xfe);
	pause_a_little();
	__asm__ volatile("lidt %0; int3" : : "m"(no_idt)); /* a triple fault resets */
	core_halt_all();
}
