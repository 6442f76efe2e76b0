/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reading tables that firmware wrote, without trusting them. Every access goes through a struct view, whose
 * readers return 0 beyond its end; every count is cut to the room in struct machine.
 *
 *   RSDP -> XSDT or RSDT -> MADT, SRAT, SLIT, MCFG, FADT (-> DSDT), HPET, SSDT
 *
 * Order of work: cores and memory first (MADT, SRAT), then proximity domains become dense nodes, then
 * distances, then the rest, which depends on nothing.
 */
#include "boot/acpi.h"

#include "base/string.h"

#define HEADER 36
#define TABLE_MAX (16u << 20)
#define NO_PXM 0xffffffffu

struct view {
	const u8 *p;
	u32 len;
};

/* The parse of one machine: its tables, and what SRAT says in proximity domains. */
struct parse {
	struct machine *m;
	acpi_map_fn map;
	struct view root;
	bool wide;               /* XSDT: 8-byte entries */
	u32 pxm[CORES_MAX];      /* of core i */
	u32 memory_pxm[MACHINE_RANGES_MAX];
};
static struct parse parse;       /* too big for the boot stack */

static u64 get(struct view v, u32 off, u32 size)
{
	u64 r = 0;

	if (off > v.len || v.len - off < size)
		return 0;
	for (u32 i = 0; i < size; i++)
		r |= (u64)v.p[off + i] << 8 * i;
	return r;
}

static u8 get8(struct view v, u32 off) { return (u8)get(v, off, 1); }
static u16 get16(struct view v, u32 off) { return (u16)get(v, off, 2); }
static u32 get32(struct view v, u32 off) { return (u32)get(v, off, 4); }
static u64 get64(struct view v, u32 off) { return get(v, off, 8); }

static struct view sub(struct view v, u32 off, u32 len)
{
	if (off > v.len || v.len - off < len)
		return (struct view){ 0 };
	return (struct view){ v.p + off, len };
}

static bool sums_to_zero(struct view v)
{
	u8 sum = 0;

	for (u32 i = 0; i < v.len; i++)
		sum = (u8)(sum + v.p[i]);
	return sum == 0;
}

static struct view map_view(acpi_map_fn map, u64 phys, u32 len)
{
	const void *p = phys ? map(phys, len) : NULL;

	return p ? (struct view){ p, len } : (struct view){ 0 };
}

/* A whole table with this signature at phys, or an empty view. */
static struct view table_at(acpi_map_fn map, u64 phys, const char *signature)
{
	struct view head = map_view(map, phys, HEADER);

	if (!head.p || (signature && memcmp(head.p, signature, 4)))
		return (struct view){ 0 };
	u32 len = get32(head, 4);
	if (len < HEADER || len > TABLE_MAX)
		return (struct view){ 0 };
	struct view v = map_view(map, phys, len);
	return v.p && sums_to_zero(v) ? v : (struct view){ 0 };
}

static struct view table_nth(const struct parse *p, const char *signature, u32 nth)
{
	u32 size = p->wide ? 8 : 4;

	for (u32 off = HEADER; off + size <= p->root.len; off += size) {
		struct view v = table_at(p->map, get(p->root, off, size), signature);
		if (v.p && !nth--)
			return v;
	}
	return (struct view){ 0 };
}

static bool find_root(struct parse *p, u64 rsdp)
{
	struct view v = map_view(p->map, rsdp, 20);

	if (!v.p || memcmp(v.p, "RSD PTR ", 8) || !sums_to_zero(v))
		return false;
	if (get8(v, 15) >= 2) {
		struct view v2 = map_view(p->map, rsdp, 36);
		p->root = table_at(p->map, get64(v2, 24), "XSDT");
		p->wide = true;
	}
	if (!p->root.p) {
		p->root = table_at(p->map, get32(v, 16), "RSDT");
		p->wide = false;
	}
	return p->root.p;
}

