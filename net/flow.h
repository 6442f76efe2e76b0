/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which shard owns a flow. Pure arithmetic: the same answer on every core, for packets and for sockets.
 *
 *   TCP    by both names, alike from either side: both ends of a connection to this machine itself share a shard
 *   UDP    by the local port: a socket without a peer lives in one place
 *   rest   shard 0
 */
#ifndef NET_FLOW_H
#define NET_FLOW_H

#include "base/types.h"
#include "net/port.h"

#define FLOW_ALL (~0u) /* every shard must see this packet */

u32 flow_tcp(const struct port_name *a, const struct port_name *b, u32 shards);
u32 flow_udp(u16 local_port, u32 shards);
/* The owner of an IPv4 packet, or of an Ethernet frame. Cut or foreign packets: 0. */
u32 flow_of_ip(const u8 *p, u32 len, u32 shards);
u32 flow_of_frame(const u8 *p, u32 len, u32 shards);

/* Where a checksum still has to be completed (see vnet_send): writes the pseudo header's sum into the TCP or UDP header
 * of an Ethernet frame. Returns the offset of that header and sets *field, or 0: nothing to do. */
u32 flow_checksum_prepare(u8 *frame, u32 len, u16 *field);

#endif
