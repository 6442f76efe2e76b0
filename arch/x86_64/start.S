/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How every core but the first gets from reset to start_core(cpu). The code between start_code and
 * start_code_end is copied to a page below 1 MiB, where all cores run it at the same time: it writes nothing
 * and uses no stack. It goes from real mode to long mode with the page tables that core_start_all left in
 * start_root, then looks its APIC id up in the machine's list of cores and takes the stack made for it. A core
 * that is not in the list halts for good.
 */
#include "arch/x86_64/asm.h"

#define REL(x) ((x) - start_code)

	.section .text.entry, "ax"
	.balign 16
	.globl start_code, start_code_end, start32, start64
	.globl start_gdt, start_gdt_address, start_far32, start_far64, start_root
	.code16
start_code:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	xorl %ebx, %ebx
	movw %ax, %bx
	shll $4, %ebx           /* where this page lies */
	lgdtl REL(start_gdt_pointer)
	movl %cr0, %eax
	orl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl *REL(start_far32)

	.code32
start32:
	movw $SEL_KERNEL_DS, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $(CR4_PAE | CR4_OSFXSR | CR4_OSXMM), %eax
	movl %eax, %cr4
	movl REL(start_root)(%ebx), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	xorl %edx, %edx
	movl $(EFER_LME | EFER_NXE | EFER_SCE), %eax
	wrmsr
	movl $CR0_START, %eax
	movl %eax, %cr0
	ljmpl *REL(start_far64)(%ebx)

	.code64
start64:
	movabsq $start_high, %rax
	jmp *%rax

	.balign 8
start_gdt:
	.quad 0, 0
	.quad 0x00af9b000000ffff /* 0x10: 64-bit code */
	.quad 0x00cf93000000ffff /* 0x18: data */
	.quad 0x00cf9b000000ffff /* 0x20: 32-bit code */
start_gdt_pointer:
	.short 39
start_gdt_address:
	.long 0
start_far32:
	.long 0
	.short 0x20
start_far64:
	.long 0
	.short SEL_KERNEL_CS
start_root:
	.long 0
start_code_end:

	/* At the kernel's own address now. APIC id: leaf 0xb if it exists and says anything, else leaf 1. */
start_high:
	xorl %eax, %eax
	cpuid
	cmpl $0xb, %eax
	jb 1f
	movl $0xb, %eax
	xorl %ecx, %ecx
	cpuid
	testl %ebx, %ebx
	jnz 2f
1:	movl $1, %eax
	cpuid
	shrl $24, %ebx
	movl %ebx, %edx
2:	movq $start_list, %rsi
	movl start_count(%rip), %ecx
	xorl %eax, %eax
3:	cmpl %ecx, %eax
	jae 4f
	cmpl %edx, (%rsi)
	je 5f
	addq $16, %rsi
	incl %eax
	jmp 3b
4:	cli
	hlt
	jmp 4b
5:	movq 8(%rsi), %rsp
	popq %rdi               /* struct cpu, left on top of the new stack */
	xorl %ebp, %ebp
	call start_core
	ud2

	.section .note.GNU-stack, "", @progbits
