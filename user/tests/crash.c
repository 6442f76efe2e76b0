/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * crash: ends in the way its argument names, for tests of exit statuses.
 *
 *	crash null | kernel | stack | illegal | divide | execute | abort | loop | exit N
 */
#include "tap.h"

static int recurse(volatile char *above, int n)
{
	volatile char room[4096];

	room[0] = *above;
	return n < 0 ? room[0] : recurse(room, n + 1 == 0x7fffffff ? 0 : n + 1) + room[1];
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	char zero = 0;

	if (!strcmp(how, "null"))
		*(volatile int *)BAD = 1;
	if (!strcmp(how, "kernel"))
		*(volatile int *)BAD_KERNEL = 1;
	if (!strcmp(how, "stack"))
		return recurse(&zero, 0);
	if (!strcmp(how, "illegal"))
		__asm__ volatile("ud2");
	if (!strcmp(how, "divide"))
		__asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; div %%edx" : : : "rax", "rdx");
	if (!strcmp(how, "execute"))
		((void (*)(void))(uintptr_t)bad_pointers)();
	if (!strcmp(how, "abort"))
		abort();
	while (!strcmp(how, "loop"))
		__asm__ volatile("");
	return argc > 2 ? atoi(argv[2]) : 0;
}
