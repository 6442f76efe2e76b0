# SPDX-License-Identifier: MIT OR Apache-2.0
# A signal to one of many, found through /proc.
cp /proc/self/exe ./zzsleeper; chmod 755 zzsleeper
ln -s zzsleeper sleep
./sleep 1000 & a=$!; ./sleep 1001 & b=$!
n=0
until grep -q 1001 /proc/$b/cmdline 2>/dev/null || [ $n = 3000 ]; do usleep 5000; n=$((n + 1)); done
tr '\0' ' ' </proc/$a/cmdline; echo
ps -o pid,args | grep 'sleep 100[1]' >/dev/null && echo listed
kill $b; wait $b 2>/dev/null; echo $?
[ -d /proc/$b ] || echo gone; [ -d /proc/$a ] && echo there
kill $a; wait $a 2>/dev/null; echo $?
