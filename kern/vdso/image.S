/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The vDSO's image, as data of the kernel. */
	.section .rodata
	.balign 8
	.globl vdso_image, vdso_image_end
vdso_image:
	.incbin VDSO_IMAGE
vdso_image_end:
	.section .note.GNU-stack, "", @progbits
