# SPDX-License-Identifier: MIT OR Apache-2.0
# wait gives each job's status, in any order, and 127 for a stranger.
(exit 3) & a=$!
(exit 5) & b=$!
true & c=$!
wait $b; echo $?
wait $a; echo $?
wait $c; echo $?
wait $a; echo $?
wait 999999; echo $?
sh -c 'kill -9 $$' & wait $! 2>/dev/null; echo $?
wait; echo $?
