# SPDX-License-Identifier: MIT OR Apache-2.0
# ps lists the caller, its parent and process 1, each once.
ps -o pid,ppid,comm >l; head -n 1 l | awk '{ print $1, $2, $3 }'
awk '$1 == 1' l | wc -l; awk -v p=$$ '$1 == p { print "me" }' l
sleep 1000 & n=0
until [ "$(awk '{ print $2 $3 }' /proc/$!/stat)" = '(sleep)S' ] || [ $n = 3000 ]; do usleep 5000; n=$((n + 1)); done
ps -o pid,stat,args | awk -v p=$! '$1 == p { print substr($2, 1, 1), $3, $4 }'
kill $!; wait $! 2>/dev/null; ps -o pid | awk -v p=$! '$1 == p' | wc -l
ps -o user,group,vsz,rss,tty,time,nice,pgid,sid 2>/dev/null | head -n 1 | wc -w
sh -c 'kill -STOP $$' & p=$!; n=0
until [ "$(ps -o pid,stat | awk -v p=$p '$1 == p { print substr($2, 1, 1) }')" = T ] || [ $n = 1000 ]; do usleep 10000; n=$((n + 1)); done
[ $n -lt 100 ] && echo stopped; kill -9 $p; wait $p 2>/dev/null; echo $?
