# SPDX-License-Identifier: MIT OR Apache-2.0
KERNEL_SRC += boot/boot.S boot/main.c boot/pvh.c boot/multiboot2.c boot/info.c boot/acpi.c
