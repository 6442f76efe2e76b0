#!/bin/busybox sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The guest's half of test/guest/repeat: runs each of PROGRAMS (of user/tests, with arguments) ROUNDS times, one after the
# other, shows what went wrong and counts it.
#
# repeat.sh ROUNDS PROGRAM...

PATH=/usr/lib/nros:$PATH
rounds=$1 round=0 bad=0
shift
while [ $round -lt "$rounds" ]; do
	round=$((round + 1))
	for program; do
		rm -rf /tmp/* 2>/dev/null
		cd /tmp || exit 1
		# shellcheck disable=SC2086
		timeout 900 $program >/repeat.out 2>&1
		status=$?
		[ $status = 0 ] && ! grep -q '^not ok' /repeat.out && continue
		bad=$((bad + 1))
		echo "round $round: $program: status $status"
		grep -A 1 '^not ok' /repeat.out
		tail -n 2 /repeat.out
	done
	echo "# round $round of $rounds, $bad bad, $(cut -d . -f 1 /proc/uptime) s"
done
[ $bad = 0 ]
