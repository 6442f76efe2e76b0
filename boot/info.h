/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The step from the loader's words to boot_info; needs `machine` for the nodes. */
#ifndef BOOT_INFO_H
#define BOOT_INFO_H

#include "arch/boot.h"
#include "arch/mmu.h"
#include "boot/raw.h"

void boot_info_fill(const struct boot_raw *r);

#endif
