/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A kernel that tests the hardware contract and powers off. test/arch/run starts it on many machines and reads
 * its console. "selftest=overflow" overruns the kernel stack instead, "selftest=panic" panics while others run,
 * "selftest=boot" stops after the cores are up.
 */
#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/core.h"
#include "arch/machine.h"
#include "arch/mmu.h"
#include "arch/serial.h"
#include "arch/trap.h"
#include "arch/user.h"
#include "arch/x86_64/asm.h"
#include "arch/x86_64/cpu.h"
#include "base/print.h"
#include "base/string.h"
#include "test/arch/selftest.h"

static u32 print_word, arrived, go, done;
static u32 failures;
static u32 nmi_state; /* 1: core 1 shall run, 2: it did, 3: it failed */

static void console_write(struct print_sink *sink, const char *text, size_t len)
{
	(void)sink;
	while (len--)
		serial_putc(*text++);
}
static struct print_sink console = { .write = console_write };

static void print_lock(void)
{
	while (__atomic_exchange_n(&print_word, 1, __ATOMIC_ACQUIRE))
		core_pause();
}
static void print_unlock(void) { __atomic_store_n(&print_word, 0, __ATOMIC_RELEASE); }
static void backtrace(void) { arch_backtrace(NULL); }
static void die(u8 status) { machine_exit_debug(status); }

static const struct print_hooks hooks = {
	.now = clock_ns, .core = core_id, .lock = print_lock, .unlock = print_unlock,
	.stop_others = core_stop_others, .backtrace = backtrace, .die = die,
};

void check(bool ok, const char *what)
{
	kprintf("%s - %s", ok ? "ok" : "not ok", what);
	if (!ok)
		__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
}

/* Sleeps until *word is at least `least`, or 100 s have passed. Interrupts of this core wake it. */
static bool wait_for(u32 *word, u32 least)
{
	u64 end = clock_ns() + 100000000000ul;

	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) < least && clock_ns() < end) {
		timer_set(clock_ns() + 1000000);
		core_idle(NULL);
	}
	timer_set(~0ul);
	return __atomic_load_n(word, __ATOMIC_ACQUIRE) >= least;
}

/* What every core does for itself. */
static void core_tests(void)
{
	u64 start = clock_ns();
	u32 fired = seen()->timers, nothing = 0;

	timer_set(start + 2000000);
	while (seen()->timers == fired && clock_ns() - start < 100000000000ul)
		core_idle(&nothing);
	if (seen()->timers == fired || clock_ns() < start + 2000000)
		check(false, "timer fires once its time has come");
	test_user();
}

static void other_entry(struct core *c)
{
	u32 nothing = 0;

	if (c != core_this() || c != core_get(c->id))
		check(false, "a core finds itself");
	__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL);
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		core_idle(&nothing);
	core_tests();
	__atomic_add_fetch(&done, 1, __ATOMIC_ACQ_REL);
	core_ipi(0, IPI_FLUSH);
	for (;;) {
		core_idle(&nothing);
		if (c->id == 1 && __atomic_load_n(&nmi_state, __ATOMIC_ACQUIRE) == 1)
			__atomic_store_n(&nmi_state, test_nmi_run() ? 2 : 3, __ATOMIC_RELEASE);
	}
}

static void print_machine(void)
{
	u64 bytes[NODES_MAX] = { 0 };

	for (u32 i = 0; i < boot_info.nranges; i++)
		bytes[boot_info.range[i].node] += boot_info.range[i].end - boot_info.range[i].start;
	kprintf("machine: %u cores, %u nodes, initrd %lu bytes, TSC %u kHz", machine.ncores, nodes_count(),
		(unsigned long)boot_info.initrd_size, core_cycles_khz());
	for (u32 n = 0; n < nodes_count(); n++) {
		u32 cores = 0;
		for (u32 i = 0; i < machine.ncores; i++)
			cores += machine.core[i].node == n;
		kprintf("node %u: %u cores, %lu MiB, distances %u %u", n, cores, (unsigned long)(bytes[n] >> 20),
			node_distance(n, 0), node_distance(n, nodes_count() - 1));
	}
	kprintf("acpi: pm1a 0x%lx s5 %u ecam %u ioapic %u hpet 0x%lx reset 0x%lx", (unsigned long)machine.pm1a_control.address,
		machine.s5_a, machine.necams, machine.nioapics, (unsigned long)machine.hpet, (unsigned long)machine.reset.address);
	kprintf("wall clock %lu", (unsigned long)(clock_wall_at_boot() / 1000000000));
}

