/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The door of dev/: one call that finds the machine's devices and starts their drivers.
 *
 * Everything in dev/ is of the kind "partitioned" (a device queue belongs to its driver) or "channel" (a port's
 * buffers, one short lock). Drivers never sleep. Interrupt handlers run only where the kernel lets interrupts
 * in (user mode, idle, core_window), so a lock of dev/ is never found held by the core that an interrupt hits.
 */
#ifndef DEV_DEV_H
#define DEV_DEV_H

#include "base/types.h"

/* Boot, one core, after frame_init, interrupts off: random seed, serial lines, PCI scan, drivers. Device
 * interrupts go to the calling core. Console ports are known when it returns. A machine without a device is fine;
 * what failed is printed. */
void dev_init(void);

/* Before power off: pushes out what the consoles accepted but the host has not taken yet, for at most
 * `timeout_ns`. Polls; may be called with interrupts off. Takes the ports' locks, so not for panics (uart_drain is). */
void dev_drain(u64 timeout_ns);

#endif
