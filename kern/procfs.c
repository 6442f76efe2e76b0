/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /proc: its root. See proc_internal.h. */
#include "kern/proc_internal.h"

static int self_readlink(const struct pseudo_node *n, char *buf, size_t size)
{
	(void)n;
	return MIN(snprintf(buf, size, "%u", process_current()->pid), (int)size);
}

static int thread_self_readlink(const struct pseudo_node *n, char *buf, size_t size)
{
	(void)n;
	return MIN(snprintf(buf, size, "%u/task/%u", process_current()->pid, thread_current()->tid), (int)size);
}

static const struct pseudo_entry net_children[] = {
	PSEUDO_FILE("dev", proc_net_dev),
	PSEUDO_TEXT("if_inet6", "00000000000000000000000000000001 01 80 10 80       lo\n"),
	PSEUDO_TEXT("raw", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"),
	PSEUDO_FILE("route", proc_net_route),
	PSEUDO_FILE("tcp", proc_net_tcp),
	PSEUDO_FILE("tcp6", proc_net_tcp6),
	PSEUDO_FILE("udp", proc_net_udp),
	PSEUDO_FILE("udp6", proc_net_udp6),
	PSEUDO_FILE("unix", proc_net_unix),
	{ 0 },
};

static const struct pseudo_entry sysvipc_children[] = {
	PSEUDO_FILE("shm", proc_sysvipc_shm),
	{ 0 },
};

static const struct pseudo_entry root_children[] = {
	PSEUDO_FILE("cmdline", proc_kernel_cmdline),
	PSEUDO_FILE("cpuinfo", proc_cpuinfo),
	PSEUDO_FILE("devices", proc_devices),
	PSEUDO_TEXT("diskstats", ""),
	PSEUDO_FILE("filesystems", proc_filesystems),
	PSEUDO_FILE("interrupts", proc_interrupts),
	{ .name = "kmsg", .mode = S_IFREG | 0400, .open = proc_kmsg_open },
	PSEUDO_FILE("loadavg", proc_loadavg),
	PSEUDO_FILE("meminfo", proc_meminfo),
	PSEUDO_TEXT("modules", ""),
	PSEUDO_LINK("mounts", "self/mounts"),
	PSEUDO_DIR("net", net_children),
	PSEUDO_DIR("nros", proc_nros_children),
	PSEUDO_TEXT("partitions", "major minor  #blocks  name\n\n"),
	{ .name = "self", .mode = S_IFLNK | 0777, .readlink = self_readlink },
	PSEUDO_FILE("stat", proc_stat),
	PSEUDO_TEXT("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
	PSEUDO_DIR("sys", proc_sys_children),
	{ .name = "sysrq-trigger", .mode = S_IFREG | 0200, .store = proc_sysrq },
	PSEUDO_DIR("sysvipc", sysvipc_children),
	{ .name = "thread-self", .mode = S_IFLNK | 0777, .readlink = thread_self_readlink },
	PSEUDO_FILE("uptime", proc_uptime),
	PSEUDO_FILE("version", proc_version),
	PSEUDO_FILE("vmstat", proc_vmstat),
	{ 0 },
};

static const struct pseudo_entry proc_root = {
	.name = "", .mode = S_IFDIR | 0555, .children = root_children, .member = &proc_pid_entry,
};

static void proc_root_node(struct pseudo_node *out)
{
	table_root(out, PSEUDO_PROC, &proc_root);
}

const struct pseudo_fs proc_fs = {
	.name = "proc", .magic = 0x9fa0, .root = proc_root_node, .lookup = table_lookup, .parent = table_parent,
	.readdir = table_readdir, .show = table_show, .store = table_store, .readlink = table_readlink,
	.follow = table_follow, .path = table_path, .open = table_open,
};
