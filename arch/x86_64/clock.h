/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Inside arch/: the clocks that the TSC is measured against (clock_ref.c). */
#ifndef ARCH_X86_CLOCK_H
#define ARCH_X86_CLOCK_H

#include "base/types.h"

struct clock_ref {
	const char *name;
	u64 hz, mask;          /* counts up, modulo mask + 1 */
	u64 (*read)(void);
};

const struct clock_ref *clock_ref_get(u32 i);   /* the i-th that this machine has, best first; NULL behind the last */
u64 clock_known_hz(const char **how);           /* the TSC's rate if somebody tells, else 0 */
u64 rtc_seconds(void);                          /* CMOS clock, seconds since 1970 */

#endif
