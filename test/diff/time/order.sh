# SPDX-License-Identifier: MIT OR Apache-2.0
# Later is newer, clocks do not run back.
a=$(date +%s); usleep 1100000; b=$(date +%s); [ $b -gt $a ] && echo later; echo >o
usleep 20000; echo >n; [ n -nt o ] && echo newer; find . -newer o -name n
u=$(cut -d . -f 1 /proc/uptime); usleep 1100000; v=$(cut -d . -f 1 /proc/uptime)
[ $v -gt $u ] && echo up
i=0; p=0
while [ $i -lt 50 ]; do t=$(cut -d ' ' -f 1 /proc/uptime | tr -d .); [ $t -lt $p ] && echo backwards; p=$t; i=$((i + 1)); done
echo checked; [ $(date +%Y) -ge 2024 ] && echo century
