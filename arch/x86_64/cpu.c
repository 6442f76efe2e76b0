/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One processor brought into the state the kernel wants: descriptor tables, control registers, the syscall
 * MSRs. Features are detected once, on the boot core; every other core must have them too.
 */
#include "arch/x86_64/cpu.h"

#include "arch/x86_64/asm.h"
#include "base/string.h"

struct cpu_features cpu_features;

struct gate {
	u16 offset0, selector;
	u8 ist, type;
	u16 offset1;
	u32 offset2, zero;
};

struct table_pointer {
	u16 limit;
	u64 base;
} __attribute__((packed));

static struct gate idt[256];
extern const u8 trap_stubs[];
extern const u64 smap_sites[], smap_sites_end[];
void entry_syscall(void);

void cpu_detect(void)
{
	struct cpu_features *f = &cpu_features;
	struct cpuid r = cpuid(0, 0);

	f->max_basic = r.a;
	r = cpuid(1, 0);
	f->x2apic = r.c >> 21 & 1;
	f->tsc_deadline = r.c >> 24 & 1;
	f->xsave = r.c >> 26 & 1;
	f->pge = r.d >> 13 & 1;
	if (r.c >> 31)
		f->max_hypervisor = cpuid(0x40000000, 0).a;
	if (f->max_basic >= 7) {
		r = cpuid(7, 0);
		f->fsgsbase = r.b & 1;
		f->smep = r.b >> 7 & 1;
		f->smap = r.b >> 20 & 1;
		f->umip = r.c >> 2 & 1;
	}
	u32 max_extended = cpuid(0x80000000, 0).a;
	if (max_extended >= 0x80000001) {
		r = cpuid(0x80000001, 0);
		f->nx = r.d >> 20 & 1;
		f->gb_pages = r.d >> 26 & 1;
	}
	if (max_extended >= 0x80000007)
		f->tsc_invariant = cpuid(0x80000007, 0).d >> 8 & 1;
}

/* Text is still writable when this runs. STAC is 0f 01 cb, CLAC 0f 01 ca; the site says which by its third byte:
 * nopl (%rax) = 0f 1f 00 closes, nopl (%rcx) = 0f 1f 01 opens. */
void smap_patch(void)
{
	if (!cpu_features.smap)
		return;
	for (const u64 *site = smap_sites; site < smap_sites_end; site++) {
		u8 *p = (u8 *)*site;
		p[2] = p[2] ? 0xcb : 0xca;
		p[1] = 0x01;
	}
}

static void idt_gate(unsigned vector, unsigned dpl, unsigned ist)
{
	u64 address = (u64)trap_stubs + 16 * vector;

	idt[vector] = (struct gate){
		.offset0 = (u16)address, .offset1 = (u16)(address >> 16), .offset2 = (u32)(address >> 32),
		.selector = SEL_KERNEL_CS, .ist = (u8)ist, .type = (u8)(0x8e | dpl << 5),
	};
}

void idt_init(void)
{
	for (unsigned v = 0; v < 256; v++)
		idt_gate(v, 0, 0);
	idt_gate(TRAP_BREAK, 3, 0);
	idt_gate(TRAP_OVERFLOW, 3, 0);
	idt_gate(TRAP_DOUBLE, 0, IST_DOUBLE);
	idt_gate(TRAP_NMI, 0, IST_NMI);
	idt_gate(TRAP_DEBUG, 0, IST_DEBUG);
	idt_gate(TRAP_MACHINE, 0, IST_MACHINE);
}

