/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How a driver touches its device: registers in memory, registers behind I/O ports, and the order in which the
 * other side sees what we store in shared memory. These three barriers are the only ones in dev/.
 *
 *   dma_publish   our earlier stores are visible before our later stores      (entry, then index)
 *   dma_acquire   our earlier loads are done before our later loads           (index, then entry)
 *   dma_full      our earlier stores are visible before our later loads       (index, then "does it want a kick?")
 *
 * On x86 devices see stores in program order, so only the last one costs an instruction.
 */
#ifndef DEV_IO_H
#define DEV_IO_H

#include "base/types.h"

static inline u8 io_read8(const void *r) { return *(const volatile u8 *)r; }
static inline u16 io_read16(const void *r) { return *(const volatile u16 *)r; }
static inline u32 io_read32(const void *r) { return *(const volatile u32 *)r; }
static inline void io_write8(void *r, u8 v) { *(volatile u8 *)r = v; }
static inline void io_write16(void *r, u16 v) { *(volatile u16 *)r = v; }
static inline void io_write32(void *r, u32 v) { *(volatile u32 *)r = v; }
/* Two halves, low first: virtio (2.0 "64-bit fields") forbids one access of eight bytes. */
static inline void io_write64(void *r, u64 v)
{
	io_write32(r, (u32)v);
	io_write32((u8 *)r + 4, v >> 32);
}

static inline u8 port_read8(u16 port)
{
	u8 v;
	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline u32 port_read32(u16 port)
{
	u32 v;
	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline void port_write8(u16 port, u8 v) { __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port)); }
static inline void port_write16(u16 port, u16 v) { __asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port)); }
static inline void port_write32(u16 port, u32 v) { __asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port)); }

static inline void dma_publish(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }
static inline void dma_acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }
static inline void dma_full(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

#endif
