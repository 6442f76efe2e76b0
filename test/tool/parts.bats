#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
# The tool's parts, and the tool's first file.

parts() {
	/usr/bin/python3 -X pycache_prefix="$BATS_TEST_TMPDIR" "$BATS_TEST_DIRNAME/parts.py" "$1"
}

@test "the Debian entry is found in every form" { parts Mirror; }
@test "archives hold what was put in, large files page-aligned" { parts Cpio; }
@test "Python's byte code is its source's, and the same each time" { parts Bytecode; }
@test "maintainer scripts are read for links and copies" { parts Scripts; }
@test "every core and byte belongs to one node" { parts Topology; }
@test "a published port has a queue for connections" { parts Backlog; }
@test "TAP is counted, and silence is a failure" { parts Tap; }

@test "without root a missing package is one line and 125" {
	mkdir -p "$BATS_TEST_TMPDIR/tools" "$BATS_TEST_TMPDIR/bin"
	cp "$NROS" "$BATS_TEST_TMPDIR/nros"
	printf '[run]\nno-such-package\n[test]\nother\n' >"$BATS_TEST_TMPDIR/tools/packages"
	printf '#!/bin/sh\necho 1000\n' >"$BATS_TEST_TMPDIR/bin/id"
	chmod +x "$BATS_TEST_TMPDIR/bin/id"
	local status=0
	PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$BATS_TEST_TMPDIR/nros" run -- true >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
	[ "$status" = 125 ]
	grep -qx "nros: missing Debian packages; as root: apt-get install no-such-package" "$BATS_TEST_TMPDIR/out"
}
