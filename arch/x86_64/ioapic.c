/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Device interrupts: per-core tables of handlers behind the vectors VECTOR_DEVICE .. VECTOR_WAKE-1, message
 * signalled interrupts, and the I/O APIC for the few legacy lines (82093AA data sheet). The old PICs are masked.
 *
 * A slot of a core's table is claimed by compare-exchange on its handler, so any core may allocate.
 */
#include "arch/trap.h"
#include "arch/x86_64/asm.h"
#include "arch/x86_64/cpu.h"
#include "base/errno.h"

#define REDIRECT(pin) (0x10 + 2 * (pin))
#define REDIRECT_MASKED 0x10000u
#define REDIRECT_LEVEL 0x8000u
#define REDIRECT_LOW 0x2000u

struct ioapic {
	volatile u32 *registers; /* [0] selects, [4] is the selected one */
	u32 gsi, pins;
};
static struct ioapic ioapic[MACHINE_IOAPICS_MAX];

static u32 ioapic_read(struct ioapic *a, u32 reg)
{
	a->registers[0] = reg;
	return a->registers[4];
}

static void ioapic_write(struct ioapic *a, u32 reg, u32 v)
{
	a->registers[0] = reg;
	a->registers[4] = v;
}

/* Moved off the exception vectors, then everything masked. */
static void pic_mask(void)
{
	outb(0x20, 0x11);
	outb(0xa0, 0x11);
	outb(0x21, 0x20);
	outb(0xa1, 0x28);
	outb(0x21, 4);
	outb(0xa1, 2);
	outb(0x21, 1);
	outb(0xa1, 1);
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

void ioapic_init(void)
{
	pic_mask();
	for (u32 i = 0; i < machine.nioapics; i++) {
		struct ioapic *a = &ioapic[i];
		a->registers = mmu_map_device(machine.ioapic[i].address, 32);
		a->gsi = machine.ioapic[i].gsi_base;
		if (!a->registers)
			continue;
		a->pins = (ioapic_read(a, 1) >> 16 & 0xff) + 1;
		for (u32 pin = 0; pin < a->pins; pin++)
			ioapic_write(a, REDIRECT(pin), REDIRECT_MASKED);
	}
}

static void irq_reserved(void *arg)
{
	(void)arg;
}

int irq_alloc(u32 core, void (*handler)(void *arg), void *arg, u32 *vector)
{
	struct cpu *c = cpu_get(core);

	if (!c || c->core.apic_id > 254) /* beyond the reach of an MSI without remapping */
		return -ENOSPC;
	for (u32 i = 0; i < DEVICE_VECTORS; i++) {
		void (*none)(void *) = NULL;
		if (!__atomic_compare_exchange_n(&c->irq[i].handler, &none, irq_reserved, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
			continue;
		c->irq[i].arg = arg;
		__atomic_store_n(&c->irq[i].handler, handler, __ATOMIC_RELEASE); /* pairs with irq_dispatch */
		*vector = VECTOR_DEVICE + i;
		return 0;
	}
	return -ENOSPC;
}

void irq_dispatch(u32 vector)
{
	if (vector < VECTOR_DEVICE || vector >= VECTOR_WAKE)
		return;
	struct irq_slot *slot = &cpu_this()->irq[vector - VECTOR_DEVICE];
	void (*handler)(void *) = __atomic_load_n(&slot->handler, __ATOMIC_ACQUIRE); /* pairs with irq_alloc */
	if (handler)
		handler(slot->arg);
}

void irq_msi(u32 core, u32 vector, u64 *address, u32 *data)
{
	*address = 0xfee00000ul | (u64)core_get(core)->apic_id << 12;
	*data = vector;
}

int irq_gsi(u32 gsi, bool low, bool level, u32 core, u32 vector)
{
	for (u32 i = 0; i < machine.nioapics; i++) {
		struct ioapic *a = &ioapic[i];
		if (!a->registers || gsi < a->gsi || gsi - a->gsi >= a->pins)
			continue;
		u32 pin = gsi - a->gsi;
		ioapic_write(a, REDIRECT(pin), REDIRECT_MASKED);
		ioapic_write(a, REDIRECT(pin) + 1, core_get(core)->apic_id << 24);
		ioapic_write(a, REDIRECT(pin), vector | (low ? REDIRECT_LOW : 0) | (level ? REDIRECT_LEVEL : 0));
		return 0;
	}
	return -ENODEV;
}

int irq_isa(u32 line, u32 core, u32 vector)
{
	if (line >= 16)
		return -EINVAL;
	return irq_gsi(machine.isa[line].gsi, machine.isa[line].low, machine.isa[line].level, core, vector);
}
