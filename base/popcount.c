/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the compiler calls where the machine has no instruction that it may use. */
#include "base/types.h"

int __popcountdi2(long v);

int __popcountdi2(long v)
{
	u64 x = (u64)v;

	x -= x >> 1 & 0x5555555555555555ul;
	x = (x & 0x3333333333333333ul) + (x >> 2 & 0x3333333333333333ul);
	return ((x + (x >> 4)) & 0x0f0f0f0f0f0f0f0ful) * 0x0101010101010101ul >> 56;
}