/* Fills the block of core `id`; the stacks' tops are 16-byte aligned. Runs on any core. */
void cpu_setup(struct cpu *c, u32 id, void *kstack_top, void *const ist_top[IST_COUNT])
{
	u64 tss = (u64)&c->tss;

	memset(c, 0, sizeof(*c));
	c->core.self = &c->core;
	c->core.arch = c;
	c->core.kernel_sp = (u64)kstack_top;
	c->core.id = id;
	c->core.node = machine.core[id].node;
	c->core.apic_id = machine.core[id].apic_id;
	c->deadline = ~0ul;
	c->tss.rsp[0] = (u64)kstack_top;
	c->tss.iomap = sizeof(c->tss);
	for (int i = 0; i < IST_COUNT; i++) {
		u64 *top = (u64 *)ist_top[i] - 2;
		top[0] = (u64)&c->core; /* entry.S finds %gs here */
		c->tss.ist[i] = (u64)top;
	}
	c->gdt[SEL_KERNEL_CS / 8] = 0x00af9b000000ffff;
	c->gdt[SEL_KERNEL_DS / 8] = 0x00cf93000000ffff;
	c->gdt[SEL_USER_CS32 / 8] = 0x00cffb000000ffff;
	c->gdt[SEL_USER_DS / 8] = 0x00cff3000000ffff;
	c->gdt[SEL_USER_CS / 8] = 0x00affb000000ffff;
	c->gdt[SEL_TSS / 8] = (sizeof(c->tss) - 1) | (tss & 0xffffff) << 16 | 0x89ul << 40 | (tss >> 24 & 0xff) << 56;
	c->gdt[SEL_TSS / 8 + 1] = tss >> 32;
}

static void control_init(void)
{
	const struct cpu_features *f = &cpu_features;
	u64 cr4 = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMM;

	write_cr0(CR0_START);
	cr4 |= f->pge ? CR4_PGE : 0;
	cr4 |= f->umip ? CR4_UMIP : 0;
	cr4 |= f->fsgsbase ? CR4_FSGSBASE : 0;
	cr4 |= f->xsave ? CR4_OSXSAVE : 0;
	cr4 |= f->smep ? CR4_SMEP : 0;
	cr4 |= f->smap ? CR4_SMAP : 0;
	write_cr4(cr4);
}

static void tables_init(struct cpu *c)
{
	struct table_pointer gdtr = { sizeof(c->gdt) - 1, (u64)c->gdt };
	struct table_pointer idtr = { sizeof(idt) - 1, (u64)idt };

	__asm__ volatile("lgdt %0" : : "m"(gdtr));
	__asm__ volatile("lidt %0" : : "m"(idtr));
	__asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" : : "i"(SEL_KERNEL_CS) : "rax", "memory");
	__asm__ volatile("movw %w0, %%ds; movw %w0, %%es; movw %w0, %%fs; movw %w0, %%gs" : : "r"(0));
	__asm__ volatile("movw %w0, %%ss" : : "r"(SEL_KERNEL_DS));
	c->gdt[SEL_TSS / 8] &= ~(2ul << 40); /* not busy */
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
}

/* On the core itself, before anything that uses core_this(). */
void cpu_init(struct cpu *c)
{
	tables_init(c);
	wrmsr(MSR_GS_BASE, (u64)&c->core);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	wrmsr(MSR_FS_BASE, 0);
	control_init();
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
	wrmsr(MSR_STAR, (u64)SEL_USER_CS32 << 48 | (u64)SEL_KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (u64)entry_syscall);
	wrmsr(MSR_SFMASK, FLAG_IF | FLAG_TF | FLAG_DF | FLAG_AC | FLAG_NT | FLAG_IOPL | FLAG_RF | 0xd5);
}

void core_set_kstack(void *top)
{
	struct cpu *c = cpu_this();

	c->core.kernel_sp = (u64)top;
	c->tss.rsp[0] = (u64)top;
}

/* The program's %gs base waits in KERNEL_GS_BASE while ring 0 runs. With FSGSBASE both are a few cycles: the
 * bases are exchanged for a moment (interrupts are off; NMIs do not trust %gs). */
u64 user_fs_get(void)
{
	u64 base;

	if (!cpu_features.fsgsbase)
		return rdmsr(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

void user_fs_set(u64 base)
{
	if (cpu_features.fsgsbase)
		__asm__ volatile("wrfsbase %0" : : "r"(base));
	else
		wrmsr(MSR_FS_BASE, base);
}

u64 user_gs_get(void)
{
	u64 base;

	if (!cpu_features.fsgsbase)
		return rdmsr(MSR_KERNEL_GS_BASE);
	__asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(base) : : "memory");
	return base;
}

void user_gs_set(u64 base)
{
	if (cpu_features.fsgsbase)
		__asm__ volatile("swapgs; wrgsbase %0; swapgs" : : "r"(base) : "memory");
	else
		wrmsr(MSR_KERNEL_GS_BASE, base);
}

u64 user_hwcap(void)
{
	return cpuid(1, 0).d;
}

u64 user_hwcap2(void)
{
	return cpu_features.fsgsbase ? 2 : 0;
}
