# SPDX-License-Identifier: MIT OR Apache-2.0
# Sleeps last at least as long as asked; several run at once.
t() { cut -d ' ' -f 1 /proc/uptime | tr -d .; }
a=$(t); sleep 0.5; b=$(t); [ $((b - a)) -ge 49 ] && echo half; a=$(t); sleep 1; b=$(t); [ $((b - a)) -ge 99 ] && echo one; a=$(t); for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1 & done; wait; b=$(t); [ $((b - a)) -ge 99 ] && echo slept; sleep 0; echo $?; usleep 1000; sleep 0.01 0.01; echo $?; sleep; echo $?
read -t 1 x </dev/null; echo $?; mkfifo p; exec 3<>p; read -t 1 x <&3
[ $? -gt 0 ] && echo timed out; echo y >&3; read -t 1 x <&3; echo $? $x
