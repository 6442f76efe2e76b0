/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* libnr: node replication, for C and C++. Everything is in nr/nr.h, nr/shards.h and nr/typed.h; start with nr(7). */
#ifndef LIBNR_H
#define LIBNR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nr/nr.h"
#include "nr/shards.h"
#include "nr/typed.h"

#endif
