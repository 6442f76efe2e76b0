/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What LevelDB's util/testutil.h needs of gtest to be read by a program that is no test. */
#ifndef GTEST_STUB_H
#define GTEST_STUB_H

namespace testing {
struct UnitTest {
	static UnitTest *GetInstance();
	int random_seed() const;
};
}

#endif
