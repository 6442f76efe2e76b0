# SPDX-License-Identifier: MIT OR Apache-2.0
# Frames and slabs. `make CHECKED=1` builds with red zones and poison.
KERNEL_SRC += mem/buddy.c mem/depot.c mem/frame.c mem/frame_boot.c mem/redzone.c mem/slab.c
KFLAGS_mem/ := $(if $(CHECKED),-DCHECKED)
