# SPDX-License-Identifier: MIT OR Apache-2.0
# What arrives while a handler runs or a program is stopped comes later, once.
n=0
trap 'n=$((n + 1)); echo "handler $n"' USR1
kill -USR1 $$
sh -c "kill -USR1 $$"
echo "n $n"
sh -c 'trap "echo usr1" USR1; trap "echo usr2" USR2; echo ready >r; until [ -f done ]; do usleep 5000; done; echo end' >out &
p=$!
until [ -f r ]; do usleep 5000; done
kill -STOP $p
kill -USR1 $p; kill -USR1 $p; kill -USR1 $p; kill -USR2 $p
kill -CONT $p
n=0; until [ "$(wc -l <out)" -ge 2 ] || [ $n = 3000 ]; do usleep 10000; n=$((n + 1)); done
touch done; wait $p; sort out
