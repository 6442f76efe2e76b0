/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The ACPI parser on the host. A fake physical memory is filled with tables, good ones first, then the same
 * with every byte and every length spoiled in turn: the parser may lose information but must stay inside the
 * memory (the address sanitizer watches) and leave a usable machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/acpi.h"

#define MEMORY 65536
#define RSDP 0x1000

static u8 *memory;
static u64 next;
static int failures, number;
static struct machine m;

#define CHECK(c) (printf("%s %d - %s\n", (c) ? "ok" : "not ok", ++number, #c), failures += !(c))

static const void *map(u64 phys, size_t len)
{
	return phys <= MEMORY && len <= MEMORY - phys ? memory + phys : NULL;
}

static void put(u64 at, u64 v, int size)
{
	memcpy(memory + at, &v, (size_t)size);
}

static void seal(u64 at, u32 len, u32 where)
{
	u8 sum = 0;

	memory[at + where] = 0;
	for (u32 i = 0; i < len; i++)
		sum = (u8)(sum + memory[at + i]);
	memory[at + where] = (u8)-sum;
}

/* A table from its body (behind the 36-byte header). */
static u64 table(const char *signature, const void *body, u32 size)
{
	u64 at = next;

	memcpy(memory + at, signature, 4);
	put(at + 4, 36 + size, 4);
	memory[at + 8] = 3;
	memcpy(memory + at + 36, body, size);
	seal(at, 36 + size, 9);
	next += (36 + size + 15) & ~15u;
	return at;
}

static u8 body[4096];
static u32 size;

static void b(u64 v, int n)
{
	memcpy(body + size, &v, (size_t)n);
	size += (u32)n;
}

static u64 finish(const char *signature)
{
	u64 at = table(signature, body, size);

	size = 0;
	memset(body, 0, sizeof(body));
	return at;
}

static void lapic(u8 apic_id, u32 flags) { b(0, 1), b(8, 1), b(apic_id, 1), b(apic_id, 1), b(flags, 4); }
static void x2apic(u32 apic_id) { b(9, 1), b(16, 1), b(0, 2), b(apic_id, 4), b(1, 4), b(0, 4); }
static void srat_cpu(u32 apic, u32 pxm) { b(2, 1), b(24, 1), b(0, 2), b(pxm, 4), b(apic, 4), b(1, 4), b(0, 8); }
static void srat_cpu_old(u8 apic, u32 pxm) { b(0, 1), b(16, 1), b(pxm & 255, 1), b(apic, 1), b(1, 4), b(0, 1), b(pxm >> 8, 3), b(0, 4); }
static void srat_memory(u64 start, u64 len, u32 pxm)
{
	b(1, 1), b(40, 1), b(pxm, 4), b(0, 2), b(start, 8), b(len, 8), b(0, 4), b(1, 4), b(0, 8);
}

static u64 make_madt(void)
{
	b(0xfee01000, 4), b(1, 4);
	lapic(4, 1);
	lapic(7, 0);            /* disabled */
	lapic(2, 1);            /* the boot core */
	lapic(9, 1);
	lapic(9, 1);            /* twice */
	x2apic(300);
	b(1, 1), b(12, 1), b(0, 2), b(0xfec00000, 4), b(0, 4);
	b(2, 1), b(10, 1), b(0, 1), b(0, 1), b(2, 4), b(0, 2);
	b(2, 1), b(10, 1), b(0, 1), b(9, 1), b(9, 4), b(0xf, 2);
	return finish("APIC");
}

static u64 make_srat(void)
{
	b(1, 4), b(0, 8);
	srat_memory(0x100000000, 0x40000000, 70000);
	srat_memory(0, 0x80000000, 3);
	srat_cpu_old(2, 3);
	srat_cpu_old(4, 3);
	srat_cpu(9, 70000);
	srat_cpu(300, 5);
	return finish("SRAT");
}

static u64 make_slit(void)
{
	b(6, 8);
	for (int i = 0; i < 36; i++)
		b(i / 6 == i % 6 ? 10 : 15 + (u64)(i / 6), 1);
	return finish("SLIT");
}

static u64 make_fadt(void)
{
	static const u8 dsdt[] = { 0x10, 0x05, 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0x0a, 5, 1, 0, 0 };
	u64 aml = table("DSDT", dsdt, sizeof(dsdt));

	size = 276 - 36;
	memcpy(body + 40 - 36, &aml, 4);
	body[46 - 36] = 9;
	memcpy(body + 64 - 36, &(u32){ 0x604 }, 4);
	memcpy(body + 76 - 36, &(u32){ 0x608 }, 4);
	memcpy(body + 112 - 36, &(u32){ 1 << 10 }, 4);
	body[116 - 36] = 1;
	memcpy(body + 120 - 36, &(u64){ 0xcf9 }, 8);
	body[128 - 36] = 0x0f;
	return finish("FACP");
}

