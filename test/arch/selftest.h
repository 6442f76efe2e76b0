/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the parts of the self-test share. Each test says "ok" or "not ok" on the console; the runner counts. */
#ifndef SELFTEST_H
#define SELFTEST_H

#include "arch/trap.h"
#include "base/types.h"

void check(bool ok, const char *what);

/* selftest_trap.c: what the kernel's five functions have seen. */
struct seen {
	u32 timers, wakes, flushes, syscalls;
	u64 fault_vector, fault_address, fault_error; /* the last one of ring 3 */
	u32 faults;
};
struct seen *seen(void);
bool probe_write(volatile u8 *p); /* false if the store faulted */
bool probe_exec(const void *p);

/* selftest_user.c */
void test_user(void);             /* on the calling core */
bool test_nmi_run(void);          /* 200 programs; the result */
void test_user_once(void);        /* copies, FPU images */

#endif
