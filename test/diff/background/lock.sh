# SPDX-License-Identifier: MIT OR Apache-2.0
# Four workers count under a lock made with mkdir; no step is lost.
echo 0 >count
worker() {
	i=0
	while [ $i -lt 25 ]; do
		until mkdir lock 2>/dev/null; do usleep 1000; done
		read n <count
		echo $((n + 1)) >count
		rmdir lock
		i=$((i + 1))
	done
}
worker & worker & worker & worker &
wait
cat count
