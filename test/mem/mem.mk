# SPDX-License-Identifier: MIT OR Apache-2.0
# build/memtest.elf: base, arch, boot and mem with a kernel main that tests mem/ on all cores.

memtest_src := $(filter base/% arch/% boot/% mem/% $(KLIBC_PRINTF),$(KERNEL_SRC)) test/mem/guest.c
memtest_obj := $(call kobj,$(memtest_src))
.PHONY: memtest
memtest: $(BUILD)/memtest.elf
$(eval $(call klink,$(BUILD)/memtest.elf,$(memtest_obj)))
-include $(memtest_obj:.o=.d)
