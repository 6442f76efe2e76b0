# SPDX-License-Identifier: MIT OR Apache-2.0
# A job can be probed and ended, and its status tells the signal; background jobs ignore INT and QUIT.
start() { sleep 1000 & until grep -q sleep /proc/$!/comm; do usleep 2000; done; }
start
kill -0 $! && echo alive
kill $!
wait $! 2>/dev/null; echo $?
kill -0 $! 2>/dev/null || echo gone
start
kill -9 $!; wait $! 2>/dev/null; echo $?
start
kill -INT $!; kill -QUIT $!; kill -HUP $!; wait $! 2>/dev/null; echo $?