u64 acpi_find_rsdp(acpi_map_fn map)
{
	struct view ebda = map_view(map, 0x40e, 2);
	u64 areas[2][2] = { { (u64)get16(ebda, 0) << 4, 1024 }, { 0xe0000, 0x20000 } };

	for (int i = 0; i < 2; i++) {
		u64 start = areas[i][0];
		for (u64 at = start; start >= 0x400 && at < start + areas[i][1]; at += 16) {
			struct view v = map_view(map, at, 20);
			if (v.p && !memcmp(v.p, "RSD PTR ", 8) && sums_to_zero(v))
				return at;
		}
	}
	return 0;
}

/* ---- MADT: cores and interrupt controllers ---- */

static void add_core(struct machine *m, u32 apic_id, u32 flags)
{
	if (!(flags & 1))
		return;
	for (u32 i = 0; i < m->ncores; i++)
		if (m->core[i].apic_id == apic_id)
			return;
	if (m->ncores < CORES_MAX)
		m->core[m->ncores++].apic_id = apic_id;
}

static void add_ioapic(struct machine *m, struct view e)
{
	if (m->nioapics < MACHINE_IOAPICS_MAX && get32(e, 4))
		m->ioapic[m->nioapics++] = (struct machine_ioapic){ get32(e, 4), get32(e, 8) };
}

static void add_override(struct machine *m, struct view e)
{
	u16 flags = get16(e, 8);

	if (get8(e, 3) < 16)
		m->isa[get8(e, 3)] = (struct machine_isa){ get32(e, 4), (flags & 3) == 3, (flags >> 2 & 3) == 3 };
}

static void madt_entry(struct machine *m, struct view e)
{
	switch (get8(e, 0)) {
	case 0:
		if (get8(e, 3) != 0xff)
			add_core(m, get8(e, 3), get32(e, 4));
		break;
	case 1:
		add_ioapic(m, e);
		break;
	case 2:
		add_override(m, e);
		break;
	case 5:
		m->lapic = get64(e, 4);
		break;
	case 9:
		add_core(m, get32(e, 4), get32(e, 8));
		break;
	}
}

/* Sub-tables: type, length, body. Stops at the first that does not fit. */
static void each_entry(struct parse *p, struct view table, u32 off, void (*fn)(struct parse *, struct view))
{
	while (off + 2 <= table.len) {
		u8 len = get8(table, off + 1);
		struct view e = sub(table, off, len);
		if (len < 2 || !e.p)
			break;
		fn(p, e);
		off += len;
	}
}

static void madt_visit(struct parse *p, struct view e)
{
	madt_entry(p->m, e);
}

static void read_madt(struct parse *p)
{
	struct view t = table_nth(p, "APIC", 0);

	if (!t.p)
		return;
	if (get32(t, 36))
		p->m->lapic = get32(t, 36);
	p->m->ncores = 0;
	each_entry(p, t, 44, madt_visit);
}

/* The boot core becomes core 0; the order of the others stays. */
static void boot_core_first(struct machine *m, u32 boot_apic_id)
{
	u32 i = 0;

	while (i < m->ncores && m->core[i].apic_id != boot_apic_id)
		i++;
	if (i == m->ncores && m->ncores < CORES_MAX)
		m->ncores++;
	if (i == CORES_MAX)
		i--;
	memmove(&m->core[1], &m->core[0], i * sizeof(m->core[0]));
	m->core[0].apic_id = boot_apic_id;
}

/* ---- SRAT: who is near what ---- */

static void set_core_pxm(struct parse *p, u32 apic_id, u32 pxm)
{
	for (u32 i = 0; i < p->m->ncores; i++)
		if (p->m->core[i].apic_id == apic_id)
			p->pxm[i] = pxm;
}

