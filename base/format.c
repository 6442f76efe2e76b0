/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* snprintf over klibc's vsnprintf (fetched; integers and strings only). Kernel only: the host has its own. */
#include "base/print.h"

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
