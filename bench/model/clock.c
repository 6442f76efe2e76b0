/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The vCPUs' clocks, and how they are kept in step.
 *
 * A vCPU runs on a budget: translated code adds its cost to meter->spent, which is offset so that LIMIT means "used
 * up". A block of code that would begin beyond LIMIT calls clock_check instead, which leaves the block if this vCPU is
 * more than a quantum ahead of the slowest that is not idle, so that QEMU's round robin goes on to the others; else it
 * gives a new budget. Between two checks clocks differ by at most a quantum plus one block.
 *
 * What vCPUs do to each other needs more than that: behind a locked instruction or a line that came from another's
 * cache stands a synchronisation point, where the fine quantum holds (a few instructions). Without it the quantum would
 * have to be below the cost of a transfer for contended lines to change hands as often as they would.
 *
 *	running --hlt--> idle --its next block--> running, with the clock of the slowest that ran meanwhile
 *
 * The guest's time: rdtsc is the vCPU's own clock; timers and clock devices follow the slowest running vCPU. While
 * all are idle, time goes on as the host's does. Outside regions it is the host's time as well, offset so that it
 * never steps back.
 */
#include "model.h"

#include <stdlib.h>
#include <time.h>

#define LIMIT (1ull << 62)

qemu_u64 meter_spent, meter_instructions;

static volatile uint64_t slowest;	/* the clock of the slowest running vCPU; never steps back in a region */
static volatile int running;
static volatile int64_t idle_since, region_base, offset;	/* nanoseconds */
static volatile int asking;	/* the vCPU that executes rdtsc */

static int64_t host_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int64_t to_ns(uint64_t cycles)
{
	return (unsigned __int128)cycles * 1000 / profile.mhz;
}

static uint64_t to_cycles(int64_t ns)
{
	return (unsigned __int128)ns * profile.mhz / 1000;
}

/* --- what QEMU asks --- */

static int64_t virtual_clock(void)
{
	int64_t now;

	if (!region_on)
		return cpu_get_clock() + offset;
	now = region_base + to_ns(slowest);
	return running ? now : now + host_ns() - idle_since;
}

static int64_t elapsed_ticks(void)
{
	if (!region_on)
		return to_cycles(cpu_get_clock() + offset);
	return to_cycles(region_base) + clock_of(&vcpus[asking]);
}

void clock_setup(void)
{
	struct qemu_accel_ops *ops = object_class_by_name("tcg-accel-ops");

	if (!ops || !ops->ops_init || !ops->kick_vcpu_thread || !ops->handle_interrupt || ops->get_virtual_clock ||
	    ops->set_virtual_clock || ops->get_elapsed_ticks) {
		fprintf(stderr, "model: this QEMU's accelerator is not laid out as 10.0's, or -icount is on\n");
		exit(1);
	}
	ops->get_virtual_clock = virtual_clock;
	ops->get_elapsed_ticks = elapsed_ticks;
}

void clock_asked(unsigned int vcpu, void *data)
{
	(void)data;
	asking = (int)vcpu;
}

/* --- lock-step --- */

uint64_t clock_slowest(void)
{
	return slowest;
}

static void find_slowest(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < vcpu_count; i++) {
		if (!vcpus[i].idle && clock_of(&vcpus[i]) < least)
			least = clock_of(&vcpus[i]);
	}
	if (least != UINT64_MAX && least > slowest)
		slowest = least;
}

/* The clock reads `now`, and the budget is `budget` cycles. */
static void set_clock(struct vcpu *v, uint64_t now, uint64_t budget)
{
	v->base = now;
	v->mark = v->meter->spent = LIMIT - budget;
}

static void wake(struct vcpu *v)
{
	if (running == 0)
		slowest += to_cycles(host_ns() - idle_since);
	running++;
	v->idle = 0;
	if (v->base < slowest) {
		v->n.idle_cycles += slowest - v->base;
		v->base = slowest;
	}
	set_clock(v, v->base, 0);
}

void clock_halt(unsigned int vcpu, void *data)
{
	struct vcpu *v = &vcpus[vcpu];

	(void)data;
	if (!region_on || v->idle)
		return;
	v->n.halts++;
	set_clock(v, clock_of(v), 0);
	find_slowest();
	v->idle = 1;
	if (--running == 0) {
		if (v->base > slowest)
			slowest = v->base;
		idle_since = host_ns();
	}
}

void clock_sync_point(struct vcpu *v)
{
	if (v->meter->spent < LIMIT) {
		v->mark += LIMIT - v->meter->spent;
		v->meter->spent = LIMIT;
	}
	v->fine = 1;
}

void clock_not_before(struct vcpu *v, uint64_t when)
{
	uint64_t now = clock_of(v);

	if (when > now)
		charge(v, when - now);
}

/* The block's cost has been added already, and is taken back where it does not run. */
void clock_check(unsigned int vcpu, void *data)
{
	struct vcpu *v = &vcpus[vcpu];
	uint64_t cost = (uintptr_t)data >> 32, instructions = (uint32_t)(uintptr_t)data;
	uint64_t now, reach;

	if (!region_on) {
		v->meter->spent = 0;
		return;
	}
	if (v->idle) {
		wake(v);
		v->meter->spent += cost;
	}
	v->meter->spent -= cost;
	now = clock_of(v);
	set_clock(v, now, 0);
	find_slowest();
	if (now >= slowest + (v->fine ? profile.fine_quantum : profile.quantum)) {
		v->n.yields++;
		v->meter->instructions -= instructions;
		cpu_exit(current_cpu);
		cpu_loop_exit_restore(current_cpu, (uintptr_t)__builtin_return_address(0) - 1);
	}
	v->fine = 0;
	reach = slowest + profile.quantum;
	set_clock(v, now, reach > now ? reach - now : 1);
	v->meter->spent += cost;
}

/* --- regions --- */

void clock_begin(struct vcpu *first)
{
	for (int i = 0; i < vcpu_count; i++) {
		vcpus[i].idle = 1;
		vcpus[i].fine = 0;
		set_clock(&vcpus[i], 0, 0);
	}
	region_base = virtual_clock();
	slowest = 0;
	first->idle = 0;
	running = 1;
}

/* The fastest clock decides where time goes on, so that no vCPU sees its counter step back. */
void clock_end(void)
{
	uint64_t last = slowest;
	int64_t now = virtual_clock();

	for (int i = 0; i < vcpu_count; i++) {
		if (clock_of(&vcpus[i]) > last)
			last = clock_of(&vcpus[i]);
	}
	if (region_base + to_ns(last) > now)
		now = region_base + to_ns(last);
	region_on = false;
	offset = now - cpu_get_clock();
}
