/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where lwIP asks us: which interface leads to an address, and where a connection starts to count. */
#ifndef NET_LWIP_HOOKS_H
#define NET_LWIP_HOOKS_H

struct netif *stack_route(const void *dest);
unsigned int stack_random(void);

#define LWIP_HOOK_IP4_ROUTE(dest) stack_route(dest)
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) stack_random()

#endif
