# SPDX-License-Identifier: MIT OR Apache-2.0
KERNEL_SRC += $(sort $(wildcard kern/*.c))
KERNEL_SRC += kern/vdso/image.S

# The vDSO is a program: its own flags, and it ends up in the kernel as data.
KFLAGS_kern/vdso/image.S = -DVDSO_IMAGE='"$(BUILD)/vdso.so"'
$(BUILD)/k/kern/vdso/image.S.o: $(BUILD)/vdso.so

$(BUILD)/vdso.so: kern/vdso/vdso.c kern/vdso/vdso.ld kern/vdso.h
	@mkdir -p $(@D)
	$(if $(Q),@echo "  VDSO $@")
	$(Q)$(CC) -std=gnu11 -O2 -fPIC -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) -I. \
		-mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
		-Wall -Wextra -Werror -c -o $@.o $<
	$(Q)$(LD) -shared -T kern/vdso/vdso.ld --hash-style=both --build-id=none -soname linux-vdso.so.1 \
		-z max-page-size=4096 -z noexecstack --no-undefined -Bsymbolic -o $@ $@.o
