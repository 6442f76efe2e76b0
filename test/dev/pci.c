/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PCI against a model of configuration space: two buses of plain memory behind ECAM windows. Bridges, functions,
 * capability lists (also broken ones), drivers, MSI-X. (Sizes of BARs need registers that react: see guest.py.)
 */
#include "arch/machine.h"
#include "arch/trap.h"
#include "base/errno.h"
#include "dev/pci.h"
#include "test/dev/machine.h"
#include "test/tap.h"

struct machine machine;
static u8 *bus_memory[4];
static u8 bar_memory[8192];

void *mmu_map_device(paddr_t pa, size_t len)
{
	unsigned bus = (pa - 0xe0000000) >> 20;

	if (pa == 0x90000000)
		return bar_memory;
	kassert(len == 1 << 20 && bus < 4);
	if (!bus_memory[bus]) {
		bus_memory[bus] = malloc(len);
		memset(bus_memory[bus], 0xff, len); /* nobody answers */
	}
	return bus_memory[bus];
}

static u32 routed_core;
int irq_alloc(u32 core, void (*handler)(void *), void *arg, u32 *vector)
{
	(void)handler, (void)arg;
	routed_core = core;
	*vector = 77;
	return core == 3 ? -ENOSPC : 0;
}
void irq_msi(u32 core, u32 vector, u64 *address, u32 *data)
{
	*address = 0xfee00000ul | core << 12 | 1ul << 32;
	*data = vector;
}

static u8 *config(unsigned bus, unsigned slot, unsigned fn)
{
	return (u8 *)mmu_map_device(0xe0000000 + ((u64)bus << 20), 1 << 20) + (slot << 15 | fn << 12);
}

static void put16(u8 *at, u16 v) { memcpy(at, &v, 2); }
static void put32(u8 *at, u32 v) { memcpy(at, &v, 4); }

static u8 *function(unsigned bus, unsigned slot, unsigned fn, u16 vendor, u16 device, u8 header)
{
	u8 *c = config(bus, slot, fn);

	memset(c, 0, 256);
	put16(c, vendor);
	put16(c + 2, device);
	c[0x0e] = header;
	return c;
}

static void capability(u8 *c, u8 at, u8 id, u8 next)
{
	c[0x06] |= 0x10;
	if (!c[0x34])
		c[0x34] = at;
	c[at] = id;
	c[at + 1] = next;
}

/* Bus 0: a single function, a device of functions 0 and 3, a bridge to bus 2, a bridge that leads back to 0.
 * Bus 2: one function with MSI-X, whose capability list goes round. */
static void model(void)
{
	u8 *c;

	machine.necams = 1;
	machine.ecam[0] = (struct machine_ecam){ 0xe0000000, 0, 0, 3 };
	function(0, 0, 0, 0x8086, 1, 0);
	function(0, 0, 5, 0x8086, 9, 0); /* not a multi-function device: must not be looked at */
	c = function(0, 1, 0, 0x8086, 2, 0x80);
	capability(c, 0x40, PCI_CAP_VENDOR, 0x50);
	capability(c, 0x50, 1, 0x60);
	capability(c, 0x60, PCI_CAP_VENDOR, 0);
	function(0, 1, 3, 0x1234, 3, 0);
	function(0, 2, 0, 0x8086, 4, 1)[0x19] = 2;
	function(0, 3, 0, 0x8086, 5, 1)[0x19] = 0;
	c = function(2, 31, 0, 0x1af4, 0x1043, 0);
	capability(c, 0x40, PCI_CAP_MSIX, 0x48);
	capability(c, 0x48, 1, 0x40);
	put16(c + 0x42, 3);             /* four entries */
	put32(c + 0x44, 0x1000 | 1);    /* in BAR 1 at 0x1000 */
	put32(c + 0x2c, 0x00030001);
	put32(c + 0x08, 0x07800001);
}

static struct pci_dev *probed[8];
static unsigned nprobed;
static int probe(struct pci_dev *d) { probed[nprobed++] = d; return d->device == 2 ? -EIO : 0; }

