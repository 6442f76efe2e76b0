/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Clocks with a known rate: ACPI PM timer (3,579,545 Hz), HPET, PIT channel 2 as a last resort; what a hypervisor
 * or CPUID says about the TSC; the CMOS clock.
 */
#include "arch/x86_64/asm.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"

#define PM_HZ 3579545
#define PIT_HZ 1193182
#define NS 1000000000ul

static volatile u64 *hpet;
static volatile u32 *pm_memory;

static u64 pm_read(void) { return pm_memory ? *pm_memory : inl((u16)machine.pm_timer.address); }
static u64 hpet_read(void) { return hpet[0xf0 / 8]; }

/* Channel 2 counts down from 65535 with the speaker off; read through the latch. */
static u64 pit_read(void)
{
	outb(0x43, 0x80);
	u32 low = inb(0x42);
	return 0xffff - (low | (u32)inb(0x42) << 8);
}

static struct clock_ref pm = { "PM timer", PM_HZ, 0xffffff, pm_read };
static struct clock_ref high_precision = { "HPET", 0, ~0ul, hpet_read };
static struct clock_ref pit = { "PIT", PIT_HZ, 0xffff, pit_read };

static const struct clock_ref *pm_get(void)
{
	if (!machine.pm_timer.address)
		return NULL;
	if (machine.pm_timer.space == 0) {
		pm_memory = mmu_map_device(machine.pm_timer.address, 4);
		if (!pm_memory)
			return NULL;
	}
	pm.mask = machine.pm_timer_32 ? 0xffffffff : 0xffffff;
	return &pm;
}

/* Capabilities: the period in femtoseconds is in the upper half of the first register. */
static const struct clock_ref *hpet_get(void)
{
	if (!machine.hpet || !(hpet = mmu_map_device(machine.hpet, 1024)))
		return NULL;
	u64 period = hpet[0] >> 32;
	if (!period || period > 100000000)
		return NULL;
	high_precision.hz = 1000000000000000ul / period;
	high_precision.mask = hpet[0] >> 13 & 1 ? ~0ul : 0xffffffff;
	hpet[0x10 / 8] |= 1;
	return &high_precision;
}

static const struct clock_ref *pit_get(void)
{
	outb(0x61, (u8)((inb(0x61) & ~2) | 1));
	outb(0x43, 0xb4);
	outb(0x42, 0xff);
	outb(0x42, 0xff);
	return &pit;
}

const struct clock_ref *clock_ref_get(u32 i)
{
	const struct clock_ref *(*const get[])(void) = { pm_get, hpet_get, pit_get };

	for (u32 k = 0; k < ARRAY_SIZE(get); k++) {
		const struct clock_ref *r = get[k]();
		if (r && !i--)
			return r;
	}
	return NULL;
}

/* KVM fills this page once its address is written to the MSR (Linux, Documentation/virt/kvm/x86/msr.rst):
 * ns = (tsc << shift) * mul >> 32. Only the rate is taken. */
struct pvclock {
	volatile u32 version;
	u32 pad;
	u64 tsc, system;
	u32 mul;
	s8 shift;
	u8 flags, pad2[2];
};
#define MSR_KVM_CLOCK 0x4b564d01
#define KVM_FEATURE_CLOCK 8

static u64 pvclock_hz(void)
{
	static struct pvclock page __attribute__((aligned(64)));
	struct cpuid id = cpuid(0x40000000, 0);

	if (id.b != 0x4b4d564b || id.c != 0x564b4d56 || id.d != 0x4d || !(cpuid(0x40000001, 0).a & KVM_FEATURE_CLOCK))
		return 0;
	wrmsr(MSR_KVM_CLOCK, image_to_phys(&page) | 1);
	u32 mul = page.mul;
	int shift = page.shift;
	wrmsr(MSR_KVM_CLOCK, 0);
	if (!mul || shift > 31 || shift < -31)
		return 0;
	u64 hz = (NS << 32) / mul;
	return shift < 0 ? hz << -shift : hz >> shift;
}

u64 clock_known_hz(const char **how)
{
	u64 hz = 0;

	if (cpu_features.max_hypervisor >= 0x40000001 && (hz = pvclock_hz()))
		*how = "KVM's clock";
	else if (cpu_features.max_hypervisor >= 0x40000010 && (hz = cpuid(0x40000010, 0).a * 1000ul))
		*how = "the hypervisor";
	else if (cpu_features.max_basic >= 0x15) {
		struct cpuid r = cpuid(0x15, 0);
		hz = r.a && r.b ? (u64)r.c * r.b / r.a : 0;
		*how = hz ? "CPUID" : NULL;
	}
	return hz;
}

static u8 cmos(u8 index)
{
	outb(0x70, index);
	return inb(0x71);
}

struct cmos_time {
	u8 v[7]; /* second, minute, hour, day, month, year, century */
};

static struct cmos_time cmos_read(void)
{
	const u8 index[7] = { 0, 2, 4, 7, 8, 9, machine.century };
	struct cmos_time t = { { 0 } };

	for (u32 spins = 0; cmos(10) & 0x80 && spins < 1000000; spins++)
		core_pause(); /* an update is under way */
	for (u32 i = 0; i < 7; i++)
		t.v[i] = index[i] || !i ? cmos(index[i]) : 0;
	return t;
}

/* Days since 1970-01-01 of a date in the Gregorian calendar; March-based years make February the last month. */
static u64 days_from_civil(u64 y, u64 m, u64 d)
{
	y -= m <= 2;
	u64 era_year = y % 400, month = (m + 9) % 12;
	u64 day = (153 * month + 2) / 5 + d - 1 + era_year * 365 + era_year / 4 - era_year / 100;
	return y / 400 * 146097 + day - 719468;
}

u64 rtc_seconds(void)
{
	struct cmos_time a, b = cmos_read();
	u8 format = cmos(11);
	bool pm_flag;
	u32 tries = 0;

	do { /* two equal readings, or it changed under us */
		a = b;
		b = cmos_read();
	} while (__builtin_memcmp(&a, &b, sizeof(a)) && ++tries < 10);
	pm_flag = a.v[2] & 0x80;
	a.v[2] &= 0x7f;
	for (u32 i = 0; !(format & 4) && i < 7; i++)
		a.v[i] = (u8)((a.v[i] & 15) + (a.v[i] >> 4) * 10);
	if (!(format & 2))
		a.v[2] = (u8)(a.v[2] % 12 + (pm_flag ? 12 : 0));
	u64 year = a.v[5] + (a.v[6] >= 19 && a.v[6] < 30 ? a.v[6] * 100u : 2000u);
	if (a.v[4] < 1 || a.v[4] > 12 || !a.v[3])
		return 0;
	return ((days_from_civil(year, a.v[4], a.v[3]) * 24 + a.v[2]) * 60 + a.v[1]) * 60 + a.v[0];
}
