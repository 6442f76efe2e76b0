/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ChaCha20 as RFC 8439 describes it: sixteen words (four constants, eight of key, a counter, three of nonce)
 * are mixed by ten double rounds (columns, then diagonals) and added to themselves.
 */
#include "dev/chacha20.h"

#include "base/string.h"

static inline u32 rotate(u32 x, unsigned n) { return x << n | x >> (32 - n); }

static inline void quarter(u32 *a, u32 *b, u32 *c, u32 *d)
{
	*a += *b, *d = rotate(*d ^ *a, 16);
	*c += *d, *b = rotate(*b ^ *c, 12);
	*a += *b, *d = rotate(*d ^ *a, 8);
	*c += *d, *b = rotate(*b ^ *c, 7);
}

static void double_round(u32 x[16])
{
	for (unsigned i = 0; i < 4; i++)
		quarter(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
	for (unsigned i = 0; i < 4; i++)
		quarter(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4], &x[12 + (i + 3) % 4]);
}

/* Words are little endian, as this machine's are. */
void chacha20_block(u8 out[CHACHA_BLOCK], const u8 key[CHACHA_KEY], u32 counter, const u8 nonce[12])
{
	u32 start[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }, x[16];

	memcpy(&start[4], key, CHACHA_KEY);
	start[12] = counter;
	memcpy(&start[13], nonce, 12);
	memcpy(x, start, sizeof(x));
	for (unsigned i = 0; i < 10; i++)
		double_round(x);
	for (unsigned i = 0; i < 16; i++)
		x[i] += start[i];
	memcpy(out, x, CHACHA_BLOCK);
}
