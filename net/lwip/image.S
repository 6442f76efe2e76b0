/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The stack's image, as data of the kernel: on its own pages, which all instances map. */
	.section .rodata
	.balign 4096
	.globl stack_image, stack_image_end
stack_image:
	.incbin STACK_IMAGE
	.balign 4096
stack_image_end:
	.section .note.GNU-stack, "", @progbits
