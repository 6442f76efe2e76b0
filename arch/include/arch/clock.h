/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Time: a monotonic nanosecond clock from the TSC (pvclock where offered; else calibrated against the ACPI PM
 * timer or HPET and checked across cores), the wall clock from the CMOS RTC, and a one-shot timer per core. */
#ifndef ARCH_CLOCK_H
#define ARCH_CLOCK_H

#include "base/types.h"

u64 clock_ns(void);            /* since boot; monotonic across cores to within the measured skew */
void clock_conversion(u64 *start, u64 *mult); /* clock_ns() = (core_cycles() - start) * mult >> 32, for programs */
u64 clock_wall_at_boot(void);  /* ns since 1970 when clock_ns was 0 */
void timer_set(u64 deadline);  /* this core's one-shot, clock_ns time; ~0 stops it. Fires trap_timer. */
u64 clock_skew_ns(void);       /* the largest lag between two cores' counters seen at their start */

#endif
