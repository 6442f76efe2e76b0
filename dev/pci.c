/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* PCI: configuration access, the scan, BARs, capabilities. See pci.h. */
#include "dev/pci.h"

#include "arch/machine.h"
#include "base/errno.h"
#include "base/print.h"
#include "dev/io.h"
#include "mem/slab.h"

/* Type 0 configuration header (PCI 3.0, 6.1). */
enum {
	CFG_ID = 0x00, CFG_COMMAND = 0x04, CFG_STATUS = 0x06, CFG_CLASS = 0x08, CFG_HEADER = 0x0e, CFG_BAR = 0x10,
	CFG_BUSES = 0x18, CFG_SUBSYSTEM = 0x2c, CFG_CAPABILITIES = 0x34,
};
#define COMMAND_MEMORY 2u
#define COMMAND_MASTER 4u
#define STATUS_CAPABILITIES 0x10u
#define HEADER_BRIDGE 1u
#define HEADER_MANY 0x80u

static struct pci_dev *first, **last = &first;
static u8 *ecam_bus[256]; /* 1 MiB windows, mapped when a bus is first read */

static u8 *ecam_window(u8 bus)
{
	if (ecam_bus[bus])
		return ecam_bus[bus];
	for (u32 i = 0; i < machine.necams; i++) {
		const struct machine_ecam *e = &machine.ecam[i];

		if (e->segment == 0 && bus >= e->bus_first && bus <= e->bus_last)
			ecam_bus[bus] = mmu_map_device(e->address + ((u64)bus << 20), 1 << 20);
	}
	return ecam_bus[bus];
}

static u8 *ecam_at(const struct pci_dev *d, unsigned offset)
{
	u8 *window = ecam_window(d->bus);

	return window ? window + (d->slot << 15 | d->fn << 12 | offset) : NULL;
}

/* Mechanism #1: names the word; its bytes then appear at 0xcfc (PCI 3.0, 3.2.2.3.2). */
static u16 port_select(const struct pci_dev *d, unsigned offset)
{
	port_write32(0xcf8, 1u << 31 | d->bus << 16 | d->slot << 11 | d->fn << 8 | (offset & 0xfc));
	return 0xcfc + (offset & 3);
}

u32 pci_read32(const struct pci_dev *d, unsigned offset)
{
	u8 *at = ecam_at(d, offset & ~3u);

	return at ? io_read32(at) : port_read32(port_select(d, offset & ~3u));
}

u16 pci_read16(const struct pci_dev *d, unsigned offset) { return pci_read32(d, offset) >> 8 * (offset & 2); }
u8 pci_read8(const struct pci_dev *d, unsigned offset) { return pci_read32(d, offset) >> 8 * (offset & 3); }

void pci_write32(const struct pci_dev *d, unsigned offset, u32 value)
{
	u8 *at = ecam_at(d, offset);

	if (at)
		io_write32(at, value);
	else
		port_write32(port_select(d, offset), value);
}

/* Really 16 bits wide: the half beside COMMAND is STATUS, whose bits clear when written as 1. */
void pci_write16(const struct pci_dev *d, unsigned offset, u16 value)
{
	u8 *at = ecam_at(d, offset);

	if (at)
		io_write16(at, value);
	else
		port_write16(port_select(d, offset), value);
}

unsigned pci_capability(const struct pci_dev *d, u8 id, unsigned after)
{
	unsigned at;

	if (!(pci_read16(d, CFG_STATUS) & STATUS_CAPABILITIES))
		return 0;
	at = pci_read8(d, after ? after + 1 : CFG_CAPABILITIES) & 0xfc;
	for (unsigned steps = 0; at && steps < 48; steps++) { /* 48: no longer list fits, so this one loops */
		if (pci_read8(d, at) == id)
			return at;
		at = pci_read8(d, at + 1) & 0xfc;
	}
	return 0;
}

