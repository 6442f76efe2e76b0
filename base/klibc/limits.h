/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* <limits.h> for the one borrowed file of base/ (klibc vsnprintf.c), which is compiled without a C library. */
#define CHAR_BIT __CHAR_BIT__
#define INT_MAX __INT_MAX__
