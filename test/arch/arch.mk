# SPDX-License-Identifier: MIT OR Apache-2.0
# build/selftest.elf: base, arch and boot with a kernel main that tests them; and the ACPI parser on the host.

selftest_src := $(filter base/% arch/% boot/% $(KLIBC_PRINTF),$(KERNEL_SRC)) $(wildcard test/arch/selftest*.c) test/arch/ring3.S
selftest_obj := $(call kobj,$(selftest_src))
.PHONY: selftest
selftest: $(BUILD)/selftest.elf
$(eval $(call klink,$(BUILD)/selftest.elf,$(selftest_obj)))
-include $(selftest_obj:.o=.d)

$(BUILD)/test/acpi: test/arch/acpi_test.c boot/acpi.c boot/acpi.h arch/include/arch/machine.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -g -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -I. -Iarch/include -o $@ $(filter %.c,$^)
