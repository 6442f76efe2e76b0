/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The machine's network interfaces as programs ask for them: by ioctl (netdevice(7)); /proc/net is there too. */
#ifndef NET_INTERFACES_H
#define NET_INTERFACES_H

#include "base/types.h"

/* SIOCGIF*, asked through any socket; setting one is -EPERM or -EOPNOTSUPP. -ENOTTY: none of these. */
int interface_ioctl(u32 cmd, void __user *arg);

#endif
