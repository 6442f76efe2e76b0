/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The doors of ring 0. Every entry builds a struct trapframe and calls C with interrupts off:
 *
 *   entry_syscall       SYSCALL from ring 3             -> syscall_enter(frame)
 *   stub_N, 0..255      exceptions and interrupts       -> trap_enter(frame)
 *   stub_2, 8, 18       NMI, double fault, machine check: own stacks, %gs unknown -> trap_enter(frame)
 *   stub_1              debug: own stack; continues like an ordinary one when it came from ring 3
 *
 * %gs: in ring 0 it is this core's struct core, in ring 3 the program's; swapgs at each crossing. An entry on
 * its own stack may have hit between a crossing and its swapgs, and with FSGSBASE a program may put anything
 * there, so it is told by nothing: those entries save the base, load the core pointer that lies above their
 * frame (cpu_setup put it there), and restore the base.
 *
 * The way out to ring 3 is IRETQ, or SYSRET after a syscall whose frame still says what SYSRET would do.
 */
#include "arch/x86_64/asm.h"

#define GS_KERNEL_SP 8
#define GS_USER_SP 16
#define F_CX 88
#define F_R11 48
#define F_VECTOR 128
#define F_IP 144
#define F_CS 152
#define F_FLAGS 160
#define F_SP 168
#define F_SIZE 184
#define VECTOR_SYSCALL 256

/* Three bytes that smap_patch turns into CLAC where there is SMAP. */
.macro smap_close
9:	nopl (%rax)
	.pushsection .smap_sites, "a"
	.quad 9b
	.popsection
.endm

.macro push_general
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
.endm

.macro pop_to_rax
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
.endm

/* Calls C with the stack aligned; the frame is in rbx afterwards. */
.macro call_frame function
	movq %rsp, %rdi
	movq %rsp, %rbx
	andq $-16, %rsp
	call \function
	movq %rbx, %rsp
.endm

	.section .text.entry, "ax"

	.globl entry_syscall
entry_syscall:
	swapgs
	movq %rsp, %gs:GS_USER_SP
	movq %gs:GS_KERNEL_SP, %rsp
	pushq $SEL_USER_DS
	pushq %gs:GS_USER_SP
	pushq %r11
	pushq $SEL_USER_CS
	pushq %rcx
	pushq $0
	pushq $VECTOR_SYSCALL
	pushq %rax
	push_general
	xorl %ebp, %ebp
	call_frame syscall_enter

	/* SYSRET loads rip from rcx and flags from r11; it must change nothing else. A non-canonical rip would
	 * fault in ring 0 with the program's stack (CVE-2012-0217); the top page bit excludes it. */
	movq F_IP(%rsp), %rcx
	cmpq %rcx, F_CX(%rsp)
	jne return_user
	movq %rcx, %rax
	shrq $47, %rax
	jnz return_user
	movq F_FLAGS(%rsp), %r11
	cmpq %r11, F_R11(%rsp)
	jne return_user
	testq $(FLAG_RF | FLAG_TF), %r11
	jnz return_user
	pop_to_rax
	addq $8, %rsp           /* rcx holds ip already */
	popq %rdx
	popq %rsi
	popq %rdi
	movq (F_SP - 120)(%rsp), %rsp
	swapgs
	sysretq

	.globl return_user
return_user:
	pop_to_rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	addq $24, %rsp
	swapgs
	iretq

/* void enter_user(struct trapframe *f): the frame lies at the top of the kernel stack */
	.globl enter_user
enter_user:
	movq %rdi, %rsp
	jmp return_user

common:
	cld
	testb $3, (F_CS - F_VECTOR)(%rsp)
	jz 1f
	swapgs
	pushq $-1
	push_general
	smap_close
	xorl %ebp, %ebp
	call_frame trap_enter
	jmp return_user

1:	pushq $-1
	push_general
	smap_close
	call_frame trap_enter
	pop_to_rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	addq $24, %rsp
	iretq

common_debug:
	cld
	testb $3, (F_CS - F_VECTOR)(%rsp)
	jz common_own_stack
	swapgs
	movq %rax, %gs:GS_USER_SP
	movq %rsp, %rax
	movq %gs:GS_KERNEL_SP, %rsp
	pushq 48(%rax)          /* ss, sp, flags, cs, ip, error, vector */
	pushq 40(%rax)
	pushq 32(%rax)
	pushq 24(%rax)
	pushq 16(%rax)
	pushq 8(%rax)
	pushq (%rax)
	movq %gs:GS_USER_SP, %rax
	pushq $-1
	push_general
	smap_close
	xorl %ebp, %ebp
	call_frame trap_enter
	jmp return_user

common_own_stack:
	cld
	pushq $-1
	push_general
	smap_close
	movl $MSR_GS_BASE, %ecx
	rdmsr
	shlq $32, %rdx
	orq %rdx, %rax
	movq %rax, %r12
	movq F_SIZE(%rsp), %rax /* this core, above the frame */
	movq %rax, %rdx
	shrq $32, %rdx
	wrmsr
	call_frame trap_enter_own_stack
	movl $MSR_GS_BASE, %ecx
	movq %r12, %rax
	movq %r12, %rdx
	shrq $32, %rdx
	wrmsr
	pop_to_rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	addq $24, %rsp
	iretq

/* 256 stubs of 16 bytes. The processor pushes an error code for 8, 10-14, 17, 21, 29, 30. */
	.balign 16
	.globl trap_stubs
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30)
	.else
	pushq $0
	.endif
	pushq $vector
	.if (vector == 2) || (vector == 8) || (vector == 18)
	jmp common_own_stack
	.elseif vector == 1
	jmp common_debug
	.else
	jmp common
	.endif
	.set vector, vector + 1
	.endr

/* void context_switch(struct context *from, struct context *to) */
	.globl context_switch
context_switch:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq (%rsi), %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret

/* The first return of a new context: start in rbx, its argument in r12. */
	.globl context_first
context_first:
	xorl %ebp, %ebp
	movq %r12, %rdi
	call *%rbx
	ud2

	.section .note.GNU-stack, "", @progbits
