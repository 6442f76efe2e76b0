# SPDX-License-Identifier: MIT OR Apache-2.0
.PHONY: all
all: kernel image

include user/user.mk tools/tools.mk
