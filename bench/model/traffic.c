/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Bandwidth: each node's memory and each directed link between two nodes serves one line at a time.
 *
 * The vCPUs' clocks differ by up to a quantum, so a queue by arrival time would let one that is ahead block one that is
 * behind. Instead time is cut into windows longer than any quantum, and a server is judged by the lines asked of it in a
 * window: below capacity a request waits as in a queue with random arrivals (M/D/1) at the load of this window or the
 * one before, whichever is larger; what exceeds a window's capacity waits for the excess to be served.
 */
#include "model.h"

#include <string.h>

#define WINDOW 8192u	/* cycles */
#define UNIT 256u	/* service times are in 1/UNIT cycles */
#define FULL 243u	/* load, in 1/UNIT, above which the queue's formula is not asked */

struct server {
	uint64_t window;	/* which window `used` counts */
	uint64_t used, before;	/* work asked for in it and in the one before, in 1/UNIT cycles */
};

static struct server memory_of[MAX_NODES], link_to[MAX_NODES][MAX_NODES];
static uint64_t memory_service, link_service;

/* The time a line of 64 bytes takes, in 1/UNIT cycles. */
static uint64_t service(uint64_t mb_s)
{
	return ((64ull << 0) * profile.mhz * UNIT + mb_s / 2) / mb_s;
}

void traffic_begin(void)
{
	memset(memory_of, 0, sizeof(memory_of));
	memset(link_to, 0, sizeof(link_to));
	memory_service = service(profile.memory_mb_s);
	link_service = service(profile.link_mb_s);
}

static void turn_window(struct server *s, uint64_t window)
{
	if (window <= s->window)
		return;
	s->before = window == s->window + 1 ? s->used : 0;
	s->used = 0;
	s->window = window;
}

static uint64_t serve(struct server *s, uint64_t work, uint64_t now)
{
	uint64_t capacity = (uint64_t)WINDOW * UNIT, busiest, load;

	turn_window(s, now / WINDOW);
	s->used += work;
	if (s->used > capacity)
		return (s->used - capacity) / UNIT;
	busiest = s->used > s->before ? s->used : s->before;
	load = busiest * UNIT / capacity;
	if (load > FULL)
		load = FULL;
	return work * load / (2 * (UNIT - load)) / UNIT;
}

uint64_t traffic_wait(int home, int node, bool memory, uint64_t now)
{
	uint64_t wait = 0;

	if (memory)
		wait += serve(&memory_of[home], memory_service, now);
	if (home != node)
		wait += serve(&link_to[home][node], link_service, now);
	return wait;
}
