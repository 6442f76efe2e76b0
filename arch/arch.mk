# SPDX-License-Identifier: MIT OR Apache-2.0
KERNEL_SRC += $(addprefix arch/x86_64/,entry.S start.S user_copy.S apic.c backtrace.c clock.c clock_ref.c cpu.c \
	fpu.c init.c ioapic.c mmu.c power.c serial.c smp.c thread.c trap.c user.c)
