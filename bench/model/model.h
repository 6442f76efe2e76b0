/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The machine model: a QEMU plugin that gives each virtual CPU a clock of its own, charges that clock for what a
 * profile says instructions, caches, memory and interrupts cost, and keeps the clocks in step.
 *
 *	plugin.c    translation: which callbacks an instruction gets; the trigger that begins and ends a region
 *	decode.c    which instructions matter, from their bytes
 *	clock.c     the vCPUs' clocks, lock-step, and the time the guest sees
 *	tlb.c       a TLB per vCPU, and walks of the page tables where they lie
 *	cache.c     private caches, directory, last-level caches: where a line comes from and what that costs
 *	traffic.c   memory controllers and links between nodes: what is asked of them at once waits
 *	interrupt.c inter-processor interrupts on their way, and the entry into a handler
 *	lines.c     misses by cache line and instruction
 *	profile.c   the costs, from a file
 *	report.c    what a region was like
 *
 * Outside a region nothing is charged and the guest runs as fast as QEMU can. All vCPUs are run by one thread
 * (thread=single), so the model has no locks; only the clock is read by QEMU's main loop.
 */
#ifndef MODEL_H
#define MODEL_H

#include "qemu.h"

#include <stdio.h>

enum {
	MAX_VCPUS = 128,
	MAX_NODES = 8,
	LINE_SHIFT = 6,
};

/* --- profile.c --- */

/* Everything a profile says; cycles unless the name says otherwise. The table in profile.c explains each. */
struct profile {
	uint64_t mhz, socket_cores, cpi_percent;
	uint64_t private_kib, private_ways, llc_kib, llc_ways;
	uint64_t llc_hit, local_transfer, local_memory, remote_llc, remote_transfer, remote_memory;
	uint64_t local_invalidate, remote_invalidate, atomic, occupancy;
	uint64_t memory_mb_s, link_mb_s;
	uint64_t tlb_entries, stlb_entries, stlb_hit, walk_step, invlpg, cr3_write;
	uint64_t syscall, exception_entry, interrupt_entry, interrupt_return, apic_write, ipi_local, ipi_remote;
	uint64_t pause, wrmsr, device;
	uint64_t quantum, fine_quantum, jitter_percent, seed;
	uint64_t nodes, memory_mib, top_lines;
};

extern struct profile profile;

/* Read a file of "name = value" lines; 0, or -1 after one line on standard error. */
int profile_read(const char *path);
/* Set one value; -1 after one line on standard error if there is no such name or the value does not fit. */
int profile_set(const char *name, const char *value, const char *where);
/* Is every value set? The first that is not is named on standard error. */
int profile_complete(const char *where);

/* --- the vCPUs --- */

/* What translated code adds to by itself. */
struct meter {
	uint64_t spent;	 /* cycles, offset so that LIMIT means: the budget is used */
	uint64_t instructions;
};

struct counters {
	uint64_t accesses, private_hits, llc_local, llc_remote, memory_local, memory_remote, transfer_local, transfer_remote,
		invalidate_local, invalidate_remote, received_invalidations, atomics, device, yields, halts;
	uint64_t miss_cycles, line_wait_cycles, traffic_cycles, tlb_misses, walk_cycles, tlb_flushes, invlpgs;
	uint64_t ipis_sent, interrupts, exceptions, interrupt_cycles, idle_cycles;
};

struct way;
struct tlb;

struct vcpu {
	struct meter *meter;
	uint64_t base, mark;	/* the clock is base + meter->spent - mark */
	uint8_t node, idle, fine;
	struct way *cache;
	struct tlb *tlb;
	struct counters n;
};

extern struct vcpu vcpus[MAX_VCPUS];
extern int vcpu_count;
extern volatile bool region_on;

/* Which access is being charged: for the profile by line. */
struct access {
	uint64_t physical, virtual, pc;
	bool store, locked;
};

static inline void charge(struct vcpu *v, uint64_t cycles)
{
	v->meter->spent += cycles;
}

static inline uint64_t clock_of(const struct vcpu *v)
{
	return v->base + v->meter->spent - v->mark;
}

/* --- clock.c --- */

void clock_setup(void);		  /* once, when the first vCPU exists */
void clock_begin(struct vcpu *);  /* a region begins; this vCPU runs, the others count as idle until they do */
void clock_end(void);
void clock_sync_point(struct vcpu *);		/* at its next block, this vCPU compares its clock with the others' */
void clock_check(unsigned int vcpu, void *);	/* callback: the budget is used; data is cost << 32 | instructions */
void clock_halt(unsigned int vcpu, void *);	/* callback: hlt */
void clock_asked(unsigned int vcpu, void *);	/* callback: rdtsc */
void clock_not_before(struct vcpu *, uint64_t);
uint64_t clock_slowest(void);
extern qemu_u64 meter_spent, meter_instructions;

/* --- cache.c --- */

int cache_setup(void);
void cache_begin(void);
/* Charge one access. Locked ones count as stores. */
void cache_access(struct vcpu *, const struct access *);
bool cache_covers(uint64_t physical);
int cache_home(uint64_t physical);

/* --- traffic.c --- */

void traffic_begin(void);
/* A line goes from memory of `home` (or its caches, if !memory) to `node`, asked for at `now`: cycles to wait. */
uint64_t traffic_wait(int home, int node, bool memory, uint64_t now);

/* --- tlb.c --- */

int tlb_setup(struct vcpu *);
void tlb_begin(struct vcpu *);
void tlb_access(struct vcpu *, uint64_t vaddr, uint64_t pc);
void tlb_flush(unsigned int vcpu, void *all);	  /* callback: mov to cr3; to cr4 or invpcid if data is not NULL */
void tlb_forget(unsigned int vcpu, void *operand); /* callback: invlpg of a struct operand */

/* --- interrupt.c --- */

void interrupt_table(unsigned int vcpu, qemu_plugin_meminfo_t, uint64_t vaddr, void *); /* callback: lidt's operand */
void interrupt_begin(void);
int interrupt_vector(uint64_t pc);		/* the vector whose handler starts there, or -1 */
void interrupt_enter(unsigned int vcpu, void *vector);
void interrupt_wrmsr(unsigned int vcpu, void *);
void interrupt_mmio(struct vcpu *, uint64_t physical, uint32_t value);

/* --- lines.c --- */

void lines_begin(void);
void lines_add(const struct access *, uint64_t cycles, bool remote);
void lines_report(FILE *, uint64_t top);

/* --- report.c --- */

int report_open(const char *path);
void report_measure(void);	/* the warm-up is over: count from here */
void report_region(void);	/* the measured part is over; only the first call after report_measure counts */

/* --- registers of the guest (plugin.c) --- */

/* The general registers by their number in instructions, then CR3. Of the vCPU that runs this callback. */
enum { GUEST_RAX, GUEST_RCX, GUEST_RDX, GUEST_CR3 = 16, GUEST_REGISTERS };
uint64_t guest_register(int number);

#endif