static u64 make_mcfg(void)
{
	b(0, 8), b(0xb0000000, 8), b(0, 2), b(0, 1), b(255, 1), b(0, 4);
	return finish("MCFG");
}

static u64 make_hpet(void)
{
	b(0x8086a201, 4), b(0, 4), b(0xfed00000, 8), b(0, 4);
	return finish("HPET");
}

/* Returns the first free address. */
static u64 make_all(bool wide)
{
	memset(memory, 0, MEMORY);
	next = 0x2000;
	u64 t[] = { make_madt(), make_srat(), make_slit(), make_fadt(), make_mcfg(), make_hpet() };
	for (u32 i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		b(t[i], wide ? 8 : 4);
	u64 root = finish(wide ? "XSDT" : "RSDT");
	memcpy(memory + RSDP, "RSD PTR ", 8);
	memory[RSDP + 15] = wide ? 2 : 0;
	put(RSDP + 16, root, 4);
	put(RSDP + 24, root, 8);
	seal(RSDP, 20, 8);
	return next;
}

static void test_good(bool wide)
{
	make_all(wide);
	acpi_parse(&m, RSDP, 2, map);
	CHECK(m.ncores == 4 && m.core[0].apic_id == 2 && m.core[1].apic_id == 4 && m.core[2].apic_id == 9 && m.core[3].apic_id == 300);
	CHECK(m.nnodes == 3 && m.pxm[0] == 3 && m.pxm[1] == 5 && m.pxm[2] == 70000);
	CHECK(m.core[0].node == 0 && m.core[1].node == 0 && m.core[2].node == 2 && m.core[3].node == 1);
	CHECK(m.nmemory == 2 && m.memory[0].start == 0 && m.memory[0].node == 0 && m.memory[1].node == 2);
	CHECK(m.distance[0][0] == 10 && m.distance[0][1] == 18 && m.distance[1][0] == 20 && m.distance[0][2] == 20);
	CHECK(m.lapic == 0xfee01000 && m.nioapics == 1 && m.ioapic[0].address == 0xfec00000);
	CHECK(m.isa[0].gsi == 2 && m.isa[9].low && m.isa[9].level && !m.isa[4].low && m.isa[4].gsi == 4);
	CHECK(m.has_s5 && m.s5_a == 5 && m.s5_b == 1 && m.pm1a_control.address == 0x604 && m.pm1a_control.space == 1);
	CHECK(m.pm_timer.address == 0x608 && m.reset.address == 0xcf9 && m.reset_value == 0x0f && m.sci == 9);
	CHECK(m.necams == 1 && m.ecam[0].address == 0xb0000000 && m.ecam[0].bus_last == 255 && m.hpet == 0xfed00000);
}

static bool usable(void)
{
	bool ok = m.ncores >= 1 && m.ncores <= CORES_MAX && m.core[0].apic_id == 2 && m.nnodes >= 1 && m.nnodes <= NODES_MAX;

	for (u32 i = 0; i < m.ncores; i++)
		ok = ok && m.core[i].node < m.nnodes;
	for (u32 i = 0; i < m.nmemory; i++)
		ok = ok && m.memory[i].node < m.nnodes && m.memory[i].start < m.memory[i].end;
	for (u32 i = 0; i < m.nnodes; i++)
		ok = ok && m.distance[i][i] == 10;
	return ok;
}

/* Checksums are fixed up again, so that the wrong byte is really read. */
static void reseal_all(void)
{
	for (u64 at = 0x2000; at < next; at += 16) {
		u32 len;
		memcpy(&len, memory + at + 4, 4);
		if (memory[at] >= 'A' && memory[at] <= 'Z' && len >= 36 && len <= MEMORY - at)
			seal(at, len, 9);
	}
	seal(RSDP, 20, 8);
}

static void test_spoiled(void)
{
	static const u8 values[] = { 0, 1, 0x7f, 0x80, 0xff };
	bool ok = true;
	u64 end = make_all(true);

	for (u64 at = RSDP; at < end; at += at == RSDP + 40 ? 0x2000 - RSDP - 40 : 1) {
		for (u32 v = 0; v < sizeof(values); v++) {
			make_all(true);
			memory[at] = values[v];
			reseal_all();
			acpi_parse(&m, RSDP, 2, map);
			ok = ok && usable();
		}
	}
	CHECK(ok && "every byte spoiled: a usable machine");
	make_all(true);
	memory[0x2000 + 40] ^= 1; /* MADT, checksum not fixed */
	acpi_parse(&m, RSDP, 2, map);
	CHECK(m.ncores == 1 && "a wrong checksum: the table is absent");
	srand(1);
	for (int round = 0; round < 20000; round++) {
		make_all(round & 1);
		for (int k = 0; k < 4; k++)
			memory[0x2000 + (u64)rand() % (end - 0x2000)] = (u8)rand();
		reseal_all();
		acpi_parse(&m, RSDP, 2, map);
		ok = ok && usable();
	}
	CHECK(ok && "random bytes: a usable machine");
}

/* The root pointer's window is the last of memory: a table that claims more than there is. */
static void test_edges(void)
{
	make_all(true);
	acpi_parse(&m, 0, 2, map);
	CHECK(m.ncores == 1 && m.nnodes == 1 && !m.has_s5 && m.distance[0][0] == 10);
	acpi_parse(&m, MEMORY - 4, 2, map);
	CHECK(m.ncores == 1 && usable());
	memset(memory, 0, MEMORY);
	next = 0x2000;
	b(0, 8);
	for (u32 i = 0; i < 400; i++)
		lapic((u8)i, 1);
	u64 madt = finish("APIC");
	b(madt, 8);
	u64 root = finish("XSDT");
	memcpy(memory + RSDP, "RSD PTR ", 8);
	memory[RSDP + 15] = 2;
	put(RSDP + 24, root, 8);
	seal(RSDP, 20, 8);
	acpi_parse(&m, RSDP, 2, map);
	CHECK(m.ncores == 255 && m.core[0].apic_id == 2 && m.core[1].apic_id == 0 && m.core[3].apic_id == 3);
}

static u64 load(const char *dir, const char *name)
{
	char path[1024];
	u64 at = next;

	snprintf(path, sizeof(path), "%s/%s.aml", dir, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return 0;
	next += (fread(memory + at, 1, MEMORY - at, f) + 15) & ~15ul;
	fclose(f);
	return at;
}

/* The tables that test/arch/tables had iasl compile. */
static void test_iasl(const char *dir)
{
	memset(memory, 0, MEMORY);
	next = 0x2000;
	u64 t[] = { load(dir, "apic"), load(dir, "srat"), load(dir, "slit"), load(dir, "mcfg"), load(dir, "hpet"), load(dir, "facp") };
	u64 facp = t[5], dsdt = load(dir, "dsdt");
	u32 len;
	put(facp + 40, 0, 4);
	put(facp + 140, dsdt, 8);
	memcpy(&len, memory + facp + 4, 4);
	seal(facp, len, 9);
	for (int i = 0; i < 6; i++)
		b(t[i], 8);
	u64 root = finish("XSDT");
	memcpy(memory + RSDP, "RSD PTR ", 8);
	memory[RSDP + 15] = 2;
	put(RSDP + 24, root, 8);
	seal(RSDP, 20, 8);
	acpi_parse(&m, RSDP, 5, map);
	CHECK(m.ncores == 2 && m.core[0].apic_id == 5 && m.core[1].apic_id == 0x123 && m.lapic == 0xfee02000);
	CHECK(m.nioapics == 1 && m.ioapic[0].address == 0xfec01000 && m.ioapic[0].gsi_base == 0x10);
	CHECK(m.isa[5].gsi == 0x15 && m.isa[5].low && m.isa[5].level);
	CHECK(m.nnodes == 2 && m.pxm[0] == 2 && m.pxm[1] == 4 && m.core[0].node == 1 && m.core[1].node == 0);
	CHECK(m.nmemory == 1 && m.memory[0].start == 0x40000000 && m.memory[0].end == 0x50000000 && m.memory[0].node == 0);
	CHECK(m.distance[0][1] == 0x16 && m.distance[1][0] == 0x16);
	CHECK(m.necams == 1 && m.ecam[0].address == 0xe0000000 && m.ecam[0].segment == 1 && m.ecam[0].bus_first == 2 && m.ecam[0].bus_last == 0x7f);
	CHECK(m.has_s5 && m.s5_a == 7 && m.s5_b == 3 && m.sci == 10 && m.smi_command == 0xb2 && m.acpi_enable == 0xf1);
	CHECK(m.pm1a_control.address == 0x404 && m.pm1b_control.address == 0x504 && m.pm_timer.address == 0x408 && m.pm_timer_32);
	CHECK(m.reset.address == 0xcf9 && m.reset_value == 6 && m.hpet == 0xfed01000 && m.century == 0x32);
}

int main(int argc, char **argv)
{
	memory = malloc(MEMORY);
	test_good(true);
	test_good(false);
	test_spoiled();
	test_edges();
	if (argc > 1)
		test_iasl(argv[1]);
	printf("1..%d\n", number);
	return failures ? 1 : 0;
}
