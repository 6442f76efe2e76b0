/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The cpio reader: archives written here and by cpio(1), every cut and many random damages of them. Images lie in blocks of
 * exactly their size, so that AddressSanitizer sees a read of one byte too many.
 *
 *   cpio [SEED]      compiled with -DFUZZ and -fsanitize=fuzzer it is a fuzz target instead
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpio.h"
#include "test/tap.h"

/* Reads everything an image says, to its last byte. Members, or -EINVAL. */
static int read_all(const void *image, size_t size, volatile u32 *eaten)
{
	struct cpio_file f;
	struct cpio c;
	int members = 0, r;

	cpio_open(&c, image, size);
	while ((r = cpio_next(&c, &f)) > 0) {
		members++;
		if (strlen(f.name) != f.name_len || !f.name_len || f.name_len > CPIO_NAME_MAX)
			abort();
		if (f.data < (const u8 *)image || f.data + f.size > (const u8 *)image + size)
			abort();
		for (u64 n = 0; n < f.size; n++)
			*eaten += f.data[n];
	}
	if (r == 0 && c.at != size)
		abort();
	return r ? r : members;
}

#ifdef FUZZ
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	volatile u32 eaten = 0;

	read_all(data, size, &eaten);
	return 0;
}
#else

/* ---- writing archives ---- */

struct image {
	u8 bytes[1 << 16];
	size_t size;
};

static void put(struct image *i, const void *p, size_t n)
{
	memcpy(i->bytes + i->size, p, n);
	i->size += n;
}

static void pad(struct image *i)
{
	while (i->size % 4)
		i->bytes[i->size++] = 0;
}

/* padding: extra NULs in the name's field */
static void member(struct image *i, char magic, const char *name, unsigned padding, u32 mode, u32 nlink, const char *data,
		   u32 check)
{
	u32 name_size = (u32)strlen(name) + 1 + padding;
	char h[128];
	int n = snprintf(h, sizeof(h), "07070%c%08X%08X%08x%08x%08X%08X%08X%08X%08X%08X%08X%08X%08X", magic, 42u, mode, 1000u,
			 0xabcdefu, nlink, 1700000000u, (u32)strlen(data), 8u, 1u, 4u, 64u, name_size, check);

	put(i, h, (size_t)n);
	put(i, name, strlen(name) + 1);
	memset(i->bytes + i->size, 0, padding);
	i->size += padding;
	pad(i);
	put(i, data, strlen(data));
	pad(i);
}

static void trailer(struct image *i)
{
	member(i, '1', "TRAILER!!!", 0, 0, 1, "", 0);
}

static u32 sum(const char *s)
{
	u32 n = 0;

	while (*s)
		n += (u8)*s++;
	return n;
}

/* Two archives, padding between and behind, a padded name, a checksum. */
static void write_image(struct image *i, size_t *first_end, size_t *last_end)
{
	memset(i, 0, sizeof(*i));
	member(i, '1', ".", 0, 040755, 2, "", 0);
	member(i, '1', "etc/hello", 0, 0100644, 1, "hello\n", 0);
	member(i, '1', "padded", 45, 0100600, 2, "abc", 0);
	trailer(i);
	*first_end = i->size;
	i->size += 512 - i->size % 512;
	member(i, '2', "/dev/tty0", 0, 020620, 1, "", 0);
	member(i, '2', "summed", 0, 0100600, 1, "target", sum("target"));
	trailer(i);
	*last_end = i->size;
	i->size += 20;
}

static int read_copy(const u8 *bytes, size_t size)
{
	volatile u32 eaten = 0;
	u8 *copy = malloc(size ? size : 1);
	int r;

	memcpy(copy, bytes, size);
	r = read_all(size ? copy : copy + 1, size, &eaten);
	free(copy);
	return r;
}

/* ---- facts ---- */

static void contents(struct image *i)
{
	struct cpio_file f;
	struct cpio c;

	cpio_open(&c, i->bytes, i->size);
	ok(cpio_next(&c, &f) == 1 && !strcmp(f.name, ".") && f.mode == 040755 && f.nlink == 2 && f.archive == 0, "directory");
	ok(cpio_next(&c, &f) == 1 && !strcmp(f.name, "etc/hello") && f.size == 6 && !memcmp(f.data, "hello\n", 6), "file");
	ok(f.uid == 1000 && f.gid == 0xabcdef && f.mtime == 1700000000 && f.ino == 42 && f.dev_major == 8 && f.dev_minor == 1,
	   "numbers, in either case");
	ok(cpio_next(&c, &f) == 1 && f.name_len == 6 && !strcmp(f.name, "padded") && !memcmp(f.data, "abc", 3), "padded name");
	ok(cpio_next(&c, &f) == 1 && !strcmp(f.name, "/dev/tty0") && f.archive == 1 && f.rdev_major == 4 && f.rdev_minor == 64,
	   "device in a second archive");
	ok(cpio_next(&c, &f) == 1 && !strcmp(f.name, "summed") && !memcmp(f.data, "target", 6), "checked sum");
	ok(cpio_next(&c, &f) == 0 && cpio_next(&c, &f) == 0, "the end, and again");
}

