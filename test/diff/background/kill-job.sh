# SPDX-License-Identifier: MIT OR Apache-2.0
# A job can be probed and ended, and its status tells the signal.
sleep 1000 & p=$!
kill -0 $p && echo alive
kill $p
wait $p; echo $?
kill -0 $p 2>/dev/null || echo gone
sleep 1000 & kill -9 $!; wait $!; echo $?
sleep 1000 & kill -INT $! ; kill -HUP $!; wait $!; echo $?
