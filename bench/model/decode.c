/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "decode.h"

#include <stdbool.h>
#include <string.h>

struct prefixes {
	size_t length;
	bool lock, rep;
	uint8_t rex;
};

static struct prefixes skip_prefixes(const uint8_t *b, size_t length)
{
	struct prefixes p = { 0, false, false, 0 };

	for (; p.length < length; p.length++) {
		switch (b[p.length]) {
		case 0xf0:
			p.lock = true;
			break;
		case 0xf3:
			p.rep = true;
			break;
		case 0xf2: case 0x66: case 0x2e: case 0x36: case 0x3e: case 0x26: case 0x64: case 0x65:
			break;
		default:
			if ((b[p.length] & 0xf0) == 0x40) /* REX, the last one */
				p.rex = b[p.length++];
			return p;
		}
	}
	return p;
}

/* 0f 01: the operation is in the reg field, and only with a memory operand the one meant here. */
static enum decode decode_0f01(uint8_t modrm)
{
	if (modrm == 0xf9)
		return DECODE_RDTSC; /* rdtscp */
	if (modrm >= 0xc0)
		return DECODE_PLAIN;
	switch (modrm >> 3 & 7) {
	case 3:
		return DECODE_LIDT;
	case 7:
		return DECODE_INVLPG;
	default:
		return DECODE_PLAIN;
	}
}

static enum decode decode_0f(const uint8_t *b, size_t length)
{
	switch (b[0]) {
	case 0x01:
		return length > 1 ? decode_0f01(b[1]) : DECODE_PLAIN;
	case 0x05: case 0x07:
		return DECODE_SYSCALL;
	case 0x22:
		if (length < 2 || ((b[1] >> 3 & 7) != 3 && (b[1] >> 3 & 7) != 4))
			return DECODE_PLAIN;
		return (b[1] >> 3 & 7) == 3 ? DECODE_CR3 : DECODE_CR4;
	case 0x30:
		return DECODE_WRMSR;
	case 0x31:
		return DECODE_RDTSC;
	case 0x38:
		return length > 1 && b[1] == 0x82 ? DECODE_CR4 : DECODE_PLAIN; /* invpcid */
	default:
		return DECODE_PLAIN;
	}
}

static struct operand operand_of(const uint8_t *modrm, size_t length, uint8_t rex)
{
	struct operand o = { (modrm[0] & 7) | (rex & 1) << 3, 0 };
	int mode = modrm[0] >> 6, low = modrm[0] & 7;

	if (low == 4 || (mode == 0 && low == 5)) /* SIB, or relative to the instruction */
		o.base = -1;
	else if (mode == 1 && length > 1)
		o.displacement = (int8_t)modrm[1];
	else if (mode == 2 && length > 4)
		memcpy(&o.displacement, modrm + 1, 4);
	return o;
}

static enum decode decode_kind(const uint8_t *b, size_t length, const struct prefixes *p)
{
	if (p->lock)
		return DECODE_LOCKED;
	if (length == 0)
		return DECODE_PLAIN;
	if (length > 1 && (b[0] == 0x86 || b[0] == 0x87) && b[1] < 0xc0)
		return DECODE_LOCKED;
	if (b[0] == 0x90 && p->rep)
		return DECODE_PAUSE;
	if (b[0] == 0xf4)
		return DECODE_HLT;
	if (b[0] == 0xcf)
		return DECODE_IRET;
	return b[0] == 0x0f && length > 1 ? decode_0f(b + 1, length - 1) : DECODE_PLAIN;
}

struct decoded decode(const uint8_t *b, size_t length)
{
	struct prefixes p = skip_prefixes(b, length);
	struct decoded d = { .operand = { -1, 0 } };

	if (length == 7 && memcmp(b, "\x0f\x1f\x80", 3) == 0 && memcmp(b + 4, "MSN", 3) == 0) {
		d.kind = DECODE_TRIGGER;
		d.command = b[3];
		return d;
	}
	d.kind = decode_kind(b + p.length, length - p.length, &p);
	if (d.kind == DECODE_INVLPG)
		d.operand = operand_of(b + p.length + 2, length - p.length - 2, p.rex);
	return d;
}
