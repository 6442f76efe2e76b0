/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a region was like, as lines of text in the file named by out=:
 *
 *	region N cycles=C vcpus=V host_seconds=S name=value...	sums over all vCPUs of the measured part
 *	line ...						see lines.c
 *	end N
 *
 * Counters run from the region's beginning; the measured part begins and ends where the guest says so, else with the region.
 */
#include "model.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static FILE *out;
static int number;
static bool reported;
static struct counters sum_before;
static uint64_t instructions_before, cycles_before;
static double host_before;

int report_open(const char *path)
{
	out = fopen(path, "a");
	if (!out)
		fprintf(stderr, "model: %s: %s\n", path, strerror(errno));
	return out ? 0 : -1;
}

static double host_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* struct counters is nothing but 64-bit counters. */
static struct counters sum(void)
{
	struct counters all = { 0 };
	uint64_t *to = (uint64_t *)&all;

	for (int i = 0; i < vcpu_count; i++) {
		const uint64_t *from = (const uint64_t *)&vcpus[i].n;

		for (size_t k = 0; k < sizeof(all) / sizeof(*to); k++)
			to[k] += from[k];
	}
	return all;
}

static uint64_t instructions(void)
{
	uint64_t all = 0;

	for (int i = 0; i < vcpu_count; i++)
		all += vcpus[i].meter->instructions;
	return all;
}

void report_measure(void)
{
	reported = false;
	sum_before = sum();
	instructions_before = instructions();
	cycles_before = clock_slowest();
	host_before = host_seconds();
	lines_begin();
}

#define COUNTER(name) fprintf(out, " " #name "=%lu", now.name - sum_before.name)

static void report_counters(void)
{
	struct counters now = sum();

	COUNTER(accesses);
	COUNTER(private_hits);
	COUNTER(llc_local);
	COUNTER(llc_remote);
	COUNTER(memory_local);
	COUNTER(memory_remote);
	COUNTER(transfer_local);
	COUNTER(transfer_remote);
	COUNTER(invalidate_local);
	COUNTER(invalidate_remote);
	COUNTER(received_invalidations);
	COUNTER(device);
	COUNTER(yields);
	COUNTER(halts);
	COUNTER(miss_cycles);
	COUNTER(line_wait_cycles);
	COUNTER(traffic_cycles);
	COUNTER(tlb_misses);
	COUNTER(walk_cycles);
	COUNTER(tlb_flushes);
	COUNTER(invlpgs);
	COUNTER(ipis_sent);
	COUNTER(interrupts);
	COUNTER(exceptions);
	COUNTER(interrupt_cycles);
	COUNTER(idle_cycles);
}

void report_region(void)
{
	if (!out || reported)
		return;
	reported = true;
	fprintf(out, "region %d cycles=%lu vcpus=%d host_seconds=%.2f instructions=%lu", ++number,
		clock_slowest() - cycles_before, vcpu_count, host_seconds() - host_before, instructions() - instructions_before);
	report_counters();
	fprintf(out, "\n");
	lines_report(out, profile.top_lines);
	fprintf(out, "end %d\n", number);
	fflush(out);
}
