/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names of sockets, replicated: the contract is seq/sockets.h. Protocols by their IP numbers. May not be called under locks. */
#ifndef NET_NAMES_H
#define NET_NAMES_H

#include "net/port.h"
#include "seq/sockets.h"

int names_start(void);                                                     /* 0 or -ENOMEM */
int names_bind(u32 protocol, const struct port_name *n, u16 flags, u32 owner, u64 id); /* 0, -EADDRINUSE, -ENOMEM */
int names_listen(u32 protocol, const struct port_name *n, u64 id);
void names_unbind(u32 protocol, const struct port_name *n, u64 id); /* nobody finds it any more */
bool names_used(u32 protocol, const struct port_name *n);
/* How many receive what is sent to this name; with exactly one, `hold` is called with its id while it cannot go away. */
u32 names_find(u32 protocol, const struct port_name *n, void (*hold)(u64 id), u64 *id);

#endif
