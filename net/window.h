/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Instances of the stack. Each is a window of kernel addresses: the image's text, the same frames in every window, and
 * behind it pages of its own with the image's variables, relocated to where the window lies. Made once, never undone.
 */
#ifndef NET_WINDOW_H
#define NET_WINDOW_H

#include "net/port.h"

/* Instance `number` (each once), with its variables on `node`. NULL: no memory. Boot or under a lock; does not sleep. */
const struct port_stack *window_open(u32 number, u32 node, const struct port_kernel *k, const struct port_start *start);

#endif
