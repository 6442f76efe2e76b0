/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The bare port's two ends: memory comes in, panics go out. */
#ifndef NR_PORT_BARE_H
#define NR_PORT_BARE_H

#include "base/types.h"

/* Before anything else, once. */
void nr_bare_memory(void *mem, size_t size);
/* nr_port_panic is the user's: a bare machine's last words are its own affair. So are memcpy, memset and memcmp. */

#endif
