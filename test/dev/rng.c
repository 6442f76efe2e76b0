/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ChaCha20 against the vectors of RFC 8439, and the per-core generators over a known entropy source: what must
 * repeat repeats, what must differ differs, and nothing handed out stays behind in the state.
 */
#include <asm/prctl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/clock.h"
#include "arch/core.h"
#include "dev/chacha20.h"
#include "dev/rng.c" /* the state is looked into */
#include "test/tap.h"

static u64 source;
static unsigned jitter_calls;
static bool have_hardware = true;
bool entropy_hardware(u64 *v) { *v = source++; return have_hardware; }
u64 entropy_jitter(void) { jitter_calls++; return source++; }
u64 clock_wall_at_boot(void) { return 1; }

static struct core cores[4];

static void run_on(u32 id)
{
	cores[id].self = &cores[id];
	cores[id].id = id;
	syscall(SYS_arch_prctl, ARCH_SET_GS, &cores[id]);
}

static void restart(u64 entropy)
{
	memset(generators, 0, sizeof(generators));
	memset(shared, 0, sizeof(shared));
	source = entropy;
}

static void vectors(void)
{
	/* Section 2.3.2 */
	static const u8 nonce[12] = { 0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0 };
	static const u8 want[64] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4,
		0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22, 0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e,
		0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa, 0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2,
		0xb5, 0x12, 0x9c, 0xd1, 0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
	};
	/* Appendix A.1, vector 1: all zero */
	static const u8 zero[8] = { 0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90 };
	u8 key[32], out[64];

	for (unsigned i = 0; i < 32; i++)
		key[i] = i;
	chacha20_block(out, key, 1, nonce);
	ok(memcmp(out, want, 64) == 0, "RFC 8439 2.3.2");
	memset(key, 0, 32);
	chacha20_block(out, key, 0, (const u8[12]){ 0 });
	ok(memcmp(out, zero, 8) == 0, "RFC 8439 A.1 vector 1");
}

static void generators_differ(void)
{
	u8 a[1000], b[1000];

	restart(1);
	run_on(0);
	random_fill(a, sizeof(a));
	restart(1);
	random_fill(b, sizeof(b));
	ok(memcmp(a, b, sizeof(a)) == 0, "the same entropy gives the same bytes");
	restart(1);
	run_on(1);
	random_fill(b, sizeof(b));
	ok(memcmp(a, b, 32) != 0, "another core, the same entropy: other bytes");
	run_on(0);
	restart(2);
	random_fill(b, sizeof(b));
	ok(memcmp(a, b, 32) != 0, "other entropy, other bytes");
	restart(1);
	memset(shared, 1, sizeof(shared));
	random_fill(b, sizeof(b));
	ok(memcmp(a, b, 32) != 0, "what the boot core shared changes the output");
	restart(1);
	random_mix("x", 1);
	random_fill(b, sizeof(b));
	ok(memcmp(a, b, 32) != 0, "a mixed-in byte changes the output");
	restart(1);
	for (size_t at = 0, n = 1; at < sizeof(b); at += n, n = MIN(n * 2 + 1, sizeof(b) - at))
		random_fill(b + at, n);
	ok(memcmp(a, b, sizeof(a)) == 0, "the stream does not depend on how it is cut");
}

static void nothing_stays(void)
{
	u8 out[100], key[CHACHA_KEY];
	bool found = false;

	restart(1);
	random_init_core();
	memcpy(key, generators[0].key, CHACHA_KEY);
	random_fill(out, sizeof(out));
	ok(memcmp(key, generators[0].key, CHACHA_KEY) != 0, "the key is replaced before anything is handed out");
	for (size_t i = 0; i + 8 <= sizeof(generators[0]); i++)
		for (size_t k = 0; k + 8 <= sizeof(out); k += 8)
			found |= memcmp((u8 *)&generators[0] + i, out + k, 8) == 0;
	ok(!found, "bytes handed out are wiped from the state");
}

static void reseeding(void)
{
	static u8 big[RANDOM_RESEED_BYTES];
	unsigned calls;

	restart(1);
	random_init_core();
	calls = jitter_calls;
	random_fill(big, sizeof(big));
	ok(jitter_calls == calls, "no reseed within the limit");
	random_u64();
	ok(jitter_calls == calls + JITTER_SAMPLES, "reseed after %u bytes", RANDOM_RESEED_BYTES);
	ok(random_hardware(), "a hardware source is reported");
	have_hardware = false;
	restart(1);
	ok(!random_hardware(), "its absence too");
}

/* Bits of a megabyte: each position of a byte is set in half the bytes, within six standard deviations. */
static void balance(void)
{
	static u8 bytes[1 << 20];
	int count[8] = { 0 }, worst = 0;

	restart(7);
	random_fill(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		for (unsigned k = 0; k < 8; k++)
			count[k] += bytes[i] >> k & 1;
	for (unsigned k = 0; k < 8; k++)
		worst = MAX(worst, count[k] > 1 << 19 ? count[k] - (1 << 19) : (1 << 19) - count[k]);
	ok(worst < 6 * 512, "bits are balanced (worst position off by %d of %d)", worst, 1 << 19);
}

int main(void)
{
	vectors();
	generators_differ();
	nothing_stays();
	reseeding();
	balance();
	return tap_end();
}
