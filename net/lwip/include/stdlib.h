/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The few functions of the C library that lwIP calls: net/lwip/stack.c has them. */
#ifndef NET_LWIP_STDLIB_H
#define NET_LWIP_STDLIB_H

#include <stddef.h>

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void free(void *p);
int atoi(const char *text);

#endif
