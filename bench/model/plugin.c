/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The plugin's face to QEMU: translation, the trigger, and installation.
 *
 * The guest begins a region with the trigger instruction, a nop on any real processor. All translated code is then thrown
 * away and translated again with the model's callbacks in it, and thrown away once more when the region ends:
 *
 *	off --begin--> on, warming up --measure--> on, counting --measured--> on, some still at it --end--> off
 *
 * Options: profile=FILE, out=FILE, then any name=value of a profile.
 */
#include "decode.h"
#include "model.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

QEMU_EXPORT int qemu_plugin_version = QEMU_API_VERSION;

struct vcpu vcpus[MAX_VCPUS];
int vcpu_count;
volatile bool region_on;

static struct qemu_scoreboard *meters;

/* --- what a translated instruction needs to know when it runs; lives until the code is thrown away --- */

struct site {
	uint64_t pc;
	bool locked;
	struct operand operand;
};

#define SITES 4096

struct site_block {
	struct site_block *next;
	int used;
	struct site sites[SITES];
};

static struct site_block *blocks;

static struct site *new_site(void)
{
	if (!blocks || blocks->used == SITES) {
		struct site_block *b = calloc(1, sizeof(*b));

		if (!b)
			abort();
		b->next = blocks;
		blocks = b;
	}
	return &blocks->sites[blocks->used++];
}

static void retranslate(CPUState *cpu, uint64_t data)
{
	(void)data;
	tb_flush(cpu);
	while (blocks) {
		struct site_block *b = blocks;

		blocks = b->next;
		free(b);
	}
}

/* --- registers --- */

static struct qemu_register *registers[GUEST_REGISTERS + 1];

static void find_registers(void)
{
	static const char *const names[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11",
					     "r12", "r13", "r14", "r15", "cr3" };
	struct glib_array *all = qemu_plugin_get_registers();
	const struct qemu_register_info *info = (const void *)all->data;

	for (unsigned int i = 0; i < all->len; i++) {
		for (unsigned int k = 0; k < sizeof(names) / sizeof(*names); k++) {
			if (strcmp(info[i].name, names[k]) == 0)
				registers[k] = info[i].handle;
		}
	}
	for (unsigned int k = 0; k < sizeof(names) / sizeof(*names); k++) {
		if (!registers[k]) {
			fprintf(stderr, "model: this QEMU does not show the register %s\n", names[k]);
			exit(1);
		}
	}
}

uint64_t guest_register(int number)
{
	static struct glib_bytes *bytes;
	uint64_t value = 0;

	if (!bytes)
		bytes = g_byte_array_new();
	g_byte_array_set_size(bytes, 0);
	qemu_plugin_read_register(registers[number], bytes);
	memcpy(&value, bytes->data, bytes->len < sizeof(value) ? bytes->len : sizeof(value));
	return value;
}

/* --- memory --- */

static void on_device(struct vcpu *v, uint64_t physical, qemu_plugin_meminfo_t info)
{
	bool apic = physical >> 12 == 0xfee00;

	charge(v, apic ? profile.apic_write : profile.device);
	v->n.device++;
	if (apic && qemu_plugin_mem_is_store(info))
		interrupt_mmio(v, physical, qemu_plugin_mem_get_value(info).data.u32);
}

static void on_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
	const struct site *site = data;
	struct vcpu *v = &vcpus[vcpu];
	struct qemu_hwaddr *hw;
	struct access a;

	if (!region_on)
		return;
	hw = qemu_plugin_get_hwaddr(info, vaddr);
	if (!hw)
		return;
	a.physical = qemu_plugin_hwaddr_phys_addr(hw);
	if (qemu_plugin_hwaddr_is_io(hw) || !cache_covers(a.physical)) {
		on_device(v, a.physical, info);
		return;
	}
	a.virtual = vaddr;
	a.pc = site->pc;
	a.locked = site->locked;
	a.store = qemu_plugin_mem_is_store(info);
	tlb_access(v, vaddr, a.pc);
	cache_access(v, &a);
}

