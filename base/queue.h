/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lists: BSD's <sys/queue.h>, from libbsd. */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H
#include <bsd/sys/queue.h>
#endif
