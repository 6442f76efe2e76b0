/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Memory and string functions for code without a C library.
 *
 * Bulk copies and fills use the string instructions eight bytes at a time: on hardware with fast strings that
 * equals `rep movsb`, and an emulator, which pays for each step of a `rep`, takes an eighth of the steps.
 * Short ones are plain loops, because a `rep` has a start-up cost. All accesses are by unaligned words; the
 * direction flag is clear by ABI, so copies upwards over themselves go down in a plain loop.
 *
 * gcc recognises such loops and would replace them by calls of the very functions they implement; the pragma
 * stops that (clang does not do it in freestanding code).
 */
#include "base/string.h"
#include "base/types.h"

#ifndef __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

typedef u64 __attribute__((may_alias, aligned(1))) word;

enum { BULK = 128 }; /* bytes from which a `rep` pays */

static inline word *word_at(void *p, size_t i) { return (word *)((u8 *)p + i); }
static inline word word_get(const void *p, size_t i) { return *(const word *)((const u8 *)p + i); }

/* Copies upwards, whole words first. Right for overlap with d below s. */
static void copy_up(u8 *d, const u8 *s, size_t n)
{
	size_t i = 0;

	if (n >= BULK) {
		size_t words = n / 8;
		void *to = d;
		const void *from = s;

		__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
		i = n & ~(size_t)7;
	}
	for (; i + 8 <= n; i += 8)
		*word_at(d, i) = word_get(s, i);
	for (; i < n; i++)
		d[i] = s[i];
}

static void copy_down(u8 *d, const u8 *s, size_t n)
{
	for (; n >= 8; n -= 8)
		*word_at(d, n - 8) = word_get(s, n - 8);
	while (n--)
		d[n] = s[n];
}

void *memcpy(void *restrict d, const void *restrict s, size_t n)
{
	copy_up(d, s, n);
	return d;
}

void *memmove(void *d, const void *s, size_t n)
{
	if ((size_t)d - (size_t)s >= n)
		copy_up(d, s, n);
	else
		copy_down(d, s, n);
	return d;
}

void *memset(void *d, int c, size_t n)
{
	u64 pattern = (u8)c * 0x0101010101010101ul;
	u8 *b = d;
	size_t i = 0;

	if (n >= BULK) {
		size_t words = n / 8;
		void *to = d;

		__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
		i = n & ~(size_t)7;
	}
	for (; i + 8 <= n; i += 8)
		*word_at(d, i) = pattern;
	for (; i < n; i++)
		b[i] = (u8)c;
	return d;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;
	size_t i = 0;

	while (i + 8 <= n && word_get(a, i) == word_get(b, i))
		i += 8;
	for (; i < n; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const u8 *b = s;

	for (size_t i = 0; i < n; i++)
		if (b[i] == (u8)c)
			return (void *)(size_t)(b + i);
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(size_t)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	do {
		if (*s == (char)c)
			last = s;
	} while (*s++);
	return (char *)(size_t)last;
}

char *strstr(const char *s, const char *what)
{
	size_t n = strlen(what);

	for (; *s; s++)
		if (strncmp(s, what, n) == 0)
			return (char *)(size_t)s;
	return n ? NULL : (char *)(size_t)s;
}

size_t strlcpy(char *d, const char *s, size_t size)
{
	size_t n = strlen(s);

	if (size) {
		size_t fit = MIN(n, size - 1);

		memcpy(d, s, fit);
		d[fit] = 0;
	}
	return n;
}
