/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What lwIP needs to know of the compiler and of where it runs. */
#ifndef NET_LWIP_CC_H
#define NET_LWIP_CC_H

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H 1
#define LWIP_NO_UNISTD_H 1
#define X8_F "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "lu"

typedef long ssize_t;
#define SSIZE_MAX 0x7fffffffffffffffl

void stack_fail(const char *why);
unsigned int stack_random(void);

#define LWIP_PLATFORM_DIAG(x) do { } while (0)
#define LWIP_PLATFORM_ASSERT(x) stack_fail(x)
#define LWIP_RAND() stack_random()

#endif
