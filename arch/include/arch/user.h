/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The only way to touch a program's memory. Each function checks the range against USER_END, opens SMAP for
 * the copy alone, and returns -EFAULT if the address cannot be served. A missing page is filled by the page
 * fault handler (trap_fault with a ring 0 frame may resolve it), so: never under a lock or guard, except
 * between user_nofault_begin/end, where a miss returns -EFAULT at once and the caller unlocks, calls
 * user_fault_in, and tries again.
 */
#ifndef ARCH_USER_H
#define ARCH_USER_H

#include "base/types.h"

#define USER_END 0x00007ffffffff000ul

int user_copy_in(void *dst, const void __user *src, size_t len);       /* 0 or -EFAULT */
int user_copy_out(void __user *dst, const void *src, size_t len);
int user_zero(void __user *dst, size_t len);
/* How many bytes could NOT be copied: for read/write, which report partial progress. */
size_t user_copy_in_partial(void *dst, const void __user *src, size_t len);
size_t user_copy_out_partial(void __user *dst, const void *src, size_t len);
/* Length without the NUL (the NUL is copied), -EFAULT, or -ENAMETOOLONG if there is none in `size` bytes. */
long user_copy_string(char *dst, const char __user *src, size_t size);
int user_cas32(u32 __user *p, u32 *expected, u32 desired);             /* 0 (see *expected for success) or -EFAULT */
int user_load32(u32 *value, const u32 __user *p);                      /* atomic load, nofault allowed */

void user_nofault_begin(void);
void user_nofault_end(void);
bool user_nofault(void);                                               /* for the fault handler */
int user_fault_in(const void __user *p, size_t len, bool write);       /* touches each page; 0 or -EFAULT */
bool user_range_ok(const void __user *p, size_t len);

/* For trap_fault: if the faulting instruction is one of the copies above, moves the frame to its error path. */
struct trapframe;
bool user_fixup(struct trapframe *f);

#endif
