/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which shard owns a flow. See flow.h. Header layouts: RFC 791 (IP), 826 (ARP), 768 (UDP), 9293 (TCP). */
#include "net/flow.h"
#include "base/string.h"

enum { ETH_SIZE = 14, IP_MIN = 20, PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, DHCP_CLIENT = 68, ICMP_UNREACHABLE = 3 };

static u32 get16(const u8 *p) { return (u32)p[0] << 8 | p[1]; }

static u32 mix(u64 x)
{
	x *= 0x9e3779b97f4a7c15ul;
	return x >> 32;
}

static u32 pick(u32 hash, u32 shards) { return (u64)hash * shards >> 32; }

/* A sum is alike from both sides. */
u32 flow_tcp(const struct port_name *a, const struct port_name *b, u32 shards)
{
	return pick(mix(mix((u64)a->ip << 16 | a->port) + (u64)mix((u64)b->ip << 16 | b->port)), shards);
}

u32 flow_udp(u16 local_port, u32 shards)
{
	return local_port == DHCP_CLIENT ? 0 : pick(mix(local_port), shards);
}

/* An ICMP error carries the start of the packet that it is about: one of ours (RFC 792). */
static u32 flow_of_complaint(const u8 *icmp, u32 len, u32 shards)
{
	const u8 *ip = icmp + 8, *ports;
	u32 head;
	struct port_name from, to;

	if (len < 8 + IP_MIN || icmp[0] != ICMP_UNREACHABLE)
		return 0;
	head = (ip[0] & 15) * 4u;
	if (head < IP_MIN || len < 8 + head + 4)
		return 0;
	ports = ip + head;
	memcpy(&from.ip, ip + 12, 4);
	memcpy(&to.ip, ip + 16, 4);
	from.port = get16(ports);
	to.port = get16(ports + 2);
	return ip[9] == PROTO_UDP ? flow_udp(from.port, shards) : ip[9] == PROTO_TCP ? flow_tcp(&from, &to, shards) : 0;
}

u32 flow_of_ip(const u8 *p, u32 len, u32 shards)
{
	struct port_name from, to;
	u32 head = len ? (p[0] & 15) * 4u : 0;

	if (len < IP_MIN || head < IP_MIN || len < head + 4 || (get16(p + 6) & 0x3fff))
		return 0;
	memcpy(&from.ip, p + 12, 4);
	memcpy(&to.ip, p + 16, 4);
	from.port = get16(p + head);
	to.port = get16(p + head + 2);
	if (p[9] == PROTO_TCP)
		return flow_tcp(&from, &to, shards);
	if (p[9] == PROTO_UDP)
		return flow_udp(to.port, shards);
	return p[9] == PROTO_ICMP ? flow_of_complaint(p + head, len - head, shards) : 0;
}

u32 flow_of_frame(const u8 *p, u32 len, u32 shards)
{
	if (len < ETH_SIZE)
		return 0;
	if (get16(p + 12) == 0x0800)
		return flow_of_ip(p + ETH_SIZE, len - ETH_SIZE, shards);
	/* Whoever asked for a neighbour must hear the answer; questions are answered once. */
	if (get16(p + 12) == 0x0806 && len >= ETH_SIZE + 8 && get16(p + ETH_SIZE + 6) == 2)
		return FLOW_ALL;
	return 0;
}

u32 flow_checksum_prepare(u8 *frame, u32 len, u16 *field)
{
	u8 *ip = frame + ETH_SIZE, *sum_at;
	u32 head, total, sum = 0;

	if (len < ETH_SIZE + IP_MIN || get16(frame + 12) != 0x0800 || (get16(ip + 6) & 0x3fff))
		return 0;
	head = (ip[0] & 15) * 4u;
	total = get16(ip + 2);
	*field = ip[9] == PROTO_TCP ? 16 : 6;
	if ((ip[9] != PROTO_TCP && ip[9] != PROTO_UDP) || total < head || len < ETH_SIZE + head + *field + 2)
		return 0;
	for (u32 i = 12; i < 20; i += 2)
		sum += get16(ip + i);
	sum += ip[9] + total - head;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum_at = ip + head + *field;
	sum_at[0] = sum >> 8;
	sum_at[1] = sum;
	return ETH_SIZE + head;
}
