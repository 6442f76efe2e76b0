# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The kernel's build. Each floor of the house lists its own files in FLOOR/FLOOR.mk (KERNEL_SRC += ...); a floor
# that is absent is simply not built. Everything lands in $(BUILD).
#
#   make                 build/nros.elf
#   make CC=clang        the same with clang (use another BUILD to keep both)
#   make selftest        build/selftest.elf: arch/ and boot/ with a small kernel main of their own
#   make V=1             show the commands
#
# Extra flags for one object: KFLAGS_<path of the source> (KFLAGS_net/foo.c = ...), for one folder:
# KFLAGS_<folder>/ with the trailing slash. Include folders for everybody: KERNEL_INC += -I....

BUILD ?= build
ifeq ($(origin CC),default)
CC = gcc
endif
LD = ld
NM = nm
Q = $(if $(V),,@)

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all kernel image clean
all: kernel image

KERNEL_SRC :=
KERNEL_INC := -I. -Iarch/include
KERNEL_OBJ :=

FLOORS := base arch nr mem seq boot dev kern net linux
-include $(foreach f,$(FLOORS),$(f)/$(f).mk)
KERNEL_SRC += $(NR_SRC)

KFLAGS := -std=gnu11 -O2 -g -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
	-mno-red-zone -mcmodel=kernel -fno-pic -mgeneral-regs-only -fno-stack-protector -fno-omit-frame-pointer \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-delete-null-pointer-checks -fcf-protection=none \
	-Wall -Wextra -Werror
KLDFLAGS := -nostdlib -static -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments --build-id=none -T boot/link.ld
# Headers that need a hosted libc's folders behind ours (sys/queue.h, sys/tree.h, ck_*.h).
KHOSTINC := -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu

# $(call kobj,sources): the objects of a list of sources
kobj = $(patsubst %,$(BUILD)/k/%.o,$(1))
kflags = $(KFLAGS_$(dir $(1))) $(KFLAGS_$(1))

$(BUILD)/k/%.c.o: %.c
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC  $<")
	$(Q)$(CC) $(KFLAGS) $(KERNEL_INC) $(KHOSTINC) $(call kflags,$<) -MMD -MP -c -o $@ $<

$(BUILD)/k/%.S.o: %.S
	@mkdir -p $(@D)
	$(if $(Q),@echo "  AS  $<")
	$(Q)$(CC) $(KFLAGS) -D__ASSEMBLER__ $(KERNEL_INC) $(call kflags,$<) -MMD -MP -c -o $@ $<

# $(call klink,elf,objects): links twice, so that the second image carries the function names of the first.
# Text comes first in the image, so the table does not move what it describes.
define klink
$(1): $(2) boot/link.ld boot/symbols.awk
	@mkdir -p $$(@D)
	$$(if $$(Q),@echo "  LD  $$@")
	$$(Q)$$(LD) $$(KLDFLAGS) -o $$@.tmp1 $(2)
	$$(Q)$$(NM) -n $$@.tmp1 | awk -f boot/symbols.awk > $$@.sym.S
	$$(Q)$$(CC) -c -o $$@.sym.o $$@.sym.S
	$$(Q)$$(LD) $$(KLDFLAGS) -o $$@.tmp2 $(2) $$@.sym.o
	$$(Q)mv $$@.tmp2 $$@ && rm -f $$@.tmp1
endef

KERNEL_OBJ += $(call kobj,$(KERNEL_SRC))
kernel: $(BUILD)/nros.elf
$(eval $(call klink,$(BUILD)/nros.elf,$(KERNEL_OBJ)))

-include $(KERNEL_OBJ:.o=.d)
-include user/user.mk tools/tools.mk bench/model/model.mk test/test.mk test/arch/arch.mk test/dev/dev.mk test/mem/mem.mk test/model/model.mk

# nr as a library for programs: make install PREFIX=... DESTDIR=...
.PHONY: install
install:
	$(Q)$(MAKE) -f nr/package/Makefile $@

clean:
	rm -rf $(BUILD)/k $(BUILD)/*.elf $(BUILD)/*.elf.*
