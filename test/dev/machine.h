/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The machine under a driver that runs in a Linux process: memory, a clock that moves when looked at, core 0,
 * printing. "Physical" addresses are chosen so that phys_to_virt gives the process's pointer back.
 */
#ifndef TEST_DEV_MACHINE_H
#define TEST_DEV_MACHINE_H

#include <asm/prctl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/clock.h"
#include "arch/core.h"
#include "base/print.h"
#include "mem/frame.h"
#include "mem/slab.h"
#include "nr/port.h"

static struct core machine_cores[4];
static u64 machine_clock;

/* From here on the process is core `id`. */
static inline void machine_enter(u32 id)
{
	machine_cores[id].self = &machine_cores[id];
	machine_cores[id].id = id;
	syscall(SYS_arch_prctl, ARCH_SET_GS, &machine_cores[id]);
}

struct core *core_get(u32 id) { return &machine_cores[id]; }
u64 clock_ns(void) { return machine_clock += 1000; }
void nr_port_relax(void) { }

void *kzalloc(size_t size) { return calloc(1, size); }
void *kmalloc_node(size_t size, u32 node) { (void)node; return aligned_alloc(64, ALIGN_UP(size, 64)); }
void kfree(void *p) { free(p); }
paddr_t frame_alloc(u32 node) { (void)node; return virt_to_phys(aligned_alloc(PAGE_SIZE, PAGE_SIZE)); }
void frame_put(paddr_t p) { free(phys_to_virt(p)); }

void kprint(enum print_level level, const char *fmt, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	printf("# ");
	vprintf(fmt, ap);
	va_end(ap);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	printf("\nBail out! panic\n");
	exit(1);
}

void nr_port_panic(const char *what) { panic("%s", what); }

#endif
