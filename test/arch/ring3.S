/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The program of ring 3: position-independent, one page, copied to USER_CODE. It calls the self-test's calls
 * (number in rax) and checks with its own registers that nothing changed but rax, rcx and r11.
 *
 *   1 note(rdi)     records a value
 *   2 slow          the kernel changes the frame so that only IRETQ can return
 *   3 leave         ends the test
 *   4 wild          the kernel returns to a non-canonical address: must become a protection fault here
 */
	.section .rodata, "a"
	.globl ring3_start, ring3_end
ring3_start:
	movq $0x1111, %rbx
	movq $0x2222, %rbp
	movq $0x3333, %r12
	movq $0x4444, %r13
	movq $0x5555, %r14
	movq $0x6666, %r15
	movq $0x7777, %rdx
	movq $0x8888, %r8
	movq $0x9999, %r9
	movq $0xaaaa, %r10
	movq $0xbbbb, %rsi
	movq $0x123456789, %rax
	movq %rax, %xmm5

	movl $1, %edi
	movl $1, %eax
	syscall                 /* returns by SYSRET */
	leaq -0x5000(%rsp), %rsp
	leaq 0x5000(%rsp), %rsp
	call sum
	movl $1, %eax
	syscall                 /* note(sum of the registers) */

	movl $2, %eax
	syscall                 /* returns by IRETQ, which restores rcx too */
	call sum
	movl $1, %eax
	syscall

	movq $0x666000, %rdi
	movq $77, (%rdi)        /* page fault; the kernel maps the page, the store is repeated */
	movq (%rdi), %rdi
	movl $1, %eax
	syscall                 /* note(77) */

	ud2                     /* the kernel skips it */
	int3
	hlt                     /* protection: skipped, one byte */

	pushfq
	orq $0x100, (%rsp)
	popfq                   /* single step: a debug trap after the next instruction; the kernel clears it */
	nop
	nop

	movl $4, %eax
	syscall

	movq %xmm5, %rdi
	movl $1, %eax
	syscall
	movl $3, %eax
	syscall
	ud2

sum:	leaq (%rbx,%rbp), %rdi
	addq %r12, %rdi
	addq %r13, %rdi
	addq %r14, %rdi
	addq %r15, %rdi
	addq %rdx, %rdi
	addq %r8, %rdi
	addq %r9, %rdi
	addq %r10, %rdi
	addq %rsi, %rdi
	ret
ring3_end:
	.section .note.GNU-stack, "", @progbits
