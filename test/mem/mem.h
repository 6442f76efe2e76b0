/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of mem/ share: machines, and a check that a piece of code dies with a message. */
#ifndef TEST_MEM_H
#define TEST_MEM_H

#include "arch/host/host.h"
#include "mem/buddy.h"
#include "mem/frame.h"
#include "mem/percore.h"
#include "mem/slab.h"
#include "test/tap.h"

#define MIB (1ul << 20)
#define GIB (1ul << 30)

/* A fresh machine with its frames set up. Frames not in use after boot are the baseline. */
void machine(u32 cores, u32 nodes, const struct boot_range *ranges, u32 n, bool garbage);
bool pools_sound(void);
/* Every core's caches back to their nodes, from this thread; nobody else may be running. */
void drain_all(void);
/* Runs f in a child; true if that died and said `message`. */
bool dies(void (*f)(void), const char *message);

#endif