static const struct pci_id ids_a[] = { { 0x1af4, 0x1000, 0x107f }, { 0, 0, 0 } };
static const struct pci_id ids_b[] = { { 0x1234, 7, 9 }, { 0x8086, 2, 2 }, { 0, 0, 0 } };
static const struct pci_driver a = { "a", ids_a, probe }, b = { "b", ids_b, probe };
static const struct pci_driver *const drivers[] = { &a, &b, NULL };

static void matching(void)
{
	ok(pci_match(drivers, 0x1af4, 0x1000) == &a && pci_match(drivers, 0x1af4, 0x107f) == &a &&
	   !pci_match(drivers, 0x1af4, 0x1080) && !pci_match(drivers, 0x1af4, 0xfff), "ranges of device ids");
	ok(pci_match(drivers, 0x8086, 2) == &b && !pci_match(drivers, 0x1000, 2), "vendors");
}

static void scanning(void)
{
	unsigned n = pci_scan(drivers), listed = 0;

	for (const struct pci_dev *d = pci_first(); d; d = d->next)
		listed++;
	ok(n == 6 && listed == 4, "two bridges and four functions (%u, %u)", n, listed);
	ok(nprobed == 2 && probed[0]->device == 2 && probed[1]->device == 0x1043, "each driver sees its functions");
	ok(!probed[0]->driver && probed[1]->driver == &a, "a driver that fails does not own");
	ok(probed[1]->bus == 2 && probed[1]->slot == 31 && probed[1]->class == 0x078000 && probed[1]->revision == 1 &&
	   probed[1]->subvendor == 1 && probed[1]->subdevice == 3, "what identifies a function");
}

static void capabilities(void)
{
	struct pci_dev *d = probed[0];

	ok(pci_capability(d, PCI_CAP_VENDOR, 0) == 0x40 && pci_capability(d, PCI_CAP_VENDOR, 0x40) == 0x60 &&
	   pci_capability(d, PCI_CAP_VENDOR, 0x60) == 0, "capabilities of one kind, one after the other");
	ok(pci_capability(probed[1], PCI_CAP_VENDOR, 0) == 0, "a list that goes round has an end");
	ok(pci_capability(pci_first(), PCI_CAP_VENDOR, 0) == 0, "a function without a list");
}

static void msix(void)
{
	struct pci_dev *d = probed[1];
	u32 *entry = (u32 *)(bar_memory + 0x1000);

	ok(pci_msix_enable(probed[0]) == -ENODEV, "a function without MSI-X");
	d->bar[1].base = 0x90000000;
	d->bar[1].size = 0x1000;
	ok(pci_msix_enable(d) == -ENODEV, "a table outside its BAR");
	d->bar[1].size = 0x2000;
	ok(d->msix_count == 4 && pci_msix_enable(d) == 0, "four entries");
	ok(entry[3] == 1 && entry[15] == 1 && entry[16] == 0, "all masked, no more");
	ok((pci_read16(d, 0x42) & 0xc000) == 0x8000, "enabled, not masked as a whole");
	ok((pci_read16(d, 4) & 6) == 6, "memory and DMA on");
	ok(pci_msix_route(d, 2, 1, NULL, NULL) == 0 && routed_core == 1, "route an entry");
	ok(entry[8] == 0xfee01000 && entry[9] == 1 && entry[10] == 77 && entry[11] == 0, "address, data, unmasked");
	ok(pci_msix_route(d, 4, 1, NULL, NULL) == -EINVAL && pci_msix_route(d, 1, 3, NULL, NULL) == -ENOSPC &&
	   entry[7] == 1, "no such entry, no vector left");
}

static void words(void)
{
	struct pci_dev *d = probed[0];
	u8 *c = config(0, 1, 0);

	put32(c + 0x80, 0x44332211);
	ok(pci_read8(d, 0x82) == 0x33 && pci_read16(d, 0x82) == 0x4433 && pci_read32(d, 0x80) == 0x44332211, "reads");
	pci_write16(d, 0x82, 0xabcd);
	ok(pci_read32(d, 0x80) == 0xabcd2211, "a half is written, its neighbour kept");
	put16(c + 6, 0xf010);
	pci_write16(d, 4, 0x0106);
	ok(pci_read32(d, 4) == 0xf0100106, "a write of the command does not touch the status");
}

int main(void)
{
	model();
	matching();
	scanning();
	capabilities();
	msix();
	words();
	return tap_end();
}
