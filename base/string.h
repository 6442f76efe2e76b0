/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The C library's memory and string functions, freestanding. On the host, the C library's own. */
#ifndef BASE_STRING_H
#define BASE_STRING_H

#if __STDC_HOSTED__
#include <string.h>
#else
#include "base/types.h"
void *memcpy(void *restrict d, const void *restrict s, size_t n);
void *memmove(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
/* Copies at most size-1 bytes and always ends with NUL (if size > 0); returns strlen(s): >= size means cut. */
size_t strlcpy(char *d, const char *s, size_t size);
#endif

#endif
