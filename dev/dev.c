/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* All drivers, and their order. See dev.h. */
#include "dev/dev.h"

#include "arch/core.h"
#include "base/errno.h"
#include "base/print.h"
#include "dev/pci.h"
#include "dev/rng.h"
#include "dev/uart.h"
#include "dev/vconsole.h"
#include "dev/virtio.h"
#include "dev/virtio_pci.h"
#include "dev/virtio_rng.h"
#include "dev/vnet.h"

static const struct pci_driver *const pci_drivers[] = { &virtio_pci_driver, NULL };

const struct virtio_driver virtio_drivers[] = {
	{ VIRTIO_ID_CONSOLE, vconsole_probe },
	{ VIRTIO_ID_RNG, virtio_rng_probe },
	{ VIRTIO_ID_NET, vnet_probe },
	{ 0, NULL },
};

void dev_init(void)
{
	random_init_core();
	for (unsigned unit = 0; unit < UART_LINES; unit++) {
		int err = uart_init(unit, core_id());

		if (err && err != -ENODEV)
			kwarn("uart %u: error %d\n", unit, -err);
	}
	pci_scan(pci_drivers);
	random_share();
}

void dev_drain(u64 timeout_ns)
{
	vconsole_drain(timeout_ns);
	for (unsigned unit = 0; unit < UART_LINES; unit++)
		uart_drain(unit);
}
