/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Windows onto the stack's image. See window.h; the image's layout is net/lwip/blob.ld's. */
#include "net/window.h"
#include "arch/mmu.h"
#include "base/print.h"
#include "base/string.h"
#include "mem/frame.h"

#define WINDOWS (VMAP_KERNEL + (1ul << 39))
#define WINDOW_SIZE (1ul << 20)
#define DATA_PAGES_MAX 16
#define R_RELATIVE 8 /* psABI: *(base + offset) = base + addend */

struct rela { u64 offset, info; s64 addend; };

extern const u8 stack_image[], stack_image_end[];

static const struct port_image *image(void) { return (const struct port_image *)stack_image; }

/* Private pages with the variables' first values. */
static bool data_map(u64 base, u32 node)
{
	const struct port_image *im = image();
	u64 at, end = ALIGN_UP(im->bss_end, PAGE_SIZE);

	for (at = im->text_end; at < end; at += PAGE_SIZE) {
		paddr_t page = frame_alloc_zero(node);
		u64 given = at < im->data_end ? MIN(PAGE_SIZE, im->data_end - at) : 0;

		if (!page)
			return false;
		memcpy(phys_to_virt(page), stack_image + at, given);
		if (mmu_vmap(base + at, page, PAGE_SIZE, MMU_R | MMU_W))
			return false;
	}
	return true;
}

static void relocate(u64 base)
{
	const struct port_image *im = image();
	const struct rela *r = (const struct rela *)(stack_image + im->rela);
	const struct rela *end = (const struct rela *)(stack_image + im->rela_end);

	for (; r < end; r++) {
		if ((u32)r->info != R_RELATIVE || r->offset < im->text_end)
			panic("net: the stack's image has a relocation of kind %u at %#lx", (u32)r->info, r->offset);
		*(u64 *)(base + r->offset) = base + r->addend;
	}
}

const struct port_stack *window_open(u32 number, u32 node, const struct port_kernel *k, const struct port_start *start)
{
	const struct port_image *im = image();
	u64 base = WINDOWS + number * WINDOW_SIZE;

	if (im->magic != PORT_MAGIC || im->bss_end - im->text_end > DATA_PAGES_MAX * PAGE_SIZE)
		panic("net: the stack's image is not one");
	if (mmu_vmap(base, image_to_phys(stack_image), im->text_end, MMU_R | MMU_X) || !data_map(base, node))
		return NULL;
	relocate(base);
	return ((port_entry)(base + im->entry))(k, start);
}
