/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * cpio: see base/cpio.h. Every length from the image is compared with what is left of it before it is used; sums cannot
 * overflow because each field has 32 bits and sums have 64.
 */
#include "base/cpio.h"

#include "base/errno.h"
#include "base/string.h"

enum field { INO, MODE, UID, GID, NLINK, MTIME, SIZE, DEV_MAJOR, DEV_MINOR, RDEV_MAJOR, RDEV_MINOR, NAME_SIZE, CHECK, FIELDS };

#define MAGIC_LEN 6
#define FIELD_LEN 8
#define HEADER_LEN (MAGIC_LEN + FIELDS * FIELD_LEN)
#define TRAILER "TRAILER!!!"

void cpio_open(struct cpio *c, const void *image, size_t size)
{
	*c = (struct cpio){ .image = image, .size = size };
}

static int hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 0, or -EINVAL for anything but hexadecimal digits. */
static int parse_fields(const u8 *p, u32 field[FIELDS])
{
	for (unsigned f = 0; f < FIELDS; f++) {
		field[f] = 0;
		for (unsigned n = 0; n < FIELD_LEN; n++) {
			int digit = hex_digit(*p++);

			if (digit < 0)
				return -EINVAL;
			field[f] = field[f] << 4 | (u32)digit;
		}
	}
	return 0;
}

/* The sum of the bytes, as the format has it. */
static u32 sum(const u8 *p, u64 size)
{
	u32 s = 0;

	while (size--)
		s += *p++;
	return s;
}

/* Writers leave the sum of symbolic links at 0 and give names without data the sum of the file. */
static bool has_sum(const u32 field[FIELDS])
{
	return (field[MODE] & 0170000) == 0100000 && field[SIZE];
}

/* Reads the member at the cursor and moves behind it. 0 or -EINVAL, then without moving. */
static int read_member(struct cpio *c, struct cpio_file *out)
{
	const u8 *h = c->image + c->at;
	u64 left = c->size - c->at, data_at, end;
	u32 f[FIELDS];
	bool summed;

	if (left < HEADER_LEN || (c->at & 3) || memcmp(h, "07070", 5) || (h[5] != '1' && h[5] != '2'))
		return -EINVAL;
	summed = h[5] == '2';
	if (parse_fields(h + MAGIC_LEN, f))
		return -EINVAL;
	if (f[NAME_SIZE] < 2 || f[NAME_SIZE] > CPIO_NAME_MAX + 1)
		return -EINVAL;
	data_at = ALIGN_UP((u64)HEADER_LEN + f[NAME_SIZE], (u64)4);
	end = data_at + f[SIZE];
	if (end > left || h[HEADER_LEN] == 0 || h[HEADER_LEN + f[NAME_SIZE] - 1] != 0)
		return -EINVAL;
	if (summed && has_sum(f) && sum(h + data_at, f[SIZE]) != f[CHECK])
		return -EINVAL;
	*out = (struct cpio_file){
		.name = (const char *)h + HEADER_LEN, .data = h + data_at, .size = f[SIZE], .mode = f[MODE],
		.uid = f[UID], .gid = f[GID], .nlink = f[NLINK], .mtime = f[MTIME], .rdev_major = f[RDEV_MAJOR],
		.rdev_minor = f[RDEV_MINOR], .archive = c->archive, .ino = f[INO], .dev_major = f[DEV_MAJOR],
		.dev_minor = f[DEV_MINOR],
	};
	out->name_len = strlen(out->name);
	/* The last padding of an image may be missing. */
	c->at += (size_t)MIN(ALIGN_UP(end, (u64)4), left);
	return 0;
}

static bool is_trailer(const struct cpio_file *f)
{
	return f->name_len == sizeof(TRAILER) - 1 && !memcmp(f->name, TRAILER, f->name_len);
}

static void skip_zeros(struct cpio *c)
{
	while (c->at < c->size && c->image[c->at] == 0)
		c->at++;
}

int cpio_next(struct cpio *c, struct cpio_file *out)
{
	for (;;) {
		if (!c->inside)
			skip_zeros(c);
		if (!c->inside && c->at == c->size)
			return 0;
		if (read_member(c, out))
			return -EINVAL;
		c->inside = !is_trailer(out);
		if (c->inside)
			return 1;
		c->archive++;
	}
}