static void add_memory(struct parse *p, u64 start, u64 len, u32 pxm)
{
	struct machine *m = p->m;
	u32 i = m->nmemory;

	if (!len || start + len < start || i == MACHINE_RANGES_MAX)
		return;
	while (i > 0 && m->memory[i - 1].start > start) {
		m->memory[i] = m->memory[i - 1];
		p->memory_pxm[i] = p->memory_pxm[i - 1];
		i--;
	}
	m->memory[i] = (struct machine_memory){ start, start + len, 0 };
	p->memory_pxm[i] = pxm;
	m->nmemory++;
}

static void srat_visit(struct parse *p, struct view e)
{
	switch (get8(e, 0)) {
	case 0: /* processor by APIC id; the upper bits of the domain are there from revision 2 on */
		if (get32(e, 4) & 1)
			set_core_pxm(p, get8(e, 3), get8(e, 2) | (p->wide ? get32(e, 8) & 0xffffff00 : 0));
		break;
	case 1:
		if (get32(e, 28) & 1)
			add_memory(p, get64(e, 8), get64(e, 16), get32(e, 2));
		break;
	case 2: /* processor by x2APIC id */
		if (get32(e, 12) & 1)
			set_core_pxm(p, get32(e, 8), get32(e, 4));
		break;
	}
}

static u32 node_of(const struct machine *m, u32 pxm)
{
	for (u32 i = 0; i < m->nnodes; i++)
		if (m->pxm[i] == pxm)
			return i;
	return 0;
}

/* Keeps m->pxm sorted and without doubles. */
static void add_pxm(struct machine *m, u32 pxm)
{
	u32 i = 0;

	while (i < m->nnodes && m->pxm[i] < pxm)
		i++;
	if (pxm == NO_PXM || m->nnodes == NODES_MAX || (i < m->nnodes && m->pxm[i] == pxm))
		return;
	memmove(&m->pxm[i + 1], &m->pxm[i], (m->nnodes - i) * sizeof(m->pxm[0]));
	m->pxm[i] = pxm;
	m->nnodes++;
}

static void read_srat(struct parse *p)
{
	struct machine *m = p->m;
	struct view t = table_nth(p, "SRAT", 0);
	bool wide = p->wide;

	for (u32 i = 0; i < m->ncores; i++)
		p->pxm[i] = NO_PXM;
	p->wide = get8(t, 8) >= 2; /* the revision, for srat_visit */
	each_entry(p, t, 48, srat_visit);
	p->wide = wide;
	for (u32 i = 0; i < m->ncores; i++)
		add_pxm(m, p->pxm[i]);
	for (u32 i = 0; i < m->nmemory; i++)
		add_pxm(m, p->memory_pxm[i]);
	for (u32 i = 0; i < m->ncores; i++)
		m->core[i].node = node_of(m, p->pxm[i]);
	for (u32 i = 0; i < m->nmemory; i++)
		m->memory[i].node = node_of(m, p->memory_pxm[i]);
	if (!m->nnodes)
		m->nnodes = 1;
}

static void read_slit(struct parse *p)
{
	struct machine *m = p->m;
	struct view t = table_nth(p, "SLIT", 0);
	u64 n = get64(t, 36);

	for (u32 i = 0; i < m->nnodes; i++) {
		for (u32 j = 0; j < m->nnodes; j++) {
			u64 at = 44 + m->pxm[i] * n + m->pxm[j];
			u8 d = n <= 4096 && m->pxm[i] < n && m->pxm[j] < n ? get8(t, (u32)at) : 0;
			m->distance[i][j] = i == j ? 10 : d > 10 && d < 255 ? d : 20;
		}
	}
}

/* ---- the rest ---- */

static void read_mcfg(struct parse *p)
{
	struct machine *m = p->m;
	struct view t = table_nth(p, "MCFG", 0);

	for (u32 off = 44; off + 16 <= t.len && m->necams < MACHINE_ECAM_MAX; off += 16)
		m->ecam[m->necams++] = (struct machine_ecam){ get64(t, off), get16(t, off + 8),
			get8(t, off + 10), get8(t, off + 11) };
}

