/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The kernel's order of birth, on core 0, then on all:
 *
 *   boot_info -> frames -> this core's block -> printing -> devices -> other cores -> tables (tree, procs)
 *   -> initial archive into the tree -> pid 1: /init -> idle loop
 *
 * Every other core: its block, then the idle loop.
 */
#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/serial.h"
#include "base/print.h"
#include "base/string.h"
#include "dev/dev.h"
#include "dev/rng.h"
#include "dev/uart.h"
#include "kern/clock.h"
#include "kern/fs.h"
#include "kern/futex.h"
#include "kern/load.h"
#include "kern/power.h"
#include "kern/process.h"
#include "kern/signalfd.h"
#include "kern/space.h"
#include "kern/tty.h"
#include "kern/vdso.h"
#include "mem/frame.h"
#include "mem/slab.h"

_Atomic u64 wall_offset;

/* ---- printing */

static struct lock print_lock = LOCK_INIT;

static void print_locked(void)
{
	lock_acquire(&print_lock);
}

static void print_unlocked(void)
{
	lock_release(&print_lock);
}

static void print_backtrace(void)
{
	arch_backtrace(NULL);
}

static void print_die(u8 status)
{
	machine_exit_debug(status);
}

static const struct print_hooks hooks = {
	.now = clock_ns, .core = core_id, .lock = print_locked, .unlock = print_unlocked,
	.stop_others = core_stop_others, .backtrace = print_backtrace, .die = print_die,
};

/* console=ttyS0 (or none): polled, from the first line on. console=ttyS1: as soon as that line is up. */
static bool console_second;

static void console_write(struct print_sink *sink, const char *text, size_t len)
{
	(void)sink;
	if (console_second)
		uart_print(1, text, len);
	while (!console_second && len--)
		serial_putc(*text++);
}

static struct print_sink console = { .write = console_write };

static void console_start(void)
{
	char name[16];

	console_second = boot_option("console", name, sizeof(name)) && !strncmp(name, "ttyS1", 5);
	if (!console_second)
		print_sink_add(&console, true);
}

static void console_start_second(void)
{
	if (!console_second)
		return;
	console_second = uart_present(1);
	print_sink_add(&console, true);
}

static void print_start(void)
{
	char level[8];

	print_hooks_set(&hooks);
	if (boot_option("quiet", level, sizeof(level)))
		print_console_level(PRINT_WARN);
	if (boot_option("loglevel", level, sizeof(level)) && level[0])
		print_console_level(level[0] - '0' - 1);
	console_start();
}

/* ---- cores */

static void core_prepare(struct core *c)
{
	struct percore *pc = kmalloc_node(sizeof(*pc), c->node);
	struct thread *idle = kmalloc_node(sizeof(*idle), c->node);

	if (!pc || !idle)
		panic("no memory for core %u", c->id);
	memset(pc, 0, sizeof(*pc));
	memset(idle, 0, sizeof(*idle));
	refs_init(&idle->refs, 1);
	pc->idle = idle;
	c->kern = pc;
	sched_init_core(c, c->id == 0);
}

static _Atomic u32 cores_ready = 1;

static void core_entry(struct core *c)
{
	core_prepare(c);
	random_init_core();
	atomic_fetch_add(&cores_ready, 1);
	while (atomic_load(&cores_ready) < cores_count())
		core_pause();
	sched_idle_loop();
}

/* Returns when every core has its block: from then on anybody may send mail to anybody. */
static void cores_start(void)
{
	core_start_all(core_entry);
	while (atomic_load(&cores_ready) < cores_count())
		core_pause();
}

/* ---- pid 1 */

static void init_exec(void *arg)
{
	char path[64];
	char *const argv[] = { path, NULL };
	char *const envp[] = { "HOME=/", "TERM=linux", NULL };
	struct thread *t = thread_current();
	int err;

	(void)arg;
	if (!boot_option("init", path, sizeof(path)) && !boot_option("rdinit", path, sizeof(path)))
		strlcpy(path, "/init", sizeof(path));
	initramfs_unpack();
	err = process_exec_kernel(path, argv, envp);
	if (err)
		panic("cannot run %s: error %d", path, -err);
	thread_enter(thread_frame(t));
}

static void init_start(void)
{
	struct process *p = process_first();
	struct thread *t = TAILQ_FIRST(&p->threads);
	struct fs_place place = { .cwd = TREE_ROOT, .root = TREE_ROOT };
	struct tree_attr root;

	fs_attr(TREE_ROOT, &root);
	fs_place_set(p->fs, &place);
	p->fs->cwd_body = p->fs->root_body = (struct body *)root.body;
	refs64_add(&p->fs->cwd_body->refs, 2);
	thread_prepare(t, init_exec, NULL);
	thread_start(t);
	power_start(p);
	process_put(p); /* the table and the thread have theirs */
}

_Noreturn void kmain(void)
{
	frame_init();
	core_prepare(core_this());
	print_start();
	kprintf("NrOS: %lu MiB, command line: %s", frame_total() >> 8, boot_info.cmdline);
	atomic_store(&wall_offset, clock_wall_at_boot());
	random_init_core();
	cores_start();
	kprintf("%u cores on %u nodes", cores_count(), nodes_count());
	dev_init();
	console_start_second();
	futex_start();
	signalfd_start();
	procs_start();
	fs_tree_start();
	devices_start();
	tty_start();
	load_start();
	vdso_start(clock_wall_at_boot());
	init_start();
	sched_idle_loop();
}
