/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * /proc/sys: what programs ask the kernel about itself. A value that this kernel does not let change accepts being
 * set to what it is and refuses (-EINVAL) anything else: nothing is remembered that has no effect.
 */
#include "kern/proc_internal.h"
#include "dev/rng.h"
#include "kern/exec_internal.h"
#include "kern/system.h"
#include "mem/frame.h"
#include "mem/slab.h"

static size_t trimmed(const char *s, size_t len)
{
	while (len && (s[len - 1] == '\n' || s[len - 1] == ' ' || !s[len - 1]))
		len--;
	return len;
}

static long fixed_store(const struct pseudo_node *n, const char *buf, size_t len)
{
	const char *text = pseudo_entry(n)->text;
	size_t want = trimmed(text, strlen(text));

	return trimmed(buf, len) == want && !memcmp(buf, text, want) ? (long)len : -EINVAL;
}

/* As a write of /proc/sys/vm/drop_caches: nothing here is a droppable cache. */
static long accept_store(const struct pseudo_node *n, const char *buf, size_t len)
{
	u64 v;

	(void)n;
	return text_number(buf, len, &v) ? -EINVAL : (long)len;
}

#define FIXED(label, s) { .name = label, .mode = S_IFREG | 0644, .text = s "\n", .store = fixed_store }
#define CONSTANT(label, s) PSEUDO_TEXT(label, s "\n")

/* ---- names */

static int name_show(struct text *t, const char *which)
{
	char name[65];

	lock_acquire(&system_names.lock);
	strlcpy(name, which, sizeof(name));
	lock_release(&system_names.lock);
	text_printf(t, "%s\n", name);
	return 0;
}

static long name_store(char *which, const char *buf, size_t len)
{
	size_t n = 0;

	while (n < len && n < 64 && buf[n] && buf[n] != '\n')
		n++;
	lock_acquire(&system_names.lock);
	memcpy(which, buf, n);
	which[n] = 0;
	lock_release(&system_names.lock);
	return len;
}

static int hostname_show(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	return name_show(t, system_names.node);
}

static long hostname_store(const struct pseudo_node *n, const char *buf, size_t len)
{
	(void)n;
	return name_store(system_names.node, buf, len);
}

static int domainname_show(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	return name_show(t, system_names.domain);
}

static long domainname_store(const struct pseudo_node *n, const char *buf, size_t len)
{
	(void)n;
	return name_store(system_names.domain, buf, len);
}

/* ---- random */

