/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* COM1, polled: the console of the first and of the last moments. Works from the first instruction on, in any
 * context; the caller serialises. */
#ifndef ARCH_SERIAL_H
#define ARCH_SERIAL_H

#include "base/types.h"

#define SERIAL_PORT 0x3f8

void serial_init(void);                  /* 115200 8N1; finds out whether there is a UART at all */
bool serial_present(void);
void serial_putc(char c);                /* "\n" goes out as it is; waits for room */
int serial_getc(void);                   /* a byte, or -1 if none waits */
void serial_irq_enable(bool on);         /* receive interrupt (ISA line 4) */

#endif
