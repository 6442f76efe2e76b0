/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The virtio PCI transport, as the table of PCI drivers names it. */
#ifndef DEV_VIRTIO_PCI_H
#define DEV_VIRTIO_PCI_H

#include "dev/pci.h"

extern const struct pci_driver virtio_pci_driver;

#endif
