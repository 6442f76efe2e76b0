/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Time from the time-stamp counter: ns = (tsc - start) * mult >> 32, in 128 bits. Its rate comes from the first
 * of: the hypervisor (KVM's clock page, which carries the exact rate; CPUID 0x40000010), CPUID 0x15, or a
 * comparison over 50 ms with the ACPI PM timer, the HPET or the PIT. The same 50 ms give the APIC timer's rate.
 *
 * Each core that starts looks whether its counter is behind what others have published: the largest lag seen is
 * clock_skew_ns, and clock_ns is monotonic across cores to within it.
 */
#include "arch/clock.h"

#include "arch/x86_64/asm.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "base/print.h"

#define NS 1000000000ul
#define WINDOW_NS (50 * 1000000ul)
#define TIMER_DIVISOR_MAX 0xffffffffu

static u64 tsc_hz, tsc_start, mult;
static u64 cycle_mult;              /* cycles per ns, << 30 */
static u64 timer_mult;              /* APIC timer counts per ns, << 32 */
static u64 wall_at_boot;
static u64 newest;                  /* the largest TSC any core has published */
static u64 skew;                    /* in cycles */

u64 clock_ns(void)
{
	return (u64)((unsigned __int128)(core_cycles() - tsc_start) * mult >> 32);
}

void clock_conversion(u64 *start, u64 *m)
{
	*start = tsc_start;
	*m = mult;
}

u64 clock_wall_at_boot(void) { return wall_at_boot; }
u32 core_cycles_khz(void) { return (u32)(tsc_hz / 1000); }
u64 clock_skew_ns(void) { return (u64)((unsigned __int128)skew * mult >> 32); }

/* One reading of both counters: the try with the least time around the slow one counts. */
struct sample {
	u64 tsc, ref;
	u32 timer;
};

static struct sample sample_take(const struct clock_ref *r)
{
	struct sample best = { 0 };
	u64 least = ~0ul;

	for (int i = 0; i < 16; i++) {
		u64 before = core_cycles();
		u64 ref = r->read();
		u32 timer = apic_timer_now();
		u64 after = core_cycles();
		if (after - before < least) {
			least = after - before;
			best = (struct sample){ before + (after - before) / 2, ref, timer };
		}
	}
	return best;
}

/* True if the reference moved as a clock should. */
static bool calibrate(const struct clock_ref *r)
{
	u64 window = r->hz / (NS / WINDOW_NS), passed = 0;

	apic_timer_start(TIMER_DIVISOR_MAX);
	struct sample a = sample_take(r), b;
	for (u64 spins = 0; passed < window; spins++) {
		passed = (r->read() - a.ref) & r->mask;
		if (spins > 100000000 || (spins > 1000000 && !passed))
			return false;
		core_pause();
	}
	b = sample_take(r);
	apic_timer_start(0);
	passed = (b.ref - a.ref) & r->mask;
	u64 ns = passed * NS / r->hz;
	if (!ns || b.tsc <= a.tsc)
		return false;
	if (!tsc_hz)
		tsc_hz = (u64)((b.tsc - a.tsc) * (NS / 1000) / (ns / 1000));
	timer_mult = ((u64)(a.timer - b.timer) << 32) / ns;
	return true;
}

void clock_init(void)
{
	const struct clock_ref *r = NULL;
	const char *how = NULL;

	tsc_start = core_cycles();
	tsc_hz = clock_known_hz(&how);
	if (!tsc_hz || !cpu_features.tsc_deadline)
		for (u32 i = 0; (r = clock_ref_get(i)) && !calibrate(r); i++)
			;
	if (!tsc_hz || (!timer_mult && !cpu_features.tsc_deadline))
		panic("no clock: neither the hypervisor, PM timer, HPET nor PIT tells the TSC's rate");
	mult = (NS << 32) / tsc_hz;
	cycle_mult = (tsc_hz << 30) / NS;
	newest = core_cycles();
	kprintf("clock: TSC %lu.%03lu MHz from %s, %s timer\n", (unsigned long)(tsc_hz / 1000000),
		(unsigned long)(tsc_hz / 1000 % 1000), how ? how : r->name,
		cpu_features.tsc_deadline ? "TSC-deadline" : "APIC");
	wall_at_boot = rtc_seconds() * NS - clock_ns();
}

/* On a core that starts, at the same time as others: compare with the newest published value, a few times. */
void clock_check_core(void)
{
	for (int i = 0; i < 64; i++) {
		u64 seen = __atomic_load_n(&newest, __ATOMIC_SEQ_CST);
		__asm__ volatile("lfence" : : : "memory");
		u64 mine = core_cycles();
		u64 worst = __atomic_load_n(&skew, __ATOMIC_RELAXED);
		while (mine < seen && seen - mine > worst)
			if (__atomic_compare_exchange_n(&skew, &worst, seen - mine, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
				break;
		while (mine > seen)
			if (__atomic_compare_exchange_n(&newest, &seen, mine, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
				break;
	}
}

void clock_delay_us(u64 us)
{
	for (u64 end = clock_ns() + us * 1000; clock_ns() < end;)
		core_pause();
}

/* Starts the hardware `ns` from now; the count is cut to what fits, the handler starts the rest. */
void clock_timer_start(u64 ns)
{
	if (cpu_features.tsc_deadline) {
		u64 cycles = (u64)((unsigned __int128)ns * cycle_mult >> 30);
		__asm__ volatile("mfence" : : : "memory");
		wrmsr(MSR_TSC_DEADLINE, core_cycles() + cycles);
		return;
	}
	unsigned __int128 count = (unsigned __int128)ns * timer_mult >> 32;
	apic_timer_start(count > TIMER_DIVISOR_MAX ? TIMER_DIVISOR_MAX : count ? (u32)count : 1);
}

void timer_set(u64 deadline)
{
	u64 now;

	cpu_this()->deadline = deadline;
	if (deadline == ~0ul) {
		if (cpu_features.tsc_deadline)
			wrmsr(MSR_TSC_DEADLINE, 0);
		else
			apic_timer_start(0);
		return;
	}
	now = clock_ns();
	clock_timer_start(deadline > now ? deadline - now : 0);
}

/* A stopped timer may have fired just before it was stopped; a cut one fires early. */
void clock_timer_fired(struct trapframe *f)
{
	struct cpu *c = cpu_this();

	if (c->deadline == ~0ul)
		return;
	if (clock_ns() < c->deadline) {
		timer_set(c->deadline);
		return;
	}
	c->deadline = ~0ul;
	trap_timer(f);
}
