/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The few instructions whose cost or effect the model has to know, recognised by their bytes. Everything else is
 * DECODE_PLAIN, whatever it is.
 */
#ifndef MODEL_DECODE_H
#define MODEL_DECODE_H

#include <stddef.h>
#include <stdint.h>

enum decode {
	DECODE_PLAIN,
	DECODE_LOCKED,	/* a lock prefix, or xchg with memory */
	DECODE_PAUSE,
	DECODE_HLT,
	DECODE_RDTSC,
	DECODE_WRMSR,
	DECODE_INVLPG,
	DECODE_CR3,	/* mov to cr3 */
	DECODE_CR4,	/* mov to cr4, invpcid: whatever is cached goes */
	DECODE_LIDT,
	DECODE_IRET,
	DECODE_SYSCALL,	/* syscall and sysret */
	DECODE_TRIGGER,	/* nopl 0x4e534d00+command(%rax): the guest speaks to the model */
};

/* A region begins; it ends; what is counted begins; what is counted ends. */
enum trigger { TRIGGER_BEGIN = 1, TRIGGER_END, TRIGGER_MEASURE, TRIGGER_MEASURED };

/* A memory operand of the forms (register) and displacement(register); base is -1 for any other. */
struct operand {
	int base;	/* as instructions number them: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8... */
	int32_t displacement;
};

struct decoded {
	enum decode kind;
	int command;		/* of DECODE_TRIGGER */
	struct operand operand; /* of DECODE_INVLPG */
};

struct decoded decode(const uint8_t *bytes, size_t length);

#endif
