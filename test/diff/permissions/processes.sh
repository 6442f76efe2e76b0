# SPDX-License-Identifier: MIT OR Apache-2.0
# A user may signal and renice only its own.
as() { su -s /bin/sh u1 -c "$1"; }
sleep 1000 & p=$!
as "kill $p" 2>&1 | sed "s/pid $p/it/"; as "kill -0 $p" 2>/dev/null; echo $?
kill $p; wait $p 2>/dev/null; echo $?
mkdir w; chmod 777 w
su -s /bin/sh u1 -c 'sleep 1000 & echo $! >w/pid; wait $! 2>/dev/null; echo $? >w/status.tmp; mv w/status.tmp w/status' &
until [ -s w/pid ]; do usleep 10000; done
as 'kill -0 $(cat w/pid) && echo own'; kill $(cat w/pid); wait; cat w/status
as 'id -u; hostname x' ; as 'mknod dev c 1 3'; as 'mount -t proc p /proc'
as 'chroot / true'; as 'kill -TERM 1'
as 'su -s /bin/sh -c id root </dev/null' >/dev/null 2>&1; [ $? != 0 ] && echo no way up
