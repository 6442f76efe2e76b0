/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /proc: the machine as a whole. See proc_internal.h. */
#include "kern/proc_internal.h"
#include "arch/boot.h"
#include "arch/clock.h"
#include "dev/dev.h"
#include "kern/body.h"
#include "kern/clock.h"
#include "kern/kstack.h"
#include "kern/load.h"
#include "kern/segments.h"
#include "kern/space.h"
#include "kern/system.h"
#include "mem/frame.h"
#include "mem/slab.h"

/* ---- memory */

static u64 slab_frames(void)
{
	struct slab_stat s;
	u64 total = 0;
	unsigned i;

	for (i = 0; slab_stats(i, &s); i++)
		total += s.frames;
	return total;
}

static void add_tables(struct process *p, void *arg)
{
	struct space *s = space_of(p);

	if (!s)
		return;
	*(u64 *)arg += atomic_load(&s->pages.tables);
	space_put(s);
}

static u64 page_tables(void)
{
	u64 n = 0;

	procs_each(PROCS_ALL, 0, add_tables, &n);
	return n;
}

static void kb(struct text *t, const char *name, u64 pages)
{
	text_printf(t, "%-16s%8lu kB\n", name, pages * 4);
}

int proc_meminfo(const struct pseudo_node *n, struct text *t)
{
	u64 total = frame_total(), free = frame_free_count(), cached = body_total_pages(), slab = slab_frames();

	(void)n;
	kb(t, "MemTotal:", total);
	kb(t, "MemFree:", free);
	kb(t, "MemAvailable:", free);
	kb(t, "Buffers:", 0);
	kb(t, "Cached:", cached);
	kb(t, "SwapCached:", 0);
	kb(t, "Active:", 0);
	kb(t, "Inactive:", 0);
	kb(t, "Active(anon):", 0);
	kb(t, "Inactive(anon):", 0);
	kb(t, "Active(file):", 0);
	kb(t, "Inactive(file):", 0);
	kb(t, "Unevictable:", cached);
	kb(t, "Mlocked:", 0);
	kb(t, "SwapTotal:", 0);
	kb(t, "SwapFree:", 0);
	kb(t, "Dirty:", 0);
	kb(t, "Writeback:", 0);
	kb(t, "AnonPages:", 0);
	kb(t, "Mapped:", 0);
	kb(t, "Shmem:", 0);
	kb(t, "KReclaimable:", 0);
	kb(t, "Slab:", slab);
	kb(t, "SReclaimable:", 0);
	kb(t, "SUnreclaim:", slab);
	kb(t, "KernelStack:", (kstack_total() - kstack_free_count()) * (KSTACK_SIZE >> PAGE_SHIFT));
	kb(t, "PageTables:", page_tables());
	kb(t, "CommitLimit:", total / 2);
	kb(t, "Committed_AS:", total - free);
	text_printf(t, "VmallocTotal:   34359738367 kB\nVmallocUsed:    %8lu kB\nVmallocChunk:   %8lu kB\n", 0ul, 0ul);
	text_printf(t, "HugePages_Total:   %5lu\nHugePages_Free:    %5lu\nHugepagesize:   %8lu kB\n", 0ul, 0ul, 2048ul);
	return 0;
}

int proc_sysvipc_shm(const struct pseudo_node *n, struct text *t)
{
	u32 i, top = segments_top();
	struct segment_info s;

	(void)n;
	text_printf(t, "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid"
		    "      atime      dtime      ctime                   rss                  swap\n");
	for (i = 0; i < top; i++) {
		if (segment_at(i, &s))
			continue;
		text_printf(t, "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10lu %10lu %10lu %21lu %21lu\n", s.key, s.id, s.mode,
			    s.size, s.creator, s.last, s.attached, s.uid, s.gid, s.cuid, s.cgid, s.atime, s.dtime, s.ctime,
			    s.pages * PAGE_SIZE, 0ul);
	}
	return 0;
}

/* ---- time */

static u64 core_idle_ns(u32 core)
{
	const struct percore *pc = percore_of(core);
	u64 idle = *(const volatile u64 *)&pc->idle_ns, stamp = *(const volatile u64 *)&pc->stamp, now = clock_ns();

	if (*(struct thread *const volatile *)&pc->current == pc->idle && now > stamp)
		idle += now - stamp; /* it idles at this moment */
	return idle;
}

int proc_uptime(const struct pseudo_node *n, struct text *t)
{
	u64 up = clock_ns(), idle = 0;
	u32 i;

	(void)n;
	for (i = 0; i < cores_count(); i++)
		idle += core_idle_ns(i);
	text_printf(t, "%lu.%02lu %lu.%02lu\n", up / 1000000000, up / TICK_NS % 100, idle / 1000000000, idle / TICK_NS % 100);
	return 0;
}

