/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The instructions that may touch a program's memory, each listed with the place to go on if it faults
 * (section .user_table; user_fixup looks there). SMAP is open only between `smap_open` and `smap_close`.
 *
 * From BULK bytes on copies and fills are one `rep` of 8-byte steps, as memcpy's are and for its reasons (base/string.c);
 * shorter ones are plain loops. A fault restarts bytewise, so that the count of bytes that could not be
 * copied is exact: the registers of a `rep` that faults say how far it came.
 */
#include "arch/x86_64/asm.h"

.macro smap_open
9:	nopl (%rcx)
	.pushsection .smap_sites, "a"
	.quad 9b
	.popsection
.endm

.macro smap_close
9:	nopl (%rax)
	.pushsection .smap_sites, "a"
	.quad 9b
	.popsection
.endm

/* The instruction that follows may fault; then continue at \fix. */
.macro may_fault fix
8:
	.pushsection .user_table, "a"
	.quad 8b, \fix
	.popsection
.endm

	.section .text, "ax"

#define BULK 128

/* size_t user_raw_copy(void *dst, const void *src, size_t len): bytes not copied */
	.globl user_raw_copy
user_raw_copy:
	smap_open
	movq %rdx, %rcx
	cmpq $BULK, %rdx
	jb 2f
	shrq $3, %rcx
	andl $7, %edx
	may_fault 5f
	rep movsq
	movl %edx, %ecx
2:	cmpq $8, %rcx
	jb 3f
	may_fault 3f
	movq (%rsi), %rax
	may_fault 3f
	movq %rax, (%rdi)
	addq $8, %rsi
	addq $8, %rdi
	subq $8, %rcx
	jmp 2b
3:	testq %rcx, %rcx
	jz 4f
	may_fault 4f
	movb (%rsi), %al
	may_fault 4f
	movb %al, (%rdi)
	incq %rsi
	incq %rdi
	decq %rcx
	jmp 3b
4:	smap_close
	movq %rcx, %rax
	ret
5:	leaq (%rdx,%rcx,8), %rcx
	jmp 3b

/* size_t user_raw_zero(void *dst, size_t len): bytes not cleared */
	.globl user_raw_zero
user_raw_zero:
	smap_open
	xorl %eax, %eax
	movq %rsi, %rcx
	cmpq $BULK, %rsi
	jb 2f
	shrq $3, %rcx
	andl $7, %esi
	may_fault 4f
	rep stosq
	movl %esi, %ecx
2:	testq %rcx, %rcx
	jz 3f
	may_fault 3f
	movb %al, (%rdi)
	incq %rdi
	decq %rcx
	jmp 2b
3:	smap_close
	movq %rcx, %rax
	ret
4:	leaq (%rsi,%rcx,8), %rcx
	jmp 2b

/* long user_raw_string(char *dst, const char *src, size_t size): length, -1 fault, -2 too long */
	.globl user_raw_string
user_raw_string:
	smap_open
	xorl %ecx, %ecx
1:	cmpq %rdx, %rcx
	jae 3f
	may_fault 4f
	movb (%rsi,%rcx), %al
	movb %al, (%rdi,%rcx)
	testb %al, %al
	jz 2f
	incq %rcx
	jmp 1b
2:	smap_close
	movq %rcx, %rax
	ret
3:	smap_close
	movq $-2, %rax
	ret
4:	smap_close
	movq $-1, %rax
	ret

/* int user_raw_cas32(u32 *p, u32 *expected, u32 desired): 0, or -1 on a fault */
	.globl user_raw_cas32
user_raw_cas32:
	movl (%rsi), %eax
	smap_open
	may_fault user_raw_failed
	lock cmpxchgl %edx, (%rdi)
	smap_close
	movl %eax, (%rsi)
	xorl %eax, %eax
	ret

/* int user_raw_load32(u32 *value, const u32 *p) */
	.globl user_raw_load32
user_raw_load32:
	smap_open
	may_fault user_raw_failed
	movl (%rsi), %eax
	smap_close
	movl %eax, (%rdi)
	xorl %eax, %eax
	ret

/* int user_raw_touch(const void *p, bool write): one byte, unchanged */
	.globl user_raw_touch
user_raw_touch:
	smap_open
	testl %esi, %esi
	jz 1f
	may_fault user_raw_failed
	lock orb $0, (%rdi)
	smap_close
	xorl %eax, %eax
	ret
1:	may_fault user_raw_failed
	movb (%rdi), %al
	smap_close
	xorl %eax, %eax
	ret

user_raw_failed:
	smap_close
	movl $-1, %eax
	ret

	.section .note.GNU-stack, "", @progbits
