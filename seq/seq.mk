# SPDX-License-Identifier: MIT OR Apache-2.0
# The mind: sequential structures, the same files that the host tests run under sanitizers.
KERNEL_SRC += $(sort $(wildcard seq/*.c))
