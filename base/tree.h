/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Red-black trees: BSD's <sys/tree.h>, from libbsd. */
#ifndef BASE_TREE_H
#define BASE_TREE_H
#include <bsd/sys/tree.h>
#endif
