# SPDX-License-Identifier: MIT OR Apache-2.0
# Stopped is a state that /proc shows; CONT ends it, KILL needs no CONT.
state() { awk '{ print $3 }' /proc/$1/stat 2>/dev/null; }
until_state() { n=0; until [ "$(state $1)" = $2 ] || [ $n = 3000 ]; do usleep 10000; n=$((n + 1)); done; echo "state $(state $1)"; }
sleep 1000 & p=$!
until_state $p S
kill -STOP $p; until_state $p T
kill -TERM $p; until_state $p T
kill -CONT $p; wait $p 2>/dev/null; echo $?
sleep 1000 & p=$!; kill -STOP $p; until_state $p T; kill -KILL $p
wait $p 2>/dev/null; echo $?
sleep 1000 & p=$!; kill -TSTP $p; until_state $p T; kill -CONT $p; until_state $p S
kill -INT $p; kill -QUIT $p; kill -HUP $p; wait $p 2>/dev/null; echo $?
(trap '' TSTP; sh -c 'kill -TSTP $$; echo not stopped')