/* --- the trigger --- */

static void place_vcpus(void)
{
	vcpu_count = qemu_plugin_num_vcpus();
	if (vcpu_count > MAX_VCPUS) {
		fprintf(stderr, "model: %d vCPUs, and at most %d are modelled\n", vcpu_count, MAX_VCPUS);
		exit(1);
	}
	for (int i = 0; i < vcpu_count; i++) {
		struct vcpu *v = &vcpus[i];

		v->node = (uint8_t)((uint64_t)i * profile.nodes / (uint64_t)vcpu_count);
		v->meter = qemu_plugin_scoreboard_find(meters, (unsigned int)i);
		v->meter->instructions = 0;
		memset(&v->n, 0, sizeof(v->n));
		if (!v->tlb && tlb_setup(v) != 0)
			abort();
		tlb_begin(v);
	}
}

static void begin_region(struct vcpu *v)
{
	if (!registers[0])
		find_registers();
	place_vcpus();
	cache_begin();
	traffic_begin();
	interrupt_begin();
	clock_begin(v);
	report_measure();
	region_on = true;
	async_safe_run_on_cpu(current_cpu, retranslate, 0);
}

static void end_region(void)
{
	report_region();
	clock_end();
	async_safe_run_on_cpu(current_cpu, retranslate, 0);
}

static void on_trigger(unsigned int vcpu, void *data)
{
	int command = (int)(intptr_t)data;

	if (qemu_get_cpu((int)vcpu) != current_cpu) {
		fprintf(stderr, "model: QEMU calls with the wrong vCPU's number; this is not 10.0\n");
		exit(1);
	}
	if (command == TRIGGER_BEGIN && !region_on)
		begin_region(&vcpus[vcpu]);
	else if (command == TRIGGER_MEASURE && region_on)
		report_measure();
	else if (command == TRIGGER_MEASURED && region_on)
		report_region();
	else if (command == TRIGGER_END && region_on)
		end_region();
}

/* --- translation --- */

/* Instructions that are watched at any time. */
static void translate_always(struct qemu_insn *insn, const struct decoded *d)
{
	if (d->kind == DECODE_TRIGGER)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_trigger, QEMU_READ_REGS, (void *)(intptr_t)d->command);
	else if (d->kind == DECODE_RDTSC)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, clock_asked, QEMU_NO_REGS, NULL);
	else if (d->kind == DECODE_LIDT)
		qemu_plugin_register_vcpu_mem_cb(insn, interrupt_table, QEMU_NO_REGS, QEMU_MEM_READ, NULL);
}

/* Cycles that an instruction costs besides its share of cpi_percent. */
static uint64_t extra_cost(enum decode kind)
{
	switch (kind) {
	case DECODE_LOCKED:
		return profile.atomic;
	case DECODE_PAUSE:
		return profile.pause;
	case DECODE_INVLPG:
		return profile.invlpg;
	case DECODE_CR3:
	case DECODE_CR4:
		return profile.cr3_write;
	case DECODE_IRET:
		return profile.interrupt_return;
	case DECODE_SYSCALL:
		return profile.syscall;
	default:
		return 0;
	}
}

static void translate_effect(struct qemu_insn *insn, enum decode kind, struct site *site)
{
	switch (kind) {
	case DECODE_HLT:
		qemu_plugin_register_vcpu_insn_exec_cb(insn, clock_halt, QEMU_NO_REGS, NULL);
		break;
	case DECODE_WRMSR:
		qemu_plugin_register_vcpu_insn_exec_cb(insn, interrupt_wrmsr, QEMU_READ_REGS, NULL);
		break;
	case DECODE_INVLPG:
		qemu_plugin_register_vcpu_insn_exec_cb(insn, tlb_forget, QEMU_READ_REGS, &site->operand);
		break;
	case DECODE_CR3:
		qemu_plugin_register_vcpu_insn_exec_cb(insn, tlb_flush, QEMU_NO_REGS, NULL);
		break;
	case DECODE_CR4:
		qemu_plugin_register_vcpu_insn_exec_cb(insn, tlb_flush, QEMU_NO_REGS, site);
		break;
	default:
		break;
	}
}

