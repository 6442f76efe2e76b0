/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* <inttypes.h> for the one borrowed file of base/ (klibc vsnprintf.c), which is compiled without a C library. */
#include <stdint.h>
