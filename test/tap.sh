# SPDX-License-Identifier: MIT OR Apache-2.0
# For sh test runners (". test/tap.sh"): each step is one TAP line, its output shown indented if it fails.
tap_count=0
tap_failed=0

# tap NAME COMMAND...: passes if the command exits with 0
tap() {
	tap_name=$1
	shift
	tap_count=$((tap_count + 1))
	if tap_output=$("$@" 2>&1); then
		echo "ok $tap_count - $tap_name"
	else
		echo "not ok $tap_count - $tap_name"
		echo "$tap_output" | tail -n 40 | sed 's/^/    /'
		tap_failed=$((tap_failed + 1))
	fi
}

tap_end() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
}
