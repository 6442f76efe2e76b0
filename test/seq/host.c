/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* base/print.h for tests of seq/: messages are TAP comments, a panic aborts. Weak, so that a test may have its own. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/print.h"

#define WEAK __attribute__((weak))

static void comment(const char *fmt, va_list ap)
{
	printf("# ");
	vprintf(fmt, ap);
	fflush(stdout);
}

WEAK void kprint(enum print_level level, const char *fmt, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	comment(fmt, ap);
	va_end(ap);
}

WEAK void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	comment(fmt, ap);
	va_end(ap);
	abort();
}
