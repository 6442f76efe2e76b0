# SPDX-License-Identifier: MIT OR Apache-2.0
KERNEL_SRC += $(sort $(wildcard linux/*.c))
