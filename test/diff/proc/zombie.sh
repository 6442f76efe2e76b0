# SPDX-License-Identifier: MIT OR Apache-2.0
# A child that ended and is not waited for is a zombie until it is.
sh -c 'sh -c "until [ -e go ]; do usleep 5000; done; exit 3" & echo $! >pid; exec sleep 1000' & h=$!
until grep -q sleep /proc/$h/comm && [ -s pid ]; do usleep 5000; done; z=$(cat pid)
touch go
n=0
until [ "$(awk '{ print $3 }' /proc/$z/stat 2>/dev/null)" = Z ] || [ $n = 3000 ]; do usleep 10000; n=$((n + 1)); done
awk '{ print $2, $3 }' /proc/$z/stat; wc -c </proc/$z/cmdline
kill -0 $z && echo can be probed; kill -9 $z; echo $?
awk '{ print $3 }' /proc/$z/stat
kill $h; wait $h 2>/dev/null; echo $?
n=0; while [ -d /proc/$z ] && [ $n -lt 3000 ]; do usleep 10000; n=$((n + 1)); done
[ -d /proc/$z ] || echo reaped by process 1
