# Drivers. Adds to KERNEL_SRC.
KERNEL_SRC += dev/dev.c dev/pci.c dev/pci_msix.c dev/virtq.c dev/virtio.c dev/virtio_pci.c \
	dev/vconsole.c dev/vport.c dev/serial.c dev/rng.c dev/chacha20.c
