/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A kernel main that is only drivers: it copies nros.stdin to nros.stdout until end of file, answers what comes
 * on nros.control and on the second serial line with the same bytes, says on nros.stderr what it saw, and leaves
 * with status 0.
 * Every wait is a halt that an interrupt must end: a lost interrupt hangs the test.
 *
 * With two cores, core 1 copies and core 0 takes the interrupts, so both meet at the ports' locks.
 */
#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/core.h"
#include "arch/serial.h"
#include "arch/thread.h"
#include "arch/trap.h"
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"
#include "dev/dev.h"
#include "dev/pci.h"
#include "dev/rng.h"
#include "dev/uart.h"
#include "dev/vconsole.h"
#include "mem/frame.h"
#include "mem/slab.h"
#include "nr/sync/lock.h"

/* What arch/ and nr/ need from a kernel. */
void nr_port_relax(void) { core_pause(); }
void nr_port_panic(const char *what) { panic("%s", what); }
void trap_syscall(struct trapframe *f) { (void)f; }
void trap_irq(struct trapframe *f, u32 vector) { (void)f, (void)vector; }
void trap_ipi(struct trapframe *f, u32 what) { (void)f, (void)what; }
void trap_timer(struct trapframe *f) { (void)f; }
void trap_return(struct trapframe *f) { (void)f; }
void trap_fault(struct trapframe *f, u64 address)
{
	panic("fault %lu at %lx, address %lx", f->vector, f->ip, address);
}

static void console_write(struct print_sink *s, const char *text, size_t len)
{
	(void)s;
	for (size_t i = 0; i < len; i++)
		serial_putc(text[i]);
}
static void die(u8 status) { machine_exit_debug(status); }
static struct print_sink sink = { .write = console_write };
static const struct print_hooks hooks = { .now = clock_ns, .die = die };

static _Atomic u32 wake, done;  /* an event to look at; the copier is through */
static _Atomic u32 interrupts;
static u32 copier(void) { return cores_count() - 1; } /* the core that copies */

static void woken(void)
{
	interrupts++;
	wake = 1;
	if (copier() != core_id())
		core_ipi(copier(), IPI_WAKE);
}

static void port_event(struct vport *p, void *ctx) { (void)p, (void)ctx; woken(); }

/* Bytes from the second serial line, until the copier sends them back. */
static struct lock line_lock = LOCK_INIT;
static u8 line[8192];
static u32 line_in, line_out;

static void line_receive(void *ctx, const u8 *bytes, size_t n)
{
	(void)ctx;
	lock_acquire(&line_lock);
	for (size_t i = 0; i < n; i++)
		line[line_in++ % sizeof(line)] = bytes[i];
	lock_release(&line_lock);
	woken();
}
static void line_space(void *ctx) { (void)ctx; woken(); }

static bool line_echo(void)
{
	bool moved = false;

	lock_acquire(&line_lock);
	while (line_out != line_in && uart_write(1, &line[line_out % sizeof(line)], 1) == 1) {
		line_out++;
		moved = true;
	}
	lock_release(&line_lock);
	return moved;
}

struct copy { struct vport *from, *to; u8 buf[6000]; long at, len; u64 total; bool end; };

/* One step; true if something moved. */
static bool copy_step(struct copy *c)
{
	long n;

	if (c->at < c->len) {
		n = vport_write(c->to, c->buf + c->at, c->len - c->at);
		if (n == -EAGAIN)
			return false;
		if (n <= 0)
			panic("write to %s: %ld", vport_name(c->to), n);
		c->at += n;
		c->total += n;
		return true;
	}
	if (c->end)
		return false;
	n = vport_read(c->from, c->buf, sizeof(c->buf));
	if (n == -EAGAIN)
		return false;
	if (n < 0)
		panic("read from %s: %ld", vport_name(c->from), n);
	c->at = 0;
	c->len = n;
	c->end = n == 0;
	return true;
}

static struct vport *port_start(const char *name)
{
	struct vport *p = vport_find(name);

	if (!p)
		panic("no port %s", name);
	vport_listen(p, port_event, NULL);
	if (vport_open(p))
		panic("cannot open %s", name);
	return p;
}

static void report(struct vport *p, const char *text)
{
	size_t len = strlen(text);

	if (vport_write(p, text, len) != (long)len)
		panic("short write to %s", vport_name(p));
}

static void copy_all(void)
{
	static struct copy data, control;
	struct vport *err = port_start("nros.stderr");
	char text[160];

	data.from = port_start("nros.stdin");
	data.to = port_start("nros.stdout");
	control.from = control.to = port_start("nros.control");
	uart_listen(1, line_receive, line_space, NULL);
	report(err, "ready\n");
	while (!data.end) {
		bool moved = copy_step(&data);

		moved |= copy_step(&control);
		moved |= line_echo();
		if (!moved) {
			core_idle((const volatile u32 *)&wake);
			wake = 0;
		}
	}
	snprintf(text, sizeof(text), "copied %lu, control %lu, line %u, stdin polls %u\n", data.total, control.total,
		 line_out, vport_poll(data.from));
	report(err, text);
	vport_close(data.from);
	done = 1;
}

static void copier_main(struct core *c)
{
	if (c->id == copier()) {
		copy_all();
		core_ipi(0, IPI_WAKE);
	}
	for (;;)
		core_idle(NULL);
}

static void facts(void)
{
	for (const struct pci_dev *d = pci_first(); d; d = d->next)
		kprintf("pci %02x:%02x.%x %04x:%04x class %06x msix %u %s\n", d->bus, d->slot, d->fn, d->vendor, d->device,
			d->class, d->msix_count, d->driver ? d->driver->name : "-");
	for (unsigned n = 0; n < vport_count(); n++)
		if (vport_get(n))
			kprintf("port %u '%s'\n", n, vport_name(vport_get(n)));
	kprintf("uarts %d %d, random %016lx %016lx, hardware %d\n", uart_present(0), uart_present(1), random_u64(),
		random_u64(), random_hardware());
}

void kmain(void)
{
	print_hooks_set(&hooks);
	print_sink_add(&sink, true);
	frame_init();
	dev_init();
	facts();
	core_start_all(copier_main);
	if (copier() == 0)
		copy_all();
	while (!done)
		core_idle((const volatile u32 *)&done);
	dev_drain(1000000000);
	kprintf("devtest: %u interrupts\n", interrupts);
	machine_exit_debug(0);
}
