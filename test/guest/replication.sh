#!/bin/busybox sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The guest's half of the test that replication is real. On every node at once, bound to its cores, workers create,
# rename and remove files in one shared directory and their own, and fork and exit. Then /proc/nros/nr is printed
# as it is, and again after one bit was flipped in one replica of the tree and of the process table:
#
#	=== after the work / === after flip NAME NODE
#
# replication.sh ROUNDS

rounds=${1:-200}
mkdir -p /tmp/shared
cd /tmp/shared || exit 1

# A mask of the processors in a list such as 0-1,4.
mask_of() {
	mask=0
	for part in $(echo "$1" | tr , ' '); do
		n=${part%-*}
		while [ "$n" -le "${part#*-}" ]; do mask=$((mask | 1 << n)); n=$((n + 1)); done
	done
	printf '%x' $mask
}

work() {
	i=0
	mkdir "own.$1"
	while [ $i -lt "$rounds" ]; do
		: >"shared.$1.$i"
		mv "shared.$1.$i" "own.$1/moved.$i"
		ln -s "own.$1/moved.$i" "link.$1.$i"
		(exit 0)
		[ $((i % 3)) = 0 ] || rm "own.$1/moved.$i" "link.$1.$i"
		[ $((i % 16)) = 0 ] && sh -c 'mkdir common 2>/dev/null; rmdir common 2>/dev/null; :'
		i=$((i + 1))
	done
}

for list in /sys/devices/system/node/node*/cpulist; do
	mask=$(mask_of "$(cat "$list")")
	node=$(echo "$list" | tr -cd 0-9)
	for worker in a b; do
		(taskset -p "$mask" "$(exec sh -c 'echo $PPID')" >/dev/null; work "$node$worker") &
	done
done
wait
echo "=== after the work"
cat /proc/nros/nr
for name in tree procs; do
	echo "=== after flip $name 1"
	echo "flip $name 1" >/proc/nros/nr || echo "flip refused"
	cat /proc/nros/nr
done
