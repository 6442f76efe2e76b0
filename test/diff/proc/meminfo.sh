# SPDX-License-Identifier: MIT OR Apache-2.0
# The fields of meminfo, in kilobytes, and their order of size.
for k in MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive SwapTotal SwapFree Dirty Mapped AnonPages Shmem Slab KernelStack PageTables; do
	awk -v k=$k '$1 == k ":" { print k, ($2 ~ /^[0-9]+$/) ? "number" : "?", $3 }' /proc/meminfo
done
awk '{ m[$1] = $2 } END { print (m["MemTotal:"] > 30000), (m["MemFree:"] <= m["MemTotal:"]), (m["MemAvailable:"] <= m["MemTotal:"]), m["SwapTotal:"] }' /proc/meminfo
free | awk 'NR == 1 { print NF, $1 } NR == 2 { print $1, ($2 > 30000), ($3 < $2) }'
