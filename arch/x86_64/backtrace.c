/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where are we? Walks the frame pointers and names each return address from the symbol table that the second
 * link put into the image: a count, pairs (offset from kernel_text, offset of the name) in address order, names.
 * Trusts nothing: a frame pointer must be aligned and point to kernel memory that is mapped; the walk is bounded.
 */
#include "arch/trap.h"

#include "arch/x86_64/asm.h"
#include "arch/x86_64/cpu.h"
#include "base/print.h"

#define DEPTH_MAX 32
#define REPEATS_MAX 4096 /* a recursion is shown once */

struct symbol {
	u32 offset, name;
};

extern const u32 symbol_table[] __attribute__((weak)); /* absent in the first link */
extern const char kernel_text[], kernel_text_end[];

const char *arch_symbol(u64 address, u64 *offset)
{
	u64 at = address - (u64)kernel_text;

	if (!symbol_table || address < (u64)kernel_text || address >= (u64)kernel_text_end)
		return NULL;
	u32 count = symbol_table[0], low = 0, high = count;
	const struct symbol *symbol = (const struct symbol *)(symbol_table + 1);
	while (high - low > 1) {
		u32 mid = low + (high - low) / 2;
		if (symbol[mid].offset <= at)
			low = mid;
		else
			high = mid;
	}
	if (!count)
		return NULL;
	*offset = at - symbol[low].offset;
	return (const char *)(symbol + count) + symbol[low].name;
}

static void print_frame(unsigned n, u64 ip)
{
	u64 offset = 0;
	const char *name = arch_symbol(ip, &offset);

	if (name)
		kerror("#%u 0x%016lx %s+0x%lx\n", n, (unsigned long)ip, name, (unsigned long)offset);
	else
		kerror("#%u 0x%016lx\n", n, (unsigned long)ip);
}

/* The chain also leads from an exception's own stack to the one it interrupted, so addresses need not grow. */
void arch_backtrace(const struct trapframe *f)
{
	u64 bp = f ? f->bp : (u64)__builtin_frame_address(0);
	u64 last = f ? f->ip : 0;
	unsigned n = 0, repeats = 0;

	if (f)
		print_frame(n++, f->ip);
	if (f && trap_from_user(f))
		return;
	while (n < DEPTH_MAX && repeats < REPEATS_MAX && !(bp & 7) && mmu_kernel_readable(bp, 16)) {
		const u64 *frame = (const u64 *)bp;
		if (!frame[1])
			break;
		repeats = frame[1] == last ? repeats + 1 : 0;
		if (repeats == 1)
			kerror("   and so on");
		if (!repeats)
			print_frame(n++, frame[1]);
		last = frame[1];
		bp = frame[0];
	}
}
