/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Signal frames on the user stack, as Linux lays them out on x86-64 (arch/x86/kernel/signal_64.c):
 *
 *   high   floating point state (64-byte aligned)
 *          siginfo
 *          ucontext
 *   sp ->  return address: the handler's restorer
 *
 * The handler is entered with rdi = signal, rsi = &siginfo, rdx = &ucontext.
 */
#include "arch/thread.h"
#include "arch/trap.h"
#include "arch/user.h"
#include "base/string.h"
#include "kern/process.h"
#include "kern/signal.h"
#include "kern/thread.h"

#define REDZONE 128
#define UC_FP_XSTATE 1
#define UC_SIGCONTEXT_SS 2
#define UC_STRICT_RESTORE_SS 4
#define FLAGS_USER 0xdd5ul         /* CF PF AF ZF SF TF DF OF: what a program may set */
#define FLAG_IF 0x200ul
#define FLAG_FIXED 2ul

struct sigframe {
	u64 restorer;
	struct abi_ucontext uc;
	struct abi_siginfo info;
};

void siginfo_to_user(struct abi_siginfo *out, const struct siginfo *in)
{
	memset(out, 0, sizeof(*out));
	out->signo = in->signo;
	out->code = in->code;
	if (in->code > 0 && in->code != SI_KERNEL &&
	    (in->signo == SIGSEGV || in->signo == SIGBUS || in->signo == SIGILL || in->signo == SIGFPE ||
	     in->signo == SIGTRAP)) {
		out->addr = in->value;
		return;
	}
	out->pid = in->pid;
	out->uid = in->uid;
	if (in->signo == SIGCHLD && in->code > 0) {
		out->status = (s32)in->value;
		out->utime = in->utime;
		out->stime = in->stime;
	} else {
		out->value = in->value;
	}
}

bool sigframe_on_altstack(const struct thread *t, u64 sp)
{
	return t->altstack.size && !(t->altstack.flags & SS_AUTODISARM) && sp > t->altstack.sp && sp - t->altstack.sp <= t->altstack.size;
}

static void context_save(struct abi_sigcontext *c, const struct trapframe *f)
{
	c->r8 = f->r8; c->r9 = f->r9; c->r10 = f->r10; c->r11 = f->r11;
	c->r12 = f->r12; c->r13 = f->r13; c->r14 = f->r14; c->r15 = f->r15;
	c->di = f->di; c->si = f->si; c->bp = f->bp; c->bx = f->bx;
	c->dx = f->dx; c->ax = f->ax; c->cx = f->cx; c->sp = f->sp;
	c->ip = f->ip; c->flags = f->flags;
	c->cs = f->cs; c->ss = f->ss;
	c->err = f->error; c->trapno = f->vector < 32 ? f->vector : 0;
}

static void context_load(struct trapframe *f, const struct abi_sigcontext *c)
{
	f->r8 = c->r8; f->r9 = c->r9; f->r10 = c->r10; f->r11 = c->r11;
	f->r12 = c->r12; f->r13 = c->r13; f->r14 = c->r14; f->r15 = c->r15;
	f->di = c->di; f->si = c->si; f->bp = c->bp; f->bx = c->bx;
	f->dx = c->dx; f->ax = c->ax; f->cx = c->cx; f->sp = c->sp;
	f->ip = c->ip;
	f->flags = (c->flags & FLAGS_USER) | FLAG_IF | FLAG_FIXED;
	f->orig_ax = -1;
}

int sigframe_altstack(struct thread *t, const struct abi_stack *new, u64 sp)
{
	u32 mode = new->flags & ~SS_AUTODISARM;

	if (sigframe_on_altstack(t, sp))
		return -EPERM;
	if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
		return -EINVAL;
	if (mode != SS_DISABLE && new->size < MINSIGSTKSZ)
		return -ENOMEM;
	t->altstack.sp = mode == SS_DISABLE ? 0 : new->sp;
	t->altstack.size = mode == SS_DISABLE ? 0 : new->size;
	t->altstack.flags = new->flags & SS_AUTODISARM;
	return 0;
}

int sigframe_push(struct trapframe *f, const struct siginfo *info, const struct abi_sigaction *act, sigset_t saved)
{
	struct thread *t = thread_current();
	struct sigframe frame;
	bool nested = sigframe_on_altstack(t, f->sp), alternate;
	u64 sp = f->sp - REDZONE, fp;

	if (!(act->flags & SA_RESTORER))
		return -EFAULT;
	memset(&frame, 0, sizeof(frame));
	frame.uc.stack = (struct abi_stack){ t->altstack.sp, 0, 0, t->altstack.size };
	frame.uc.stack.flags = (!t->altstack.size ? SS_DISABLE : nested ? SS_ONSTACK : 0) | (s32)t->altstack.flags;
	alternate = (act->flags & SA_ONSTACK) && t->altstack.size && !nested;
	if (alternate)
		sp = t->altstack.sp + t->altstack.size;
	fp = ALIGN_DOWN(sp - fpu_user_size(), 64ul);
	sp = ALIGN_DOWN(fp - sizeof(frame), 16ul) - 8;
	if ((alternate || nested) && (sp <= t->altstack.sp || sp - t->altstack.sp > t->altstack.size))
		return -EFAULT; /* it would overflow the alternate stack */
	frame.restorer = act->restorer;
	frame.uc.flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	frame.uc.sigmask = saved;
	context_save(&frame.uc.mc, f);
	frame.uc.mc.oldmask = saved;
	frame.uc.mc.fpstate = fp;
	if (info->signo == SIGSEGV)
		frame.uc.mc.cr2 = info->value;
	siginfo_to_user(&frame.info, info);
	fpu_save(t->fpu);
	if (fpu_to_user((void __user *)fp, t->fpu) || user_copy_out((void __user *)sp, &frame, sizeof(frame)))
		return -EFAULT;
	if (t->altstack.flags & SS_AUTODISARM)
		memset(&t->altstack, 0, sizeof(t->altstack));
	f->sp = sp;
	f->ip = act->handler;
	f->di = info->signo;
	f->si = sp + offsetof(struct sigframe, info);
	f->dx = sp + offsetof(struct sigframe, uc);
	f->ax = 0;
	f->flags &= ~0x10500ul; /* DF, TF, RF clear at a handler's entry */
	f->orig_ax = -1;
	fpu_init(t->fpu);
	fpu_restore(t->fpu);
	return 0;
}

long sigframe_return(struct trapframe *f)
{
	struct thread *t = thread_current();
	struct abi_ucontext uc;
	u64 at = f->sp - 8 + offsetof(struct sigframe, uc);

	f->orig_ax = -1;
	if (user_copy_in(&uc, (void __user *)at, sizeof(uc)))
		goto bad;
	if (uc.mc.fpstate) {
		if (fpu_from_user(t->fpu, (void __user *)uc.mc.fpstate))
			goto bad;
	} else {
		fpu_init(t->fpu);
	}
	if (uc.mc.ip >= USER_END)
		goto bad;
	fpu_restore(t->fpu);
	context_load(f, &uc.mc);
	signal_set_blocked(uc.sigmask);
	sigframe_altstack(t, &uc.stack, f->sp); /* a bad one is not reported, as on Linux */
	return f->ax;
bad:
	signal_force(&(struct siginfo){ .signo = SIGSEGV, .code = SI_KERNEL });
	return 0;
}
