/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * All cores: their blocks and stacks, their start, and what they say to each other.
 *
 *   block     one frame on the core's node (struct cpu); the boot core's is static
 *   stacks    in the vmap area, each below an unmapped slot of its own: kernel stack, then one per IST entry
 *   start     INIT and STARTUP to everybody at once (start.S), all cores come up in parallel; the last one
 *             wakes the starter, which sleeps meanwhile
 *   stop      NMI, since a stuck core has its interrupts off
 */
#include "arch/clock.h"
#include "arch/core.h"
#include "arch/x86_64/asm.h"
#include "arch/x86_64/cpu.h"
#include "base/print.h"
#include "base/string.h"

#define START_PAGE 0x8000u
#define STACK_SLOT 32768ul /* address space per stack, of which the upper part is mapped */
#define STACKS (1 + IST_COUNT)
#define START_LIMIT_NS (60 * 1000000000ul)
#define START_STEP_NS 1000000000ul
#define STOP_LIMIT_NS 500000000ul

extern u8 start_code[], start_code_end[], start32[], start64[], start_gdt[];
extern u8 start_gdt_address[], start_far32[], start_far64[], start_root[];
_Noreturn void start_core(struct cpu *c);

/* Read by start.S. */
struct start_entry {
	u32 apic_id, unused;
	u64 sp;
};
struct start_entry start_list[CORES_MAX];
u32 start_count;

static struct cpu boot_cpu __attribute__((aligned(64)));
static struct cpu *cpus[CORES_MAX];
static u32 ncores = 1, nstarted = 1;
static void (*start_entry_fn)(struct core *);
static u32 halting, nstopped;
static u8 boot_ist[IST_COUNT][IST_SIZE] __attribute__((aligned(4096)));

u32 cores_count(void) { return ncores; }
u32 nodes_count(void) { return machine.nnodes; }
struct cpu *cpu_get(u32 id) { return id < ncores ? cpus[id] : NULL; }
struct core *core_get(u32 id) { return &cpus[id]->core; }
u32 node_distance(u32 from, u32 to) { return machine.distance[from][to]; }
u32 node_pxm(u32 node) { return machine.pxm[node]; }

/* Before the machine is known: enough of core 0 to take traps. */
void smp_boot_core(void *kstack_top)
{
	void *top[IST_COUNT];

	for (int i = 0; i < IST_COUNT; i++)
		top[i] = boot_ist[i] + IST_SIZE;
	cpus[0] = &boot_cpu;
	cpu_setup(&boot_cpu, 0, kstack_top, top);
	cpu_init(&boot_cpu);
}

void smp_boot_core_known(void)
{
	boot_cpu.core.node = machine.core[0].node;
	boot_cpu.core.apic_id = machine.core[0].apic_id;
}

/* Maps the upper `size` bytes of a slot and returns its end. */
static void *stack_make(u32 id, u32 slot, size_t size, u32 node)
{
	u64 end = VMAP_CORES + ((u64)id * STACKS + slot + 1) * STACK_SLOT;

	for (u64 va = end - size; va < end; va += PAGE_SIZE) {
		paddr_t p = frame_alloc_zero(node);
		if (!p || mmu_vmap(va, p, PAGE_SIZE, MMU_R | MMU_W))
			panic("no memory for the stacks of core %u", id);
	}
	return (void *)end;
}

static void core_make(u32 id)
{
	u32 node = machine.core[id].node;
	paddr_t block = frame_alloc_zero(node);
	void *ist[IST_COUNT];

	if (!block)
		panic("no memory for core %u", id);
	u64 *top = stack_make(id, 0, KSTACK_SIZE, node);
	for (u32 i = 0; i < IST_COUNT; i++)
		ist[i] = stack_make(id, 1 + i, IST_SIZE, node);
	cpus[id] = phys_to_virt(block);
	cpu_setup(cpus[id], id, top, ist);
	top[-1] = (u64)cpus[id]; /* start.S pops it */
	start_list[id] = (struct start_entry){ machine.core[id].apic_id, 0, (u64)(top - 1) };
}

