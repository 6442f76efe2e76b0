/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The kernel's side of the vDSO: the body with its two pages, and mapping it. See kern/vdso.h. */
#include "kern/vdso.h"
#include "arch/clock.h"
#include "base/abi.h"
#include "base/print.h"
#include "base/string.h"
#include "kern/body.h"
#include "kern/space.h"

extern const char vdso_image[], vdso_image_end[];

static struct body *vdso_body;
static struct vdso_data *vdso_data;

/* A page of the body, which keeps it for ever. */
static void *vdso_page(u64 index)
{
	paddr_t page = body_page_make(vdso_body, index);

	if (!page)
		panic("no memory for the vDSO");
	return phys_to_virt(page);
}

void vdso_start(u64 wall_offset)
{
	size_t size = vdso_image_end - vdso_image;

	vdso_body = body_new(NULL);
	if (!vdso_body || size > VDSO_IMAGE_SIZE)
		panic("no memory for the vDSO, or its %zu bytes are too long", size);
	body_truncate(vdso_body, VDSO_IMAGE_SIZE + PAGE_SIZE);
	memcpy(vdso_page(0), vdso_image, size);
	vdso_data = vdso_page(1);
	clock_conversion(&vdso_data->start, &vdso_data->mult);
	vdso_set_wall(wall_offset);
}

void vdso_set_wall(u64 offset)
{
	*(volatile u64 *)&vdso_data->wall_offset = offset;
}

long vdso_map(struct space *s)
{
	struct map_request m = { .len = VDSO_IMAGE_SIZE + PAGE_SIZE, .prot = PROT_READ | PROT_EXEC,
				 .flags = MAP_PRIVATE, .body = vdso_body, .what = REGIONS_VDSO };

	return space_map(s, &m);
}
