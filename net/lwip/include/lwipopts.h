/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How lwIP is built: no operating system under it, the raw API, IPv4. Reasons stand where a value is not the obvious. */
#ifndef NET_LWIPOPTS_H
#define NET_LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_STATS 0
#define LWIP_RAW 0
#define LWIP_DNS 0
#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define IPV6_FRAG_COPYHEADER 1 /* 64-bit pointers do not fit where the header was */
#define LWIP_DHCP 1
#define LWIP_NETIF_LOOPBACK 0  /* the kernel carries packets to ourselves: they may belong to another core */
#define LWIP_HAVE_LOOPIF 0
#define LWIP_SINGLE_NETIF 0

/* Timers run when there is work for them: net/lwip/stack.c calls them. */
#define LWIP_TIMERS 1
#define LWIP_TIMERS_CUSTOM 1
#define TCP_TMR_INTERVAL 5     /* at 250 ms one lost packet costs a quarter of a second */
#define LWIP_TCP_RTO_TIME 200
#define TCP_MSL 5000ul

/* All memory comes from the kernel. */
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT 16
#define LWIP_SUPPORT_CUSTOM_PBUF 1

#define ARP_QUEUEING 1         /* else one packet waits per unresolved neighbour */
#define ETHARP_TRUST_IP_MAC 0
#define ETHARP_SUPPORT_STATIC_ENTRIES 1
#define IP_REASSEMBLY 0        /* fragments carry no ports, so no core owns them: not yet */
#define IP_FRAG 1

#define LWIP_TCP 1
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1 /* they insist on values below 64 KiB */
#define TCP_MSS 32000          /* the most; a wire's own limit holds on that wire */
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 3
#define TCP_WND (256 * 1024)
#define TCP_SND_BUF (256 * 1024)
#define TCP_SND_QUEUELEN 4096
#define TCP_SNDLOWAT (16 * 1024)
#define TCP_SNDQUEUELOWAT 1024
#define TCP_OVERSIZE 0         /* bytes are referred to, not copied */
#define TCP_LISTEN_BACKLOG 1
#define TCP_QUEUE_OOSEQ 1
#define LWIP_TCP_SACK_OUT 1
#define LWIP_TCP_TIMESTAMPS 0
#define LWIP_TCP_KEEPALIVE 1
#define LWIP_TCP_PCB_NUM_EXT_ARGS 2
#define SO_REUSE 1
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1

#define LWIP_HOOK_FILENAME "hooks.h"

#endif
