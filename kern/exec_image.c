/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An ELF file as a program or its interpreter: checked whole before anything is mapped, so that what is no program is an errno
 * for the old one. Each loadable segment is a private mapping of the file, and an anonymous one for what lies beyond
 * (System V ABI, AMD64, 5.1).
 */
#include "base/string.h"
#include "kern/body.h"
#include "kern/exec_internal.h"
#include "kern/file.h"
#include "mem/slab.h"

long image_read(struct file *f, u64 off, void *buf, size_t len)
{
	struct io io = io_kernel(buf, len);

	return body_read(f->body, off, &io);
}

static int image_segments(struct image *im)
{
	size_t size = im->head.phnum * sizeof(*im->seg);

	if (im->head.phentsize != sizeof(*im->seg) || !im->head.phnum || size > PAGE_SIZE)
		return -ENOEXEC;
	im->seg = kmalloc(size);
	if (!im->seg)
		return -ENOMEM;
	return image_read(im->file, im->head.phoff, im->seg, size) == (long)size ? 0 : -ENOEXEC;
}

static int image_interp(struct image *im, const struct elf64_segment *s)
{
	if (im->interp) /* the first one counts */
		return 0;
	if (s->filesz < 2 || s->filesz > NAME_SIZE)
		return -ENOEXEC;
	im->interp = kmalloc(s->filesz);
	if (!im->interp)
		return -ENOMEM;
	if (image_read(im->file, s->offset, im->interp, s->filesz) != (long)s->filesz || im->interp[s->filesz - 1])
		return -ENOEXEC;
	return 0;
}

static int image_check(struct image *im)
{
	u32 i, loads = 0;
	u64 last = 0;
	int err;

	im->low = ~0ul;
	for (i = 0; i < im->head.phnum; i++) {
		struct elf64_segment *s = &im->seg[i];

		if (s->type == PT_GNU_STACK)
			im->exec_stack = s->flags & PF_X;
		if (s->type == PT_INTERP && (err = image_interp(im, s)))
			return err;
		if (s->type != PT_LOAD)
			continue;
		if (s->filesz > s->memsz || s->vaddr >= USER_END || s->memsz > USER_END - s->vaddr || s->vaddr < last)
			return -ENOEXEC;
		if ((s->vaddr - s->offset) & (PAGE_SIZE - 1))
			return -ENOEXEC;
		last = s->vaddr;
		im->low = MIN(im->low, ALIGN_DOWN(s->vaddr, PAGE_SIZE));
		im->high = MAX(im->high, s->vaddr + s->memsz);
		if (s->offset <= im->head.phoff && im->head.phoff < s->offset + s->filesz)
			im->phdr = im->head.phoff - s->offset + s->vaddr;
		loads++;
	}
	return loads ? 0 : -ENOEXEC;
}

int image_open(struct image *im, struct file *f)
{
	long n;
	int err;

	im->file = f;
	n = image_read(f, 0, &im->head, sizeof(im->head));
	if (n < (long)sizeof(im->head) || memcmp(im->head.ident, "\177ELF\2\1", 6) || im->head.machine != EM_X86_64 ||
	    (im->head.type != ET_EXEC && im->head.type != ET_DYN))
		return -ENOEXEC;
	err = image_segments(im);
	return err ? err : image_check(im);
}

void image_drop(struct image *im)
{
	kfree(im->seg);
	kfree(im->interp);
	file_put(im->file);
}

/* ---- mapping */

static int map_segment(struct space *s, struct image *im, const struct elf64_segment *seg)
{
	u64 start = ALIGN_DOWN(seg->vaddr, PAGE_SIZE) + im->bias, in = seg->vaddr & (PAGE_SIZE - 1);
	u64 file_end = start + ALIGN_UP(in + seg->filesz, PAGE_SIZE), end = start + ALIGN_UP(in + seg->memsz, PAGE_SIZE);
	u32 prot = (seg->flags & PF_R ? PROT_READ : 0) | (seg->flags & PF_W ? PROT_WRITE : 0) | (seg->flags & PF_X ? PROT_EXEC : 0);
	struct map_request m = { .addr = start, .prot = prot, .flags = MAP_PRIVATE | MAP_FIXED };
	long r = 0;

	if (!seg->filesz)
		file_end = start;
	if (file_end > start) {
		m.len = file_end - start;
		m.body = im->file->body;
		m.offset = seg->offset - in;
		m.ino = im->file->ino;
		r = space_map(s, &m);
	}
	if (r >= 0 && end > file_end) {
		m = (struct map_request){ .addr = file_end, .len = end - file_end, .prot = prot,
					  .flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS };
		r = space_map(s, &m);
	}
	return r < 0 ? r : 0;
}

/* The bytes between the end of the file's part and the end of its page belong to bss: zero. */
static int zero_segment_tail(struct space *s, const struct image *im, const struct elf64_segment *seg)
{
	u64 at = im->bias + seg->vaddr + seg->filesz;
	size_t n = ALIGN_UP(at, PAGE_SIZE) - at;

	if (seg->memsz == seg->filesz || !n || !seg->filesz || !(seg->flags & PF_W))
		return 0;
	return space_write(s, at, NULL, n);
}

int image_map(struct space *s, struct image *im, u64 base)
{
	u32 i;
	int err;

	im->bias = im->head.type == ET_DYN ? base - im->low : 0;
	for (i = 0; i < im->head.phnum; i++) {
		struct elf64_segment *seg = &im->seg[i];
		u64 start = seg->vaddr + im->bias;

		if (seg->type != PT_LOAD)
			continue;
		err = map_segment(s, im, seg);
		if (!err)
			err = zero_segment_tail(s, im, seg);
		if (err)
			return err;
		if (seg->flags & PF_X) {
			im->code_start = im->code_start ? MIN(im->code_start, start) : start;
			im->code_end = MAX(im->code_end, start + seg->filesz);
		}
		im->data_start = MAX(im->data_start, start);
		im->data_end = MAX(im->data_end, start + seg->filesz);
	}
	im->entry = im->head.entry + im->bias;
	return 0;
}
