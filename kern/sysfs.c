/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * /sys: cores, nodes, and the few other objects that programs look up there. Formats as Linux 6.12
 * (Documentation/ABI/stable/sysfs-devices-node, sysfs-devices-system-cpu).
 */
#include "arch/core.h"
#include "base/print.h"
#include "base/string.h"
#include "dev/vconsole.h"
#include "kern/cpus.h"
#include "kern/pseudo_table.h"
#include "mem/frame.h"

/* ---- lists of cores and nodes */

static bool yes(u32 i, u64 arg)
{
	(void)i;
	(void)arg;
	return true;
}

static bool core_on_node(u32 core, u64 node)
{
	return core_get(core)->node == node;
}

static bool node_has_memory(u32 node, u64 arg)
{
	struct frame_stat s;

	(void)arg;
	frame_stats(node, &s);
	return s.total;
}

static bool node_has_core(u32 node, u64 arg)
{
	u32 i;

	(void)arg;
	for (i = 0; i < cores_count(); i++)
		if (core_on_node(i, node))
			return true;
	return false;
}

static int cores_list(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_list(t, cores_count(), yes, 0);
	return 0;
}

static int nodes_list(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_list(t, nodes_count(), yes, 0);
	return 0;
}

static int nodes_memory(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_list(t, nodes_count(), node_has_memory, 0);
	return 0;
}

static int nodes_cores(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_list(t, nodes_count(), node_has_core, 0);
	return 0;
}

/* Groups of 32 bits in hex, the highest first; the highest as wide as the number of cores asks for. */
static void text_map(struct text *t, bool (*has)(u32 i, u64 arg), u64 arg)
{
	u32 n = cores_count(), group = (n + 31) / 32, width = n % 32 ? (n % 32 + 3) / 4 : 8;

	while (group--) {
		u32 bits = 0, i;

		for (i = group * 32; i < n && i < group * 32 + 32; i++)
			bits |= (u32)has(i, arg) << i % 32;
		text_printf(t, "%0*x%s", width, bits, group ? "," : "\n");
		width = 8;
	}
}

/* ---- nodes */

static u64 node_next(const struct pseudo_node *dir, u64 from)
{
	(void)dir;
	return from < nodes_count() ? from : PSEUDO_END;
}

static u64 node_core_next(const struct pseudo_node *dir, u64 from)
{
	for (; from < cores_count(); from++)
		if (core_on_node(from, dir->arg))
			return from;
	return PSEUDO_END;
}

static int core_link(const struct pseudo_node *n, char *buf, size_t size)
{
	return MIN(snprintf(buf, size, "../../cpu/cpu%u", n->kind), (int)size);
}

static int node_cpulist(const struct pseudo_node *n, struct text *t)
{
	text_list(t, cores_count(), core_on_node, n->arg);
	return 0;
}

static int node_cpumap(const struct pseudo_node *n, struct text *t)
{
	text_map(t, core_on_node, n->arg);
	return 0;
}

static int node_distances(const struct pseudo_node *n, struct text *t)
{
	u32 i;

	for (i = 0; i < nodes_count(); i++)
		text_printf(t, "%s%u", i ? " " : "", node_distance(n->arg, i));
	text_add(t, "\n", 1);
	return 0;
}

static void node_kb(struct text *t, u32 node, const char *name, u64 pages)
{
	text_printf(t, "Node %u %-16s%8lu kB\n", node, name, pages * 4);
}

static int node_meminfo(const struct pseudo_node *n, struct text *t)
{
	struct frame_stat s;

	frame_stats(n->arg, &s);
	node_kb(t, n->arg, "MemTotal:", s.total);
	node_kb(t, n->arg, "MemFree:", s.free);
	node_kb(t, n->arg, "MemUsed:", s.total - s.free);
	return 0;
}

static const struct pseudo_entry node_core_entry = {
	.name = "cpu", .mode = S_IFLNK | 0777, .key = KEY_KIND, .next = node_core_next, .readlink = core_link,
};

