/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Interrupts: what an inter-processor interrupt takes on its way, and what entering a handler costs.
 *
 * QEMU delivers an interrupt at once, and it enters a handler inside its own code, where a plugin sees nothing. But the
 * guest says where its handlers are: lidt's operand is watched from the start, and when a region begins the descriptor table
 * is read. A block that begins at a handler's address is an entry through that vector.
 *
 *	sender: write to the interrupt command register --> due[receiver][vector] = its clock + time on the wire
 *	receiver: handler's first instruction           --> its clock is at least that; then the entry is charged
 *
 * So a receiver that is behind the sender stands still until the interrupt would have arrived, where a real one would go on
 * with what it does, for the time on the wire at most.
 */
#include "model.h"

#include <string.h>

#define VECTORS 256
#define GATE 16
#define SLOTS 1024	/* a power of two, several times VECTORS */
#define EXCEPTIONS 32

#define MSR_X2APIC_ICR 0x830
#define MSR_X2APIC_FIRST 0x800
#define MSR_X2APIC_LAST 0x8ff
#define APIC_PAGE 0xfee00000ull
#define APIC_ICR_LOW 0x300
#define APIC_ICR_HIGH 0x310

enum shorthand { TO_DESTINATION, TO_SELF, TO_ALL, TO_OTHERS };

static uint64_t table;	/* the guest address of the descriptor table loaded last */

/* Handler's address to vector + 1. */
static struct {
	uint64_t pc;
	int vector;
} handlers[SLOTS];

static uint64_t due[MAX_VCPUS][VECTORS];
static uint32_t destination[MAX_VCPUS];	/* xAPIC: the high half of the command register */

/* --- handlers --- */

/* lidt reads a limit of 2 bytes, then an address of 8. */
void interrupt_table(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
	struct qemu_mem_value value = qemu_plugin_mem_get_value(info);

	(void)vcpu, (void)vaddr, (void)data;
	if (value.data.u64 > 0xffff && value.type == 3)
		table = value.data.u64;
}

static uint32_t slot_of(uint64_t pc)
{
	uint32_t slot = (uint32_t)(pc * 0x9e3779b97f4a7c15ull >> 54);

	while (handlers[slot].vector && handlers[slot].pc != pc)
		slot = (slot + 1) % SLOTS;
	return slot;
}

static uint64_t gate_handler(const uint8_t *gate)
{
	uint16_t low, middle;
	uint32_t high;

	memcpy(&low, gate, 2);
	memcpy(&middle, gate + 6, 2);
	memcpy(&high, gate + 8, 4);
	return (uint64_t)high << 32 | (uint32_t)middle << 16 | low;
}

static void read_handlers(void)
{
	struct glib_bytes *bytes = g_byte_array_new();

	memset(handlers, 0, sizeof(handlers));
	if (!table || !qemu_plugin_read_memory_vaddr(table, bytes, VECTORS * GATE)) {
		fprintf(stderr, "model: the interrupt descriptor table cannot be read: entries into handlers cost nothing\n");
		return;
	}
	for (int vector = VECTORS - 1; vector >= 0; vector--) {
		const uint8_t *gate = bytes->data + vector * GATE;
		uint32_t slot = slot_of(gate_handler(gate));

		if (!(gate[5] & 0x80)) /* not present */
			continue;
		handlers[slot].pc = gate_handler(gate);
		handlers[slot].vector = vector + 1;
	}
}

void interrupt_begin(void)
{
	memset(due, 0, sizeof(due));
	read_handlers();
}

int interrupt_vector(uint64_t pc)
{
	return handlers[slot_of(pc)].vector - 1;
}

void interrupt_enter(unsigned int vcpu, void *data)
{
	struct vcpu *v = &vcpus[vcpu];
	int vector = (int)(intptr_t)data;
	uint64_t start;

	if (!region_on)
		return;
	start = clock_of(v);
	if (vector < EXCEPTIONS) {
		v->n.exceptions++;
		charge(v, profile.exception_entry);
	} else {
		v->n.interrupts++;
		clock_not_before(v, due[vcpu][vector]);
		due[vcpu][vector] = 0;
		charge(v, profile.interrupt_entry);
	}
	v->n.interrupt_cycles += clock_of(v) - start;
}

/* --- sending --- */

static void send_to(struct vcpu *from, int to, int vector)
{
	uint64_t wire = vcpus[to].node == from->node ? profile.ipi_local : profile.ipi_remote;
	uint64_t arrival = clock_of(from) + wire;

	from->n.ipis_sent++;
	if (arrival > due[to][vector])
		due[to][vector] = arrival;
}

/* APIC ids number the cores of a socket, sockets at a power of two: QEMU's way. */
static int vcpu_of_apic(uint32_t id)
{
	uint32_t per_socket = (uint32_t)vcpu_count / (uint32_t)profile.nodes, shift = 0;

	if ((uint64_t)per_socket * profile.nodes != (uint64_t)vcpu_count)
		return id < (uint32_t)vcpu_count ? (int)id : -1;
	while (1u << shift < per_socket)
		shift++;
	id = (id >> shift) * per_socket + (id & ((1u << shift) - 1));
	return id < (uint32_t)vcpu_count ? (int)id : -1;
}

/* Logical destinations in flat mode are a bit per processor, of at most eight. */
static bool addressed(struct vcpu *from, uint32_t command, uint32_t to, int vcpu)
{
	bool self = from == &vcpus[vcpu];

	switch (command >> 18 & 3) {
	case TO_SELF:
		return self;
	case TO_ALL:
		return true;
	case TO_OTHERS:
		return !self;
	default:
		return command >> 11 & 1 ? to >> vcpu & 1 : vcpu_of_apic(to) == vcpu;
	}
}

/* All vCPUs share one thread, so QEMU takes a receiver for running: it does not interrupt the sender for it. A sender that
 * has nobody to wait for would run on for ever beside receivers that are halted. */
static void send(struct vcpu *from, uint32_t command, uint32_t to)
{
	for (int i = 0; i < vcpu_count; i++) {
		if (addressed(from, command, to, i))
			send_to(from, i, (int)(command & 255));
	}
	cpu_exit(current_cpu);
}

void interrupt_wrmsr(unsigned int vcpu, void *data)
{
	struct vcpu *v = &vcpus[vcpu];
	uint32_t msr;

	(void)data;
	if (!region_on)
		return;
	msr = (uint32_t)guest_register(GUEST_RCX);
	if (msr < MSR_X2APIC_FIRST || msr > MSR_X2APIC_LAST) {
		charge(v, profile.wrmsr);
		return;
	}
	charge(v, profile.apic_write);
	if (msr == MSR_X2APIC_ICR)
		send(v, (uint32_t)guest_register(GUEST_RAX), (uint32_t)guest_register(GUEST_RDX));
}

void interrupt_mmio(struct vcpu *v, uint64_t physical, uint32_t value)
{
	if (physical == APIC_PAGE + APIC_ICR_HIGH)
		destination[v - vcpus] = value >> 24;
	else if (physical == APIC_PAGE + APIC_ICR_LOW)
		send(v, value, destination[v - vcpus]);
}
