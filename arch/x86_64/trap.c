/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * From the assembly doors to the five functions of the kernel, and back out to ring 3.
 *
 *   exception, ring 3            trap_fault
 *   #PF, ring 0, inside a copy   nofault: fix-up at once; else trap_fault, which resolves it or calls user_fixup
 *   other exception, ring 0      fix-up (a copy from a non-canonical address is #GP), else trap_fault panics
 *   #DF, #MC                     report and panic
 *   NMI                          stops this core if the machine is going down
 *   interrupt                    timer, IPI or device
 */
#include "arch/trap.h"

#include "arch/user.h"
#include "arch/x86_64/asm.h"
#include "arch/x86_64/cpu.h"
#include "base/print.h"

#define CANONICAL_END (1ul << 47)

_Noreturn void enter_user(struct trapframe *f);
void trap_enter(struct trapframe *f);
void trap_enter_own_stack(struct trapframe *f);
void syscall_enter(struct trapframe *f);

/* Whatever the kernel did to the frame, ring 3 gets ring 3 selectors, interrupts on, and a canonical address:
 * IRETQ would fault on another one in ring 0, so the fault is delivered here instead. */
static void user_return(struct trapframe *f)
{
	trap_return(f);
	f->cs = SEL_USER_CS; /* also what makes the fault below one of ring 3 */
	f->ss = SEL_USER_DS;
	while (f->ip >= CANONICAL_END) {
		f->vector = TRAP_PROTECTION;
		f->error = 0;
		trap_fault(f, 0);
		trap_return(f);
	}
	f->cs = SEL_USER_CS;
	f->ss = SEL_USER_DS;
	f->flags = (f->flags & FLAGS_USER) | FLAG_IF | 2;
}

static void interrupt(struct trapframe *f)
{
	switch (f->vector) {
	case VECTOR_TIMER:
		apic_eoi();
		clock_timer_fired(f);
		break;
	case VECTOR_WAKE:
	case VECTOR_FLUSH:
		apic_eoi();
		trap_ipi(f, f->vector == VECTOR_WAKE ? IPI_WAKE : IPI_FLUSH);
		break;
	case VECTOR_BOOT:
		apic_eoi();
		break;
	case VECTOR_SPURIOUS:
		break;
	default:
		irq_dispatch((u32)f->vector);
		apic_eoi();
		trap_irq(f, (u32)f->vector);
	}
}

static void exception(struct trapframe *f)
{
	u64 address = 0;

	if (f->vector == TRAP_PAGE)
		address = read_cr2();
	if (f->vector == TRAP_DEBUG) {
		address = read_dr6();
		write_dr6(0xffff0ff0);
	}
	if (!trap_from_user(f) && (f->vector != TRAP_PAGE || user_nofault()) && user_fixup(f))
		return;
	trap_fault(f, address);
}

void trap_enter(struct trapframe *f)
{
	if (f->vector < 32)
		exception(f);
	else
		interrupt(f);
	if (trap_from_user(f))
		user_return(f);
}

void syscall_enter(struct trapframe *f)
{
	f->orig_ax = f->ax;
	trap_syscall(f);
	user_return(f);
}

void thread_enter(struct trapframe *f)
{
	user_return(f);
	enter_user(f);
}

/* A fault while pushing a frame: nearly always the guard page under a kernel stack. Nothing is
 * printed before panic: the interrupted code may hold the lock of printing. */
static _Noreturn void double_fault(struct trapframe *f)
{
	u64 cr2 = read_cr2(), offset = 0;
	bool stack = f->sp - cr2 < PAGE_SIZE || cr2 - f->sp < PAGE_SIZE;
	const char *name = arch_symbol(f->ip, &offset);

	panic("double fault on core %u%s: ip 0x%lx %s+0x%lx sp 0x%lx cr2 0x%lx", core_id(),
	      stack ? " (kernel stack overflow)" : "", (unsigned long)f->ip, name ? name : "?", (unsigned long)offset,
	      (unsigned long)f->sp, (unsigned long)cr2);
}

/* The frame lies on an own stack and may have interrupted anything: no trap_return, no sleeping. */
void trap_enter_own_stack(struct trapframe *f)
{
	switch (f->vector) {
	case TRAP_NMI:
		core_stop_if_halting();
		break;
	case TRAP_DEBUG:
		write_dr6(0xffff0ff0);
		break;
	case TRAP_DOUBLE:
		double_fault(f);
	default:
		panic("machine check on core %u at ip 0x%lx", core_id(), (unsigned long)f->ip);
	}
}
