/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The five functions that the kernel owes arch/, written to notice what they are called with. */
#include "arch/core.h"
#include "arch/mmu.h"
#include "arch/user.h"
#include "base/print.h"
#include "test/arch/selftest.h"
#include "test/arch/selftest_user.h"

static struct seen all[CORES_MAX];
extern const u8 probe_write_at[], probe_write_failed[], probe_exec_back[];

struct seen *seen(void)
{
	return &all[core_id()];
}

bool probe_write(volatile u8 *p)
{
	u64 ok;

	__asm__ volatile(".globl probe_write_at, probe_write_failed\n"
			 "movl $1, %k0\n"
			 "probe_write_at: lock orb $0, (%1)\n"
			 "jmp 1f\n"
			 "probe_write_failed: xorl %k0, %k0\n"
			 "1:" : "=&r"(ok) : "r"(p) : "memory");
	return ok;
}

/* Calls p, whose first byte is a RET; false if it could not be fetched. */
bool probe_exec(const void *p)
{
	u64 ok = 1;

	__asm__ volatile(".globl probe_exec_back\n"
			 "call *%1\n"
			 "jmp 1f\n"
			 "probe_exec_back: xorl %k0, %k0\n"
			 "1:" : "+&r"(ok) : "r"(p) : "memory");
	return ok;
}

void trap_timer(struct trapframe *f) { (void)f; seen()->timers++; }
void trap_irq(struct trapframe *f, u32 vector) { (void)f; (void)vector; }
void trap_return(struct trapframe *f) { (void)f; }

void trap_ipi(struct trapframe *f, u32 what)
{
	(void)f;
	if (what == IPI_WAKE)
		seen()->wakes++;
	else
		seen()->flushes++;
}

void trap_syscall(struct trapframe *f)
{
	seen()->syscalls++;
	user_test_syscall(f);
}

void trap_fault(struct trapframe *f, u64 address)
{
	struct seen *s = seen();

	if (!trap_from_user(f)) {
		if (f->vector == TRAP_PAGE && user_test_resolve(address))
			return;
		if (user_fixup(f))
			return;
		if (f->ip == (u64)probe_write_at) {
			f->ip = (u64)probe_write_failed;
			return;
		}
		if (f->vector == TRAP_PAGE && f->error & PF_FETCH && f->ip == address) {
			f->sp += 8;
			f->ip = (u64)probe_exec_back;
			return;
		}
		kerror("fault %lu error 0x%lx address 0x%lx in ring 0", (unsigned long)f->vector,
		       (unsigned long)f->error, (unsigned long)address);
		arch_backtrace(f);
		panic("unexpected fault");
	}
	s->faults++;
	s->fault_vector = f->vector;
	s->fault_address = address;
	s->fault_error = f->error;
	user_test_fault(f, address);
}