static const struct pseudo_entry node_children[] = {
	PSEUDO_FILE("cpulist", node_cpulist),
	PSEUDO_FILE("cpumap", node_cpumap),
	PSEUDO_FILE("distance", node_distances),
	PSEUDO_FILE("meminfo", node_meminfo),
	PSEUDO_TEXT("numastat", "numa_hit 0\nnuma_miss 0\nnuma_foreign 0\ninterleave_hit 0\nlocal_node 0\nother_node 0\n"),
	{ 0 },
};

static const struct pseudo_entry node_entry = {
	.name = "node", .mode = S_IFDIR | 0755, .children = node_children, .member = &node_core_entry, .key = KEY_ARG,
	.next = node_next,
};

static const struct pseudo_entry nodes_children[] = {
	PSEUDO_FILE("has_cpu", nodes_cores),
	PSEUDO_TEXT("has_generic_initiator", "\n"),
	PSEUDO_FILE("has_memory", nodes_memory),
	PSEUDO_FILE("has_normal_memory", nodes_memory),
	PSEUDO_FILE("online", nodes_list),
	PSEUDO_FILE("possible", nodes_list),
	{ 0 },
};

/* ---- cores */

static u64 core_next(const struct pseudo_node *dir, u64 from)
{
	(void)dir;
	return from < cores_count() ? from : PSEUDO_END;
}

static u64 core_node_next(const struct pseudo_node *dir, u64 from)
{
	u32 node = core_get(dir->arg)->node;

	return from <= node ? node : PSEUDO_END;
}

static int node_link(const struct pseudo_node *n, char *buf, size_t size)
{
	return MIN(snprintf(buf, size, "../../node/node%u", n->kind), (int)size);
}

static int core_package(const struct pseudo_node *n, struct text *t)
{
	text_printf(t, "%u\n", cpu_package(n->arg));
	return 0;
}

static int core_number(const struct pseudo_node *n, struct text *t)
{
	text_printf(t, "%u\n", cpu_core_id(n->arg));
	return 0;
}

static int core_siblings(const struct pseudo_node *n, struct text *t)
{
	text_list(t, cores_count(), cpu_same_package, n->arg);
	return 0;
}

static int core_siblings_map(const struct pseudo_node *n, struct text *t)
{
	text_map(t, cpu_same_package, n->arg);
	return 0;
}

static int core_itself(const struct pseudo_node *n, struct text *t)
{
	text_list(t, cores_count(), cpu_same_core, n->arg);
	return 0;
}

static int core_itself_map(const struct pseudo_node *n, struct text *t)
{
	text_map(t, cpu_same_core, n->arg);
	return 0;
}

static int kernel_max(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_printf(t, "%u\n", CORES_MAX - 1);
	return 0;
}

static const struct pseudo_entry topology_children[] = {
	PSEUDO_FILE("cluster_cpus", core_itself_map),
	PSEUDO_FILE("cluster_cpus_list", core_itself),
	PSEUDO_TEXT("cluster_id", "65535\n"),
	PSEUDO_FILE("core_cpus", core_itself_map),
	PSEUDO_FILE("core_cpus_list", core_itself),
	PSEUDO_FILE("core_id", core_number),
	PSEUDO_FILE("core_siblings", core_siblings_map),
	PSEUDO_FILE("core_siblings_list", core_siblings),
	PSEUDO_FILE("die_cpus", core_siblings_map),
	PSEUDO_FILE("die_cpus_list", core_siblings),
	PSEUDO_FILE("die_id", core_package),
	PSEUDO_FILE("package_cpus", core_siblings_map),
	PSEUDO_FILE("package_cpus_list", core_siblings),
	PSEUDO_FILE("physical_package_id", core_package),
	PSEUDO_FILE("thread_siblings", core_itself_map),
	PSEUDO_FILE("thread_siblings_list", core_itself),
	{ 0 },
};

