/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Kernel printing. vsnprintf is klibc's. kprintf writes whole lines to the console and the message ring. */
#ifndef BASE_PRINT_H
#define BASE_PRINT_H

#include <stdarg.h>
#include "base/types.h"

int snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
void kprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* At most a few lines a second per call site; counts what it drops. */
void kprintf_limited(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define kassert(cond) ((cond) ? (void)0 : panic("%s:%d: broken: %s", __FILE__, __LINE__, #cond))

#endif
