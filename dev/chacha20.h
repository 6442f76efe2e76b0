/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The ChaCha20 block function (RFC 8439, section 2.3): 64 bytes out of key, counter and nonce. Pure. */
#ifndef DEV_CHACHA20_H
#define DEV_CHACHA20_H

#include "base/types.h"

#define CHACHA_KEY 32
#define CHACHA_BLOCK 64

void chacha20_block(u8 out[CHACHA_BLOCK], const u8 key[CHACHA_KEY], u32 counter, const u8 nonce[12]);

#endif
