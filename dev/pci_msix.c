/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * MSI-X: a table of (address, data, mask) in device memory; entry n is what the device writes, and where, to
 * raise interrupt n (PCI 3.0, 6.8.2). Address and data name a core and a vector (arch: irq_msi).
 */
#include "arch/trap.h"
#include "base/errno.h"
#include "dev/io.h"
#include "dev/pci.h"

#define CONTROL_ENABLE 0x8000u
#define CONTROL_MASK_ALL 0x4000u
#define ENTRY_SIZE 16
enum { ENTRY_ADDRESS = 0, ENTRY_DATA = 8, ENTRY_CONTROL = 12 };

int pci_msix_enable(struct pci_dev *d)
{
	u32 where;
	u16 control;
	u8 *bar;

	if (!d->msix_cap)
		return -ENODEV;
	where = pci_read32(d, d->msix_cap + 4); /* which BAR, and the offset in it */
	if ((where & 7) >= PCI_BARS ||
	    (where & ~7u) + (u64)d->msix_count * ENTRY_SIZE > d->bar[where & 7].size)
		return -ENODEV;
	bar = pci_map(d, where & 7);
	if (!bar)
		return -ENOMEM;
	pci_enable(d);
	d->msix_table = bar + (where & ~7u);
	control = pci_read16(d, d->msix_cap + 2);
	pci_write16(d, d->msix_cap + 2, control | CONTROL_ENABLE | CONTROL_MASK_ALL);
	for (unsigned i = 0; i < d->msix_count; i++)
		io_write32(d->msix_table + i * ENTRY_SIZE + ENTRY_CONTROL, 1);
	pci_write16(d, d->msix_cap + 2, (control & ~CONTROL_MASK_ALL) | CONTROL_ENABLE);
	return 0;
}

int pci_msix_route(struct pci_dev *d, unsigned entry, u32 core, void (*handler)(void *), void *arg)
{
	u8 *e = d->msix_table + entry * ENTRY_SIZE;
	u32 vector, data;
	u64 address;
	int err;

	if (!d->msix_table || entry >= d->msix_count)
		return -EINVAL;
	err = irq_alloc(core, handler, arg, &vector);
	if (err)
		return err;
	irq_msi(core, vector, &address, &data);
	io_write64(e + ENTRY_ADDRESS, address);
	io_write32(e + ENTRY_DATA, data);
	io_write32(e + ENTRY_CONTROL, 0);
	return 0;
}