static void translate_in_region(struct qemu_insn *insn, const struct decoded *d)
{
	struct site *site = new_site();
	uint64_t extra = extra_cost(d->kind);

	site->pc = qemu_plugin_insn_vaddr(insn);
	site->locked = d->kind == DECODE_LOCKED;
	site->operand = d->operand;
	if (extra)
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_ADD_U64, meter_spent, extra);
	translate_effect(insn, d->kind, site);
	qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_NO_REGS, QEMU_MEM_BOTH, site);
}

/* What a block costs is added before it runs; then comes the check, which may leave it. */
static void translate_block(struct qemu_tb *tb, size_t count)
{
	uint64_t cost = (count * profile.cpi_percent + 50) / 100;
	int vector = interrupt_vector(qemu_plugin_tb_vaddr(tb));

	if (cost == 0)
		cost = 1;
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_ADD_U64, meter_instructions, count);
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_ADD_U64, meter_spent, cost);
	qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, clock_check, QEMU_NO_REGS, QEMU_COND_GE, meter_spent, 1ull << 62,
						  (void *)(uintptr_t)(cost << 32 | count));
	if (vector >= 0)
		qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(tb, 0), interrupt_enter, QEMU_NO_REGS,
						       (void *)(intptr_t)vector);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (region_on)
		translate_block(tb, count);
	for (size_t i = 0; i < count; i++) {
		struct qemu_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint8_t bytes[16];
		struct decoded d = decode(bytes, qemu_plugin_insn_data(insn, bytes, sizeof(bytes)));

		translate_always(insn, &d);
		if (region_on)
			translate_in_region(insn, &d);
	}
}

/* --- installation --- */

/* Outside regions nothing makes QEMU's round robin go on from a vCPU that spins before its time slice of 100 ms ends. */
static void *kick(void *data)
{
	const struct timespec pause = { 0, 2000000 };

	(void)data;
	for (;;) {
		CPUState *cpu = qemu_get_cpu(0);

		nanosleep(&pause, NULL);
		if (!region_on && cpu)
			qemu_cpu_kick(cpu);
	}
	return NULL;
}

static void on_vcpu(qemu_plugin_id_t id, unsigned int vcpu)
{
	pthread_t thread;

	(void)id;
	tcg_cflags_set(qemu_get_cpu((int)vcpu), QEMU_CF_PARALLEL);
	if (vcpu != 0)
		return;
	clock_setup();
	pthread_create(&thread, NULL, kick, NULL);
}

static void on_exit_qemu(qemu_plugin_id_t id, void *data)
{
	(void)id, (void)data;
	if (region_on)
		fprintf(stderr, "model: the machine ended inside a region\n");
	region_on = false;
}

static int take_option(char *text)
{
	char *value = strchr(text, '=');

	if (!value) {
		fprintf(stderr, "model: option without a value: %s\n", text);
		return -1;
	}
	*value++ = 0;
	if (strcmp(text, "profile") == 0)
		return profile_read(value);
	if (strcmp(text, "out") == 0)
		return report_open(value);
	return profile_set(text, value, "option");
}

QEMU_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (take_option(argv[i]) != 0)
			return -1;
	}
	if (profile_complete("the profile") != 0 || cache_setup() != 0)
		return -1;
	meters = qemu_plugin_scoreboard_new(sizeof(struct meter));
	meter_spent = (qemu_u64){ meters, offsetof(struct meter, spent) };
	meter_instructions = (qemu_u64){ meters, offsetof(struct meter, instructions) };
	qemu_plugin_register_vcpu_init_cb(id, on_vcpu);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_qemu, NULL);
	return 0;
}