static void text_uuid(struct text *t, u8 b[16])
{
	int i;

	b[6] = (b[6] & 0x0f) | 0x40; /* version 4, RFC 4122 */
	b[8] = (b[8] & 0x3f) | 0x80;
	for (i = 0; i < 16; i++)
		text_printf(t, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
	text_add(t, "\n", 1);
}

static int uuid_show(const struct pseudo_node *n, struct text *t)
{
	u8 b[16];

	(void)n;
	random_fill(b, sizeof(b));
	text_uuid(t, b);
	return 0;
}

/* Made when first asked for. */
static int boot_id_show(const struct pseudo_node *n, struct text *t)
{
	static struct lock lock = LOCK_INIT;
	static u8 id[16];
	static bool made;
	u8 b[16];

	(void)n;
	lock_acquire(&lock);
	if (!made)
		random_fill(id, sizeof(id));
	made = true;
	memcpy(b, id, sizeof(b));
	lock_release(&lock);
	text_uuid(t, b);
	return 0;
}

/* ---- numbers */

/* Stack, mappings and heap are placed at random: Linux's default. */
static int randomize_va_space_show(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_printf(t, "%d\n", layout_fixed() ? 0 : 2);
	return 0;
}

/* As Linux: an eighth of memory for kernel stacks. */
static int threads_max_show(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_printf(t, "%lu\n", frame_total() / 32);
	return 0;
}

static int file_nr_show(const struct pseudo_node *n, struct text *t)
{
	const struct kcache *k;
	u64 files = 0;

	(void)n;
	for (k = kcache_first(); k; k = k->next)
		if (!strcmp(k->name, "files"))
			files = kcache_live(k);
	text_printf(t, "%lu\t0\t9223372036854775807\n", files);
	return 0;
}

/* ---- the tables */

static const struct pseudo_entry random_children[] = {
	PSEUDO_FILE("boot_id", boot_id_show),
	CONSTANT("entropy_avail", "256"),
	CONSTANT("poolsize", "256"),
	PSEUDO_FILE("uuid", uuid_show),
	{ 0 },
};

static const struct pseudo_entry kernel_children[] = {
	CONSTANT("cap_last_cap", "40"),
	FIXED("core_pattern", "core"),
	FIXED("core_uses_pid", "0"),
	{ .name = "domainname", .mode = S_IFREG | 0644, .show = domainname_show, .store = domainname_store },
	{ .name = "hostname", .mode = S_IFREG | 0644, .show = hostname_show, .store = hostname_store },
	CONSTANT("ngroups_max", "32"),
	CONSTANT("osrelease", SYSTEM_RELEASE),
	CONSTANT("ostype", "Linux"),
	CONSTANT("overflowgid", "65534"),
	CONSTANT("overflowuid", "65534"),
	FIXED("panic", "-1"),
	FIXED("panic_on_oops", "1"),
	FIXED("pid_max", "4194304"),
	PSEUDO_DIR("random", random_children),
	PSEUDO_FILE("randomize_va_space", randomize_va_space_show),
	FIXED("shmall", "18446744073692774399"), /* kern/segments.h */
	FIXED("shmmax", "18446744073692774399"),
	FIXED("shmmni", "4096"),
	FIXED("sysrq", "1"),
	CONSTANT("tainted", "0"),
	PSEUDO_FILE("threads-max", threads_max_show),
	CONSTANT("version", SYSTEM_VERSION),
	{ 0 },
};

static const struct pseudo_entry vm_children[] = {
	{ .name = "drop_caches", .mode = S_IFREG | 0200, .store = accept_store },
	FIXED("max_map_count", "65530"),
	FIXED("mmap_min_addr", "65536"),
	FIXED("nr_hugepages", "0"),
	FIXED("overcommit_memory", "1"),
	FIXED("overcommit_ratio", "50"),
	FIXED("swappiness", "0"),
	{ 0 },
};

/* kern/notify.c */
static const struct pseudo_entry inotify_children[] = {
	FIXED("max_queued_events", "16384"),
	FIXED("max_user_instances", "128"),
	FIXED("max_user_watches", "8192"),
	{ 0 },
};

static const struct pseudo_entry fs_children[] = {
	FIXED("file-max", "9223372036854775807"),
	PSEUDO_FILE("file-nr", file_nr_show),
	PSEUDO_DIR("inotify", inotify_children),
	FIXED("nr_open", "1048576"),
	FIXED("pipe-max-size", "1048576"),
	{ 0 },
};

static const struct pseudo_entry net_core_children[] = {
	FIXED("rmem_default", "212992"),
	FIXED("somaxconn", "4096"),
	FIXED("wmem_default", "212992"),
	{ 0 },
};

/* net/inet.c, net/sock.c and net/lwip/ are where these are true. */
static const struct pseudo_entry net_ipv4_children[] = {
	FIXED("ip_default_ttl", "64"),
	FIXED("ip_forward", "0"),
	FIXED("ip_local_port_range", "32768\t60999"),
	FIXED("ip_nonlocal_bind", "0"),
	FIXED("ip_unprivileged_port_start", "1024"),
	FIXED("tcp_fin_timeout", "20"),
	FIXED("tcp_keepalive_intvl", "75"),
	FIXED("tcp_keepalive_probes", "9"),
	FIXED("tcp_keepalive_time", "7200"),
	FIXED("tcp_sack", "1"),
	FIXED("tcp_syncookies", "0"),
	FIXED("tcp_timestamps", "0"),
	FIXED("tcp_window_scaling", "1"),
	{ 0 },
};

static const struct pseudo_entry net_unix_children[] = {
	FIXED("max_dgram_qlen", "10"),
	{ 0 },
};

static const struct pseudo_entry net_children[] = {
	PSEUDO_DIR("core", net_core_children),
	PSEUDO_DIR("ipv4", net_ipv4_children),
	PSEUDO_DIR("unix", net_unix_children),
	{ 0 },
};

const struct pseudo_entry proc_sys_children[] = {
	PSEUDO_DIR("fs", fs_children),
	PSEUDO_DIR("kernel", kernel_children),
	PSEUDO_DIR("net", net_children),
	PSEUDO_DIR("vm", vm_children),
	{ 0 },
};
