/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* 16550 serial lines. See uart.h. Registers: National Semiconductor PC16550D, 8.0. */
#include "dev/uart.h"

#include "arch/core.h"
#include "arch/trap.h"
#include "base/errno.h"
#include "dev/io.h"
#include "nr/sync/lock.h"

enum { R_DATA = 0, R_IRQ_ENABLE = 1, R_IRQ_ID = 2, R_FIFO = 2, R_LINE = 3, R_MODEM = 4, R_STATUS = 5, R_SCRATCH = 7 };
#define IRQ_RECEIVE 1u
#define IRQ_TRANSMIT 2u
#define ID_NONE 1u
#define LINE_8N1 3u
#define LINE_DIVISOR 0x80u
#define FIFO_START 0xc7u  /* enable, clear both, interrupt at 14 bytes */
#define MODEM_IRQ 0x0bu   /* DTR, RTS, OUT2 (which gates the interrupt) */
#define STATUS_DATA 1u
#define STATUS_EMPTY 0x20u /* room for a FIFO */
#define STATUS_IDLE 0x40u  /* the last bit is out */
#define FIFO_SIZE 16
#define PASSES_MAX 64
#define PATIENCE 10000000u /* far longer than anybody holds the lock */

struct uart {
	u16 port;
	u8 irq;
	bool present;
	bool short_write;          /* somebody waits for room */
	struct lock lock;          /* ring, short_write, transmit registers, IRQ_TRANSMIT */
	u8 ring[UART_RING];
	u32 head, tail;            /* free-running; tail..head waits to be sent */
	void (*receive)(void *ctx, const u8 *bytes, size_t n);
	void (*space)(void *ctx);
	void *ctx;
};

static struct uart uarts[UART_LINES] = {
	{ .port = 0x3f8, .irq = 4, .lock = LOCK_INIT },
	{ .port = 0x2f8, .irq = 3, .lock = LOCK_INIT },
};

static u8 reg(const struct uart *u, unsigned r) { return port_read8(u->port + r); }
static void reg_set(const struct uart *u, unsigned r, u8 v) { port_write8(u->port + r, v); }

/* Moves up to a FIFO's worth from the ring to the line, if the line is idle. The interrupt is asked for while
 * anything waits, also when the line was busy: nobody else would come back for it. */
static void feed(struct uart *u)
{
	if (reg(u, R_STATUS) & STATUS_EMPTY)
		for (unsigned i = 0; i < FIFO_SIZE && u->tail != u->head; i++)
			reg_set(u, R_DATA, u->ring[u->tail++ % UART_RING]);
	reg_set(u, R_IRQ_ENABLE, IRQ_RECEIVE | (u->tail != u->head ? IRQ_TRANSMIT : 0));
}

static bool put(struct uart *u, u8 c)
{
	if (u->head - u->tail == UART_RING)
		return false;
	u->ring[u->head++ % UART_RING] = c;
	return true;
}

static void receive(struct uart *u)
{
	u8 bytes[64];
	size_t n = 0;

	while (n < sizeof(bytes) && (reg(u, R_STATUS) & STATUS_DATA))
		bytes[n++] = reg(u, R_DATA);
	if (n && u->receive)
		u->receive(u->ctx, bytes, n);
}

static void transmit(struct uart *u)
{
	bool space;

	lock_acquire(&u->lock);
	feed(u);
	space = u->short_write && u->head - u->tail <= UART_RING / 2;
	if (space)
		u->short_write = false;
	lock_release(&u->lock);
	if (space && u->space)
		u->space(u->ctx);
}

/* The ISA line is edge-triggered: all causes must be gone before we leave, or the next one never raises it. A
 * device that shows a cause for ever is shut up, which is an edge too once it is asked again. */
static void interrupt(void *arg)
{
	struct uart *u = arg;

	for (unsigned i = 0; i < PASSES_MAX; i++) {
		if (reg(u, R_IRQ_ID) & ID_NONE)
			return;
		receive(u);
		transmit(u);
	}
	lock_acquire(&u->lock);
	reg_set(u, R_IRQ_ENABLE, 0);
	feed(u);
	lock_release(&u->lock);
}

static bool probe(const struct uart *u)
{
	reg_set(u, R_SCRATCH, 0x5a);
	if (reg(u, R_SCRATCH) != 0x5a)
		return false;
	reg_set(u, R_SCRATCH, 0xa5);
	return reg(u, R_SCRATCH) == 0xa5;
}

int uart_init(unsigned unit, u32 core)
{
	struct uart *u = &uarts[unit];
	u32 vector;
	int err;

	if (!probe(u))
		return -ENODEV;
	reg_set(u, R_IRQ_ENABLE, 0);
	reg_set(u, R_LINE, LINE_DIVISOR);
	reg_set(u, R_DATA, 1); /* 115200 */
	reg_set(u, R_IRQ_ENABLE, 0);
	reg_set(u, R_LINE, LINE_8N1);
	reg_set(u, R_FIFO, FIFO_START);
	err = irq_alloc(core, interrupt, u, &vector);
	if (!err)
		err = irq_isa(u->irq, core, vector);
	if (err)
		return err;
	u->present = true;
	reg_set(u, R_MODEM, MODEM_IRQ);
	reg_set(u, R_IRQ_ENABLE, IRQ_RECEIVE);
	return 0;
}

bool uart_present(unsigned unit) { return unit < UART_LINES && uarts[unit].present; }

void uart_listen(unsigned unit, void (*receive_fn)(void *ctx, const u8 *bytes, size_t n), void (*space)(void *ctx),
	void *ctx)
{
	struct uart *u = &uarts[unit];

	lock_acquire(&u->lock);
	u->ctx = ctx;
	u->space = space;
	u->receive = receive_fn;
	lock_release(&u->lock);
}

size_t uart_write(unsigned unit, const void *buf, size_t len)
{
	struct uart *u = &uarts[unit];
	size_t n = 0;

	if (!uart_present(unit))
		return len;
	lock_acquire(&u->lock);
	while (n < len && put(u, ((const u8 *)buf)[n]))
		n++;
	u->short_write |= n < len;
	feed(u);
	lock_release(&u->lock);
	return n;
}

static void put_waiting(struct uart *u, u8 c)
{
	while (!put(u, c))
		feed(u);
}

/* Printing must work in a panic too, when the holder of the lock may be stopped for ever: after a long wait it
 * goes on without. True if the lock is to be released. */
static bool lock_patiently(struct uart *u)
{
	for (unsigned i = 0; i < PATIENCE; i++) {
		if (lock_try(&u->lock))
			return true;
		core_pause();
	}
	return false;
}

void uart_print(unsigned unit, const char *text, size_t len)
{
	struct uart *u = &uarts[unit];
	bool locked;

	if (!uart_present(unit))
		return;
	locked = lock_patiently(u);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			put_waiting(u, '\r');
		put_waiting(u, text[i]);
	}
	feed(u);
	if (locked)
		lock_release(&u->lock);
}

void uart_drain(unsigned unit)
{
	struct uart *u = &uarts[unit];
	bool locked;

	if (!uart_present(unit))
		return;
	locked = lock_patiently(u);
	while (u->tail != u->head)
		feed(u);
	while (!(reg(u, R_STATUS) & STATUS_IDLE))
		core_pause();
	if (locked)
		lock_release(&u->lock);
}
