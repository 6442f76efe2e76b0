/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How busy the machine is. */
#ifndef KERN_LOAD_H
#define KERN_LOAD_H

#include "base/types.h"

#define LOAD_SHIFT 11 /* of the fixed-point averages, as Linux */

void load_start(void);                 /* at boot */
void load_get(u64 average[3]);         /* runnable threads, averaged over 1, 5 and 15 minutes */
u32 load_running(void);                /* runnable threads now, the caller's included */

#endif
