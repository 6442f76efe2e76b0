/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The power button asks process 1 to stop. */
#ifndef KERN_POWER_H
#define KERN_POWER_H

struct process;

void power_start(struct process *init);

#endif