/* Size of a BAR: write ones, see which bits stick (6.2.5.1). Decoding is off meanwhile. Returns registers used. */
static unsigned bar_probe(struct pci_dev *d, unsigned n)
{
	unsigned at = CFG_BAR + 4 * n;
	u32 low = pci_read32(d, at), high = 0, mask_low, mask_high = ~0u;
	bool wide = (low & 7) == 4 && n + 1 < PCI_BARS;

	if (low & 1)
		return 1;
	pci_write32(d, at, ~0u);
	mask_low = pci_read32(d, at) & ~15u;
	pci_write32(d, at, low);
	if (wide) {
		high = pci_read32(d, at + 4);
		pci_write32(d, at + 4, ~0u);
		mask_high = pci_read32(d, at + 4);
		pci_write32(d, at + 4, high);
	}
	if (mask_low || (wide && mask_high)) {
		d->bar[n].base = (u64)high << 32 | (low & ~15u);
		d->bar[n].size = ~((u64)mask_high << 32 | mask_low) + 1;
	}
	return wide ? 2 : 1;
}

static void bars_probe(struct pci_dev *d)
{
	u16 command = pci_read16(d, CFG_COMMAND);

	pci_write16(d, CFG_COMMAND, command & ~(COMMAND_MEMORY | 1u));
	for (unsigned n = 0; n < PCI_BARS;)
		n += bar_probe(d, n);
	pci_write16(d, CFG_COMMAND, command);
}

void *pci_map(struct pci_dev *d, unsigned n)
{
	struct pci_bar *b;

	if (n >= PCI_BARS)
		return NULL;
	b = &d->bar[n];
	if (!b->map && b->base)
		b->map = mmu_map_device(b->base, b->size);
	return b->map;
}

void pci_enable(const struct pci_dev *d)
{
	pci_write16(d, CFG_COMMAND, pci_read16(d, CFG_COMMAND) | COMMAND_MEMORY | COMMAND_MASTER);
}

const struct pci_driver *pci_match(const struct pci_driver *const drivers[], u16 vendor, u16 device)
{
	for (; *drivers; drivers++)
		for (const struct pci_id *id = (*drivers)->ids; id->vendor; id++)
			if (id->vendor == vendor && device >= id->first && device <= id->last)
				return *drivers;
	return NULL;
}

static void function_add(const struct pci_dev *found)
{
	struct pci_dev *d = kzalloc(sizeof(*d));
	u32 word;

	if (!d)
		return;
	*d = *found;
	word = pci_read32(d, CFG_CLASS);
	d->class = word >> 8;
	d->revision = word;
	word = pci_read32(d, CFG_SUBSYSTEM);
	d->subvendor = word;
	d->subdevice = word >> 16;
	bars_probe(d);
	d->msix_cap = pci_capability(d, PCI_CAP_MSIX, 0);
	if (d->msix_cap)
		d->msix_count = (pci_read16(d, d->msix_cap + 2) & 0x7ff) + 1;
	*last = d;
	last = &d->next;
}

static unsigned bus_scan(u8 bus, unsigned depth);

/* Returns the functions found at d and behind it. */
static unsigned function_scan(struct pci_dev *d, u8 header, unsigned depth)
{
	u8 behind;

	if ((header & ~HEADER_MANY) != HEADER_BRIDGE) {
		function_add(d);
		return 1;
	}
	behind = pci_read32(d, CFG_BUSES) >> 8;
	return 1 + (behind > d->bus && depth < 16 ? bus_scan(behind, depth + 1) : 0);
}

static unsigned bus_scan(u8 bus, unsigned depth)
{
	unsigned n = 0;

	for (unsigned slot = 0; slot < 32; slot++) {
		unsigned functions = 1;

		for (unsigned fn = 0; fn < functions; fn++) {
			struct pci_dev d = { .bus = bus, .slot = slot, .fn = fn };
			u32 id = pci_read32(&d, CFG_ID);
			u8 header;

			if ((u16)id == 0xffff)
				continue;
			header = pci_read8(&d, CFG_HEADER);
			if (fn == 0 && (header & HEADER_MANY))
				functions = 8;
			d.vendor = id;
			d.device = id >> 16;
			n += function_scan(&d, header, depth);
		}
	}
	return n;
}

unsigned pci_scan(const struct pci_driver *const drivers[])
{
	unsigned n = bus_scan(0, 0);

	for (struct pci_dev *d = first; d; d = d->next) {
		const struct pci_driver *driver = pci_match(drivers, d->vendor, d->device);
		int err = driver ? driver->probe(d) : -ENODEV;

		if (err == 0)
			d->driver = driver;
		else if (driver && err != -ENODEV)
			kwarn("pci %02x:%02x.%x: %s: error %d\n", d->bus, d->slot, d->fn, driver->name, -err);
	}
	return n;
}

const struct pci_dev *pci_first(void) { return first; }
