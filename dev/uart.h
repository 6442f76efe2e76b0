/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * 16550 serial lines (COM1, COM2), interrupt-driven. 115200 8N1, FIFOs on. (The polled console of the first
 * and last moments is arch/serial.h; both may use COM1, one after the other.)
 *
 *   receive:  interrupt -> the listener gets the bytes at once (the tty does the buffering)
 *   transmit: a ring of UART_RING bytes, fed to the 16-byte FIFO by interrupts
 *
 * A line is a channel with one short lock around the transmit ring; receive belongs to the interrupted core.
 */
#ifndef DEV_UART_H
#define DEV_UART_H

#include "base/types.h"

#define UART_LINES 2
#define UART_RING 4096

/* Probes and starts a line (0 = COM1, 1 = COM2), interrupting `core`. 0, -ENODEV, -ENOSPC. */
int uart_init(unsigned unit, u32 core);
bool uart_present(unsigned unit);
/* receive: bytes that came in; space: room in the ring after a short write (may be NULL). Both from interrupt
 * context, no lock held. Set once. */
void uart_listen(unsigned unit, void (*receive)(void *ctx, const u8 *bytes, size_t n), void (*space)(void *ctx),
	void *ctx);
/* Bytes accepted, possibly 0. Never waits. */
size_t uart_write(unsigned unit, const void *buf, size_t len);
/* Everything, in order, turning \n into \r\n; waits for the hardware when the ring is full. For a print sink:
 * any context, panic too (it does not insist on a lock that is never released). */
void uart_print(unsigned unit, const char *text, size_t len);
/* Feeds the line by polling until the last byte is out. Any context, as uart_print. */
void uart_drain(unsigned unit);

#endif
