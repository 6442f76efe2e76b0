# SPDX-License-Identifier: MIT OR Apache-2.0
# TCP/IP. lwIP is fetched, built as one position-independent image with a small stack.c in front, and embedded: each
# core maps the same text and has data pages of its own (net/window.c).
KERNEL_SRC += $(sort $(wildcard net/*.c)) net/lwip/image.S

LWIP := build/dep/lwip-2.1.3+dfsg1/src
LWIP_SRC := $(addprefix $(LWIP)/core/,def.c inet_chksum.c init.c ip.c mem.c memp.c netif.c pbuf.c tcp.c tcp_in.c tcp_out.c \
	udp.c ipv4/dhcp.c ipv4/etharp.c ipv4/icmp.c ipv4/ip4.c ipv4/ip4_addr.c ipv4/ip4_frag.c) \
	$(LWIP)/netif/ethernet.c
STACK_OBJ := $(patsubst %.c,$(BUILD)/stack/%.o,$(subst $(LWIP)/,lwip/,$(LWIP_SRC)) net/lwip/stack.c net/lwip/flows.c base/string.c)
STACK_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
	-fpic -fvisibility=hidden -mno-red-zone -mgeneral-regs-only -fno-stack-protector -fno-omit-frame-pointer \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fcf-protection=none \
	-Inet/lwip/include -I$(LWIP)/include -I.

KFLAGS_net/lwip/image.S = -DSTACK_IMAGE='"$(BUILD)/stack.bin"'
$(BUILD)/k/net/lwip/image.S.o: $(BUILD)/stack.bin

$(LWIP)/core/%.c:
	tools/fetch lwip
.PRECIOUS: $(LWIP)/core/%.c

$(BUILD)/stack/lwip/%.o: $(LWIP)/core/init.c net/lwip/include/lwipopts.h net/lwip/include/hooks.h
	@mkdir -p $(@D)
	$(if $(Q),@echo "  SCC lwip/$*.c")
	$(Q)$(CC) $(STACK_CFLAGS) -w -c -o $@ $(LWIP)/$*.c

$(BUILD)/stack/%.o: %.c $(LWIP)/core/init.c net/lwip/include/lwipopts.h net/port.h
	@mkdir -p $(@D)
	$(if $(Q),@echo "  SCC $<")
	$(Q)$(CC) $(STACK_CFLAGS) -Wall -Wextra -Werror -c -o $@ $<

$(BUILD)/stack.bin: $(STACK_OBJ) net/lwip/blob.ld
	$(if $(Q),@echo "  LD  $@")
	$(Q)$(LD) -pie --no-dynamic-linker -z norelro -z noexecstack --build-id=none --no-undefined -T net/lwip/blob.ld \
		-o $(BUILD)/stack.elf $(STACK_OBJ)
	$(Q)objcopy -O binary $(BUILD)/stack.elf $@
