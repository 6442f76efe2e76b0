/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fixed-width integers and sizes, and nothing else: no macro that could meet one of somebody else's. The headers of nr that
 * programs include (nr/nr.h) need no more.
 */
#ifndef BASE_INTS_H
#define BASE_INTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#endif
