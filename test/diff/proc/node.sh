# SPDX-License-Identifier: MIT OR Apache-2.0
# Nodes of memory under /sys: lists, distances, meminfo.
cd /sys/devices/system/node || exit
cat online possible 2>/dev/null | uniq | wc -l
for n in node*; do awk '{ print (NF > 0) }' $n/distance; [ -s $n/cpulist ] && echo list; grep -c 'MemTotal:' $n/meminfo; done | uniq
[ "$(cat node*/cpulist | tr ',\n' '  ' | wc -w)" -gt 0 ] && echo cpus
