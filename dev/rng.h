/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Random bytes, for getrandom, hash seeds, stack and address layout.
 *
 * A generator per core (partitioned: no lock, no sharing), each a ChaCha20 key used with fast key erasure
 * (Bernstein, 2017): every refill makes 512 bytes, the first 32 of which replace the key, and bytes are
 * wiped as they are handed out; so a captured state tells nothing about earlier output.
 *
 * Seeds: RDSEED, else RDRAND, always mixed with timing jitter of the TSC and, where there is one, virtio-rng
 * (random_mix). A core reseeds itself after RANDOM_RESEED_BYTES of output.
 */
#ifndef DEV_RNG_H
#define DEV_RNG_H

#include "base/types.h"

#define RANDOM_RESEED_BYTES (1u << 20)

/* Seeds this core's generator; called by each core once when it starts (random_fill would do it on first use). */
void random_init_core(void);
/* Interrupts off, or otherwise pinned to this core. Never fails, never waits. */
void random_fill(void *buf, size_t len);
u64 random_u64(void);
/* Stirs bytes of any quality into this core's generator; can only help. */
void random_mix(const void *buf, size_t len);
/* Boot core, once: what it knows becomes part of the seed of every core that starts (or reseeds) later. */
void random_share(void);
/* True if the processor's own source (RDSEED, RDRAND) answered this core, so not jitter alone. */
bool random_hardware(void);

#endif
