/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A kernel that tests mem/ on the machine it boots on: every core allocates and frees frames, blocks and objects
 * and hands objects to other cores; at the end every count is back where it was. test/mem/run starts it.
 */
#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/core.h"
#include "arch/machine.h"
#include "arch/serial.h"
#include "arch/trap.h"
#include "base/print.h"
#include "mem/buddy.h"
#include "mem/frame.h"
#include "mem/slab.h"
#include "nr/port.h"

enum { SLOTS = 256, ROUNDS = 20000 };

struct thing { u64 self, rest[20]; };
static KCACHE(things, "things", struct thing);

static struct lock print_word = LOCK_INIT;
static _Atomic u32 arrived, phase, done[3], failures;
static _Atomic(struct thing *) slots[SLOTS];

void nr_port_relax(void) { core_pause(); }
void nr_port_panic(const char *what) { panic("nr: %s", what); }

static void console_write(struct print_sink *sink, const char *text, size_t len)
{
	(void)sink;
	while (len--)
		serial_putc(*text++);
}
static struct print_sink console = { .write = console_write };
static void print_lock(void) { lock_acquire(&print_word); }
static void print_unlock(void) { lock_release(&print_word); }
static void backtrace(void) { arch_backtrace(NULL); }
static void die(u8 status) { machine_exit_debug(status); }
static const struct print_hooks hooks = {
	.now = clock_ns, .core = core_id, .lock = print_lock, .unlock = print_unlock,
	.stop_others = core_stop_others, .backtrace = backtrace, .die = die,
};

void trap_syscall(struct trapframe *f) { panic("a system call at %lx", (unsigned long)f->ip); }
void trap_fault(struct trapframe *f, u64 address) { panic("fault %lu at %lx, %lx", (unsigned long)f->vector, (unsigned long)f->ip, (unsigned long)address); }
void trap_irq(struct trapframe *f, u32 vector) { (void)f, (void)vector; }
void trap_ipi(struct trapframe *f, u32 what) { (void)f, (void)what; }
void trap_timer(struct trapframe *f) { (void)f; }
void trap_return(struct trapframe *f) { (void)f; }

static void check(bool ok, const char *what)
{
	kprintf("%s - %s", ok ? "ok" : "not ok", what);
	failures += !ok;
}

static void swap(u32 slot)
{
	struct thing *t = kcache_alloc(&things), *old;

	if (t)
		t->self = (u64)t;
	old = atomic_exchange(&slots[slot], t);
	if (old && old->self != (u64)old)
		failures++;
	kcache_free(&things, old);
}

static void frames(u32 node, u64 seed)
{
	paddr_t p[8], block = frame_alloc_order(node, seed % 6);

	for (int i = 0; i < 8; i++) {
		p[i] = i & 1 ? frame_alloc(node) : frame_alloc_zero(node);
		if (p[i])
			*(u64 *)phys_to_virt(p[i]) = p[i];
	}
	for (int i = 0; i < 8; i++) {
		failures += p[i] && (*(u64 *)phys_to_virt(p[i]) != p[i] || frame_node(p[i]) != node % nodes_count());
		if (p[i])
			frame_put(p[i]);
	}
	if (block)
		frame_free_order(block, seed % 6);
}

static void work(void)
{
	u64 seed = core_id() * 7919 + 1;

	for (int i = 0; i < ROUNDS; i++) {
		seed = seed * 6364136223846793005ul + 1442695040888963407ul;
		swap(seed >> 40 & (SLOTS - 1));
		if (i % 16 == 0)
			frames((u32)(seed >> 33) % nodes_count(), seed >> 50);
		if (i % 8 == 0)
			kfree(kmalloc(seed >> 52));
	}
}

/* Everybody does its part of each phase; core 0 waits for all. */
static void part(u32 which)
{
	if (which == 0)
		work();
	else
		slab_drain(), frame_drain();
	done[which]++;
}

static void other_entry(struct core *c)
{
	(void)c;
	slab_drain(); /* makes this core's caches: part of the baseline */
	arrived++;
	for (u32 which = 0; which < 3; which++) {
		while (phase <= which)
			core_pause();
		part(which);
	}
	for (;;)
		core_idle(NULL);
}

static void run_phase(u32 which)
{
	phase = which + 1;
	part(which);
	while (done[which] < cores_count())
		core_pause();
}

void kmain(void)
{
	u64 start, free;

	print_hooks_set(&hooks);
	print_sink_add(&console, true);
	start = clock_ns();
	frame_init();
	kprintf("memory: %lu MiB in %u nodes, described in %lu us", (unsigned long)(frame_total() >> 8), nodes_count(),
		(unsigned long)((clock_ns() - start) / 1000));
	core_start_all(other_entry);
	while (arrived + 1 < cores_count())
		core_pause();
	slab_drain();
	free = frame_free_count();
	run_phase(0);
	check(kcache_live(&things) > 0, "objects are live");
	for (u32 i = 0; i < SLOTS; i++)
		kcache_free(&things, slots[i]);
	run_phase(1);
	run_phase(2); /* frames that went home to another core's node after it had drained */
	check(kcache_live(&things) == 0 && kmalloc_live() == 0, "live counts are zero");
	check(frame_free_count() == free, "every frame is back");
	for (u32 n = 0; n < nodes_count(); n++)
		failures += buddy_check(node_pools[n]) != 0;
	check(!failures, "nothing went wrong");
	kprintf("memtest: %u failures", failures);
	machine_poweroff();
}
