# SPDX-License-Identifier: MIT OR Apache-2.0
# SIGCHLD can be trapped; every child gives at least one.
box=$(readlink -f /proc/self/exe); export box
n=0
trap 'n=$((n + 1))' CHLD
"$box" true 2>/dev/null; sh -c 'exit 3'; echo $?
(exit 4); echo $?
[ $n -ge 2 ] && echo counted
trap - CHLD
m=$n
sh -c 'exit 0'
[ $m = $n ] && echo silent