static void refusals(void)
{
	static struct image i;
	char *long_name = calloc(1, 5000);

#define refused(what) ok(read_copy(i.bytes, i.size) == -EINVAL, what); memset(&i, 0, sizeof(i))
	ok(read_copy(i.bytes, 0) == 0 && read_copy(i.bytes, 100) == 0, "nothing and zeros are empty images");
	put(&i, "\x1f\x8b compressed", 13);
	refused("compressed");
	member(&i, '1', "x", 0, 0100644, 1, "", 0);
	refused("no trailer");
	member(&i, '7', "x", 0, 0100644, 1, "", 0);
	trailer(&i);
	refused("the old format");
	member(&i, '2', "x", 0, 0100644, 1, "data", sum("data") + 1);
	trailer(&i);
	refused("a wrong sum");
	member(&i, '1', "", 0, 0100644, 1, "", 0);
	trailer(&i);
	refused("an empty name");
	member(&i, '1', "", 7, 0100644, 1, "", 0);
	trailer(&i);
	refused("an empty padded name");
	member(&i, '1', "x", 0, 0100644, 1, "", 0);
	trailer(&i);
	i.bytes[6 + 12 * 8 - 1] = 'g';
	refused("a digit that is none");
	member(&i, '1', "name", 0, 0100644, 1, "", 0);
	trailer(&i);
	i.bytes[110 + 4] = 'x';
	refused("a name without its NUL");
	i.size = 1;
	trailer(&i);
	refused("a header off the grid of 4");
	memset(long_name, 'n', 4095);
	member(&i, '1', long_name, 0, 0100644, 1, "", 0);
	trailer(&i);
	ok(read_copy(i.bytes, i.size) == 1, "the longest name");
	memset(&i, 0, sizeof(i));
	long_name[4095] = 'n';
	member(&i, '1', long_name, 0, 0100644, 1, "", 0);
	trailer(&i);
	refused("a longer one");
	free(long_name);
}

/* Cut anywhere, an image is refused, except where only zeros between or behind whole archives are lost. */
static bool cuts(const struct image *i, size_t first_end, size_t last_end)
{
	for (size_t n = 0; n <= i->size; n++) {
		int r = read_copy(i->bytes, n);
		int want = n == 0 ? 0 : n >= last_end ? 5 : n >= first_end && n <= ALIGN_UP(first_end, (size_t)512) ? 3 : -EINVAL;

		if (r != want) {
			printf("# cut at %zu: %d, expected %d\n", n, r, want);
			return false;
		}
	}
	return true;
}

static uint64_t rng = 1;

static unsigned below(unsigned n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((rng >> 33) % n);
}

/* Damages: the reader must end and stay inside; what it says is its business. */
static int damages(const struct image *good)
{
	static struct image i;
	int refused = 0;

	for (int round = 0; round < 100000; round++) {
		i = *good;
		for (unsigned k = 1 + below(4); k > 0; k--) {
			static const char some[] = "0123456789abcdefABCDEFF\0\0\xff/.";
			size_t at = below((unsigned)i.size);

			if (below(4))
				i.bytes[at] = (u8)some[below(sizeof(some))];
			else
				i.size -= below((unsigned)i.size / 8);
		}
		refused += read_copy(i.bytes, i.size) < 0;
	}
	return refused;
}

/* What cpio(1) and Linux users make: one archive and two joined ones. */
static void from_cpio(void)
{
	static u8 bytes[1 << 20];
	FILE *p;
	size_t n;
	int r;

	if (system("command -v cpio >/dev/null 2>&1")) {
		ok(true, "archives by cpio(1) # SKIP no cpio");
		return;
	}
	p = popen("d=$(mktemp -d) && cd $d && mkdir -p in/a && echo text >in/a/f && ln in/a/f in/a/g && ln -s f in/a/l && "
		  "for f in newc crc; do (cd in && find . | cpio -o -H $f 2>/dev/null); done; rm -rf $d", "r");
	n = p ? fread(bytes, 1, sizeof(bytes), p) : 0;
	if (p)
		pclose(p);
	r = read_copy(bytes, n);
	ok(r == 10, "two joined archives by cpio(1): %d members", r);
}

int main(int argc, char **argv)
{
	static struct image i;
	size_t first_end, last_end;
	int refused;

	rng = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	write_image(&i, &first_end, &last_end);
	contents(&i);
	ok(read_copy(i.bytes, i.size) == 5, "five members");
	refusals();
	ok(cuts(&i, first_end, last_end), "cut at every byte");
	refused = damages(&i);
	ok(refused > 1000 && refused < 100000, "100000 random damages, %d refused", refused);
	from_cpio();
	return tap_end();
}
#endif
