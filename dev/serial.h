/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * 16550 serial lines (COM1, COM2), interrupt-driven. 115200 8N1, FIFOs on.
 *
 *   receive:  interrupt -> the listener gets the bytes at once (the tty does the buffering)
 *   transmit: a ring of SERIAL_RING bytes, fed to the 16-byte FIFO by interrupts
 *
 * A line is a channel with one short lock around the transmit ring; receive belongs to the interrupted core.
 */
#ifndef DEV_SERIAL_H
#define DEV_SERIAL_H

#include "base/types.h"

#define SERIAL_LINES 2
#define SERIAL_RING 4096

/* Probes and starts a line (0 = COM1, 1 = COM2), interrupting `core`. 0, -ENODEV, -ENOSPC. */
int serial_init(unsigned unit, u32 core);
bool serial_present(unsigned unit);
/* receive: bytes that came in; space: room in the ring after a short write (may be NULL). Both from interrupt
 * context, no lock held. Set once. */
void serial_listen(unsigned unit, void (*receive)(void *ctx, const u8 *bytes, size_t n), void (*space)(void *ctx),
	void *ctx);
/* Bytes accepted, possibly 0. Never waits. */
size_t serial_write(unsigned unit, const void *buf, size_t len);
/* Everything, in order, turning \n into \r\n; waits for the hardware when the ring is full. For kprintf. */
void serial_print(unsigned unit, const char *text, size_t len);
/* Feeds the line by polling until its ring is empty. */
void serial_drain(unsigned unit);
/* For panics: takes no lock, empties the ring, then writes the text by polling. */
void serial_panic(unsigned unit, const char *text, size_t len);

#endif
