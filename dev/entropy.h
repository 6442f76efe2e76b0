/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where unpredictability comes from on this hardware. Any core, any context; bounded time. */
#ifndef DEV_ENTROPY_H
#define DEV_ENTROPY_H

#include "base/types.h"

/* RDSEED, else RDRAND. False (and *v from the TSC) if the processor has neither or does not deliver. */
bool entropy_hardware(u64 *v);
/* The TSC after a stretch of work whose time nobody can tell exactly. */
u64 entropy_jitter(void);

#endif