static u8 data_ret[64] = { 0xc3 };

static void test_protection(void)
{
	static const u8 constant = 1;
	extern u8 boot_stack_guard[], kernel_text[];

	check(!probe_write((u8 *)kernel_text), "text is not writable");
	check(!probe_write((u8 *)&constant), "constants are not writable");
	check(!probe_write(phys_to_virt(image_to_phys(kernel_text))), "text is not writable through the direct map");
	check(!probe_exec(data_ret), "data is not executable");
	check(!probe_exec(phys_to_virt(image_to_phys(data_ret))), "the direct map is not executable");
	check(!probe_write(boot_stack_guard), "there is a guard page under the boot stack");
	check(!probe_write(NULL), "page 0 is not mapped");
	check(probe_write(data_ret + 1), "data is writable");
}

static void irq_count(void *arg)
{
	(*(u32 *)arg)++;
	inb(SERIAL_PORT + 2);
	outb(SERIAL_PORT + 1, 0);
}

/* COM1 interrupts as soon as "transmitter empty" is enabled. */
static void test_irq(void)
{
	static u32 count;
	u32 core = MIN(cores_count() - 1, 254u), vector = 0;
	int err = irq_alloc(core, irq_count, &count, &vector);

	if (!err)
		err = irq_isa(4, core, vector);
	outb(SERIAL_PORT + 1, 2);
	check(!err && wait_for(&count, 1), "the UART's interrupt arrives through the I/O APIC");
}

static void test_ipi(void)
{
	u32 n = cores_count() - 1;

	__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
	for (u32 i = 1; i <= n; i++)
		core_ipi(i, IPI_WAKE);
	check(wait_for(&done, n), "every core: woken, timer, ring 3");
	check(!n || wait_for(&seen()->flushes, 1), "inter-processor interrupts come back");
}

/* Core 1 runs programs while core 0 interrupts it with as many NMIs as it can send. */
static void test_nmi(void)
{
	u64 sent = 0;

	__atomic_store_n(&nmi_state, 1, __ATOMIC_RELEASE);
	core_ipi(1, IPI_WAKE);
	while (__atomic_load_n(&nmi_state, __ATOMIC_ACQUIRE) == 1) {
		apic_send(core_get(1)->apic_id, APIC_NMI | APIC_FIXED);
		sent++;
		core_pause();
	}
	kprintf("%lu NMIs sent", (unsigned long)sent);
	check(nmi_state == 2, "NMIs at any instruction disturb nothing");
}

static u32 pressed;
static void button(void) { pressed = 1; }

/* The runner presses the button when it sees the line. */
static void test_button(void)
{
	int err = machine_power_button(button);

	kprintf("press the power button now");
	check(!err && wait_for(&pressed, 1), "the power button is seen");
}

static u32 overflow_recurse(u32 n)
{
	volatile u32 room[16];

	room[n % 16] = n;
	if (n == ~0u) /* never: the stack ends first */
		return n;
	return overflow_recurse(n + 1) + room[n % 16];
}

static void misbehave(const char *how)
{
	if (!strcmp(how, "overflow"))
		overflow_recurse(0);
	if (!strcmp(how, "panic"))
		panic("as asked");
	if (!strcmp(how, "button")) {
		test_button();
		machine_poweroff();
	}
}

void kmain(void)
{
	char how[16] = "";
	u64 before;

	print_hooks_set(&hooks);
	print_sink_add(&console, true);
	boot_option("selftest", how, sizeof(how));
	print_machine();
	before = clock_ns();
	core_start_all(other_entry);
	check(wait_for(&arrived, machine.ncores - 1), "all cores start");
	kprintf("cores: %u up after %lu ms, %lu ms since boot, skew %lu ns", cores_count(),
		(unsigned long)((clock_ns() - before) / 1000000), (unsigned long)(clock_ns() / 1000000), (unsigned long)clock_skew_ns());
	misbehave(how);
	if (strcmp(how, "boot")) {
		test_protection();
		core_tests();
		test_user_once();
		test_irq();
		test_ipi();
		if (cores_count() > 1)
			test_nmi();
	}
	kprintf("selftest: %u failures", failures);
	machine_poweroff();
}
