# SPDX-License-Identifier: MIT OR Apache-2.0
# build/devtest.elf: the floors up to dev/ with a kernel main that drives the devices.

devtest_src := $(filter base/% arch/% boot/% mem/% dev/% $(KLIBC_PRINTF),$(KERNEL_SRC)) test/dev/guest.c
devtest_obj := $(call kobj,$(devtest_src))
.PHONY: devtest
devtest: $(BUILD)/devtest.elf
$(eval $(call klink,$(BUILD)/devtest.elf,$(devtest_obj)))
-include $(devtest_obj:.o=.d)
