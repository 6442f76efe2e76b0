/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* tap: results as the Test Anything Protocol. ok(fact, name...) once per fact, `return tap_end();` last. */
#ifndef TEST_TAP_H
#define TEST_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static bool ok(bool good, const char *name, ...)
{
	va_list ap;

	va_start(ap, name);
	printf(good ? "ok %d - " : "not ok %d - ", ++tap_count);
	vprintf(name, ap);
	putchar('\n');
	va_end(ap);
	tap_failed += !good;
	return good;
}

static inline int tap_end(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
