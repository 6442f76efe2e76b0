/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SELFTEST_USER_H
#define SELFTEST_USER_H
#include "arch/trap.h"
#include "base/types.h"

void user_test_syscall(struct trapframe *f);
void user_test_fault(struct trapframe *f, u64 address);
bool user_test_resolve(u64 address);

#endif
