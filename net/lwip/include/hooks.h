/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where lwIP asks us: which interface leads to an address, where a connection starts to count, and whether a packet is to be read. */
#ifndef NET_LWIP_HOOKS_H
#define NET_LWIP_HOOKS_H

struct netif *stack_route(const void *dest);
unsigned int stack_random(void);
struct pbuf;
int stack_look(struct pbuf *p);

#define LWIP_HOOK_IP4_INPUT(p, netif) stack_look(p)
#define LWIP_HOOK_IP4_ROUTE(dest) stack_route(dest)
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) stack_random()

#endif
