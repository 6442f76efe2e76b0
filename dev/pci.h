/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PCI: find the functions, give each to the driver that knows it, and lend drivers what they need:
 * configuration space, memory windows (BARs), capabilities, MSI-X vectors.
 * (PCI Local Bus 3.0, chapter 6; PCI Express Base 4.0, section 7.2.2 for ECAM.)
 *
 * Firmware or the machine monitor has assigned buses and addresses; we only read them. Configuration goes
 * through ECAM where ACPI's MCFG table names it (machine.ecam), else through ports 0xcf8/0xcfc.
 *
 *   pci_scan    depth first over bridges from bus 0: O(functions)
 *   drivers     the table pci_drivers[] in dev/dev.c; the first whose ids match is asked, and owns the function if
 *               its probe returns 0
 *
 * Everything here runs at boot on core 0; afterwards the list is constant.
 */
#ifndef DEV_PCI_H
#define DEV_PCI_H

#include "arch/mmu.h"
#include "base/types.h"

#define PCI_BARS 6
#define PCI_ANY 0xffff

struct pci_bar {
	paddr_t base;   /* 0: absent, not assigned, or an I/O port window */
	u64 size;
	void *map;      /* set by pci_map */
};

struct pci_dev {
	u8 bus, slot, fn;
	u8 revision;
	u16 vendor, device;
	u16 subvendor, subdevice;
	u32 class;              /* base << 16 | sub << 8 | interface */
	u16 msix_cap;           /* offset of the MSI-X capability, 0 if none */
	u16 msix_count;         /* vectors in its table */
	u8 *msix_table;
	struct pci_bar bar[PCI_BARS];
	const struct pci_driver *driver;
	struct pci_dev *next;   /* in the order found */
};

struct pci_id { u16 vendor, first, last; }; /* devices first..last; a row of zeros ends a table */
struct pci_driver {
	const char *name;
	const struct pci_id *ids;
	int (*probe)(struct pci_dev *d); /* 0: mine. -errno: not started; the reason is printed */
};

/* Finds all functions and offers each to `drivers` (ends with NULL). Returns how many functions there are. */
unsigned pci_scan(const struct pci_driver *const drivers[]);
const struct pci_dev *pci_first(void);
/* The driver for an id, or NULL. Pure. */
const struct pci_driver *pci_match(const struct pci_driver *const drivers[], u16 vendor, u16 device);

/* Configuration space; `offset` aligned to its width and below 256 (4096 with ECAM). */
u8 pci_read8(const struct pci_dev *d, unsigned offset);
u16 pci_read16(const struct pci_dev *d, unsigned offset);
u32 pci_read32(const struct pci_dev *d, unsigned offset);
void pci_write16(const struct pci_dev *d, unsigned offset, u16 value);
void pci_write32(const struct pci_dev *d, unsigned offset, u32 value);

/* Offset of the capability with this id after `after` (0 = from the start), or 0. */
unsigned pci_capability(const struct pci_dev *d, u8 id, unsigned after);
/* Maps all of a memory BAR, uncached, once; NULL if it is absent or memory is out. */
void *pci_map(struct pci_dev *d, unsigned bar);
/* Memory decoding and DMA on. */
void pci_enable(const struct pci_dev *d);

/* MSI-X. Enable once (maps the table, all entries masked), then route entries. 0, -ENODEV or -ENOMEM. */
int pci_msix_enable(struct pci_dev *d);
/* Entry `entry` interrupts `core` and calls handler(arg) there. 0, -EINVAL or -ENOSPC (no vector left). */
int pci_msix_route(struct pci_dev *d, unsigned entry, u32 core, void (*handler)(void *), void *arg);

#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX 0x11

#endif
