/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A 16550 at COM1. Polled output: wait until the transmitter is empty, store a byte. Bounded waiting, so that a
 * machine without a UART (status reads as all ones or never ready) does not hang its first line. */
#include "arch/serial.h"

#include "arch/core.h"
#include "arch/x86_64/asm.h"

enum { DATA = 0, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5, SCRATCH = 7 };
#define LSR_DATA 1
#define LSR_EMPTY 0x20

static bool present;

void serial_init(void)
{
	outb(SERIAL_PORT + SCRATCH, 0x5a);
	present = inb(SERIAL_PORT + SCRATCH) == 0x5a;
	if (!present)
		return;
	outb(SERIAL_PORT + IER, 0);
	outb(SERIAL_PORT + LCR, 0x80);
	outb(SERIAL_PORT + DATA, 1); /* divisor 1: 115200 */
	outb(SERIAL_PORT + IER, 0);
	outb(SERIAL_PORT + LCR, 3);
	outb(SERIAL_PORT + FCR, 7);
	outb(SERIAL_PORT + MCR, 0xb); /* DTR, RTS, OUT2: the latter lets the interrupt through */
}

bool serial_present(void)
{
	return present;
}

void serial_putc(char c)
{
	if (!present)
		return;
	for (int i = 0; i < 100000 && !(inb(SERIAL_PORT + LSR) & LSR_EMPTY); i++)
		core_pause();
	outb(SERIAL_PORT + DATA, (u8)c);
}

int serial_getc(void)
{
	if (!present || !(inb(SERIAL_PORT + LSR) & LSR_DATA))
		return -1;
	return inb(SERIAL_PORT + DATA);
}

void serial_irq_enable(bool on)
{
	if (present)
		outb(SERIAL_PORT + IER, on ? 1 : 0);
}
