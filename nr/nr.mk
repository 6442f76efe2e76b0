# SPDX-License-Identifier: MIT OR Apache-2.0
# The sources of nr: the library (freestanding, needs base/pool.c and a port) and the hosted and bare ports.
NR_SRC := nr/log.c nr/stock.c nr/replica.c nr/combine.c nr/update.c nr/read.c nr/change.c nr/member.c nr/evict.c nr/instance.c nr/self.c nr/stat.c \
	nr/span.c nr/view.c nr/shards.c
NR_BARE_SRC := $(NR_SRC) nr/port_bare.c base/pool.c
NR_HOST_SRC := $(NR_SRC) nr/port_host.c base/pool.c

# Hosted tests under the sanitizers, with both compilers; test/nr/run prints TAP.
.PHONY: test-nr
test-nr:
	test/nr/run
