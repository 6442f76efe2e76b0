/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The Linux ABI: one table of calls, thin handlers.
 *
 * A handler takes the six argument registers as an array, copies in what they point to, checks it, calls kern/ and
 * copies out. It returns a result or -errno. `a[n]` is 64 bits wide; a handler narrows it as Linux's prototype does.
 */
#ifndef LINUX_CALL_H
#define LINUX_CALL_H

#include "arch/user.h"
#include "base/abi.h"
#include "base/errno.h"
#include "base/types.h"

#define CALL(name) long sys_##name(const u64 *a)
#define UPTR(n) ((void __user *)a[n])

typedef long (*call_fn)(const u64 *a);
struct call_entry { call_fn fn; const char *name; };
extern const struct call_entry call_table[];
extern const u32 call_count;

struct usage;
void rusage_to_user(struct abi_rusage *out, const struct usage *u);

#define PATH_SIZE 4096
#define IOV_MAX 1024u          /* pieces of one vector */
#define RW_MAX 0x7ffff000ul    /* bytes that one call moves */

/* A path from the program, in a buffer that name_put frees. NULL with *err: -EFAULT, -ENAMETOOLONG, -ENOMEM. */
char *name_get(const void __user *p, int *err);
void name_put(char *name);

#endif