static struct machine_reg generic_address(struct view t, u32 off)
{
	return (struct machine_reg){ get64(t, off + 4), get8(t, off), get8(t, off + 1) };
}

/* The 64-bit field if it is there and usable, else the old port number. */
static struct machine_reg fadt_reg(struct view t, u32 wide, u32 old, u8 width)
{
	struct machine_reg r = generic_address(t, wide);

	if (!r.address || r.space > 1)
		r = (struct machine_reg){ get32(t, old), 1, width };
	return r;
}

/* An AML integer constant in a package; moves *off past it. */
static u8 aml_byte(struct view t, u32 *off)
{
	u8 op = get8(t, (*off)++);

	if (op < 0x0a || op > 0x0c)
		return op == 1 || op == 0xff ? op : 0; /* Zero, One, Ones */
	u8 v = get8(t, *off);
	*off += op == 0x0a ? 1 : op == 0x0b ? 2 : 4;
	return v;
}

/* Name (\_S5, Package () { a, b, ... }) is 08 [5c] "_S5_" 12 length count a b. */
static bool find_s5(struct machine *m, struct view t)
{
	for (u32 i = HEADER + 1; i + 12 <= t.len; i++) {
		if (memcmp(t.p + i, "_S5_", 4) || get8(t, i + 4) != 0x12)
			continue;
		if (t.p[i - 1] != 8 && !(t.p[i - 1] == '\\' && t.p[i - 2] == 8))
			continue;
		u32 off = i + 5 + 1 + (get8(t, i + 5) >> 6) + 1;
		m->s5_a = aml_byte(t, &off) & 7;
		m->s5_b = aml_byte(t, &off) & 7;
		return m->has_s5 = true;
	}
	return false;
}

static void read_fadt(struct parse *p)
{
	struct machine *m = p->m;
	struct view t = table_nth(p, "FACP", 0);
	u32 flags = get32(t, 112);

	if (!t.p)
		return;
	m->sci = get16(t, 46);
	m->smi_command = (u16)get32(t, 48);
	m->acpi_enable = get8(t, 52);
	m->pm1a_event = fadt_reg(t, 148, 56, 32);
	m->pm1a_control = fadt_reg(t, 172, 64, 16);
	m->pm1b_control = fadt_reg(t, 184, 68, 16);
	m->pm_timer = fadt_reg(t, 208, 76, 32);
	m->pm_timer_32 = flags >> 8 & 1;
	m->century = get8(t, 108);
	if (flags >> 10 & 1) {
		m->reset = generic_address(t, 116);
		m->reset_value = get8(t, 128);
	}
	if (flags >> 20 & 1)
		m->sleep_control = generic_address(t, 244);
	struct view dsdt = table_at(p->map, get64(t, 140), "DSDT");
	if (!dsdt.p)
		dsdt = table_at(p->map, get32(t, 40), "DSDT");
	if (find_s5(m, dsdt))
		return;
	struct view ssdt;
	for (u32 i = 0; (ssdt = table_nth(p, "SSDT", i)).p && !find_s5(m, ssdt); i++)
		;
}

static void read_hpet(struct parse *p)
{
	struct view t = table_nth(p, "HPET", 0);

	if (get8(t, 40) == 0)
		p->m->hpet = get64(t, 44);
}

void acpi_parse(struct machine *m, u64 rsdp, u32 boot_apic_id, acpi_map_fn map)
{
	struct parse *p = &parse;

	memset(m, 0, sizeof(*m));
	memset(p, 0, sizeof(*p));
	p->m = m;
	p->map = map;
	m->lapic = 0xfee00000;
	for (u32 i = 0; i < 16; i++)
		m->isa[i].gsi = i;
	if (find_root(p, rsdp))
		read_madt(p);
	boot_core_first(m, boot_apic_id);
	read_srat(p);
	read_slit(p);
	read_mcfg(p);
	read_fadt(p);
	read_hpet(p);
}
