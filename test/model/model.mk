# SPDX-License-Identifier: MIT OR Apache-2.0
# build/plant.elf: the kernel with test/model/plant.c around its page faults.

.PHONY: plant
plant: build/plant.elf

build/plant.elf: KLDFLAGS += --wrap=space_fault
$(eval $(call klink,build/plant.elf,$(KERNEL_OBJ) $(call kobj,test/model/plant.c)))
