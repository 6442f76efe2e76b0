/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* libnr: node replication, for C and C++. Everything is in nr/nr.h and nr/shards.h; start with nr(7). */
#ifndef LIBNR_H
#define LIBNR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "nr/nr.h"
#include "nr/shards.h"

#ifdef __cplusplus
}
#endif

#endif
