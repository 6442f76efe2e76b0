# SPDX-License-Identifier: MIT OR Apache-2.0
# The programs that run in the guest and, unchanged, on Linux: build/user/init, and one static
# program per file of user/tests and user/bench (found in the image as /usr/lib/nros/NAME).

USER_CC := musl-gcc
USER_CFLAGS := -static -O2 -g -std=gnu11 -Wall -Wextra -Werror -pthread

user_programs := $(patsubst user/%.c,build/user/%,$(wildcard user/tests/*.c user/bench/*.c))

.PHONY: user
user: build/user/init $(user_programs)

build/user/%: user/%.c
	@mkdir -p $(@D)
	$(if $(Q),@echo "  UCC $<")
	$(Q)$(USER_CC) $(USER_CFLAGS) -MMD -MP -MF $@.d -MT $@ -o $@ $<

-include $(addsuffix .d,build/user/init $(user_programs))

# scalebench is several files.
build/user/bench/scalebench: $(wildcard user/bench/scale/*.c user/bench/scale/*.h)
build/user/bench/scalebench: USER_CFLAGS += $(wildcard user/bench/scale/*.c)