static const struct pseudo_entry core_children[] = {
	{ .name = "online", .mode = S_IFREG | 0644, .text = "1\n" },
	{ .name = "topology", .mode = S_IFDIR | 0755, .children = topology_children },
	{ 0 },
};

static const struct pseudo_entry core_node_entry = {
	.name = "node", .mode = S_IFLNK | 0777, .key = KEY_KIND, .next = core_node_next, .readlink = node_link,
};

static const struct pseudo_entry core_entry = {
	.name = "cpu", .mode = S_IFDIR | 0755, .children = core_children, .member = &core_node_entry, .key = KEY_ARG,
	.next = core_next,
};

static int flaw_show(const struct pseudo_node *n, struct text *t)
{
	static const struct { const char *name; enum cpu_flaw flaw; } flaws[] = {
		{ "spectre_v1", FLAW_SPECTRE_V1 }, { "spectre_v2", FLAW_SPECTRE_V2 }, { "spec_store_bypass", FLAW_SSB },
		{ "retbleed", FLAW_RETBLEED }, { "spec_rstack_overflow", FLAW_SRSO }, { "tsa", FLAW_TSA },
		{ "vmscape", FLAW_HOST }, { "itlb_multihit", FLAW_HOST },
	};
	enum cpu_flaw flaw = FLAW_INTEL;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(flaws); i++)
		if (!strcmp(flaws[i].name, pseudo_entry(n)->name))
			flaw = flaws[i].flaw;
	text_printf(t, "%s\n", cpu_vulnerable(flaw) ? "Vulnerable" : "Not affected");
	return 0;
}

static const struct pseudo_entry flaw_children[] = {
	PSEUDO_FILE("gather_data_sampling", flaw_show), PSEUDO_FILE("indirect_target_selection", flaw_show),
	PSEUDO_FILE("itlb_multihit", flaw_show), PSEUDO_FILE("l1tf", flaw_show), PSEUDO_FILE("mds", flaw_show),
	PSEUDO_FILE("meltdown", flaw_show), PSEUDO_FILE("mmio_stale_data", flaw_show),
	PSEUDO_FILE("reg_file_data_sampling", flaw_show), PSEUDO_FILE("retbleed", flaw_show),
	PSEUDO_FILE("spec_rstack_overflow", flaw_show), PSEUDO_FILE("spec_store_bypass", flaw_show),
	PSEUDO_FILE("spectre_v1", flaw_show), PSEUDO_FILE("spectre_v2", flaw_show), PSEUDO_FILE("srbds", flaw_show),
	PSEUDO_FILE("tsa", flaw_show), PSEUDO_FILE("tsx_async_abort", flaw_show), PSEUDO_FILE("vmscape", flaw_show),
	{ 0 },
};

static const struct pseudo_entry cores_children[] = {
	PSEUDO_FILE("enabled", cores_list),
	PSEUDO_TEXT("isolated", "\n"),
	PSEUDO_FILE("kernel_max", kernel_max),
	PSEUDO_TEXT("offline", "\n"),
	PSEUDO_FILE("online", cores_list),
	PSEUDO_FILE("possible", cores_list),
	PSEUDO_FILE("present", cores_list),
	{ .name = "vulnerabilities", .mode = S_IFDIR | 0755, .children = flaw_children },
	{ 0 },
};

/* ---- the tree */

static const struct pseudo_entry system_children[] = {
	{ .name = "cpu", .mode = S_IFDIR | 0755, .children = cores_children, .member = &core_entry },
	{ .name = "node", .mode = S_IFDIR | 0755, .children = nodes_children, .member = &node_entry },
	{ 0 },
};

#define SYS_DIR(label, entries) { .name = label, .mode = S_IFDIR | 0755, .children = entries }

static const struct pseudo_entry devices_children[] = {
	SYS_DIR("system", system_children),
	{ 0 },
};

