# SPDX-License-Identifier: MIT OR Apache-2.0
# The ground floor. printf's engine is klibc's vsnprintf.c, fetched, compiled against the shims in base/klibc.
KERNEL_SRC += $(sort $(wildcard base/*.c))

KLIBC_PRINTF := build/dep/klibc-2.0.12/usr/klibc/vsnprintf.c
KERNEL_SRC += $(KLIBC_PRINTF)
KFLAGS_$(KLIBC_PRINTF) := -w -Ibase/klibc

$(KLIBC_PRINTF):
	tools/fetch klibc
