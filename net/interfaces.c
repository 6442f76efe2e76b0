/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Interfaces: lo, and eth0 where there is a network device. What they are is decided by ip= or DHCP; asking is all that
 * programs can do. Layouts: netdevice(7), linux/if.h. See interfaces.h.
 */
#include "net/interfaces.h"
#include "arch/mmu.h"
#include "base/errno.h"
#include "base/string.h"
#include "kern/process.h"
#include "kern/proc_internal.h"
#include "net/shard.h"
#include "net/socket.h"

enum { SIOCGIFNAME = 0x8910, SIOCGIFCONF = 0x8912, SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCGIFADDR, SIOCSIFADDR,
       SIOCGIFDSTADDR, SIOCGIFBRDADDR = 0x8919, SIOCSIFBRDADDR, SIOCGIFNETMASK, SIOCSIFNETMASK, SIOCGIFMETRIC,
       SIOCGIFMTU = 0x8921, SIOCSIFMTU, SIOCGIFHWADDR = 0x8927, SIOCGIFINDEX = 0x8933, SIOCGIFTXQLEN = 0x8942,
       SIOCGIFMAP = 0x8970 };
enum { IFF_UP = 1, IFF_BROADCAST = 2, IFF_LOOPBACK = 8, IFF_RUNNING = 64, IFF_MULTICAST = 0x1000 };
enum { ARPHRD_ETHER = 1, ARPHRD_LOOPBACK = 772 };
enum { LO = 1, ETH0 = 2 };

#define EADDRNOTAVAIL 99
#define LOOPBACK_MTU 65536
#define WIRE_MTU 1500

struct ifreq {
	char name[16];
	union {
		struct { u16 family; u8 port[2]; u32 ip; u8 zero[8]; } in;
		struct { u16 family; u8 bytes[14]; } hw;
		s16 flags;
		s32 number;
		u8 room[24];
	};
};
_Static_assert(sizeof(struct ifreq) == 40, "struct ifreq");

struct ifconf { s32 len, pad; struct ifreq __user *list; };

struct interface { u32 index; const char *name; u32 ip, mask, flags, mtu; };

static bool interface_get(u32 index, struct interface *i)
{
	struct net_config c;

	net_config_get(&c);
	if (index == LO)
		*i = (struct interface){ LO, "lo", 0x0100007fu, 0xff, IFF_UP | IFF_LOOPBACK | IFF_RUNNING, LOOPBACK_MTU };
	else if (index == ETH0 && vnet_first())
		*i = (struct interface){ ETH0, "eth0", c.ip, c.mask, IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_MULTICAST, WIRE_MTU };
	else
		return false;
	return true;
}

static bool interface_named(const char *name, struct interface *i)
{
	return (interface_get(LO, i) && !strncmp(name, i->name, 16)) || (interface_get(ETH0, i) && !strncmp(name, i->name, 16));
}

static int address_out(struct ifreq *r, u32 ip)
{
	memset(r->room, 0, sizeof(r->room));
	r->in.family = AF_INET;
	r->in.ip = ip;
	return ip ? 0 : -EADDRNOTAVAIL;
}

static int hardware_out(struct ifreq *r, const struct interface *i)
{
	memset(r->room, 0, sizeof(r->room));
	r->hw.family = i->index == LO ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
	if (i->index == ETH0)
		memcpy(r->hw.bytes, vnet_mac(vnet_first()), 6);
	return 0;
}

static int number_out(struct ifreq *r, s32 n)
{
	r->number = n;
	return 0;
}

/* One question about one interface. */
static int interface_ask(u32 cmd, struct ifreq *r, const struct interface *i)
{
	switch (cmd) {
	case SIOCGIFFLAGS: r->flags = i->flags; return 0;
	case SIOCGIFADDR: case SIOCGIFDSTADDR: return address_out(r, i->ip);
	case SIOCGIFBRDADDR: return address_out(r, i->index == LO ? 0 : i->ip | ~i->mask);
	case SIOCGIFNETMASK: return address_out(r, i->mask);
	case SIOCGIFMTU: return number_out(r, i->mtu);
	case SIOCGIFINDEX: return number_out(r, i->index);
	case SIOCGIFMETRIC: return number_out(r, 0);
	case SIOCGIFTXQLEN: return number_out(r, 1000);
	case SIOCGIFHWADDR: return hardware_out(r, i);
	case SIOCGIFMAP: memset(r->room, 0, sizeof(r->room)); return 0;
	default: return cred_capable(&process_current()->cred) ? -EOPNOTSUPP : -EPERM;
	}
}

