# SPDX-License-Identifier: MIT OR Apache-2.0
# install, mkdir, mkfifo, mknod, chown, chgrp, shred, test.
echo x >f; install -D -m 750 f a/b/c/f; stat -c %a a/b/c/f; install -d -m 711 i/j; stat -c %a i/j
mkdir -m 700 -p m/n; stat -c '%a' m m/n; mkdir m 2>&1; mkdir q/w 2>&1; mknod z p; mknod c c 1 3
stat -c '%F %t %T' z c; echo gone >c; chown 12:34 f; stat -c '%u %g' f; chown -R nobody m 2>&1; stat -c %U m/n
chgrp 7 f; chown --reference=f a; stat -c '%u %g' a; chown :5 f; chown none f 2>&1; shred -u f; ls f 2>&1
[ -p z ] && echo fifo; [ -c c ] && echo char; [ a -ot m ]; test 3 -gt 2 -a x = x && echo yes
[ ! -e none ] && echo no; [ x = y -o 1 -eq 1 ] && echo or; /usr/bin/test -t 0; echo $?; /usr/bin/[ 1 -lt 2 ]
echo $?; sh -c '/usr/bin/[ 1 -lt 2' 2>&1; echo $?; mkfifo -m 600 w; stat -c %a w; cat w & echo through >w; wait
