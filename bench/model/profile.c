/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A profile is a machine in numbers: a text file of "name = value" lines, "#" begins a comment. Every name of the table
 * below must be given, in the file or on QEMU's command line, which comes later and wins; a name that is not in the
 * table is an error. So a file can be read by itself, and a mistyped name does not silently leave another value.
 */
#include "model.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct profile profile;

struct setting {
	const char *name;
	uint64_t *value, least, most;
	bool set;
};

#define SETTING(name, least, most) { #name, &profile.name, least, most, false }

static struct setting settings[] = {
	SETTING(mhz, 100, 10000),
	SETTING(socket_cores, 1, MAX_VCPUS),
	SETTING(cpi_percent, 1, 10000),
	SETTING(private_kib, 16, 65536),
	SETTING(private_ways, 1, 16),
	SETTING(llc_kib, 64, 1 << 20),
	SETTING(llc_ways, 1, 64),
	SETTING(llc_hit, 0, 100000),
	SETTING(local_transfer, 0, 100000),
	SETTING(local_memory, 0, 100000),
	SETTING(remote_llc, 0, 100000),
	SETTING(remote_transfer, 0, 100000),
	SETTING(remote_memory, 0, 100000),
	SETTING(local_invalidate, 0, 100000),
	SETTING(remote_invalidate, 0, 100000),
	SETTING(atomic, 0, 100000),
	SETTING(occupancy, 0, 100000),
	SETTING(memory_mb_s, 1, 10000000),
	SETTING(link_mb_s, 1, 10000000),
	SETTING(tlb_entries, 4, 4096),
	SETTING(stlb_entries, 16, 65536),
	SETTING(stlb_hit, 0, 1000),
	SETTING(walk_step, 0, 1000),
	SETTING(invlpg, 0, 100000),
	SETTING(cr3_write, 0, 100000),
	SETTING(syscall, 0, 100000),
	SETTING(exception_entry, 0, 100000),
	SETTING(interrupt_entry, 0, 100000),
	SETTING(interrupt_return, 0, 100000),
	SETTING(apic_write, 0, 100000),
	SETTING(ipi_local, 0, 1000000),
	SETTING(ipi_remote, 0, 1000000),
	SETTING(pause, 0, 10000),
	SETTING(wrmsr, 0, 10000),
	SETTING(device, 0, 100000),
	SETTING(quantum, 1, 1000000),
	SETTING(fine_quantum, 1, 1000000),
	SETTING(jitter_percent, 0, 100),
	SETTING(seed, 0, UINT32_MAX),
	SETTING(nodes, 1, MAX_NODES),
	SETTING(memory_mib, 16, 1 << 20),
	SETTING(top_lines, 0, 100000),
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

int profile_set(const char *name, const char *text, const char *where)
{
	for (struct setting *s = settings; s < settings + SETTINGS; s++) {
		char *end;
		uint64_t value;

		if (strcmp(s->name, name) != 0)
			continue;
		errno = 0;
		value = strtoull(text, &end, 10);
		if (!isdigit((unsigned char)*text) || *end || errno || value < s->least || value > s->most) {
			fprintf(stderr, "model: %s: %s = %s is not a number from %lu to %lu\n", where, name, text, s->least, s->most);
			return -1;
		}
		*s->value = value;
		s->set = true;
		return 0;
	}
	fprintf(stderr, "model: %s: no such setting: %s\n", where, name);
	return -1;
}

static int read_line(char *line, const char *where)
{
	char name[64], value[64], rest;
	int words;

	line[strcspn(line, "#\n")] = 0;
	if (line[strspn(line, " \t\r")] == 0)
		return 0;
	words = sscanf(line, " %63[a-z0-9_] = %63[^ \t\r] %c", name, value, &rest);
	if (words == 2)
		return profile_set(name, value, where);
	fprintf(stderr, "model: %s: not \"name = value\": %s\n", where, line);
	return -1;
}

int profile_read(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[512];
	int result = 0;

	if (!file) {
		fprintf(stderr, "model: %s: %s\n", path, strerror(errno));
		return -1;
	}
	while (result == 0 && fgets(line, sizeof(line), file))
		result = read_line(line, path);
	fclose(file);
	return result;
}

int profile_complete(const char *where)
{
	for (struct setting *s = settings; s < settings + SETTINGS; s++) {
		if (!s->set) {
			fprintf(stderr, "model: %s: %s is missing\n", where, s->name);
			return -1;
		}
	}
	return 0;
}
