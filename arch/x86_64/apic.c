/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The local APIC: this core's door for interrupts, its one-shot timer, and the way to interrupt other cores.
 * x2APIC (registers are MSRs) where the processor has it, else xAPIC (a page of registers, ids up to 254).
 * Intel SDM vol. 3, chapter 11.
 */
#include "arch/x86_64/asm.h"
#include "arch/x86_64/cpu.h"
#include "base/print.h"

enum { ID = 0x02, TPR = 0x08, EOI = 0x0b, SVR = 0x0f, ICR = 0x30, ICR_HIGH = 0x31, LVT_TIMER = 0x32,
	LVT_THERMAL = 0x33, LVT_PERF = 0x34, LVT_LINT0 = 0x35, LVT_LINT1 = 0x36, LVT_ERROR = 0x37,
	TIMER_COUNT = 0x38, TIMER_NOW = 0x39, TIMER_DIVIDE = 0x3e };

#define LVT_MASKED 0x10000u
#define LVT_NMI 0x400u
#define LVT_TSC_DEADLINE 0x40000u
#define DIVIDE_16 3u
#define ICR_BUSY 0x1000u
#define ICR_OTHERS 0xc0000u
#define BASE_ENABLE (1ul << 11)
#define BASE_X2APIC (1ul << 10)

static volatile u32 *registers;  /* xAPIC */
static bool x2apic;

static u32 reg_read(u32 r)
{
	return x2apic ? (u32)rdmsr(MSR_X2APIC + r) : registers[r * 4];
}

static void reg_write(u32 r, u32 v)
{
	if (x2apic)
		wrmsr(MSR_X2APIC + r, v);
	else
		registers[r * 4] = v;
}

/* Before the APIC is mapped: the id that the reset gave. */
u32 apic_boot_id(void)
{
	if (cpu_features.max_basic >= 0xb) {
		struct cpuid r = cpuid(0xb, 0);
		if (r.b)
			return r.d;
	}
	return cpuid(1, 0).b >> 24;
}

/* Boot core, once: which mode, and the registers' page. Cores that the mode cannot reach are dropped. */
void apic_detect(void)
{
	u32 kept = 0;

	x2apic = cpu_features.x2apic;
	if (!x2apic)
		registers = mmu_map_device(machine.lapic, PAGE_SIZE);
	if (!x2apic && !registers)
		panic("no memory to map the APIC");
	for (u32 i = 0; i < machine.ncores; i++)
		if (x2apic || machine.core[i].apic_id < 255)
			machine.core[kept++] = machine.core[i];
	if (kept < machine.ncores)
		kprintf("%u cores need x2APIC, which the processor lacks: not used\n", machine.ncores - kept);
	machine.ncores = kept;
}

void apic_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if (!(base & BASE_ENABLE))
		wrmsr(MSR_APIC_BASE, base |= BASE_ENABLE);
	if (x2apic)
		wrmsr(MSR_APIC_BASE, base | BASE_X2APIC);
	reg_write(TPR, 0);
	reg_write(LVT_TIMER, LVT_MASKED);
	reg_write(LVT_LINT0, LVT_MASKED);
	reg_write(LVT_LINT1, LVT_NMI);
	reg_write(LVT_ERROR, LVT_MASKED);
	reg_write(SVR, 0x100 | VECTOR_SPURIOUS);
	reg_write(TIMER_DIVIDE, DIVIDE_16);
	reg_write(LVT_TIMER, VECTOR_TIMER | (cpu_features.tsc_deadline ? LVT_TSC_DEADLINE : 0));
	reg_write(EOI, 0);
}

bool apic_is_x2(void)
{
	return x2apic;
}

void apic_eoi(void)
{
	reg_write(EOI, 0);
}

/* The stores before a message must be visible to its receiver; an MSR write orders nothing by itself. */
static void send(u32 destination, u32 command)
{
	if (x2apic) {
		__asm__ volatile("mfence; lfence" : : : "memory");
		wrmsr(MSR_X2APIC + ICR, (u64)destination << 32 | command);
		return;
	}
	while (reg_read(ICR) & ICR_BUSY)
		core_pause();
	reg_write(ICR_HIGH, destination << 24);
	reg_write(ICR, command);
}

void apic_send(u32 apic_id, u32 command)
{
	send(apic_id, command);
}

void apic_send_others(u32 command)
{
	send(0, command | ICR_OTHERS);
}

/* Counts down at 1/16 of the APIC's clock. */
void apic_timer_start(u32 count)
{
	reg_write(TIMER_COUNT, count);
}

u32 apic_timer_now(void)
{
	return reg_read(TIMER_NOW);
}
