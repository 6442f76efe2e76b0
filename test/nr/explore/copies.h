/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Put before each watched source by the build: copies become calls that hooks.c sees; each write takes idle readers off the list. */
#ifndef TEST_NR_EXPLORE_COPIES_H
#define TEST_NR_EXPLORE_COPIES_H

#define NR_KEEP 1u

#include <string.h>

void *ex_memcpy(void *to, const void *from, size_t n);
void *ex_memset(void *to, int c, size_t n);

#define memcpy ex_memcpy
#define memset ex_memset
#define __builtin_memcpy ex_memcpy
#define __builtin_memset ex_memset

#endif
