/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the system says of itself. `release` is the Linux version whose behaviour the ABI follows. */
#ifndef KERN_SYSTEM_H
#define KERN_SYSTEM_H

#include "nr/sync/lock.h"

#define SYSTEM_RELEASE "6.12.0-nros"
#define SYSTEM_VERSION "#1 SMP NrOS"

struct system_names {
	struct lock lock;
	char node[65], domain[65];
};
extern struct system_names system_names;
extern _Atomic u64 calls_unknown; /* calls answered -ENOSYS since boot */
u32 procs_count(void);

#endif