/* ---- classes */

static u64 port_next(const struct pseudo_node *dir, u64 from)
{
	(void)dir;
	for (; from < vport_count(); from++)
		if (from && vport_get(from))
			return from;
	return PSEUDO_END;
}

static int port_name(const struct pseudo_node *n, struct text *t)
{
	text_printf(t, "%s\n", vport_name(vport_get(n->arg)));
	return 0;
}

static int port_dev(const struct pseudo_node *n, struct text *t)
{
	text_printf(t, "244:%lu\n", n->arg);
	return 0;
}

static const struct pseudo_entry port_children[] = {
	PSEUDO_FILE("dev", port_dev),
	PSEUDO_FILE("name", port_name),
	{ 0 },
};

static const struct pseudo_entry port_entry = {
	.name = "vport0p", .mode = S_IFDIR | 0755, .children = port_children, .key = KEY_ARG, .next = port_next,
};

static const struct pseudo_entry console_children[] = {
	PSEUDO_TEXT("active", "ttyS0\n"),
	PSEUDO_TEXT("dev", "5:1\n"),
	{ 0 },
};

static const struct pseudo_entry ptmx_children[] = { PSEUDO_TEXT("dev", "5:2\n"), { 0 } };
static const struct pseudo_entry tty_children[] = { PSEUDO_TEXT("dev", "5:0\n"), { 0 } };
static const struct pseudo_entry serial_children[] = { PSEUDO_TEXT("dev", "4:64\n"), { 0 } };

static const struct pseudo_entry ttys_children[] = {
	SYS_DIR("console", console_children),
	SYS_DIR("ptmx", ptmx_children),
	SYS_DIR("tty", tty_children),
	SYS_DIR("ttyS0", serial_children),
	{ 0 },
};

static const struct pseudo_entry class_children[] = {
	SYS_DIR("tty", ttys_children),
	{ .name = "virtio-ports", .mode = S_IFDIR | 0755, .member = &port_entry },
	{ 0 },
};

/* ---- the kernel itself */

static const struct pseudo_entry huge_children[] = {
	PSEUDO_TEXT("defrag", "always defer defer+madvise madvise [never]\n"),
	PSEUDO_TEXT("enabled", "always madvise [never]\n"),
	PSEUDO_TEXT("hpage_pmd_size", "2097152\n"),
	PSEUDO_TEXT("shmem_enabled", "always within_size advise [never] deny force\n"),
	{ 0 },
};

static const struct pseudo_entry mm_children[] = {
	SYS_DIR("transparent_hugepage", huge_children),
	{ 0 },
};

static const struct pseudo_entry kernel_children[] = {
	PSEUDO_TEXT("address_bits", "64\n"),
	PSEUDO_TEXT("cpu_byteorder", "little\n"),
	SYS_DIR("mm", mm_children),
	{ 0 },
};

static const struct pseudo_entry nothing[] = { { 0 } };

static const struct pseudo_entry fs_children[] = {
	SYS_DIR("cgroup", nothing),
	{ 0 },
};

static const struct pseudo_entry root_children[] = {
	SYS_DIR("block", nothing),
	SYS_DIR("class", class_children),
	SYS_DIR("devices", devices_children),
	SYS_DIR("fs", fs_children),
	SYS_DIR("kernel", kernel_children),
	{ 0 },
};

static const struct pseudo_entry sys_root = { .name = "", .mode = S_IFDIR | 0555, .children = root_children };

static void sys_root_node(struct pseudo_node *out)
{
	table_root(out, PSEUDO_SYS, &sys_root);
}

const struct pseudo_fs sys_fs = {
	.name = "sysfs", .magic = 0x62656572, .root = sys_root_node, .lookup = table_lookup, .parent = table_parent,
	.readdir = table_readdir, .show = table_show, .store = table_store, .readlink = table_readlink,
	.follow = table_follow, .path = table_path, .open = table_open,
};