/* Copies the start code below 1 MiB and fills in what depends on where it lies. */
static void start_code_place(void)
{
	u8 *page = phys_to_virt(START_PAGE);
	const struct { u8 *field; u32 value; } fix[] = {
		{ start_gdt_address, START_PAGE + (u32)(start_gdt - start_code) },
		{ start_far32, START_PAGE + (u32)(start32 - start_code) },
		{ start_far64, START_PAGE + (u32)(start64 - start_code) },
		{ start_root, (u32)mmu_start_root() },
	};

	memcpy(page, start_code, (size_t)(start_code_end - start_code));
	for (u32 i = 0; i < ARRAY_SIZE(fix); i++)
		memcpy(page + (fix[i].field - start_code), &fix[i].value, sizeof(u32));
}

/* First C on every other core, on its kernel stack, still under the start root. */
void start_core(struct cpu *c)
{
	cpu_init(c);
	mmu_load(mmu_kernel_root());
	apic_init();
	fpu_core_init();
	clock_check_core();
	if (__atomic_add_fetch(&nstarted, 1, __ATOMIC_ACQ_REL) == ncores)
		apic_send(boot_cpu.core.apic_id, APIC_FIXED | VECTOR_BOOT);
	start_entry_fn(&c->core);
	panic("core %u returned from its entry", c->core.id);
}

/* Sleeps until the last core's message; the timer only looks after the time. */
static void start_wait(void)
{
	u64 begin = clock_ns();

	while (__atomic_load_n(&nstarted, __ATOMIC_ACQUIRE) < ncores) {
		if (clock_ns() - begin > START_LIMIT_NS)
			panic("only %u of %u cores came up", nstarted, ncores);
		clock_timer_start(START_STEP_NS);
		core_idle(&(const volatile u32){ 0 });
	}
	timer_set(~0ul);
}

void core_start_all(void (*entry)(struct core *))
{
	if (machine.ncores <= 1)
		return;
	start_entry_fn = entry;
	for (u32 i = 1; i < machine.ncores; i++)
		core_make(i);
	start_list[0].apic_id = ~0u; /* the boot core is up */
	start_count = machine.ncores;
	ncores = machine.ncores;
	start_code_place();
	apic_send_others(APIC_INIT);
	clock_delay_us(10000);
	apic_send_others(APIC_STARTUP | START_PAGE >> 12);
	clock_delay_us(200);
	apic_send_others(APIC_STARTUP | START_PAGE >> 12);
	start_wait();
}

void core_idle(const volatile u32 *unless)
{
	if (unless && *unless) {
		core_window();
		return;
	}
	/* STI holds interrupts off for one more instruction: none can come between the check and HLT. */
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

void core_window(void)
{
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

void core_ipi(u32 core, enum ipi what)
{
	struct cpu *c = cpu_get(core);

	if (!c)
		return;
	if (what == IPI_STOP) {
		__atomic_store_n(&c->stop, 1, __ATOMIC_RELEASE);
		apic_send(c->core.apic_id, APIC_NMI | APIC_FIXED);
		return;
	}
	apic_send(c->core.apic_id, APIC_FIXED | (what == IPI_WAKE ? VECTOR_WAKE : VECTOR_FLUSH));
}

static _Noreturn void stop_here(void)
{
	__atomic_add_fetch(&nstopped, 1, __ATOMIC_ACQ_REL);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* From the NMI handler. */
void core_stop_if_halting(void)
{
	if (__atomic_load_n(&halting, __ATOMIC_ACQUIRE) || __atomic_load_n(&cpu_this()->stop, __ATOMIC_ACQUIRE))
		stop_here();
}

void core_stop_others(void)
{
	if (__atomic_exchange_n(&halting, 1, __ATOMIC_ACQ_REL) || nstarted == 1)
		return;
	apic_send_others(APIC_NMI | APIC_FIXED);
	for (u64 end = clock_ns() + STOP_LIMIT_NS; clock_ns() < end;) {
		if (__atomic_load_n(&nstopped, __ATOMIC_ACQUIRE) >= nstarted - 1)
			break;
		core_pause();
	}
}

void core_halt_all(void)
{
	core_stop_others();
	stop_here();
}
