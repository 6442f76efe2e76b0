# SPDX-License-Identifier: MIT OR Apache-2.0
# The machine model: build/model.so, a plugin for QEMU 10.0 (bench/model/model.h). QEMU resolves what it calls.

MODEL_SRC := $(wildcard bench/model/*.c)
MODEL_CFLAGS := -std=gnu11 -O2 -g -fPIC -fvisibility=hidden -Wall -Wextra -Werror

.PHONY: model
model: build/model.so

build/model.so: $(MODEL_SRC) $(wildcard bench/model/*.h)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC  $@")
	$(Q)$(CC) $(MODEL_CFLAGS) -shared -o $@ $(MODEL_SRC) -lpthread
