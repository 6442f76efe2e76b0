/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Started by PVH: struct hvm_start_info (Xen, public/arch-x86/hvm/start_info.h), version 1. */
#include "boot/raw.h"

#define PVH_MAGIC 0x336ec578

struct pvh_start {
	u32 magic, version, flags, nmodules;
	u64 modules, cmdline, rsdp;
	u64 memory;                   /* from version 1 on */
	u32 nmemory, reserved;
};

struct pvh_module {
	u64 start, size, cmdline, reserved;
};

struct pvh_memory {
	u64 start, size;
	u32 type, reserved;
};

void pvh_read(struct boot_raw *r, u64 info)
{
	const struct pvh_start *s = boot_peek(info, sizeof(*s));

	if (!s || s->magic != PVH_MAGIC)
		return;
	r->rsdp = s->rsdp;
	raw_set_cmdline(r, s->cmdline);
	const struct pvh_module *module = boot_peek(s->modules, sizeof(*module));
	if (s->nmodules && module) {
		r->initrd = module->start;
		r->initrd_size = module->size;
	}
	for (u32 i = 0; s->version >= 1 && i < s->nmemory; i++) {
		const struct pvh_memory *m = boot_peek(s->memory + i * sizeof(*m), sizeof(*m));
		if (m)
			raw_add_memory(r, m->start, m->size, m->type);
	}
}
