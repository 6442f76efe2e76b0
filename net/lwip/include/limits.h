/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The limits that lwIP compares with; the compiler's own header wants a C library behind it. */
#ifndef NET_LWIP_LIMITS_H
#define NET_LWIP_LIMITS_H

#define INT_MAX __INT_MAX__
#define INT_MIN (-INT_MAX - 1)
#define UINT_MAX (2u * INT_MAX + 1)

#endif
