/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Processors as CPUID describes them: see cpus.h. AMD APM volume 3 appendix E, Intel SDM volume 2 "CPUID". */
#include "kern/cpus.h"
#include "arch/core.h"
#include "base/string.h"

static void cpuid(u32 leaf, u32 sub, u32 r[4])
{
	__asm__("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(sub));
}

static void identify_model(struct cpu_ident *c, u32 signature)
{
	c->stepping = signature & 15;
	c->family = signature >> 8 & 15;
	c->model_number = signature >> 4 & 15;
	if (c->family >= 6)
		c->model_number |= signature >> 12 & 0xf0;
	if (c->family == 15)
		c->family += signature >> 20 & 255;
}

static void identify_name(struct cpu_ident *c, u32 highest)
{
	u32 r[4], i;

	for (i = 0; highest >= 0x80000004 && i < 3; i++) {
		cpuid(0x80000002 + i, 0, r);
		memcpy(c->model + i * 16, r, 16);
	}
	if (!c->model[0])
		strlcpy(c->model, "unknown", sizeof(c->model));
}

void cpu_identify(struct cpu_ident *c)
{
	u32 r[4], highest;

	memset(c, 0, sizeof(*c));
	cpuid(0, 0, r);
	c->level = r[0];
	memcpy(c->vendor, &r[1], 4);
	memcpy(c->vendor + 4, &r[3], 4);
	memcpy(c->vendor + 8, &r[2], 4);
	cpuid(1, 0, r);
	identify_model(c, r[0]);
	c->cache_line = (r[1] >> 8 & 255) * 8;
	c->f1c = r[2];
	c->f1d = r[3];
	if (c->level >= 7) {
		cpuid(7, 0, r);
		c->f7b = r[1];
		c->f7c = r[2];
	}
	cpuid(0x80000000, 0, r);
	highest = r[0];
	identify_name(c, highest);
	cpuid(0x80000001, 0, r);
	c->f8c = r[2];
	c->f8d = r[3];
	c->physical_bits = 36;
	c->virtual_bits = 48;
	if (highest >= 0x80000008) {
		cpuid(0x80000008, 0, r);
		c->physical_bits = r[0] & 255;
		c->virtual_bits = r[0] >> 8 & 255;
	}
}

bool cpu_is_amd(const struct cpu_ident *c)
{
	return !strcmp(c->vendor, "AuthenticAMD") || !strcmp(c->vendor, "HygonGenuine");
}

/* ---- where a core sits */

/* How many low bits of an APIC id count threads, and threads and cores. Leaf 11, else leaf 0x80000008 (AMD). */
static void apic_shifts(u32 *thread, u32 *package)
{
	u32 r[4], level, sub;

	*thread = *package = 0;
	cpuid(0, 0, r);
	level = r[0];
	for (sub = 0; level >= 11 && sub < 4; sub++) {
		cpuid(11, sub, r);
		if (!(r[2] >> 8 & 255))
			break;
		if ((r[2] >> 8 & 255) == 1)
			*thread = r[0] & 31;
		*package = r[0] & 31;
	}
	if (sub)
		return;
	cpuid(0x80000000, 0, r);
	if (r[0] < 0x80000008)
		return;
	cpuid(0x80000008, 0, r);
	*package = r[2] >> 12 & 15;
}

u32 cpu_package(u32 core)
{
	u32 thread, package;

	apic_shifts(&thread, &package);
	return core_get(core)->apic_id >> package;
}

u32 cpu_core_id(u32 core)
{
	u32 thread, package;

	apic_shifts(&thread, &package);
	return (core_get(core)->apic_id & ((1u << package) - 1)) >> thread;
}

bool cpu_same_package(u32 core, u64 as)
{
	return cpu_package(core) == cpu_package(as);
}

bool cpu_same_core(u32 core, u64 as)
{
	return cpu_same_package(core, as) && cpu_core_id(core) == cpu_core_id(as);
}

/* ---- flaws: this kernel has no mitigation yet, so what the processor is prone to it is open to */

bool cpu_vulnerable(enum cpu_flaw f)
{
	struct cpu_ident c;
	bool amd;

	cpu_identify(&c);
	amd = cpu_is_amd(&c);
	switch (f) {
	case FLAW_INTEL:
		return !amd;
	case FLAW_SPECTRE_V1:
	case FLAW_SPECTRE_V2:
		return true;
	case FLAW_SSB:
		return !amd || c.family >= 0x15;
	case FLAW_RETBLEED:
		return !amd || (c.family >= 0x15 && c.family <= 0x18);
	case FLAW_SRSO:
		return amd && c.family >= 0x17 && c.family <= 0x19;
	case FLAW_TSA:
		return amd && c.family == 0x19;
	default:
		return false; /* those of hosts of virtual machines */
	}
}
