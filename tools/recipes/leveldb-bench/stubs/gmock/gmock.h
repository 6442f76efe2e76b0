/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What LevelDB's util/testutil.h needs of gmock to be read by a program that is no test. */
#ifndef GMOCK_STUB_H
#define GMOCK_STUB_H

#define MATCHER(name, text) template <typename T> bool name(const T &arg)

#endif
