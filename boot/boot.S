/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The first instructions. Two doors, both 32-bit, protected mode, paging off:
 *
 *   PVH         ebx = struct hvm_start_info                       (Xen's docs/misc/pvh.pandoc)
 *   multiboot2  eax = 0x36d76289, ebx = its information structure (Multiboot2 spec, 3.3)
 *
 * Both meet in `enter`: page tables that map the first 4 GiB at 0, at DIRECT_BASE and (1 GiB of it) at the
 * kernel's own address, then long mode, then boot_main(kind, info) on the boot stack.
 */
#include "arch/x86_64/asm.h"

#define PHYS(x) ((x) - KERNEL_OFFSET)
#define DIRECT_SLOT 273 /* (DIRECT_BASE >> 39) & 511 */
#define ENTRY_RW 3
#define ENTRY_HUGE 0x83
#define TABLES 7

	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 4, 18          /* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long PHYS(boot_pvh)

	.section .multiboot2, "a"
	.balign 8
mb2_start:
	.long 0xe85250d6, 0, mb2_end - mb2_start, -(0xe85250d6 + (mb2_end - mb2_start))
	.balign 8
	.short 3, 0             /* entry address */
	.long 12, PHYS(boot_multiboot2)
	.balign 8
	.short 6, 0             /* modules page-aligned */
	.long 8
	.balign 8
	.short 0, 0
	.long 8
mb2_end:

	.section .text.boot, "ax"
	.code32
	.globl boot_pvh
boot_pvh:
	xorl %eax, %eax
	jmp enter

boot_multiboot2:
	cmpl $0x36d76289, %eax
	movl $1, %eax
	je enter
1:	hlt
	jmp 1b

enter:
	cli
	cld
	movl %eax, %ebp         /* kind */
	movl %ebx, %esi         /* info */
	movl $PHYS(boot_stack_top), %esp

	movl $PHYS(boot_tables), %edi
	movl %edi, %edx
	xorl %eax, %eax
	movl $(TABLES * 1024), %ecx
	rep stosl

	/* edx: +0 top, +0x1000 low 512 GiB, +0x2000 the kernel's, +0x3000.. four tables of 2 MiB pages */
	leal (0x1000 + ENTRY_RW)(%edx), %eax
	movl %eax, (%edx)
	movl %eax, (DIRECT_SLOT * 8)(%edx)
	leal (0x2000 + ENTRY_RW)(%edx), %eax
	movl %eax, (511 * 8)(%edx)
	leal (0x3000 + ENTRY_RW)(%edx), %eax
	movl %eax, (0x2000 + 510 * 8)(%edx)
	movl %eax, 0x1000(%edx)
	addl $0x1000, %eax
	movl %eax, 0x1008(%edx)
	addl $0x1000, %eax
	movl %eax, 0x1010(%edx)
	addl $0x1000, %eax
	movl %eax, 0x1018(%edx)

	leal 0x3000(%edx), %edi
	movl $ENTRY_HUGE, %eax
	movl $2048, %ecx
1:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	loop 1b

	movl %edx, %cr3
	movl $(CR4_PAE | CR4_OSFXSR | CR4_OSXMM), %eax
	movl %eax, %cr4
	movl $MSR_EFER, %ecx
	xorl %edx, %edx
	movl $(EFER_LME | EFER_NXE | EFER_SCE), %eax
	wrmsr
	movl $CR0_START, %eax
	movl %eax, %cr0
	lgdt PHYS(boot_gdt_pointer)
	ljmp $SEL_KERNEL_CS, $PHYS(1f)

	.code64
1:	movw $SEL_KERNEL_DS, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	xorl %eax, %eax
	movw %ax, %fs
	movw %ax, %gs
	movabsq $boot_stack_top, %rsp
	movl %ebp, %edi
	movl %esi, %esi
	xorl %ebp, %ebp
	movabsq $2f, %rax       /* leave the low addresses */
	jmp *%rax
2:	call boot_main
3:	hlt
	jmp 3b

	.section .rodata, "a"
	.balign 8
	.globl boot_gdt
boot_gdt:
	.quad 0, 0
	.quad 0x00af9b000000ffff /* 0x10: kernel code, 64-bit */
	.quad 0x00cf93000000ffff /* 0x18: kernel data */
boot_gdt_end:
	.globl boot_gdt_pointer
boot_gdt_pointer:
	.short boot_gdt_end - boot_gdt - 1
	.quad PHYS(boot_gdt)

	.section .bss.pages, "aw", @nobits
	.balign 4096
boot_tables:
	.skip TABLES * 4096

	.section .note.GNU-stack, "", @progbits
