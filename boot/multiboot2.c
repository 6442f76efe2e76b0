/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Started by GRUB: the multiboot2 information structure, a list of tags (Multiboot2 specification, 3.6). */
#include "boot/raw.h"

#include "base/string.h"

struct tag {
	u32 type, size;
};

struct tag_module {
	struct tag tag;
	u32 start, end;
};

struct tag_memory {
	struct tag tag;
	u32 entry_size, version;
};

struct memory_entry {
	u64 start, size;
	u32 type, reserved;
};

enum { TAG_END = 0, TAG_CMDLINE = 1, TAG_MODULE = 3, TAG_MEMORY = 6, TAG_RSDP_OLD = 14, TAG_RSDP = 15 };

static void read_memory(struct boot_raw *r, u64 at, const struct tag_memory *t)
{
	for (u32 off = sizeof(*t); t->entry_size && off + sizeof(struct memory_entry) <= t->tag.size; off += t->entry_size) {
		const struct memory_entry *m = boot_peek(at + off, sizeof(*m));
		if (m)
			raw_add_memory(r, m->start, m->size, m->type);
	}
}

static void read_tag(struct boot_raw *r, u64 at, const struct tag *t)
{
	const struct tag_module *module = (const void *)t;

	switch (t->type) {
	case TAG_CMDLINE:
		raw_set_cmdline(r, at + sizeof(*t));
		break;
	case TAG_MODULE:
		if (!r->initrd) {
			r->initrd = module->start;
			r->initrd_size = module->end - module->start;
		}
		break;
	case TAG_MEMORY:
		read_memory(r, at, (const void *)t);
		break;
	case TAG_RSDP_OLD:
	case TAG_RSDP: /* the new one comes later, or alone */
		r->rsdp = at + sizeof(*t);
		break;
	}
}

void multiboot2_read(struct boot_raw *r, u64 info)
{
	const u32 *total = boot_peek(info, 8);

	for (u64 at = info + 8; total && at + 8 <= info + *total;) {
		const struct tag *t = boot_peek(at, sizeof(*t));
		if (!t || t->type == TAG_END || t->size < sizeof(*t) || !boot_peek(at, t->size))
			break;
		read_tag(r, at, t);
		at += ALIGN_UP((u64)t->size, 8);
	}
}
