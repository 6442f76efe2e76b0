/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Futexes: sleeping on a word of memory. A hash table of buckets, each a short lock and a list of sleepers; keys are
 * (space, address) for private words and (object, offset) for words in shared mappings, never a frame.
 */
#ifndef KERN_FUTEX_H
#define KERN_FUTEX_H

#include "base/types.h"

struct space;

void futex_start(void);
/* Wakes up to n sleepers whose bitset meets `bits`. Returns how many. Private and shared keys alike. */
int futex_wake_address(struct space *s, u64 addr, u32 n);
long futex_wake(u64 addr, u32 n, u32 bits, bool private_key);
/* -EAGAIN if the word is not `value`; -ETIMEDOUT; -ERESTARTSYS. */
long futex_wait(u64 addr, u32 value, u64 deadline, u32 bits, bool private_key);
long futex_requeue(u64 from, u64 to, u32 wake, u32 move, bool compare, u32 value, bool private_key);
/* Changes the word at `second` as `encoded` says (FUTEX_OP of futex(2)), wakes n at `first`, and n_second at `second` if the
 * comparison held for the word as it was. How many; -ENOSYS: there is no such operation. */
long futex_wake_op(u64 first, u32 n, u64 second, u32 n_second, u32 encoded, bool private_key);

#endif
