/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command line's ip=CLIENT:SERVER:GATEWAY:MASK:... as Linux reads it (Documentation/admin-guide/nfs/nfsroot.rst). */
#ifndef NET_CONFIG_H
#define NET_CONFIG_H

#include "net/shard.h"

/* False: no address in it (dhcp, any, nonsense). */
bool config_parse(const char *text, struct net_config *out);

#endif