static void stat_cpu(struct text *t, const char *name, u64 busy, u64 idle)
{
	text_printf(t, "%s %lu 0 0 %lu 0 0 0 0 0 0\n", name, busy / TICK_NS, idle / TICK_NS);
}

struct table_counts { u64 forks; u32 threads, last; };

static struct table_counts table_counts(void)
{
	const struct procs *p = nr_read_begin(procs_nr, nr_me(), 0);
	struct table_counts c = { p->forks, p->nthreads, p->last };

	nr_read_end(procs_nr, nr_me(), 0);
	return c;
}

int proc_stat(const struct pseudo_node *n, struct text *t)
{
	u64 up = clock_ns(), idle = 0, interrupts = 0, switches = 0;
	char name[16];
	u32 i;

	(void)n;
	for (i = 0; i < cores_count(); i++) {
		idle += MIN(core_idle_ns(i), up);
		interrupts += percore_of(i)->interrupts;
		switches += percore_of(i)->switches;
	}
	stat_cpu(t, "cpu ", cores_count() * up - idle, idle);
	for (i = 0; i < cores_count(); i++) {
		u64 mine = MIN(core_idle_ns(i), up);

		snprintf(name, sizeof(name), "cpu%u", i);
		stat_cpu(t, name, up - mine, mine);
	}
	text_printf(t, "intr %lu\nctxt %lu\nbtime %lu\nprocesses %lu\nprocs_running %u\nprocs_blocked 0\nsoftirq 0\n", interrupts,
		    switches, (wall_ns() - up) / 1000000000, table_counts().forks, load_running());
	return 0;
}

int proc_loadavg(const struct pseudo_node *n, struct text *t)
{
	struct table_counts c = table_counts();
	u64 a[3];
	int i;

	(void)n;
	load_get(a);
	for (i = 0; i < 3; i++) {
		u64 v = a[i] + (1u << LOAD_SHIFT) / 200; /* rounded to hundredths */

		text_printf(t, "%lu.%02lu ", v >> LOAD_SHIFT, (v & ((1u << LOAD_SHIFT) - 1)) * 100 >> LOAD_SHIFT);
	}
	text_printf(t, "%u/%u %u\n", load_running(), c.threads, c.last);
	return 0;
}

/* ---- what the machine is */

#ifdef __VERSION__
#define COMPILER __VERSION__
#else
#define COMPILER "unknown"
#endif

int proc_version(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_printf(t, "Linux version " SYSTEM_RELEASE " (NrOS) (" COMPILER ") " SYSTEM_VERSION "\n");
	return 0;
}

int proc_kernel_cmdline(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_printf(t, "%s\n", boot_info.cmdline);
	return 0;
}

int proc_filesystems(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_printf(t, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tdevpts\nnodev\tramfs\n");
	return 0;
}

int proc_devices(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_printf(t, "Character devices:\n  1 mem\n  4 tty\n  4 ttyS\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n136 pts\n244 virtio-portsdev\n\nBlock devices:\n");
	return 0;
}

int proc_vmstat(const struct pseudo_node *n, struct text *t)
{
	u64 faults = 0;
	u32 i;

	(void)n;
	for (i = 0; i < cores_count(); i++)
		faults += percore_of(i)->faults;
	text_printf(t, "nr_free_pages %lu\nnr_file_pages %lu\nnr_slab_unreclaimable %lu\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault %lu\npgmajfault 0\n",
		    frame_free_count(), body_total_pages(), slab_frames(), faults);
	return 0;
}

int proc_interrupts(const struct pseudo_node *n, struct text *t)
{
	u32 i;

	(void)n;
	text_printf(t, "     ");
	for (i = 0; i < cores_count(); i++)
		text_printf(t, "       CPU%-2u", i);
	text_printf(t, "\nALL: ");
	for (i = 0; i < cores_count(); i++)
		text_printf(t, " %10lu ", percore_of(i)->interrupts);
	text_printf(t, "  All interrupts\n");
	return 0;
}

/* ---- control */

struct file *proc_kmsg_open(const struct pseudo_node *n, u32 flags, int *err)
{
	(void)n;
	return device_open(RDEV(1, 11), flags, err);
}

long proc_sysrq(const struct pseudo_node *n, const char *buf, size_t len)
{
	(void)n;
	switch (buf[0]) {
	case 'c':
		panic("sysrq: triggered by user");
	case 'b':
		machine_reboot();
	case 'o':
		dev_drain(1000000000);
		machine_poweroff();
	case 'h':
		kprintf("sysrq: HELP : reboot(b) crash(c) poweroff(o)");
		break;
	default:
		break;
	}
	return len;
}
