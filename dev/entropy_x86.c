/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RDSEED, RDRAND and the time stamp counter. (Intel, "Digital Random Number Generator", 5.2, 5.3.) */
#include "dev/entropy.h"

#include "arch/core.h"

#define TRIES 32

static void cpuid(u32 leaf, u32 *b, u32 *c)
{
	u32 a = leaf, d;

	*c = 0;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(*b), "+c"(*c), "=d"(d));
}

static bool rdseed(u64 *v)
{
	bool ok;

	__asm__ volatile("rdseed %0; setc %1" : "=r"(*v), "=qm"(ok) : : "cc");
	return ok;
}

static bool rdrand(u64 *v)
{
	bool ok;

	__asm__ volatile("rdrand %0; setc %1" : "=r"(*v), "=qm"(ok) : : "cc");
	return ok;
}

bool entropy_hardware(u64 *v)
{
	u32 max, b, c;

	__asm__ volatile("cpuid" : "=a"(max), "=b"(b), "=c"(c) : "a"(0) : "edx");
	if (max >= 7) {
		cpuid(7, &b, &c);
		for (unsigned i = 0; (b & 1u << 18) && i < TRIES; i++)
			if (rdseed(v))
				return true;
	}
	cpuid(1, &b, &c);
	for (unsigned i = 0; (c & 1u << 30) && i < TRIES; i++)
		if (rdrand(v))
			return true;
	*v = core_cycles();
	return false;
}

u64 entropy_jitter(void)
{
	static u8 memory[4096]; /* shared by all cores on purpose: their caches fight for it */
	u64 t = core_cycles();

	for (unsigned i = 0; i < 32; i++) {
		volatile u8 *p = &memory[(t * 193 + i * 1031) % sizeof(memory)];

		*p = *p + 1;
		t = t << 7 ^ t >> 11 ^ core_cycles();
	}
	return t;
}