static int interface_list(struct ifconf __user *at)
{
	struct interface i;
	struct ifconf c;
	s32 used = 0;

	if (user_copy_in(&c, at, sizeof(c)))
		return -EFAULT;
	for (u32 index = LO; interface_get(index, &i); index++) {
		struct ifreq r = { 0 };

		strlcpy(r.name, i.name, sizeof(r.name));
		if (address_out(&r, i.ip) || (c.list && used + (s32)sizeof(r) > c.len))
			continue;
		if (c.list && user_copy_out((u8 __user *)c.list + used, &r, sizeof(r)))
			return -EFAULT;
		used += sizeof(r);
	}
	c.len = used;
	return user_copy_out(at, &c, sizeof(c));
}

static bool is_about_interfaces(u32 cmd)
{
	return (cmd >= SIOCGIFNAME && cmd <= SIOCGIFINDEX) || cmd == SIOCGIFTXQLEN || cmd == SIOCGIFMAP;
}

int interface_ioctl(u32 cmd, void __user *arg)
{
	struct interface i;
	struct ifreq r;
	int err;

	if (!is_about_interfaces(cmd))
		return -ENOTTY;
	if (cmd == SIOCGIFCONF)
		return interface_list(arg);
	if (user_copy_in(&r, arg, sizeof(r)))
		return -EFAULT;
	if (cmd == SIOCGIFNAME) {
		err = interface_get(r.number, &i) ? 0 : -ENODEV;
		if (!err)
			strlcpy(r.name, i.name, sizeof(r.name));
	} else {
		err = interface_named(r.name, &i) ? interface_ask(cmd, &r, &i) : -ENODEV;
	}
	return err ? err : user_copy_out(arg, &r, sizeof(r));
}

/* ---- /proc/net */

static void dev_line(struct text *t, const char *name, const struct vnet_stat *s)
{
	text_printf(t, "%6s: %7lu %7lu    0    0    0     0          0         0 %8lu %7lu    0 %4lu    0     0       0          0\n",
		    name, s->received_bytes, s->received, s->sent_bytes, s->sent, s->dropped);
}

int proc_net_dev(const struct pseudo_node *n, struct text *t)
{
	struct vnet_stat s = { 0 };

	(void)n;
	text_printf(t, "Inter-|   Receive                                                |  Transmit\n");
	text_printf(t, " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n");
	for (u32 i = 0; i < shards_count(); i++) {
		s.sent += shard_of(i)->looped;
		s.sent_bytes += shard_of(i)->looped_bytes;
	}
	s.received = s.sent;
	s.received_bytes = s.sent_bytes;
	dev_line(t, "lo", &s);
	if (vnet_first()) {
		vnet_stats(vnet_first(), &s);
		dev_line(t, "eth0", &s);
	}
	return 0;
}

static void route_line(struct text *t, u32 to, u32 gateway, u32 flags, u32 mask)
{
	text_printf(t, "eth0\t%08X\t%08X\t%04X\t0\t0\t0\t%08X\t0\t0\t0%*s\n", to, gateway, flags, mask, 63, "");
}

int proc_net_route(const struct pseudo_node *n, struct text *t)
{
	struct net_config c;

	(void)n;
	net_config_get(&c);
	text_printf(t, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT%*s\n", 55, "");
	if (c.gateway)
		route_line(t, 0, c.gateway, 3, 0);
	if (c.ip)
		route_line(t, c.ip & c.mask, 0, 1, c.mask);
	return 0;
}

/* ---- /proc/nros/net */

int proc_nros_net(const struct pseudo_node *n, struct text *t)
{
	const struct vnet *v = vnet_first();
	struct vnet_stat s;

	(void)n;
	for (u32 i = 0; v && i < vnet_pairs(v); i++) {
		vnet_pair_stats(v, i, &s);
		text_printf(t, "pair %u core %u received %lu sent %lu dropped %lu\n", i, vnet_core(v, i), s.received, s.sent, s.dropped);
	}
	for (u32 i = 0; i < shards_count(); i++) {
		const struct shard *sh = shard_of(i);

		text_printf(t, "shard %u frames %lu forwarded %lu messages %lu looped %lu\n", i, sh->frames_in, sh->frames_forwarded,
			    sh->messages, sh->looped);
	}
	return 0;
}
