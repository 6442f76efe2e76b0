/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /proc/cpuinfo. See proc_internal.h. */
#include "arch/core.h"
#include "kern/cpus.h"
#include "kern/proc_internal.h"

/* Linux's words for feature bits; no word for what it does not show. */
static const char *const flags_1d[32] = { "fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", "", "sep", "mtrr",
	"pge", "mca", "cmov", "pat", "pse36", "pn", "clflush", "", "dts", "acpi", "mmx", "fxsr", "sse", "sse2", "ss", "ht", "tm",
	"ia64", "pbe" };
static const char *const flags_1c[32] = { "pni", "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx", "smx", "est", "tm2", "ssse3",
	"cid", "sdbg", "fma", "cx16", "xtpr", "pdcm", "", "pcid", "dca", "sse4_1", "sse4_2", "x2apic", "movbe", "popcnt",
	"tsc_deadline_timer", "aes", "xsave", "", "avx", "f16c", "rdrand", "hypervisor" };
static const char *const flags_7b[32] = { "fsgsbase", "tsc_adjust", "sgx", "bmi1", "hle", "avx2", "", "smep", "bmi2", "erms",
	"invpcid", "rtm", "cqm", "", "mpx", "rdt_a", "avx512f", "avx512dq", "rdseed", "adx", "smap", "avx512ifma", "", "clflushopt",
	"clwb", "intel_pt", "avx512pf", "avx512er", "avx512cd", "sha_ni", "avx512bw", "avx512vl" };
static const char *const flags_7c[32] = { [1] = "avx512vbmi", [2] = "umip", [3] = "pku", [8] = "gfni", [9] = "vaes",
	[10] = "vpclmulqdq", [22] = "rdpid" };
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

static void cpuinfo_place(struct text *t, u32 core)
{
	u32 i, siblings = 0, apic = core_get(core)->apic_id;

	for (i = 0; i < cores_count(); i++)
		siblings += cpu_same_package(i, core);
	text_printf(t, "physical id\t: %u\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\napicid\t\t: %u\ninitial apicid\t: %u\n",
		    cpu_package(core), siblings, cpu_core_id(core), siblings, apic, apic);
}

static void cpuinfo_core(struct text *t, u32 core, const struct cpu_ident *c)
{
	u32 khz = core_cycles_khz();

	text_printf(t, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n", core,
		    c->vendor, c->family, c->model_number, c->model, c->stepping);
	text_printf(t, "cpu MHz\t\t: %u.%03u\n", khz / 1000, khz % 1000);
	cpuinfo_place(t, core);
	text_printf(t, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\nflags\t\t:", c->level);
	text_flags(t, flags_1d, c->f1d);
	text_flags(t, flags_8d, c->f8d);
	text_flags(t, flags_1c, c->f1c);
	text_flags(t, flags_8c, c->f8c);
	text_flags(t, flags_7b, c->f7b);
	text_flags(t, flags_7c, c->f7c);
	text_printf(t, "\nbugs\t\t:%s\n", cpu_vulnerable(FLAW_INTEL) ? " cpu_meltdown spectre_v1 spectre_v2" : " spectre_v1 spectre_v2");
	text_printf(t, "bogomips\t: %u.%02u\nclflush size\t: %u\ncache_alignment\t: %u\n", khz / 500, khz / 5 % 100, c->cache_line,
		    c->cache_line);
	text_printf(t, "address sizes\t: %u bits physical, %u bits virtual\npower management:\n\n", c->physical_bits,
		    c->virtual_bits);
}

int proc_cpuinfo(const struct pseudo_node *n, struct text *t)
{
	struct cpu_ident c;
	u32 i;

	(void)n;
	cpu_identify(&c);
	for (i = 0; i < cores_count(); i++)
		cpuinfo_core(t, i, &c);
	return 0;
}
