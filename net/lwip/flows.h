/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The connections of an instance. lwIP keeps its connections in two lists and walks them: for each packet, and for each
 * tick. Here those lists are empty, but for the connection that is being worked on; so a packet costs the same whatever
 * the number of connections, and time is spent on those only that wait for something.
 *
 *                    hash by names: all
 *   BUSY    something is on its way or owed         runs at each tick, 5 ms
 *   SLOW    a silence is being measured             looked at when the first silence may be over
 *   IDLE    waits for the peer or the program       no list
 *   PAST    TIME_WAIT: old packets are caught       a queue by time of death
 *
 *   flows_enter(pcb) puts it where lwIP looks, flows_leave() sorts what is there into these; calls may nest, as when an
 *   event leads to a call. A connection that lwIP makes or frees in between is noticed.
 */
#ifndef NET_LWIP_FLOWS_H
#define NET_LWIP_FLOWS_H

#include "lwip/priv/tcp_priv.h"
#include "net/port.h"

struct flow;

bool flows_start(const struct port_kernel *k); /* false: no memory */
void flows_begin(void);                 /* around any call into lwIP that may touch connections */
void flows_enter(struct tcp_pcb *pcb);  /* begin, for one connection */
void flows_leave(void);
/* Before lwIP reads a TCP segment (an IP packet): finds its connection. False: it is not to be read. */
bool flows_input(const u8 *ip, u32 len);
bool flows_taken(const struct port_name *local, const struct port_name *remote);
/* The program has closed this one: in TIME_WAIT its sock is no longer needed. */
void flows_close(struct tcp_pcb *pcb);
void flows_each(void (*see)(struct tcp_pcb *pcb, void *arg), void *arg); /* not from inside of flows_begin */
/* Runs timers; when they want to run again, ms. */
u64 flows_tick(u64 now);

#endif
