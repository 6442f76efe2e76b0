/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the model uses of QEMU 10.0: declarations only, so that no source package has to be fetched.
 *
 * The first half is the public plugin interface, version 4. The second half are functions that the executable
 * exports for its own modules; they are what makes modelled time possible, and the reason why tools/launch/model.py
 * insists on one version of QEMU.
 */
#ifndef MODEL_QEMU_H
#define MODEL_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_EXPORT __attribute__((visibility("default")))
#define QEMU_API_VERSION 4

/* --- the plugin interface --- */

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;

struct qemu_info;
struct qemu_tb;
struct qemu_insn;
struct qemu_hwaddr;
struct qemu_register;
struct qemu_scoreboard;

/* A 64-bit counter per vCPU, inside a scoreboard. */
typedef struct {
	struct qemu_scoreboard *score;
	size_t offset;
} qemu_u64;

struct qemu_mem_value {
	int type;
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
		struct {
			uint64_t low, high;
		} u128;
	} data;
};

/* An element of the array qemu_plugin_get_registers returns. */
struct qemu_register_info {
	struct qemu_register *handle;
	const char *name, *feature;
};

enum { QEMU_NO_REGS, QEMU_READ_REGS };
enum { QEMU_MEM_READ = 1, QEMU_MEM_WRITE, QEMU_MEM_BOTH };
enum { QEMU_ADD_U64, QEMU_STORE_U64 };
enum { QEMU_COND_GE = 7 };

/* GLib's arrays, as far as the interface passes them. */
struct glib_array {
	char *data;
	unsigned int len;
};

struct glib_bytes {
	uint8_t *data;
	unsigned int len;
};

struct glib_bytes *g_byte_array_new(void);
struct glib_bytes *g_byte_array_set_size(struct glib_bytes *, unsigned int);

typedef void (*qemu_vcpu_cb)(qemu_plugin_id_t, unsigned int vcpu);
typedef void (*qemu_exec_cb)(unsigned int vcpu, void *data);
typedef void (*qemu_mem_cb)(unsigned int vcpu, qemu_plugin_meminfo_t, uint64_t vaddr, void *data);

void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t, qemu_vcpu_cb);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_tb *));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_tb *, int op, qemu_u64, uint64_t value);
void qemu_plugin_register_vcpu_tb_exec_cond_cb(struct qemu_tb *, qemu_exec_cb, int regs, int cond, qemu_u64,
					       uint64_t value, void *);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_insn *, qemu_exec_cb, int regs, void *);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_insn *, int op, qemu_u64, uint64_t value);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_insn *, qemu_mem_cb, int regs, int kinds, void *);

size_t qemu_plugin_tb_n_insns(const struct qemu_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_tb *);
struct qemu_insn *qemu_plugin_tb_get_insn(const struct qemu_tb *, size_t);
size_t qemu_plugin_insn_data(const struct qemu_insn *, void *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_insn *);

bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t);
struct qemu_mem_value qemu_plugin_mem_get_value(qemu_plugin_meminfo_t);
struct qemu_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t, uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_hwaddr *);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_hwaddr *);

int qemu_plugin_num_vcpus(void);
struct glib_array *qemu_plugin_get_registers(void);
int qemu_plugin_read_register(struct qemu_register *, struct glib_bytes *);
bool qemu_plugin_read_memory_vaddr(uint64_t vaddr, struct glib_bytes *, size_t);

struct qemu_scoreboard *qemu_plugin_scoreboard_new(size_t);
void *qemu_plugin_scoreboard_find(struct qemu_scoreboard *, unsigned int vcpu);

/* --- QEMU's own --- */

typedef struct CPUState CPUState;

extern __thread CPUState *current_cpu;
CPUState *qemu_get_cpu(int);
void cpu_exit(CPUState *);
void cpu_loop_exit_restore(CPUState *, uintptr_t pc) __attribute__((noreturn));
void qemu_cpu_kick(CPUState *);
void tb_flush(CPUState *);
void async_safe_run_on_cpu(CPUState *, void (*)(CPUState *, uint64_t), uint64_t);
void tcg_cflags_set(CPUState *, uint32_t);
int64_t cpu_get_clock(void);
void cpu_physical_memory_rw(uint64_t address, void *, uint64_t, bool write);
void *object_class_by_name(const char *);

/*
 * In round robin, code is translated once for all vCPUs, but the plugin core would compile the index of the
 * translating one into it. A vCPU that is marked parallel gets code that looks the index up.
 */
#define QEMU_CF_PARALLEL 0x8000

/* AccelOpsClass: behind its ObjectClass (96 bytes), the operations of an accelerator. TCG fills the first twelve. */
struct qemu_accel_ops {
	void *object_class[12];
	void *ops_init, *cpus_are_resettable, *cpu_reset_hold, *create_vcpu_thread, *kick_vcpu_thread, *cpu_thread_is_idle,
		*sync_post_reset, *sync_post_init, *sync_state, *sync_pre_loadvm, *sync_pre_resume, *handle_interrupt;
	int64_t (*get_virtual_clock)(void);
	void (*set_virtual_clock)(int64_t);
	int64_t (*get_elapsed_ticks)(void);
};

#endif
