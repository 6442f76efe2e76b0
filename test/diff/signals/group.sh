# SPDX-License-Identifier: MIT OR Apache-2.0
# A signal to a group reaches all of it and no other.
cat >g.sh <<'END'
trap 'echo "leader got it"' USR1
mkfifo f 2>/dev/null
(trap 'echo a >>got; exit' USR1; echo r >>ready; while :; do usleep 5000; done) &
(trap 'echo b >>got; exit' USR1; echo r >>ready; while :; do usleep 5000; done) &
until [ "$(wc -l 2>/dev/null <ready)" = 2 ]; do usleep 5000; done
kill -USR1 0
wait
until [ "$(wc -l 2>/dev/null <got)" = 2 ]; do usleep 5000; done
sort got
END
trap 'echo outside got it' USR1
setsid sh g.sh >out 2>/dev/null &
wait $!
cat out
setsid sh -c 'sleep 1000 & sleep 1000 & echo $$ >pg; wait' & l=$!
until [ -s pg ]; do usleep 5000; done
kill -TERM -$(cat pg); wait $l 2>/dev/null; echo $?
kill -TERM -999999; echo $?
