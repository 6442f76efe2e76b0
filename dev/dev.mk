# SPDX-License-Identifier: MIT OR Apache-2.0
# Devices.
KERNEL_SRC += $(sort $(wildcard dev/*.c))
