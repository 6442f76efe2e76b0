/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /proc: the machine as a whole. See proc_internal.h. */
#include "kern/proc_internal.h"
#include "arch/boot.h"
#include "arch/clock.h"
#include "dev/dev.h"
#include "kern/body.h"
#include "kern/clock.h"
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
	kb(t, "PageTables:", 0);
	kb(t, "CommitLimit:", total / 2);
	kb(t, "Committed_AS:", total - free);
	text_printf(t, "VmallocTotal:   34359738367 kB\nVmallocUsed:    %8lu kB\nVmallocChunk:   %8lu kB\n", 0ul, 0ul);
	text_printf(t, "HugePages_Total:   %5lu\nHugePages_Free:    %5lu\nHugepagesize:   %8lu kB\n", 0ul, 0ul, 2048ul);
	return 0;
}

/* ---- time */

static u64 core_idle_ns(u32 core)
{
	const struct percore *pc = percore_of(core);

	return *(const volatile u64 *)&pc->idle_ns;
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

static u32 running_threads(void)
{
	u32 i, total = 0;

	for (i = 0; i < cores_count(); i++) {
		struct percore *pc = percore_of(i);

		total += *(volatile u32 *)&pc->queued + (*(struct thread *volatile *)&pc->current != pc->idle);
	}
	return total;
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
		    switches, (wall_ns() - up) / 1000000000, table_counts().forks, running_threads());
	return 0;
}

int proc_loadavg(const struct pseudo_node *n, struct text *t)
{
	struct table_counts c = table_counts();

	(void)n;
	text_printf(t, "0.00 0.00 0.00 %u/%u %u\n", running_threads(), c.threads, c.last);
	return 0;
}

/* ---- what the machine is */

int proc_version(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_printf(t, "Linux version " SYSTEM_RELEASE " (NrOS) (%s) " SYSTEM_VERSION "\n",
#ifdef __clang__
		    "clang " __clang_version__
#else
		    "gcc " __VERSION__
#endif
	);
	return 0;
}

int proc_kernel_cmdline(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_printf(t, "%s\n", boot_info.cmdline);
	return 0;
}

static void cpuid(u32 leaf, u32 sub, u32 r[4])
{
	__asm__("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(sub));
}

/* Linux's words for the bits of leaf 1 (edx, ecx), 7 (ebx), 0x80000001 (edx, ecx); "" : no word. */
static const char *const flags_1d[32] = { "fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", "", "sep", "mtrr",
	"pge", "mca", "cmov", "pat", "pse36", "pn", "clflush", "", "dts", "acpi", "mmx", "fxsr", "sse", "sse2", "ss", "ht", "tm",
	"ia64", "pbe" };
static const char *const flags_1c[32] = { "pni", "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx", "smx", "est", "tm2", "ssse3",
	"cid", "sdbg", "fma", "cx16", "xtpr", "pdcm", "", "pcid", "dca", "sse4_1", "sse4_2", "x2apic", "movbe", "popcnt",
	"tsc_deadline_timer", "aes", "xsave", "", "avx", "f16c", "rdrand", "hypervisor" };
static const char *const flags_7b[32] = { "fsgsbase", "tsc_adjust", "sgx", "bmi1", "hle", "avx2", "", "smep", "bmi2", "erms",
	"invpcid", "rtm", "cqm", "", "mpx", "rdt_a", "avx512f", "avx512dq", "rdseed", "adx", "smap", "avx512ifma", "", "clflushopt",
	"clwb", "intel_pt", "avx512pf", "avx512er", "avx512cd", "sha_ni", "avx512bw", "avx512vl" };
static const char *const flags_8d[32] = { [11] = "syscall", [20] = "nx", [22] = "mmxext", [25] = "fxsr_opt", [26] = "pdpe1gb",
	[27] = "rdtscp", [29] = "lm", [30] = "3dnowext", [31] = "3dnow" };
static const char *const flags_8c[32] = { "lahf_lm", "cmp_legacy", "svm", "extapic", "cr8_legacy", "abm", "sse4a", "misalignsse",
	"3dnowprefetch", "osvw", "ibs" };

static void text_flags(struct text *t, const char *const names[32], u32 bits)
{
	int i;

	for (i = 0; i < 32; i++)
		if ((bits >> i & 1) && names[i] && names[i][0])
			text_printf(t, " %s", names[i]);
}

struct cpu_ident { char vendor[13], model[49]; u32 family, model_number, stepping; };

static void cpu_identify(struct cpu_ident *c)
{
	u32 r[4], i;

	memset(c, 0, sizeof(*c));
	cpuid(0, 0, r);
	memcpy(c->vendor, &r[1], 4);
	memcpy(c->vendor + 4, &r[3], 4);
	memcpy(c->vendor + 8, &r[2], 4);
	cpuid(1, 0, r);
	c->stepping = r[0] & 15;
	c->family = r[0] >> 8 & 15;
	c->model_number = r[0] >> 4 & 15;
	if (c->family >= 6)
		c->model_number |= r[0] >> 12 & 0xf0;
	if (c->family == 15)
		c->family += r[0] >> 20 & 255;
	cpuid(0x80000000, 0, r);
	for (i = 0; r[0] >= 0x80000004 && i < 3; i++) {
		u32 s[4];

		cpuid(0x80000002 + i, 0, s);
		memcpy(c->model + i * 16, s, 16);
	}
}

static void cpuinfo_flags(struct text *t)
{
	u32 one[4], seven[4], ext[4];

	cpuid(1, 0, one);
	cpuid(7, 0, seven);
	cpuid(0x80000001, 0, ext);
	text_printf(t, "flags\t\t:");
	text_flags(t, flags_1d, one[3]);
	text_flags(t, flags_8d, ext[3]);
	text_flags(t, flags_1c, one[2]);
	text_flags(t, flags_8c, ext[2]);
	text_flags(t, flags_7b, seven[1]);
	text_printf(t, "\nbugs\t\t:\n");
}

int proc_cpuinfo(const struct pseudo_node *n, struct text *t)
{
	u32 i, khz = core_cycles_khz(), r[4], address[4];
	struct cpu_ident c;

	(void)n;
	cpu_identify(&c);
	cpuid(1, 0, r);
	cpuid(0x80000008, 0, address);
	for (i = 0; i < cores_count(); i++) {
		text_printf(t, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n",
			    i, c.vendor, c.family, c.model_number, c.model[0] ? c.model : "unknown", c.stepping);
		text_printf(t, "microcode\t: 0x1000065\ncpu MHz\t\t: %u.%03u\ncache size\t: 512 KB\nphysical id\t: %u\nsiblings\t: 1\n",
			    khz / 1000, khz % 1000, core_get(i)->node);
		text_printf(t, "core id\t\t: %u\ncpu cores\t: 1\napicid\t\t: %u\ninitial apicid\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\n",
			    i, core_get(i)->apic_id, core_get(i)->apic_id);
		text_printf(t, "cpuid level\t: %u\nwp\t\t: yes\n", 13);
		cpuinfo_flags(t);
		text_printf(t, "bogomips\t: %u.%02u\nTLB size\t: 1024 4K pages\nclflush size\t: %u\ncache_alignment\t: %u\n",
			    khz / 500, khz / 5 % 100, (r[1] >> 8 & 255) * 8, (r[1] >> 8 & 255) * 8);
		text_printf(t, "address sizes\t: %u bits physical, %u bits virtual\npower management:\n\n", address[0] & 255,
			    address[0] >> 8 & 255);
	}
	return 0;
}

int proc_filesystems(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_printf(t, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tramfs\n");
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
