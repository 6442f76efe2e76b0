/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The kernel's string functions and printf, as compiled for the kernel, against the C library's. The objects'
 * symbols carry the prefix k_ here. Buffers end at a page that must not be touched.
 */
#include "test/tap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *k_memcpy(void *d, const void *s, size_t n);
void *k_memmove(void *d, const void *s, size_t n);
void *k_memset(void *d, int c, size_t n);
int k_memcmp(const void *a, const void *b, size_t n);
void *k_memchr(const void *s, int c, size_t n);
size_t k_strlen(const char *s);
size_t k_strnlen(const char *s, size_t n);
int k_strcmp(const char *a, const char *b);
int k_strncmp(const char *a, const char *b, size_t n);
char *k_strchr(const char *s, int c);
char *k_strrchr(const char *s, int c);
char *k_strstr(const char *s, const char *what);
size_t k_strlcpy(char *d, const char *s, size_t size);
int k_snprintf(char *buf, size_t size, const char *fmt, ...);

enum { PAGE = 4096, SPAN = 2048 };

/* The end of a page; the next one faults. */
static char *guarded(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(p + PAGE, PAGE, PROT_NONE);
	return p + PAGE;
}

static void fill(char *p, size_t n, int letters)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)(letters ? 'a' + rand() % letters : rand());
}

static int sign(int x) { return (x > 0) - (x < 0); }

static bool copies(char *a, char *b)
{
	char want[SPAN];

	for (int round = 0; round < 20000; round++) {
		size_t n = (size_t)rand() % (round % 2 ? 40 : SPAN / 2), from = (size_t)rand() % (SPAN - n + 1);
		size_t to = (size_t)rand() % (SPAN - n + 1);
		char *base = a - SPAN;

		fill(base, SPAN, 0);
		memcpy(want, base, SPAN);
		memmove(want + to, want + from, n);
		if (k_memmove(base + to, base + from, n) != base + to || memcmp(want, base, SPAN))
			return false;
		fill(b - SPAN, SPAN, 0);
		memcpy(want, b - SPAN, SPAN);
		memcpy(want + SPAN - n, a - n, n);
		if (k_memcpy(b - n, a - n, n) != b - n || memcmp(want, b - SPAN, SPAN))
			return false;
		memset(want + to, round, n);
		if (k_memset(b - SPAN + to, round, n) != b - SPAN + to || memcmp(want, b - SPAN, SPAN))
			return false;
	}
	return true;
}

static bool compares(char *a, char *b)
{
	for (int round = 0; round < 50000; round++) {
		size_t n = (size_t)rand() % 60;

		fill(a - n, n, 2);
		memcpy(b - n, a - n, n);
		if (n && round % 3)
			b[-1 - (long)((size_t)rand() % n)] = (char)rand();
		if (sign(k_memcmp(a - n, b - n, n)) != sign(memcmp(a - n, b - n, n)))
			return false;
		if (k_memchr(a - n, 'b', n) != memchr(a - n, 'b', n))
			return false;
	}
	return true;
}

static bool strings(char *a, char *b)
{
	for (int round = 0; round < 50000; round++) {
		size_t n = (size_t)rand() % 20, m = (size_t)rand() % 5, cut = (size_t)rand() % 24;
		char *s = a - n - 1, *t = b - m - 1, d[24], e[24];

		fill(s, n, 3);
		fill(t, m, 3);
		s[n] = t[m] = 0;
		memset(d, 1, sizeof d);
		if (k_strlen(s) != n || k_strnlen(s, cut) != strnlen(s, cut) || k_strchr(s, 'b') != strchr(s, 'b') ||
		    k_strchr(s, 0) != s + n || k_strrchr(s, 'b') != strrchr(s, 'b') || k_strstr(s, t) != strstr(s, t) ||
		    sign(k_strcmp(s, t)) != sign(strcmp(s, t)) ||
		    sign(k_strncmp(s, t, cut)) != sign(strncmp(s, t, cut)))
			return false;
		snprintf(e, cut, "%s", s);
		if (k_strlcpy(d, s, cut) != n || (cut && strcmp(d, e)) || d[cut] != 1)
			return false;
	}
	return true;
}

#define SAME(...) same(k_snprintf(k, sizeof k, __VA_ARGS__), k, snprintf(c, sizeof c, __VA_ARGS__), c)
static bool same(int kn, const char *k, int cn, const char *c)
{
	if (kn == cn && !strcmp(k, c))
		return true;
	printf("# got '%s' (%d), want '%s' (%d)\n", k, kn, c, cn);
	return false;
}

static bool formats(void)
{
	char k[64], c[64];

	return SAME("%d|%5d|%-5d|%05d|%+d", -7, 42, 42, 42, 42) && SAME("%u %x %#x %X %o", 1u, 255u, 255u, 255u, 8u) &&
	       SAME("%lu %ld %zu %jd", ~0ul, -1l, (size_t)9, (intmax_t)-9) && SAME("%016lx %hhu", 0xabcul, 300) &&
	       SAME("%s|%10s|%-10s|%.2s|%.*s", "ab", "cd", "ef", "ghi", 1, "xyz") && SAME("%c%%", 'x') &&
	       SAME("%5lu.%06lu", 12ul, 345ul) && SAME("a long line that does not fit into the buffer %s %s",
						       "by far, since it is sixty-four bytes", "only");
}

int main(void)
{
	char *a = guarded(), *b = guarded();

	srand(1);
	ok(copies(a, b), "memcpy, memmove, memset");
	ok(compares(a, b), "memcmp, memchr");
	ok(strings(a, b), "str*");
	ok(formats(), "snprintf");
	return tap_end();
}
