/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Per-core generators over ChaCha20. See rng.h.
 *
 *   refill   512 bytes from (key, counter 0..7): bytes 0-31 become the key, the rest is output
 *   absorb   key ^= up to 32 bytes of input; key = first 32 bytes of the block of the new key
 *
 * Absorbing is not a hash, but the block function is a pseudo-random function of its key: an input that an
 * attacker knows leaves the key as unknown as it was, one he does not know makes it so.
 */
#include "dev/rng.h"

#include "arch/clock.h"
#include "arch/core.h"
#include "base/string.h"
#include "dev/chacha20.h"
#include "dev/entropy.h"

#define POOL (8 * CHACHA_BLOCK)
#define JITTER_SAMPLES 256 /* a bit or so each, under emulation too */

struct generator {
	u8 key[CHACHA_KEY];
	u8 pool[POOL];
	u32 at;       /* pool[at..] is output not yet handed out */
	u32 left;     /* bytes until the next reseed */
	bool seeded;
	bool hardware;
} __attribute__((aligned(64)));

static struct generator generators[CORES_MAX]; /* each touched by its core only */

static u8 shared[CHACHA_KEY]; /* random_share's, written once; a reader that meets the writer just gets other bytes */

static void rekey(struct generator *g)
{
	static const u8 nonce[12] = "absorb";
	u8 block[CHACHA_BLOCK];

	chacha20_block(block, g->key, 0, nonce);
	memcpy(g->key, block, CHACHA_KEY);
	memset(block, 0, sizeof(block));
}

static void absorb(struct generator *g, const void *buf, size_t len)
{
	const u8 *p = buf;

	while (len) {
		size_t n = MIN(len, (size_t)CHACHA_KEY);

		for (size_t i = 0; i < n; i++)
			g->key[i] ^= p[i];
		rekey(g);
		p += n;
		len -= n;
	}
	g->at = POOL; /* what the old key made is not handed out any more */
}

static void refill(struct generator *g)
{
	static const u8 nonce[12] = "output";

	for (u32 i = 0; i < POOL / CHACHA_BLOCK; i++)
		chacha20_block(g->pool + i * CHACHA_BLOCK, g->key, i, nonce);
	memcpy(g->key, g->pool, CHACHA_KEY);
	memset(g->pool, 0, CHACHA_KEY);
	g->at = CHACHA_KEY;
}

static void seed(struct generator *g)
{
	u64 sample[4] = { core_id(), clock_wall_at_boot() };

	absorb(g, sample, sizeof(sample)); /* so that no two cores or boots agree, whatever follows */
	absorb(g, shared, sizeof(shared));
	for (unsigned i = 0; i < ARRAY_SIZE(sample); i++)
		g->hardware |= entropy_hardware(&sample[i]);
	absorb(g, sample, sizeof(sample));
	for (unsigned i = 0; i < JITTER_SAMPLES / ARRAY_SIZE(sample); i++) {
		for (unsigned k = 0; k < ARRAY_SIZE(sample); k++)
			sample[k] = entropy_jitter();
		absorb(g, sample, sizeof(sample));
	}
	memset(sample, 0, sizeof(sample));
	g->left = RANDOM_RESEED_BYTES;
	g->seeded = true;
}

static struct generator *mine(void)
{
	struct generator *g = &generators[core_id()];

	if (!g->seeded)
		seed(g);
	return g;
}

void random_init_core(void) { mine(); }
bool random_hardware(void) { return mine()->hardware; }
void random_share(void) { random_fill(shared, sizeof(shared)); }
void random_mix(const void *buf, size_t len) { absorb(mine(), buf, len); }

void random_fill(void *buf, size_t len)
{
	struct generator *g = mine();
	u8 *out = buf;

	while (len) {
		size_t n;

		if (g->left == 0)
			seed(g);
		if (g->at == POOL)
			refill(g);
		n = MIN(MIN(len, (size_t)(POOL - g->at)), (size_t)g->left);
		memcpy(out, g->pool + g->at, n);
		memset(g->pool + g->at, 0, n);
		g->at += n;
		g->left -= n;
		out += n;
		len -= n;
	}
}

u64 random_u64(void)
{
	u64 v;

	random_fill(&v, sizeof(v));
	return v;
}
