/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the doors of arch/trap.h lead to: calls, faults, interrupts, and the way back to ring 3. */
#include "arch/trap.h"
#include "arch/clock.h"
#include "arch/user.h"
#include "base/print.h"
#include "kern/account.h"
#include "kern/errand.h"
#include "kern/oom.h"
#include "kern/process.h"
#include "kern/rseq.h"
#include "kern/space.h"

void trap_syscall(struct trapframe *f)
{
	struct percore *pc = percore();
	u32 weight = call_is_long(f) ? 1 : account_sample(pc);

	pc->syscalls++;
	if (likely(!weight)) {
		call_dispatch(f);
		return;
	}
	account_enter();
	call_dispatch(f);
	account_leave(weight);
}

/* A fault that the page tables could not serve, as the signal Linux would send. */
static void fault_signal(struct trapframe *f, u64 address, int err)
{
	struct siginfo info = { .signo = SIGSEGV, .code = SEGV_MAPERR, .value = address };

	struct process *p = process_current();

	if (p->sighand->action[SIGSEGV - 1].handler <= 1) /* nobody will handle it: say where, as Linux does */
		kprintf_limited("%s[%u]: segfault at %lx ip %lx sp %lx error %lx (%d)", p->comm, p->pid, address, f->ip,
				f->sp, f->error, err);
	if (err == -EACCES)
		info.code = SEGV_ACCERR;
	if (err == -EIO) {
		info.signo = SIGBUS;
		info.code = BUS_ADRERR;
	}
	if (err == -ENOMEM)
		oom_end();
	else
		signal_force(&info);
}

static void fault_page(struct trapframe *f, u64 address)
{
	struct thread *t = thread_current();
	bool user = trap_from_user(f);
	int err = -EFAULT;
	u64 given;

	if (!user && (user_nofault() || address >= USER_END)) {
		if (user_fixup(f))
			return;
		panic("page fault in the kernel at %#lx, address %#lx, error %#lx", f->ip, address, f->error);
	}
	if (t->proc && t->proc->space) {
		do {
			given = oom_given();
			err = space_fault(t->proc->space, address, f->error & (PF_WRITE | PF_FETCH));
		} while (err == -ENOMEM && oom_await(given));
	}
	if (!err)
		return;
	if (user) {
		fault_signal(f, address, err);
		return;
	}
	if (!user_fixup(f))
		panic("page fault in the kernel at %#lx, address %#lx, error %#lx", f->ip, address, f->error);
	if (err == -ENOMEM)
		oom_end();
}

/* Exceptions of programs: which signal, which code. */
static const struct { u8 signo, code; } fault_table[32] = {
	[TRAP_DIVIDE] = { SIGFPE, FPE_INTDIV }, [TRAP_DEBUG] = { SIGTRAP, TRAP_TRACE }, [TRAP_BREAK] = { SIGTRAP, SI_KERNEL },
	[TRAP_OVERFLOW] = { SIGSEGV, SI_KERNEL }, [TRAP_BOUND] = { SIGSEGV, SI_KERNEL },
	[TRAP_OPCODE] = { SIGILL, ILL_ILLOPN }, [TRAP_SEGMENT] = { SIGBUS, SI_KERNEL }, [TRAP_STACK] = { SIGBUS, SI_KERNEL },
	[TRAP_PROTECTION] = { SIGSEGV, SI_KERNEL }, [TRAP_FPU] = { SIGFPE, FPE_FLTINV }, [TRAP_ALIGN] = { SIGBUS, BUS_ADRALN },
	[TRAP_SIMD] = { SIGFPE, FPE_FLTINV },
};

void trap_fault(struct trapframe *f, u64 address)
{
	struct siginfo info = { 0 };

	if (f->vector == TRAP_PAGE) {
		bool user = trap_from_user(f);

		thread_current()->faults++;
		if (user)
			account_enter();
		fault_page(f, address);
		if (user)
			account_leave(1);
		return;
	}
	if (!trap_from_user(f)) {
		if (user_fixup(f))
			return;
		panic("exception %lu in the kernel at %#lx, error %#lx", f->vector, f->ip, f->error);
	}
	info.signo = f->vector < 32 && fault_table[f->vector].signo ? fault_table[f->vector].signo : SIGSEGV;
	info.code = f->vector < 32 && fault_table[f->vector].signo ? fault_table[f->vector].code : SI_KERNEL;
	info.value = info.code == SI_KERNEL ? 0 : f->ip;
	signal_force(&info);
}

void trap_irq(struct trapframe *f, u32 vector)
{
	(void)f;
	(void)vector;
	percore()->interrupts++;
}

void trap_ipi(struct trapframe *f, u32 what)
{
	(void)f;
	percore()->interrupts++;
	if (what == IPI_FLUSH)
		flush_serve();
	/* IPI_WAKE: having come here is the point; mail is read on the way back, or by the idle loop. */
}

void trap_timer(struct trapframe *f)
{
	struct percore *pc = percore();

	(void)f;
	pc->interrupts++;
	if (pc->slice_end && clock_ns() >= pc->slice_end) {
		pc->slice_end = 0;
		pc->giving_way = 0;
		pc->resched = 1;
	}
	timer_run(pc->slice_end);
}

static inline bool trap_signalled(struct thread *t)
{
	return atomic_load_explicit(&t->sigpending, memory_order_relaxed) || atomic_load_explicit(&t->dying, memory_order_relaxed) ||
	       t->restore_blocked;
}

/* What the core and its current thread have to do before ring 3, but for signals. */
static inline void trap_pass(struct percore *pc, struct thread *t, struct trapframe *f)
{
	errands_run(pc);
	if (atomic_load_explicit(&pc->mail, memory_order_relaxed))
		sched_receive_all(pc);
	if (pc->resched | pc->want_slice)
		sched_tick(pc);
	while (unlikely(t->misplaced))
		sched_apply_affinity();
	if (t->rseq_event)
		rseq_update(f);
}

/*
 * Every signal that may be delivered has its frame before the first handler runs: the last one's runs first. Delivery may wake
 * others on this core (who waits for the end of a stop), and sleep: so all is looked at again, for from ring 3 a thread need
 * not come back by itself.
 */
static __attribute__((noinline)) void trap_signals(struct thread *t, struct trapframe *f)
{
	do {
		signal_deliver(f);
		trap_pass(percore(), t, f);
	} while (trap_signalled(t));
}

void trap_return(struct trapframe *f)
{
	struct percore *pc = percore();
	struct thread *t = pc->current;

	trap_pass(pc, t, f);
	if (unlikely(trap_signalled(t)))
		trap_signals(t, f);
}
