# SPDX-License-Identifier: MIT OR Apache-2.0
# Processors: nproc, cpuinfo, stat, /sys and taskset agree.
n=$(nproc); [ "$(grep -c ^processor /proc/cpuinfo)" = $n ] && echo cpuinfo
[ "$(grep -c '^cpu[0-9]' /proc/stat)" = $n ] && echo stat
[ "$(ls -d /sys/devices/system/cpu/cpu[0-9]* | wc -l)" = $n ] && echo sys
[ "$(cat /sys/devices/system/cpu/online)" = "$([ $n = 1 ] && echo 0 || echo 0-$((n - 1)))" ] && echo online
taskset 1 nproc; taskset -p 1 $$ >/dev/null; nproc
grep ^Cpus_allowed_list /proc/self/status | tr '\t' ' '
grep -E '^(cpu |ctxt|btime|processes|procs_running)' /proc/stat | awk '{ print $1 }'
head -n 1 /proc/stat | awk '{ print (NF > 7) }'; awk '{ print NF }' /proc/loadavg
awk '{ print NF, ($1 > 0) }' /proc/uptime
grep -c '^model name' /proc/cpuinfo | grep -qx $n && echo model
grep -q '^flags.* sse2' /proc/cpuinfo && echo flags
