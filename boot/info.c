/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * boot_info from what the loader said: usable RAM, cut by what is in use (first megabyte, image, initial RAM
 * disk) and by node, page-aligned and sorted. Small counts, quadratic is fine.
 */
#include "boot/info.h"

#include "arch/machine.h"
#include "base/string.h"

extern char kernel_start[], kernel_end[];

struct boot_info boot_info;
static char cmdline[4096];

void raw_add_memory(struct boot_raw *r, u64 start, u64 len, u32 type)
{
	if (r->nmemory == RAW_MEMORY_MAX || !len || start + len < start)
		return;
	r->memory[r->nmemory].start = start;
	r->memory[r->nmemory].end = start + len;
	r->memory[r->nmemory++].type = type;
}

void raw_set_cmdline(struct boot_raw *r, u64 phys)
{
	for (size_t i = 0; phys && i + 1 < sizeof(r->cmdline); i++) {
		const char *c = boot_peek(phys + i, 1);
		r->cmdline[i] = c ? *c : '\0';
		if (!r->cmdline[i])
			break;
	}
}

static void add_range(u64 start, u64 end, u32 node)
{
	u32 i = boot_info.nranges;

	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (start >= end || i == BOOT_RANGES_MAX)
		return;
	for (; i > 0 && boot_info.range[i - 1].start > start; i--)
		boot_info.range[i] = boot_info.range[i - 1];
	boot_info.range[i] = (struct boot_range){ start, end, node };
	boot_info.nranges++;
}

/* Affinity ranges are sorted. */
void boot_each_node(u64 start, u64 end, void (*fn)(u64 start, u64 end, u32 node))
{
	for (u32 i = 0; i < machine.nmemory && start < end; i++) {
		const struct machine_memory *m = &machine.memory[i];
		if (m->end <= start || m->start >= end)
			continue;
		if (start < m->start)
			fn(start, m->start, 0);
		start = MAX(start, m->start);
		fn(start, MIN(end, m->end), m->node);
		start = MIN(end, m->end);
	}
	if (start < end)
		fn(start, end, 0);
}

struct hole {
	u64 start, end;
};

/* [start, end) without the holes from `n` on. */
static void add_without(u64 start, u64 end, const struct hole *hole, u32 n)
{
	if (start >= end)
		return;
	if (!n) {
		boot_each_node(start, end, add_range);
		return;
	}
	if (hole->end <= start || hole->start >= end) {
		add_without(start, end, hole + 1, n - 1);
		return;
	}
	add_without(start, MIN(end, hole->start), hole + 1, n - 1);
	add_without(MAX(start, hole->end), end, hole + 1, n - 1);
}

void boot_info_fill(const struct boot_raw *r)
{
	const struct hole hole[] = {
		{ 0, 1 << 20 },
		{ image_to_phys(kernel_start), image_to_phys(kernel_end) },
		{ ALIGN_DOWN(r->initrd, PAGE_SIZE), ALIGN_UP(r->initrd + r->initrd_size, PAGE_SIZE) },
	};

	strlcpy(cmdline, r->cmdline, sizeof(cmdline));
	boot_info.cmdline = cmdline;
	boot_info.initrd_phys = r->initrd;
	boot_info.initrd_size = r->initrd_size;
	boot_info.initrd = r->initrd_size ? phys_to_virt(r->initrd) : NULL;
	boot_info.rsdp = r->rsdp;
	for (u32 i = 0; i < r->nmemory; i++)
		if (r->memory[i].type == RAW_RAM)
			add_without(r->memory[i].start, r->memory[i].end, hole, ARRAY_SIZE(hole));
}

/* Words are separated by spaces; a double-quoted part may contain them. "--" ends the kernel's part. */
const char *boot_option(const char *name, char *buf, size_t size)
{
	size_t n = strlen(name);

	for (const char *p = boot_info.cmdline; *p;) {
		while (*p == ' ')
			p++;
		if (p[0] == '-' && p[1] == '-' && (p[2] == ' ' || !p[2]))
			break;
		bool match = !strncmp(p, name, n) && (p[n] == '=' || p[n] == ' ' || !p[n]);
		size_t out = 0;
		if (match)
			p += p[n] == '=' ? n + 1 : n;
		for (bool quoted = false; *p && (quoted || *p != ' '); p++) {
			if (*p == '"')
				quoted = !quoted;
			else if (match && out + 1 < size)
				buf[out++] = *p;
		}
		if (match) {
			if (size)
				buf[out] = '\0';
			return buf;
		}
	}
	return NULL;
}
